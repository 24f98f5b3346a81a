"""PostgreSQL, embedded or served: the server process, the two roles, connections, and migrations.

May import `errors` and `settings`. What a transaction means for the business is `work.py`'s;
the tables themselves are in `migrations/`.
"""
