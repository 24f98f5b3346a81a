"""The core's migrations, in order; `sql/` holds the SQL that they run.

May import `database` (its migration operations) only. A migration that has been released is never edited.
Tables are SQL: row-level security, composite keys and exclusion constraints are beyond the ORM's words.
"""
