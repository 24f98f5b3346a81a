"""The API's verbs: query, mutation and subscription fields, one file a topic; `core.py` registers them.

May import `schema` and below. A resolver parses its input, calls one operation or read of `domain`,
and returns; rules, transactions and capability checks live elsewhere.
"""
