"""Sales and payments: what is owed, what came in, what was given back.

`rules.py` is pure. May import the domain's kernel (`money`, `localtime`), `work` and below.
"""
