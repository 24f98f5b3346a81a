"""The Security journal as its readers see it: entries of the viewer's network, their changes, and who may see which.

May import `work` and below. The entries are written by the database (`migrations/sql/journal.sql`) and worded by `audit`.
"""
