"""The house's own rules: layers, SQL without glue, aware times, whole money, narrow exceptions, a clean repository.

May import everything. Each file is one rule with the reason for it; `make check` runs them all.
"""
