"""Accounts, their factors, sign-in attempts and sessions; a person's identity across networks, without any role.

`rules.py` is pure; `passwords.py` hashes. May import the domain's kernel (`money`, `localtime`), `work` and below.
"""
