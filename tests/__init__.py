"""Tests, in the layout of the source: one folder a package, one file a module.

May import everything. They run on a real PostgreSQL (embedded, or the one of REMIT_DATABASE_URL)
and never reach the network.
"""
