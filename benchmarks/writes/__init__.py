"""Suite `writes`: what the journal, its chain and the jobs cost a mutation.

Three servers write alike: Remit, Remit without them (a server of this folder alone, never a setting), and raw SQL.
May import everything; only `benchmarks` imports it.
"""
