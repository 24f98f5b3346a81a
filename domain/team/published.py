"""Verdict policies as they were published: kept in the database at the first start with them, and never changed.

People are judged, and billed, by a version that they were told of. A file that says something else under the same
number would change that silently; so it stops the start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from audit.entries import Area, EventType
from errors import StartRefused
from host import Host
from policies.scopes import OPERATOR
from policies.verdicts import VerdictPolicy, published_name
from work import Task, Work

PUBLISHED = EventType("policy.published", Area.SETTINGS)
EVENTS = (PUBLISHED,)

KNOWN = "SELECT code, version, digest FROM verdict_policies"
PUBLISH = """
INSERT INTO verdict_policies (code, version, lines, digest, source) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (code, version) DO NOTHING
"""


async def publish_verdict_policies(host: Host) -> None:
    """Keep the versions that are shipped and not yet known. Raises StartRefused for a file that was changed since."""
    async with host.database.read() as statements:
        known = {(row["code"], row["version"]): row["digest"] for row in await statements.fetch(KNOWN)}
    shipped = [(family.name, policy) for family in host.verdicts.values() for policy in family.published]
    for _, policy in shipped:
        _require_unchanged(policy, known.get((policy.code, policy.version), policy.digest))
    new = [(family, policy) for family, policy in shipped if (policy.code, policy.version) not in known]
    if not new:
        return

    async def publish(work: Work) -> None:
        await _publish(work, new)

    await host.perform_as_system(OPERATOR, Task(PUBLISHED), publish, name="release")


async def _publish(work: Work, new: Iterable[tuple[str, VerdictPolicy[Any]]]) -> None:
    for family, policy in new:
        content = orjson.dumps(policy.content).decode()
        source = f"{family}: {policy.name}.csv"
        await work.statements.execute(PUBLISH, policy.code, policy.version, content, policy.digest, source)


def _require_unchanged(policy: VerdictPolicy[Any], published: str) -> None:
    if policy.digest != published:
        raise StartRefused(
            f"{policy.name}.csv is not what was published under this number. "
            f"Restore the file, and write the change as {published_name(policy.code, policy.version + 1)}.csv."
        )
