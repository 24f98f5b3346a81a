"""Suite `slots`: when does each specialist have time? One question in three ways, on the lock table `busy`.

Remit asks no such question yet: `masks.py` is the seed of the answer it is going to give, and lives here until then.
May import everything; only `benchmarks` imports it.
"""
