"""Ids and chance of the demo: the same in every run and on every machine."""

from __future__ import annotations

from random import Random
from uuid import UUID, uuid5

NAMESPACE = UUID("6c5f7a3e-9d1b-5c46-8f0e-2b7d4a9e1c35")
"""Never changed: the demo's ids would be others, and a demo that was cut short could not be completed."""

Path = tuple[str | int, ...]
"""What something is, such as `("aurora", "client", "athens", 17)`."""


def demo_id(*path: str | int) -> UUID:
    """The id of the thing at this path."""
    return uuid5(NAMESPACE, "/".join(map(str, path)))


def location_id(business: str, place: str) -> UUID:
    """The id of a business's place."""
    return demo_id(business, "location", place)


def service_id(business: str, treatment: str) -> UUID:
    """The id of a business's service."""
    return demo_id(business, "service", treatment)


def chance(*path: str | int) -> Random:
    """A stream of chance for one purpose: what is drawn for another does not shift it."""
    return Random("/".join(map(str, path)))  # noqa: S311  (invented people, no secrets)
