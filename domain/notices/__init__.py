"""What Remit tells people: the texts of mails, in their language.

`rules.py` is pure. May import the domain's kernel (`money`, `localtime`), `work` and below.
"""
