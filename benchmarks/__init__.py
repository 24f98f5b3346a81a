"""Benchmarks: each compares in one run, prints ratios, and never asserts a time.

May import everything; only tests import it. `make bench` runs them.
"""
