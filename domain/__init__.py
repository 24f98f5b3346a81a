"""What the business means: one package a topic, with `models.py`, `rules.py`, `reads.py` and `operations.py`.

May import `work` and below; never GraphQL. Rules are pure; reads bring rows for lists and relations;
operations load, ask the rules, and save within the caller's Work.
"""
