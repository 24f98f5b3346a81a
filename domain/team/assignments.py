"""Giving a role, limiting it and ending it. A row of `assignments` is ended once and never changed."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from domain.network import reads as network
from domain.team import reads
from domain.team.limits import require_registered
from domain.team.models import Assignment
from domain.team.roles import role_key
from domain.team.rules import OWNER, AssignRole, EndAssignment, OwnersOnly, SetLimits
from domain.texts import require_kept
from errors import InvalidInput
from policies.compile import DomainPolicy
from policies.delta import owners
from policies.limit_syntax import limits_to_json
from work import Work

LONGEST_REASON = 1000

HELD = """
SELECT id, valid_from, valid_until, limits FROM assignments
WHERE network_id = $1 AND specialist_id = $2 AND location_id IS NOT DISTINCT FROM $3
  AND role_code IS NOT DISTINCT FROM $4 AND role_id IS NOT DISTINCT FROM $5 AND ended_epoch IS NULL
"""
END = "UPDATE assignments SET ended_epoch = $3 WHERE network_id = $1 AND id = $2 AND ended_epoch IS NULL"
SUCCEED = """
INSERT INTO assignments (id, network_id, location_id, role_code, role_id, specialist_id, account_id,
                         valid_from, valid_until, limits, created_epoch, reason)
SELECT $3, network_id, location_id, role_code, role_id, specialist_id, account_id,
       valid_from, valid_until, $4, $5, $6
FROM assignments WHERE network_id = $1 AND id = $2
"""


async def assign(work: Work, change: AssignRole, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Give a role; False where it is held so already. Raises NotFound, Forbidden, InvalidInput."""
    holder = await reads.specialist(work, change.holder_id, path=(*path, "holder"))
    if change.location_id is not None:
        await network.location(work, change.location_id, path=(*path, "location"))
    work.require(change.requires, at=change.location_id)
    _check(work, change, holder, path)
    role_code, role_id = await role_key(work, change.role, path=(*path, "role"))
    held = await work.statements.fetchrow(
        HELD, work.network_id, change.holder_id, change.location_id, role_code, role_id
    )
    if held is not None:
        _require_same_terms(work, change, held, path)
        return False
    made = await Assignment.create(
        network_id=work.network_id,
        location_id=change.location_id,
        role_code=role_code,
        role_id=role_id,
        specialist_id=change.holder_id,
        limits=limits_to_json(change.limits),
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
    require_registered(change.limits, work.host.release.further, path=(*path, "limits"))
    is_later = change.valid_from is not None and change.valid_from > work.at
    is_bounded = change.location_id or is_later or change.valid_until or change.limits
    if change.role == OWNER and (is_bounded or holder["kind"] == "SERVICE"):
        raise InvalidInput(
            "An owner is a person, of the whole network, from now on, without limits and without an end.",
            hint="Leave location, validFrom, validUntil and limits out, or choose another role.",
            path=path,
        )
    if change.valid_until is not None and change.valid_until <= (change.valid_from or work.at):
        raise InvalidInput(
            "The end must come after the beginning, and that is now where none is given.",
            hint="Choose a later end.",
            path=(*path, "validUntil"),
        )


def _require_same_terms(work: Work, change: AssignRole, held: asyncpg.Record, path: tuple[str | int, ...]) -> None:
    """Let a repetition through; one on other terms would be believed, and never hold. Raises InvalidInput."""
    starts_alike = held["valid_from"] == change.valid_from or (
        change.valid_from is None and held["valid_from"] <= work.at
    )
    if not starts_alike or held["valid_until"] != change.valid_until:
        raise InvalidInput(
            "This role is held there already, for another period.",
            hint="End that assignment in the same request, before this change.",
            path=path,
        )
    if orjson.loads(held["limits"]) != limits_to_json(change.limits):
        raise InvalidInput(
            "This role is held there already, under other limits.",
            hint="Send setLimits for that assignment.",
            path=(*path, "limits"),
        )


async def set_limits(work: Work, change: SetLimits, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """End an assignment and write the same with other limits; False where it has these.

    Raises NotFound, Forbidden, InvalidInput.
    """
    named = await _reached(work, change.assignment_id, path=(*path, "assignment"))
    _check_limits(work, change, named, path)
    # An earlier sending of the same change ended the named row: what is held in its place has these limits then.
    place = (named["specialist_id"], named["location_id"], named["role_code"], named["role_id"])
    held = await work.statements.fetchrow(HELD, work.network_id, *place)
    asked = limits_to_json(change.limits)
    if held is not None and orjson.loads(held["limits"]) == asked:
        return False
    if named["ended_epoch"] is not None:
        raise InvalidInput(
            "This assignment has ended.", hint="Name the one that is held now.", path=(*path, "assignment")
        )
    made_id = uuid7()
    written = orjson.dumps(asked).decode()
    await work.statements.execute(END, work.network_id, named["id"], epoch)
    await work.statements.execute(SUCCEED, work.network_id, named["id"], made_id, written, epoch, change.reason)
    _touch(work, named, made_id)
    work.reason = change.reason or None
    return True


def _check_limits(work: Work, change: SetLimits, named: reads.AssignmentRow, path: tuple[str | int, ...]) -> None:
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    require_registered(change.limits, work.host.release.further, path=(*path, "limits"))
    if named["role_code"] == OWNER and change.limits:
        raise InvalidInput("An owner has no limits.", hint="Assign another role.", path=(*path, "limits"))


async def end(
    work: Work, change: EndAssignment, policy: DomainPolicy, *, epoch: int, path: tuple[str | int, ...]
) -> bool:
    """Take a role away; False where it has ended. Raises NotFound, Forbidden, InvalidInput, OwnersOnly."""
    assignment = await _reached(work, change.assignment_id, path=(*path, "assignment"))
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    if assignment["ended_epoch"] is not None:
        return False
    if assignment["role_code"] == OWNER and work.viewer.holder_id not in owners(policy):
        raise OwnersOnly
    await work.statements.execute(END, work.network_id, change.assignment_id, epoch)
    _touch(work, assignment, change.assignment_id)
    work.reason = change.reason or None
    return True


async def _reached(work: Work, assignment_id: UUID, *, path: tuple[str | int, ...]) -> reads.AssignmentRow:
    assignment = await reads.assignment(work, assignment_id, path=path)
    work.require("assignments:change", at=assignment["location_id"])
    return assignment


def _touch(work: Work, assignment: reads.AssignmentRow, assignment_id: UUID) -> None:
    work.touches("assignment", assignment_id, location_id=assignment["location_id"])
    if assignment["specialist_id"] is not None:
        work.touches("specialist", assignment["specialist_id"])
