"""The policy engine: capability catalogue, roles as Casbin lines, decisions with reasons, verdict policies.

May import `database`, `errors` and `settings`. Pure but for `store.py`, which reads policy rows.
Whoever asks "may they, what does it cost, and why" asks here and nowhere else.
"""
