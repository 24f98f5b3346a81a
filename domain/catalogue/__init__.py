"""Services and products, who provides them, and their dated prices.

`rules.py` is pure. May import the domain's kernel (`money`, `localtime`), `work` and below.
"""
