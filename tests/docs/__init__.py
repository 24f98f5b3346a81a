"""The documentation tells the truth about today: what the code knows is generated and fresh, and nothing is missing.

May import everything. `make docs` writes what these tests compare with.
"""
