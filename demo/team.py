"""The team of a demo network: a person for each post, with an account, a place in the network and a role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from demo import rows
from demo.ids import chance, demo_id, location_id
from demo.names import PersonName, drawn_name
from demo.places import Business, Post
from domain.identity.rules import email_key


@dataclass(frozen=True, slots=True)
class Member:
    """A post with the person who holds it."""

    post: Post
    account: rows.Account
    specialist: rows.Specialist
    assignment: rows.Assignment


@dataclass(frozen=True, slots=True)
class Team:
    """Everybody who works in a network."""

    members: tuple[Member, ...]

    def holders(self, role: str, place: str | None = None) -> tuple[UUID, ...]:
        """The specialists with a role at exactly this place (None: in the whole network)."""
        return tuple(
            member.specialist.id for member in self.members if member.post.role == role and member.post.place == place
        )


def planned_team(business: Business, now: datetime) -> Team:
    """The team of a business, the same for every `now` but for its dates. No two have one mailbox."""
    draw = chance(business.code, "team")
    taken: set[str] = set()
    members = []
    for number, post in enumerate(business.posts):
        name = _unused_name(draw, post.language, taken)
        members.append(_member(business, post, name=name, number=number, now=now))
    return Team(tuple(members))


def _unused_name(draw: Random, language: str, taken: set[str]) -> PersonName:
    name = drawn_name(draw, language)
    while name.mailbox in taken:
        name = drawn_name(draw, language)
    taken.add(name.mailbox)
    return name


def _member(business: Business, post: Post, *, name: PersonName, number: int, now: datetime) -> Member:
    network_id = demo_id(business.code)
    email = f"{name.mailbox}@{business.mail_domain}"
    account = rows.Account(
        id=demo_id(business.code, "account", number),
        email=email,
        email_key=email_key(email),
        name=name.full,
        language=post.language,
        password_hash=None,
        created_at=now,
    )
    specialist = rows.Specialist(
        network_id=network_id,
        id=demo_id(business.code, "specialist", number),
        account_id=account.id,
        name=name.full,
        position=post.position,
        created_at=now,
    )
    assignment = rows.Assignment(
        network_id=network_id,
        id=demo_id(business.code, "assignment", number),
        location_id=location_id(business.code, post.place) if post.place else None,
        role_code=post.role,
        specialist_id=specialist.id,
        valid_from=now,
    )
    return Member(post, account, specialist, assignment)


def first_of_each_role(team: Team) -> Iterator[Member]:
    """One member for each role, in the order of the posts."""
    first: dict[str, Member] = {}
    for member in team.members:
        first.setdefault(member.post.role, member)
    yield from first.values()
