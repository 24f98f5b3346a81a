"""Who did what, when and from which device: devices, client addresses, journal entries, and their proof.

May import `database`, `errors` and `settings`. The database writes the journal itself (`migrations/sql`);
this package words the entries, and verifies the chain without trusting the functions that made it.
"""
