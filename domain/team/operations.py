"""Changing who may do what. Preview and change run the very same steps; a preview's Work is always rolled back.

Order: lock the policy's epoch, read the policy under the lock, check the changer again by it, apply the changes, the
last owner stays, read the policy anew, compare (delta), nobody grants what they do not hold, ask the plugins, compare
the consent, write the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from database.sqlstate import constraint_of
from domain.network import reads as network
from domain.team import reads
from domain.team.consequences import ask_plugins
from domain.team.models import Assignment
from domain.team.models import PolicyChange as PolicyChangeRecord
from domain.team.rules import (
    MOST_CHANGES,
    OWNER,
    SHOWN_ENTRIES,
    AssignRole,
    EndAssignment,
    GrantExceedsOwn,
    LastOwner,
    OwnersOnly,
    PolicyChange,
    PolicyPreview,
    must_agree,
    require_consent,
)
from domain.texts import require_kept
from errors import InvalidInput, NotFound
from plugins.contract import AccessView
from policies.compile import DomainPolicy
from policies.delta import Change, Delta, consent_for, delta_between, missing_grants, owners
from policies.store import load_network_policy
from policies.viewer import viewer_in
from work import Work

POLICY_CHANGED = EventType("policy.changed", Area.SETTINGS)

LONGEST_REASON = 1000

NEXT_EPOCH = "SELECT next_policy_epoch()"
CHECK_LAST_OWNER = "SET CONSTRAINTS last_owner IMMEDIATE"
OWN_ROLE = "SELECT id FROM roles WHERE network_id = $1 AND code = $2 AND state = 'ACTIVE'"
SAME_ASSIGNMENT = """
SELECT valid_from, valid_until FROM assignments
WHERE network_id = $1 AND specialist_id = $2 AND location_id IS NOT DISTINCT FROM $3
  AND role_code IS NOT DISTINCT FROM $4 AND role_id IS NOT DISTINCT FROM $5 AND ended_epoch IS NULL
"""
END = "UPDATE assignments SET ended_epoch = $3 WHERE network_id = $1 AND id = $2 AND ended_epoch IS NULL"


class TooMany(InvalidInput):
    """More changes than one request may carry."""

    code = "TOO_MANY"
    hint = f"Send at most {MOST_CHANGES} changes in one request."


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The change is made; `is_unchanged` where it had been made before and nobody's access moved."""

    preview: PolicyPreview
    epoch: int
    is_unchanged: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """The changes as applied within the transaction, with what they do."""

    epoch: int
    delta: Delta
    preview: PolicyPreview
    made: int


async def preview_policy_change(work: Work, changes: Sequence[PolicyChange]) -> PolicyPreview:
    """What these changes would do. Raises what making them would raise, but for the consent and a plugin's refusal."""
    return (await _apply(work, changes)).preview


async def change_policy(work: Work, changes: Sequence[PolicyChange], *, consent: str | None) -> PolicyChanged:
    """Make the changes, if their consequences were agreed to.

    Raises TooMany, NotFound, Forbidden, InvalidInput, GrantExceedsOwn, LastOwner, OwnersOnly, ConsentRequired,
    ConsequencesChanged, ConsequenceRefused.
    """
    applied = await _apply(work, changes)
    require_consent(applied.preview, consent)
    if applied.made:
        await _record(work, changes, applied, consent)
    epoch = applied.epoch if applied.made else applied.delta.before.epoch
    return PolicyChanged(applied.preview, epoch, is_unchanged=not applied.made)


async def _apply(work: Work, changes: Sequence[PolicyChange]) -> Applied:
    if not 1 <= len(changes) <= MOST_CHANGES:
        raise TooMany(f"{len(changes)} changes were sent.", path=("input", "changes"))
    epoch = await work.statements.fetchval(NEXT_EPOCH)
    before = await _policy(work)
    _judge_by(work, before)
    made = 0
    for position, change in enumerate(changes):
        made += await _apply_one(work, change, before, epoch=epoch, path=("input", "changes", position))
    await _check_last_owner(work)
    after = await _policy(work)
    delta = delta_between(before, after, now=work.at)
    _require_own(work, delta)
    preview = await _preview(work, changes, delta)
    return Applied(epoch, delta, preview, made)


async def _policy(work: Work) -> DomainPolicy:
    return await load_network_policy(work.statements.fetch, work.network_id, work.host.release)


def _judge_by(work: Work, policy: DomainPolicy) -> None:
    """Let the viewer be judged by the policy under the lock: the right may have been lost while waiting for it."""
    viewer = work.viewer
    work.viewer = viewer_in(
        policy,
        kind=viewer.kind,
        account_id=viewer.account_id,
        specialist_id=viewer.specialist_id,
        session_id=viewer.session_id,
        language=viewer.language,
        address=viewer.address,
        network_name=viewer.network_name,
        takings=viewer.takings,
        now=viewer.now,
    )


async def _apply_one(
    work: Work, change: PolicyChange, policy: DomainPolicy, *, epoch: int, path: tuple[str | int, ...]
) -> bool:
    """Apply one change; False where it had been made before."""
    match change:
        case AssignRole():
            return await _assign(work, change, epoch=epoch, path=path)
        case EndAssignment():
            return await _end(work, change, policy, epoch=epoch, path=path)


async def _assign(work: Work, change: AssignRole, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    path = (*path, "assignRole")
    holder = await reads.specialist(work, change.holder_id, path=(*path, "holder"))
    if change.location_id is not None:
        await network.location(work, change.location_id, path=(*path, "location"))
    work.viewer.require("assignments:change", at=change.location_id)
    _check(work, change, holder, path)
    role_code, role_id = await _role(work, change.role, path=(*path, "role"))
    same = await work.statements.fetchrow(
        SAME_ASSIGNMENT, work.network_id, change.holder_id, change.location_id, role_code, role_id
    )
    if same is not None:
        _require_same_period(work, change, same, path)
        return False
    made = await Assignment.create(
        network_id=work.network_id,
        location_id=change.location_id,
        role_code=role_code,
        role_id=role_id,
        specialist_id=change.holder_id,
        valid_from=change.valid_from or work.at,
        valid_until=change.valid_until,
        created_epoch=epoch,
        reason=change.reason,
    )
    work.touches("assignment", made.id, location_id=change.location_id)
    work.touches("specialist", change.holder_id, name=holder["name"])
    return True


def _check(work: Work, change: AssignRole, holder: reads.SpecialistRow, path: tuple[str | int, ...]) -> None:
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    if change.role == OWNER and (change.location_id or change.valid_until or holder["kind"] == "SERVICE"):
        raise InvalidInput(
            "An owner is a person, of the whole network, and without an end.",
            hint="Leave location and validUntil out, or choose another role.",
            path=path,
        )
    if change.valid_until is not None and change.valid_until <= (change.valid_from or work.at):
        raise InvalidInput(
            "The end must come after the beginning, and that is now where none is given.",
            hint="Choose a later end.",
            path=(*path, "validUntil"),
        )


def _require_same_period(work: Work, change: AssignRole, same: asyncpg.Record, path: tuple[str | int, ...]) -> None:
    """Let a repetition through; one with another period would be believed, and never hold. Raises InvalidInput."""
    starts_alike = same["valid_from"] == change.valid_from or (
        change.valid_from is None and same["valid_from"] <= work.at
    )
    if starts_alike and same["valid_until"] == change.valid_until:
        return
    raise InvalidInput(
        "This role is held there already, for another period.",
        hint="End that assignment in the same request, before this change.",
        path=path,
    )


async def _role(work: Work, code: str, *, path: tuple[str | int, ...]) -> tuple[str | None, UUID | None]:
    """A built-in role's code, or the id of the network's own. Raises NotFound."""
    built_in = work.host.release.roles.get(code)
    if built_in is not None and built_in.domain.name == "NETWORK":
        return code, None
    role_id = await work.statements.fetchval(OWN_ROLE, work.network_id, code)
    if role_id is None:
        raise NotFound(path=path)
    return None, role_id


async def _end(
    work: Work, change: EndAssignment, policy: DomainPolicy, *, epoch: int, path: tuple[str | int, ...]
) -> bool:
    path = (*path, "endAssignment")
    assignment = await reads.assignment(work, change.assignment_id, path=(*path, "assignment"))
    work.viewer.require("assignments:change", at=assignment["location_id"])
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    if assignment["ended_epoch"] is not None:
        return False
    if assignment["role_code"] == OWNER and work.viewer.holder_id not in owners(policy):
        raise OwnersOnly
    await work.statements.execute(END, work.network_id, change.assignment_id, epoch)
    work.touches("assignment", change.assignment_id, location_id=assignment["location_id"])
    work.touches("specialist", assignment["specialist_id"])
    work.reason = change.reason or None
    return True


async def _check_last_owner(work: Work) -> None:
    """Word the deferred constraint's refusal here; at the commit it would come behind the journal's head lock."""
    try:
        await work.statements.execute(CHECK_LAST_OWNER)
    except asyncpg.CheckViolationError as error:
        if constraint_of(error) != "last_owner":
            raise
        raise LastOwner from error


def _require_own(work: Work, delta: Delta) -> None:
    holder_id = work.viewer.holder_id
    missing = missing_grants(holder_id, delta) if holder_id is not None else ()
    if missing:
        raise GrantExceedsOwn(missing)


async def _preview(work: Work, changes: Sequence[PolicyChange], delta: Delta) -> PolicyPreview:
    views = [AccessView(work.network_id, policy, work.at) for policy in (delta.before, delta.after)]
    consequences = await ask_plugins(work, *views)
    for consequence in consequences:
        if consequence.requires_capability is not None:
            work.viewer.require(consequence.requires_capability)
    domain = delta.after.domain
    return PolicyPreview(
        consent=consent_for(
            str(domain),
            changes=[change.to_json(domain) for change in changes],
            delta=delta.to_json(),
            consequences=[(consequence.plugin, consequence.digest) for consequence in consequences],
        ),
        requires_consent=must_agree(changes, consequences),
        gained=sum(entry.change in (Change.GAINED, Change.WIDENED) for entry in delta.entries),
        lost=sum(entry.change in (Change.LOST, Change.NARROWED) for entry in delta.entries),
        entries=delta.entries[:SHOWN_ENTRIES],
        consequences=consequences,
    )


async def _record(work: Work, changes: Sequence[PolicyChange], applied: Applied, consent: str | None) -> None:
    domain = applied.delta.after.domain
    await PolicyChangeRecord.create(
        id=uuid7(),
        network_id=work.network_id,
        epoch=applied.epoch,
        made_at=work.at,
        journal_id=work.entry_id,
        origin="REQUEST",
        changes=[change.to_json(domain) for change in changes],
        delta=applied.delta.to_json(),
        consequences=[[one.plugin, one.digest] for one in applied.preview.consequences],
        consent=consent,
    )
