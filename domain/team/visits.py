"""Visits: the operator's staff and the members of partner firms enter a network at one location, for some hours.

A visit is an assignment of an account. It begins and ends by its period, whatever else happens; ending it earlier is
ending the assignment. Others than members are invited as specialists instead.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.network import reads as network
from domain.team import reads
from domain.team.assignments import LONGEST_REASON, NO_SLACK, AssignmentKey, Terms, give
from domain.team.changes import ApproveVisit
from domain.team.holders import AccountFound, account
from domain.team.limits import require_registered
from domain.team.roles import role_key
from domain.team.rules import LONGEST_VISIT
from domain.texts import require_kept
from errors import InvalidInput, NotFound
from policies.roles import OWNER
from work import Work

LONGEST_HOURS = LONGEST_VISIT // timedelta(hours=1)
FURTHEST_AHEAD = timedelta(days=366)
ONE_MINUTE = timedelta(minutes=1)


async def approve(work: Work, change: ApproveVisit, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Let somebody in; False where they are let in so already. Raises NotFound, Forbidden, InvalidInput."""
    await network.location(work, change.location_id, path=(*path, "location"))
    work.require(change.requires, at=change.location_id)
    visitor = await _visitor(work, change, path)
    _check(work, change, path)
    role_code, role_id = await role_key(work, change.role, path=(*path, "role"))
    key = AssignmentKey(None, visitor.id, change.location_id, role_code, role_id)
    ends = _end_of(change.valid_from or work.at, change, path, now=work.at)
    # An approval that is sent twice ends a moment later the second time.
    slack = ONE_MINUTE if change.hours is not None else NO_SLACK
    terms = Terms(change.valid_from, ends, change.limits, change.reason, slack)
    made = await give(work, key, terms, name=visitor.name, epoch=epoch, path=path)
    work.reason = change.reason or None
    return made


async def _visitor(work: Work, change: ApproveVisit, path: tuple[str | int, ...]) -> AccountFound:
    if (change.account_id is None) == (change.email is None):
        raise InvalidInput(
            "A visitor is named once.", hint="Send the account's id or its e-mail address, one of them.", path=path
        )
    named = (*path, "email" if change.email is not None else "account")
    visitor = await account(work, account_id=change.account_id, email=change.email, path=named)
    if not visitor.is_member:
        # As if there were no such account: whether somebody has one is nobody else's business.
        raise NotFound(path=named)
    if await reads.has_place(work, visitor.id):
        raise InvalidInput(
            "This person has a place in the network.", hint="Assign the role to the specialist.", path=named
        )
    return visitor


def _check(work: Work, change: ApproveVisit, path: tuple[str | int, ...]) -> None:
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    require_registered(change.limits, work.host.release.further, path=(*path, "limits"))
    if change.valid_from is not None and change.valid_from > work.at + FURTHEST_AHEAD:
        raise InvalidInput(
            "A visit is approved at most a year ahead.", hint="Choose an earlier beginning.", path=(*path, "validFrom")
        )
    if change.role == OWNER:
        raise InvalidInput("Nobody visits as an owner.", hint="Choose another role.", path=(*path, "role"))


def _end_of(begins: datetime, change: ApproveVisit, path: tuple[str | int, ...], *, now: datetime) -> datetime:
    """When the visit ends. Raises InvalidInput for no end or two, for one that is over, and for more than 72 hours."""
    match change.hours, change.valid_until:
        case int(hours), None:
            where = (*path, "hours")
            ends = begins + timedelta(hours=min(max(hours, 0), LONGEST_HOURS + 1))
        case None, datetime() as ends:
            where = (*path, "validUntil")
        case _:
            raise InvalidInput("A visit has one end.", hint="Send `hours` or `validUntil`, one of them.", path=path)
    if ends <= max(begins, now):
        raise InvalidInput(
            "The end must come after the beginning, and after now.", hint="Choose a later end.", path=where
        )
    if ends - begins > LONGEST_VISIT:
        raise InvalidInput(
            f"A visit lasts at most {LONGEST_HOURS} hours.",
            hint="Choose an earlier end, or invite the person as a specialist.",
            path=where,
        )
    return ends
