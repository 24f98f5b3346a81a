"""Asking the plugins about a change of policy: inside a savepoint, read-only, within two seconds each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

import structlog

from errors import UserError
from plugins.contract import AccessView, Consequence, VerdictFamily
from policies.canonical import canonical_json
from policies.verdicts import Verdict, VerdictPolicy
from work import Work

log = structlog.get_logger(__name__)
T = TypeVar("T")

SECONDS = 2.0
READ_ONLY = "SET LOCAL transaction_read_only = on"


class Unknown(Consequence):
    """A plugin that failed or was late: nobody knows what would follow, so somebody must agree to that."""


class PluginSilent(UserError):
    """A plugin failed or was late; the log says how."""

    code = "PLUGIN_SILENT"
    hint = "Try again; if it stays so, tell the operator."


async def ask_plugins(work: Work, before: AccessView, after: AccessView) -> tuple[Consequence, ...]:
    """Every plugin's consequence, in the order of their names; what they wrote or broke is undone."""
    found: list[Consequence] = []
    for plugin, consequences in sorted(work.host.consequences.items()):
        try:
            answer = await _answer(work, plugin, partial(consequences, before, after, work.statements))
        except PluginSilent:
            answer = _unknown(plugin)
        if answer is not None:
            found.append(answer)
    return tuple(found)


async def ask_outcomes(work: Work, view: AccessView, family: str) -> Mapping[UUID, str]:
    """Each holder's outcome by the verdicts in force; nobody's where the plugin is gone, failed or was late."""
    known = work.host.verdicts.get(family)
    if known is None:
        return {}
    try:
        judged = await ask_verdicts(work, view, known, None)
    except PluginSilent:
        return {}
    return {holder_id: verdict.outcome for holder_id, verdict in judged.items()}


async def ask_verdicts(
    work: Work, view: AccessView, family: VerdictFamily[Any], policy: VerdictPolicy[Any] | None
) -> Mapping[UUID, Verdict]:
    """Each holder's verdict by a policy, or (None) by the one in force. Raises PluginSilent."""
    return await _answer(work, family.name, partial(family.judge, view, work.statements, policy))


async def _answer(work: Work, plugin: str, question: Callable[[], Awaitable[T]]) -> T:
    """The plugin's answer. Raises PluginSilent."""
    try:
        async with asyncio.timeout(SECONDS), work.statements.savepoint() as savepoint:
            await work.statements.execute(READ_ONLY)
            answer = await question()
            await savepoint.roll_back()
    except Exception as error:  # a plugin's failure, whatever it is, is an answer of its own
        log.exception("plugin_silent", plugin=plugin)
        raise PluginSilent(f"The plugin behind {plugin} did not answer.") from error
    return answer


def _unknown(plugin: str) -> Unknown:
    return Unknown(
        plugin=plugin,
        digest=sha256(canonical_json({"plugin": plugin, "unknown": True})).hexdigest(),
        title=f"What follows in {plugin} could not be told.",
        requires_consent=True,
    )
