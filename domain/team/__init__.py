"""Specialists, and the policy rows that say what they may do: roles, lines, assignments, and how they change.

May import the topic `notices`, other topics' `rules` and `reads`, `work` and below.
"""
