"""The Security journal as its readers see it: entries of the viewer's network, their changes, and who may see which.

May import `work` and below. The database writes the entries (`migrations/sql/journal.sql`), `audit` words them.
"""
