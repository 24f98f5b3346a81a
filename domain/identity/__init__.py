"""Accounts, their factors, sign-in attempts and sessions; a person's identity across networks, without any role.

`rules.py` is pure; `passwords.py` hashes; `operations.py` are the steps of signing in, over the rows of `attempts.py`,
`failures.py` and `sessions.py`. May import the topics `network` and `notices`, the domain's kernel, `work` and below.
"""
