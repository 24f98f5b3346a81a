"""Specialists, and the policy rows that say what they may do: roles, lines, assignments, and how they change.

May import `work` and below, and other topics' `rules` and `reads`.
"""
