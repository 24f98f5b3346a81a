"""Writes the pages that the code knows best: capabilities, settings, errors, events, commands, and the schema.

One module a page, each with a function that answers its text; `pages.py` lists them. They look at the core with the
bundled plugins and at nothing else, so that every machine writes the same. No page needs a database.
"""
