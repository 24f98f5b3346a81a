"""The demo network: invented places, people and appointments, written through real Works.

May import `domain`, `work`, `policies`, `database` and below; imported by `cli` alone.
"""
