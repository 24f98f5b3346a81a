"""The documentation: pages written by hand beside those that `docs.generate` writes from the code.

May import everything; nothing imports it but `tests/docs`. `make docs` runs the generator.
"""
