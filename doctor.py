"""`remit doctor`: looks at everything that a start needs, changes nothing, and says in a sentence what to do.

Order: the settings, the plugins, the policy, the database, its migrations, the address. A finding that later ones
depend on ends the round: there is nothing to ask a database that is not there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from app import load_settings, merged_plugins
from database.bootstrap import administrator_lines
from database.connections import Database
from database.credentials import Credentials
from database.migrate import check
from errors import StartRefused
from plugins.loader import State
from plugins.merge import Merged
from policies.oracle import disagreements
from serving import bound_socket
from settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether a start can do with it, and the sentence about it."""

    name: str
    is_good: bool
    sentence: str


async def examine() -> AsyncIterator[Finding]:
    """Look at one thing after the other."""
    try:
        settings = load_settings()
        yield Finding("settings", True, "Every REMIT_ variable can be read.")
        merged = merged_plugins(settings)
    except StartRefused as refusal:
        yield Finding("settings and plugins", False, str(refusal))
        return
    for finding in _plugins(merged):
        yield finding
    yield _policy(merged)
    async for finding in _database(settings, merged):
        yield finding
    yield _address(settings)
    yield _mail(settings)


def _plugins(merged: Merged) -> list[Finding]:
    return [
        Finding(
            f"plugin {one.name}", one.state is not State.QUARANTINED, one.sentence or one.state.lower().capitalize()
        )
        for one in merged.listed
    ]


def _policy(merged: Merged) -> Finding:
    wrong = list(disagreements(merged.release, now=datetime.now(UTC)))
    if wrong:
        return Finding("policy", False, f"The compiled policy differs from Casbin's answer: {'; '.join(wrong)}.")
    return Finding("policy", True, "The compiled policy answers what Casbin answers, line by line.")


async def _database(settings: Settings, merged: Merged) -> AsyncIterator[Finding]:
    try:
        database = await Database.open(settings, merged.apps)
    except StartRefused as refusal:
        yield Finding("database", False, _with_lines(settings, str(refusal)))
        return
    try:
        yield Finding("database", True, f"PostgreSQL answers as {database.app.address}.")
        yield await _migrations(database, merged)
    finally:
        await database.close()


async def _migrations(database: Database, merged: Merged) -> Finding:
    try:
        await check(database, merged.apps)
    except StartRefused as refusal:
        return Finding("migrations", False, str(refusal))
    return Finding("migrations", True, "The database is of this version.")


def _with_lines(settings: Settings, refusal: str) -> str:
    """The refusal, and for a served database what its administrator runs once."""
    if settings.database_url is None:
        return refusal
    try:
        name = Credentials.parse(settings.database_url).database
    except StartRefused:
        return refusal
    return "\n".join((refusal, "An administrator prepares a database with:", *administrator_lines(name)))


def _address(settings: Settings) -> Finding:
    try:
        bound_socket(settings).close()
    except StartRefused as refusal:
        return Finding("address", False, str(refusal))
    return Finding("address", True, f"{settings.host}:{settings.port} is free.")


def _mail(settings: Settings) -> Finding:
    if settings.mail_url is None:
        return Finding("mail", True, "REMIT_MAIL_URL is not set: mail is kept in the database and not sent.")
    return Finding("mail", True, "Mail goes out over REMIT_MAIL_URL.")
