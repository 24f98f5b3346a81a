"""The clients of a network: who they are, how they are found, and what of them may be shown.

`rules.py` is pure. May import the domain's kernel (`money`, `localtime`), `work` and below.
"""
