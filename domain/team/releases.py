"""An upgrade that changes built-in roles changes people's access, though nobody in a network decided it.

The first start with a release keeps what it says in the operator's record of policy changes. Where an earlier one said
something else, the owners of each network are mailed what that moves there.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

import orjson

from audit.entries import Area, EventType
from domain.network.fan_out import for_each_network
from domain.team.application import NEXT_EPOCH
from domain.team.consequences import ask_verdicts
from domain.team.mails import PolicyNews
from domain.team.reads import specialists_by_id
from domain.team.recording import Origin, record_change
from domain.team.telling import Told, listed, name_told, tell
from host import Host
from jobs import Job
from plugins.contract import AccessView
from policies.delta import delta_between, owners
from policies.release import ClosedRole, Release, close_role
from policies.release_file import ReleaseFile, read_release, release_file, written_release
from policies.scopes import OPERATOR
from policies.simulation import VerdictRow, compare_verdicts, with_roles
from policies.store import load_network_policy
from work import Task, Work

RELEASED: Final = EventType("policy.released", Area.SETTINGS)
EVENTS: Final = (RELEASED,)

LATEST: Final = """
SELECT id, changes ->> 'digest' AS digest FROM policy_changes
WHERE network_id IS NULL AND partner_id IS NULL AND origin = 'RELEASE' ORDER BY made_at DESC, id DESC LIMIT 1
"""
KEPT: Final = "SELECT changes FROM policy_changes WHERE id = $1"


async def record_release(host: Host) -> None:
    """Keep what this release says, if the last start was with another one, and let the networks be told."""
    await host.perform_as_system(OPERATOR, Task(), _record, name="release")


async def tell_of_release(host: Host, release_id: str, before_id: str) -> None:
    """Let each network be told what a release moves there."""
    also = {"release_id": UUID(release_id), "before_id": UUID(before_id)}
    await for_each_network(host, TELL_OF_RELEASE_IN_NETWORK, also=also)


async def tell_of_release_in_network(host: Host, network_id: str, release_id: str, before_id: str) -> None:
    """Mail the owners of a network what a release moves there; nobody where it moves nothing."""

    async def read(work: Work) -> ReleaseFile:
        return read_release(await work.statements.fetchval(KEPT, UUID(before_id)), label=f"release {before_id}")

    before = await host.perform_as_system(OPERATOR, Task(), read, name="release")
    await tell(host, UUID(network_id), partial(_moved, release_id=UUID(release_id), before=before))


TELL_OF_RELEASE = Job("policies.tell_of_release", tell_of_release)
TELL_OF_RELEASE_IN_NETWORK = Job("policies.tell_of_release_in_network", tell_of_release_in_network)

JOBS: Final = (TELL_OF_RELEASE, TELL_OF_RELEASE_IN_NETWORK)


async def _record(work: Work) -> None:
    # The lock lets processes that start at once find out one after the other.
    epoch = await work.statements.fetchval(NEXT_EPOCH)
    latest, release = await work.statements.fetchrow(LATEST), work.host.release
    if latest is not None and latest["digest"] == release.digest:
        return
    said = orjson.loads(written_release(release_file(release)))
    release_id = await record_change(work, epoch=epoch, origin=Origin.RELEASE, changes=said)
    work.event = RELEASED
    work.touches("release", release_id, name=release.digest)
    if latest is not None:
        await work.defer(TELL_OF_RELEASE, release_id=release_id, before_id=latest["id"])


async def _moved(work: Work, *, release_id: UUID, before: ReleaseFile) -> Told | None:
    policy = await load_network_policy(work.statements.fetch, work.network_id, work.host.release)
    earlier = with_roles(policy, _roles_of(before, work.host.release))
    delta = delta_between(earlier, policy, now=work.at)
    if delta.is_empty:
        return None
    views = [AccessView(work.network_id, one, work.at) for one in (earlier, policy)]
    details = [f"+{delta.gained} -{delta.lost}", *await _verdicts_moved(work, *views)]
    return Told(PolicyNews.RELEASE, release_id, owners(policy), {"details": listed(details)})


def _roles_of(before: ReleaseFile, release: Release) -> list[ClosedRole]:
    """The built-in roles as they were; what is no longer in the catalogue, nobody can do."""
    return [
        close_role(
            code,
            role.title,
            [line for line in before.lines if line.role == code],
            release.catalogue,
            domain=release.roles[code].domain,
        )
        for code, role in release.closed.items()
    ]


async def _verdicts_moved(work: Work, before: AccessView, after: AccessView) -> list[str]:
    """Whose verdict of which family moves, by which line, in words."""
    moved: list[str] = []
    for name, family in sorted(work.host.verdicts.items()):
        then, now = [await ask_verdicts(work, view, family, None) for view in (before, after)]
        rows = compare_verdicts(then, now).rows
        people = await specialists_by_id(work, [row.holder_id for row in rows])
        moved += [
            f"{name_told(people[row.holder_id]['name'])}: {name} {_verdict_moved(row)}"
            for row in rows
            if row.holder_id in people
        ]
    return moved


def _verdict_moved(row: VerdictRow) -> str:
    return f"{row.before.outcome} -> {row.after.outcome} ({row.after.text})"
