"""Contestants written in Python: programs that print the line of their URL, and serve until SIGTERM."""
