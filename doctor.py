"""`remit doctor`: looks at everything that a start needs, changes nothing, and says in a sentence what to do.

Order: the settings, the plugins, the policy, the database, its migrations, the address. A finding that later ones
depend on ends the round: there is nothing to ask a database that is not there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from http.client import HTTPConnection, HTTPException
from typing import Final

from pydantic_settings import BaseSettings

from app import load_settings, merged_plugins
from database.bootstrap import administrator_lines
from database.connections import Database
from database.credentials import Credentials
from database.migrate import check
from domain.notices.sending import server_of
from errors import StartRefused
from plugins.loader import State
from plugins.merge import Merged
from policies.oracle import disagreements
from serving import bound_socket
from settings import Settings

PREFIX: Final = "REMIT_"
LISTED: Final = "docs/settings.md lists them"
LIFE_PATH: Final = "/healthz"
PATIENCE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether a start can do with it, and the sentence about it."""

    name: str
    is_good: bool
    sentence: str


NO_MAIL_SERVER: Final = Finding(
    "mail", False, "REMIT_MAIL_URL names no mail server. Write it as smtps://user:password@mail.example.com."
)


async def examine() -> AsyncIterator[Finding]:
    """Look at one thing after the other."""
    try:
        settings = load_settings()
        merged = merged_plugins(settings)
    except StartRefused as refusal:
        yield Finding("settings and plugins", False, str(refusal))
        return
    yield _variables(merged)
    for finding in _plugins(merged):
        yield finding
    yield _policy(merged)
    async for finding in _database(settings, merged):
        yield finding
    yield await _address(settings)
    yield _mail(settings)


def _variables(merged: Merged) -> Finding:
    """A misspelt variable is no error to a start, since other programs may have theirs; here it is worth a word."""
    known = [name for settings in _read_settings(merged) for name in _names(settings)]
    given = sorted(name.upper() for name in os.environ if name.upper().startswith(PREFIX))
    unknown = [name for name in given if name not in known and not name.startswith(_unread_prefixes(merged))]
    if unknown:
        return Finding("settings", False, " ".join(_misspelt(name, known) for name in unknown))
    return Finding("settings", True, "Every REMIT_ variable can be read.")


def _read_settings(merged: Merged) -> Iterator[type[BaseSettings]]:
    yield Settings
    for one in merged.listed:
        if one.plugin is not None and one.plugin.settings is not None:
            yield one.plugin.settings


def _unread_prefixes(merged: Merged) -> tuple[str, ...]:
    """The variables of plugins whose manifest was not read: nobody knows them here."""
    return tuple(f"{PREFIX}{one.name.upper()}_" for one in merged.listed if one.plugin is None)


def _names(settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    return (f"{prefix}{name}".upper() for name in settings.model_fields)


def _misspelt(name: str, known: Sequence[str]) -> str:
    """Compared without REMIT_, which would make any two of them alike."""
    stems = {other.removeprefix(PREFIX): other for other in known}
    nearest = get_close_matches(name.removeprefix(PREFIX), stems, n=1)
    return f"{name} is no setting; {stems[nearest[0]]} is one." if nearest else f"{name} is no setting ({LISTED})."


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


async def _address(settings: Settings) -> Finding:
    address = f"{settings.host}:{settings.port}"
    try:
        bound_socket(settings).close()
    except StartRefused as refusal:
        if await asyncio.to_thread(_is_served, settings):
            return Finding("address", True, f"A Remit is running at {address}.")
        return Finding("address", False, str(refusal))
    return Finding("address", True, f"{address} is free.")


def _is_served(settings: Settings) -> bool:
    """Whether what listens there answers as Remit does."""
    connection = HTTPConnection(settings.host, settings.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", LIFE_PATH)
        return connection.getresponse().read(100) == b'{"status":"up"}'
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _mail(settings: Settings) -> Finding:
    if settings.mail_url is None:
        return Finding("mail", True, "REMIT_MAIL_URL is not set: mail is kept in the database and not sent.")
    try:
        server = server_of(settings.mail_url.get_secret_value())
    except ValueError:
        return NO_MAIL_SERVER
    if not server["hostname"] or not server["port"]:
        return NO_MAIL_SERVER
    return Finding("mail", True, f"Mail goes out over {server['hostname']}:{server['port']}.")
