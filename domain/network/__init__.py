"""Networks and their locations: the tenant and its places.

May import `work` and below, and other topics' `rules` and `reads`.
"""
