"""What a person holds, as the person itself follows it: whether it is another than before, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from errors import UserError
from policies.limits import Limits
from policies.lines import Line
from work import Work


class Suspended(UserError):
    """The viewer's place in the network is suspended: nothing is held there until somebody resumes it."""

    code = "SUSPENDED"
    hint = "Ask an owner or a manager of the network to resume you."


class HeldRole(NamedTuple):
    """A role with its lines, where it is held (None is the whole domain) and under which limits."""

    code: str
    lines: tuple[Line, ...]
    location_id: UUID | None
    limits: Limits


class Holdings(NamedTuple):
    """All that makes up what the viewer may do in the Work's domain. Two that are equal allow the same."""

    roles: tuple[HeldRole, ...]
    can: Mapping[UUID | None, int]
    could: Mapping[UUID | None, int]


def own_holdings(work: Work) -> Holdings:
    """What the viewer holds now. Raises Suspended."""
    viewer = work.viewer
    if viewer.policy is not None and viewer.holder_id in viewer.policy.inactive:
        raise Suspended("You are suspended in this network.")
    grants = viewer.grants
    return Holdings(
        roles=tuple(HeldRole(one.role.code, one.role.lines, one.location_id, one.limits) for one in grants.granted),
        can=grants.can,
        could=grants.could,
    )
