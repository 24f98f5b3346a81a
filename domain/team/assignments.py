"""Giving a role, limiting it and ending it. A row of `assignments` is ended once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from domain.network import reads as network
from domain.team import reads
from domain.team.changes import AssignRole, EndAssignment, SetLimits, required_by
from domain.team.holders import Holder
from domain.team.holders import holder as found_holder
from domain.team.limits import require_registered
from domain.team.models import Assignment
from domain.team.roles import role_key
from domain.team.rules import OwnersOnly
from domain.texts import require_kept
from errors import InvalidInput
from policies.compile import DomainPolicy
from policies.delta import owners
from policies.limit_syntax import limits_to_json
from policies.limits import Limits
from policies.roles import OWNERS
from work import Work

LONGEST_REASON = 1000
NO_SLACK = timedelta()

HELD = """
SELECT id, valid_from, valid_until, limits FROM assignments
WHERE location_id IS NOT DISTINCT FROM $1 AND role_code IS NOT DISTINCT FROM $2 AND role_id IS NOT DISTINCT FROM $3
  AND network_id IS NOT DISTINCT FROM $4 AND partner_id IS NOT DISTINCT FROM $5 AND ended_epoch IS NULL
"""
HELD_BY_SPECIALIST = HELD + " AND network_id = $4 AND specialist_id = $6"
HELD_BY_ACCOUNT = HELD + " AND account_id = $6"
END = "UPDATE assignments SET ended_epoch = $2 WHERE id = $1 AND ended_epoch IS NULL"
SUCCEED = """
INSERT INTO assignments (id, network_id, partner_id, location_id, role_code, role_id, specialist_id, account_id,
                         valid_from, valid_until, limits, created_epoch, reason)
SELECT $2, network_id, partner_id, location_id, role_code, role_id, specialist_id, account_id,
       valid_from, valid_until, $3, $4, $5
FROM assignments WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class AssignmentKey:
    """A holder's role at a scope of the domain: what is given at most once at a time."""

    specialist_id: UUID | None
    account_id: UUID | None
    location_id: UUID | None
    role_code: str | None
    role_id: UUID | None

    @classmethod
    def of(cls, row: reads.AssignmentRow) -> AssignmentKey:
        """The key of an assignment's row."""
        return cls(row["specialist_id"], row["account_id"], row["location_id"], row["role_code"], row["role_id"])


@dataclass(frozen=True, slots=True)
class Terms:
    """How long and under which limits a role is given, and why.

    An end that lies within `slack` of the one that is held is the same.
    """

    valid_from: datetime | None
    valid_until: datetime | None
    limits: Limits
    reason: str
    slack: timedelta = NO_SLACK

    def end_like(self, held: datetime | None) -> bool:
        """Whether they end when what is held does."""
        if self.valid_until is None or held is None:
            return self.valid_until is held
        return abs(self.valid_until - held) <= self.slack


async def assign(work: Work, change: AssignRole, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Give a role; False where it is held so already. Raises NotFound, Forbidden, InvalidInput."""
    holder = await found_holder(work, change.holder_id, path=(*path, "holder"))
    if change.location_id is not None:
        await network.location(work, change.location_id, path=(*path, "location"))
    work.require(required_by(change, work.domain), at=change.location_id)
    _check(work, change, holder, path)
    role_code, role_id = await role_key(work, change.role, path=(*path, "role"))
    key = AssignmentKey(holder.specialist_id, holder.account_id, change.location_id, role_code, role_id)
    terms = Terms(change.valid_from, change.valid_until, change.limits, change.reason)
    return await give(work, key, terms, name=holder.name, epoch=epoch, path=path)


async def give(
    work: Work, key: AssignmentKey, terms: Terms, *, name: str, epoch: int, path: tuple[str | int, ...]
) -> bool:
    """Write the assignment; False where it stands on these terms. Raises InvalidInput for other terms.

    One that ended by itself makes room.
    """
    held = await _held(work, key)
    if held is not None and held["valid_until"] is not None and held["valid_until"] <= work.at:
        await work.statements.execute(END, held["id"], epoch)
    elif held is not None:
        _require_same_terms(work, terms, held, path)
        return False
    network_id, partner_id = work.domain.columns
    made = await Assignment.create(
        network_id=network_id,
        partner_id=partner_id,
        location_id=key.location_id,
        role_code=key.role_code,
        role_id=key.role_id,
        specialist_id=key.specialist_id,
        account_id=key.account_id,
        limits=limits_to_json(terms.limits),
        valid_from=terms.valid_from or work.at,
        valid_until=terms.valid_until,
        created_epoch=epoch,
        reason=terms.reason,
    )
    _touch(work, key, made.id, name=name)
    return True


async def _held(work: Work, key: AssignmentKey) -> asyncpg.Record | None:
    """The current assignment of this key, if there is one, whether its period has begun, goes on or is over."""
    where = (key.location_id, key.role_code, key.role_id, *work.domain.columns)
    if key.specialist_id is not None:
        return await work.statements.fetchrow(HELD_BY_SPECIALIST, *where, key.specialist_id)
    return await work.statements.fetchrow(HELD_BY_ACCOUNT, *where, key.account_id)


def _check(work: Work, change: AssignRole, holder: Holder, path: tuple[str | int, ...]) -> None:
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    require_registered(change.limits, work.host.release.further, path=(*path, "limits"))
    is_later = change.valid_from is not None and change.valid_from > work.at
    is_bounded = change.location_id or is_later or change.valid_until or change.limits
    if change.role in OWNERS and (is_bounded or holder.is_service):
        whole = f"the whole {work.domain.kind.lower()}"
        raise InvalidInput(
            f"An owner is a person, of {whole}, from now on, without limits and without an end.",
            hint="Leave location, validFrom, validUntil and limits out, or choose another role.",
            path=path,
        )
    if change.valid_until is not None and change.valid_until <= (change.valid_from or work.at):
        raise InvalidInput(
            "The end must come after the beginning, and that is now where none is given.",
            hint="Choose a later end.",
            path=(*path, "validUntil"),
        )


def _require_same_terms(work: Work, terms: Terms, held: asyncpg.Record, path: tuple[str | int, ...]) -> None:
    """Let a repetition through; one on other terms would be believed, and never hold. Raises InvalidInput."""
    # Not the Work's own instant: whoever waited for the lock may have begun before whoever had it.
    has_begun = held["valid_from"] <= work.host.clock()
    starts_alike = held["valid_from"] == terms.valid_from or (terms.valid_from is None and has_begun)
    if not starts_alike or not terms.end_like(held["valid_until"]):
        raise InvalidInput(
            "This role is held there already, for another period.",
            hint="End that assignment in the same request, before this change.",
            path=path,
        )
    if orjson.loads(held["limits"]) != limits_to_json(terms.limits):
        raise InvalidInput(
            "This role is held there already, under other limits.",
            hint="Send setLimits for that assignment.",
            path=(*path, "limits"),
        )


async def set_limits(work: Work, change: SetLimits, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """End an assignment and write the same with other limits; False where it has these.

    Raises NotFound, Forbidden, InvalidInput.
    """
    named = await _reached(work, change, path=(*path, "assignment"))
    _check_limits(work, change, named, path)
    # An earlier sending of the same change ended the named row: what is held in its place has these limits then.
    key = AssignmentKey.of(named)
    held = await _held(work, key)
    asked = limits_to_json(change.limits)
    if held is not None and orjson.loads(held["limits"]) == asked:
        return False
    if named["ended_epoch"] is not None:
        raise InvalidInput(
            "This assignment has ended.", hint="Name the one that is held now.", path=(*path, "assignment")
        )
    made_id = uuid7()
    written = orjson.dumps(asked).decode()
    await work.statements.execute(END, named["id"], epoch)
    await work.statements.execute(SUCCEED, named["id"], made_id, written, epoch, change.reason)
    _touch(work, key, made_id)
    work.reason = change.reason or None
    return True


def _check_limits(work: Work, change: SetLimits, named: reads.AssignmentRow, path: tuple[str | int, ...]) -> None:
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    require_registered(change.limits, work.host.release.further, path=(*path, "limits"))
    if named["role_code"] in OWNERS and change.limits:
        raise InvalidInput("An owner has no limits.", hint="Assign another role.", path=(*path, "limits"))


async def end(
    work: Work, change: EndAssignment, policy: DomainPolicy, *, epoch: int, path: tuple[str | int, ...]
) -> bool:
    """Take a role away; False where it has ended. Raises NotFound, Forbidden, InvalidInput, OwnersOnly."""
    assignment = await _reached(work, change, path=(*path, "assignment"))
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    if assignment["ended_epoch"] is not None:
        return False
    if assignment["role_code"] in OWNERS and work.viewer.holder_id not in owners(policy):
        raise OwnersOnly
    await work.statements.execute(END, change.assignment_id, epoch)
    _touch(work, AssignmentKey.of(assignment), change.assignment_id)
    work.reason = change.reason or None
    return True


async def _reached(
    work: Work, change: EndAssignment | SetLimits, *, path: tuple[str | int, ...]
) -> reads.AssignmentRow:
    assignment = await reads.assignment(work, change.assignment_id, path=path)
    work.require(required_by(change, work.domain), at=assignment["location_id"])
    return assignment


def _touch(work: Work, key: AssignmentKey, assignment_id: UUID, *, name: str | None = None) -> None:
    work.touches("assignment", assignment_id, location_id=key.location_id)
    if key.specialist_id is not None:
        work.touches("specialist", key.specialist_id, name=name)
    if key.account_id is not None:
        work.touches("account", key.account_id, name=name)
