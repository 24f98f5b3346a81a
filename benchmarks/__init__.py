"""Benchmarks: each compares in one run, prints ratios, and never asserts a time.

May import everything; nothing imports it. `make bench` runs them.
"""
