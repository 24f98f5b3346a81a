"""Appointments: their states, the lines of a visit, and the pieces of time that they occupy.

`rules.py` is pure. May import the domain's kernel (`money`, `localtime`), `work` and below.
"""
