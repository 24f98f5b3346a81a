"""Tests of this folder have a host whose clock stands."""

from tests.clocks import clock, host

__all__ = ["clock", "host"]
