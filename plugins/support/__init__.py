"""The support plugin: a vendor's support procedure, from a customer's request to its rating.

Imports `remit` and itself only, as any reseller's plugin.
Today a shell: its capabilities, its roles, and one query.
"""
