"""A network's own roles: made, given other lines, taken out of use.

A line is ended and never changed, like an assignment; so a role's next version keeps the lines that stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import orjson
from asyncpg import Record

from domain.team.changes import ChangeRoleLines, CreateRole, LineAsked, RetireRole
from domain.team.models import Assignment, Role, RoleLine
from domain.team.rules import RoleInUse
from domain.texts import is_storable, require_kept, typed_text
from errors import InvalidInput, NotFound
from policies.lines import InvalidPolicy, Line, Problem
from policies.own_roles import RoleDraft, require_valid
from policies.roles import OWNER
from work import Work

LONGEST_WORD = 100
LONGEST_DESCRIPTION = 1000
MOST_LINES = 300

ACTIVE_ROLES = "SELECT code FROM roles WHERE network_id = $1 AND state = 'ACTIVE'"
# Codes are used again after retirement: the active role goes before those that had its code.
ROLE_BY_CODE = "SELECT * FROM roles WHERE network_id = $1 AND code = $2 ORDER BY state, id DESC LIMIT 1"
LINES_OF = (
    "SELECT capability, effect, limits FROM role_lines WHERE network_id = $1 AND role_id = $2 AND ended_epoch IS NULL"
)
NEXT_VERSION = "UPDATE roles SET version = version + 1 WHERE network_id = $1 AND id = $2"
RETIRE = "UPDATE roles SET state = 'RETIRED' WHERE network_id = $1 AND id = $2"
END_LINES = """
UPDATE role_lines SET ended_epoch = $4
WHERE network_id = $1 AND role_id = $2 AND capability = ANY ($3) AND ended_epoch IS NULL
"""
ASSIGNMENTS_OF_ROLE = (
    "SELECT * FROM assignments WHERE network_id = $1 AND role_id = $2 AND ended_epoch IS NULL ORDER BY id"
)
END_ASSIGNMENTS_OF_ROLE = """
UPDATE assignments SET ended_epoch = $3 WHERE network_id = $1 AND role_id = $2 AND ended_epoch IS NULL
"""
END_WHAT_IS_OVER = """
UPDATE assignments SET ended_epoch = $4
WHERE network_id = $1 AND role_code IS NOT DISTINCT FROM $2 AND role_id IS NOT DISTINCT FROM $3
  AND ended_epoch IS NULL AND valid_until <= $5
"""

Said = dict[str, tuple[str, object]]
"""What lines say of each capability: their effect, and their limits as JSON."""


async def role_key(work: Work, code: str, *, path: tuple[str | int, ...]) -> tuple[str | None, UUID | None]:
    """A built-in role's code, or the id of the network's own active one; only networks have any. Raises NotFound."""
    if _is_built_in(work, code):
        return code, None
    role = await _role(work, code) if work.domain.network_id else None
    if role is None or role["state"] != "ACTIVE":
        raise NotFound(path=path)
    return None, role["id"]


def require_typed_lines(lines: Sequence[LineAsked], *, path: tuple[str | int, ...]) -> None:
    """Let lines through whose words can be kept, and as many as a role may have. Raises InvalidText, InvalidPolicy."""
    for position, line in enumerate(lines):
        require_kept(line.capability, longest=LONGEST_WORD, path=(*path, position, "capability"))
    if len(lines) > MOST_LINES:
        problem = Problem("TOO_MANY", "lines", f"A role has at most {MOST_LINES} lines.")
        raise InvalidPolicy([problem], path=path)


async def create_role(work: Work, change: CreateRole, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Make a role; False where it has been made so. Raises Forbidden, InvalidText, InvalidPolicy."""
    work.require(change.requires)
    _require_typed(change, path)
    title = typed_text(change.title, path=(*path, "title"))
    description = typed_text(change.description, longest=LONGEST_DESCRIPTION, path=(*path, "description"))
    existing = await _role(work, change.code)
    if existing is not None and existing["state"] == "ACTIVE":
        words = (existing["title"], existing["description"], existing["based_on"])
        if words == (title, description, change.based_on) and await _lines(work, existing["id"]) == _said(change.lines):
            return False
    draft = _draft(RoleDraft(change.code, title, (), change.based_on), change.lines)
    _require_valid(work, draft, others=await _active_codes(work), path=path)
    role = await Role.create(
        network_id=work.network_id,
        code=change.code,
        title=title,
        description=description,
        based_on=change.based_on,
    )
    await _write_lines(work, role.id, change.lines, epoch=epoch)
    work.touches("role", role.id, name=title)
    return True


async def change_role_lines(work: Work, change: ChangeRoleLines, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Give a role other lines; False where it has these. Raises NotFound, Forbidden, InvalidInput, InvalidPolicy."""
    role = await _own_role(work, change.role, path=(*path, "role"))
    work.require(change.requires)
    if role["state"] != "ACTIVE":
        raise NotFound(path=(*path, "role"))
    _require_typed(change, path)
    before = await _lines(work, role["id"])
    next_version = RoleDraft(role["code"], role["title"], (), role["based_on"], role["version"] + 1)
    draft = _draft(next_version, change.lines)
    others = await _active_codes(work) - {role["code"]}
    _require_valid(work, draft, others=others, had=before, path=path)
    after = _said(change.lines)
    if after == before:
        return False
    ended = [capability for capability, said in before.items() if after.get(capability) != said]
    asked = {line.capability: line for line in change.lines}
    new = [line for capability, line in asked.items() if before.get(capability) != after[capability]]
    await work.statements.execute(END_LINES, work.network_id, role["id"], ended, epoch)
    await _write_lines(work, role["id"], new, epoch=epoch)
    await work.statements.execute(NEXT_VERSION, work.network_id, role["id"])
    work.touches("role", role["id"], name=role["title"])
    return True


async def retire_role(work: Work, change: RetireRole, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Take a role out of use; False where it is. Raises NotFound, Forbidden, InvalidInput, RoleInUse.

    Its holders get the replacement with the limits and for the rest of the period that they held it; where they hold
    the replacement already, that one stays as it is, unless it ended by itself.
    """
    role = await _own_role(work, change.role, path=(*path, "role"))
    work.require(change.requires)
    if role["state"] != "ACTIVE":
        return False
    held = await work.statements.fetch(ASSIGNMENTS_OF_ROLE, work.network_id, role["id"])
    await _replace(work, change, _not_over(work, held), epoch=epoch, path=path)
    await work.statements.execute(END_ASSIGNMENTS_OF_ROLE, work.network_id, role["id"], epoch)
    lines = list(await _lines(work, role["id"]))
    await work.statements.execute(END_LINES, work.network_id, role["id"], lines, epoch)
    await work.statements.execute(RETIRE, work.network_id, role["id"])
    work.touches("role", role["id"], name=role["title"])
    return True


async def _replace(
    work: Work, change: RetireRole, held: Sequence[Record], *, epoch: int, path: tuple[str | int, ...]
) -> None:
    """Give the replacement to all who hold the role."""
    if change.replacement is None:
        if held:
            raise RoleInUse(len(held), path=(*path, "replacement"))
        return
    if change.replacement in (change.role, OWNER):
        raise InvalidInput(
            "A role is replaced by another, and owners are made one by one.",
            hint="Name another role.",
            path=(*path, "replacement"),
        )
    role_code, role_id = await role_key(work, change.replacement, path=(*path, "replacement"))
    for assignment in held:
        work.require("assignments:change", at=assignment["location_id"])
        work.touches("assignment", assignment["id"])
    for specialist_id in sorted({one["specialist_id"] for one in held if one["specialist_id"] is not None}):
        work.touches("specialist", specialist_id)
    successors = [
        Assignment(
            network_id=work.network_id,
            location_id=assignment["location_id"],
            role_code=role_code,
            role_id=role_id,
            specialist_id=assignment["specialist_id"],
            account_id=assignment["account_id"],
            limits=orjson.loads(assignment["limits"]),
            valid_from=assignment["valid_from"],
            valid_until=assignment["valid_until"],
            created_epoch=epoch,
            reason=assignment["reason"],
        )
        for assignment in held
    ]
    await work.statements.execute(END_WHAT_IS_OVER, work.network_id, role_code, role_id, epoch, work.at)
    await Assignment.bulk_create(successors, ignore_conflicts=True)


def _not_over(work: Work, held: Sequence[Record]) -> list[Record]:
    return [one for one in held if one["valid_until"] is None or one["valid_until"] > work.at]


def _is_built_in(work: Work, code: str) -> bool:
    role = work.host.release.roles.get(code)
    return role is not None and role.domain is work.domain.kind


async def _own_role(work: Work, code: str, *, path: tuple[str | int, ...]) -> Record:
    """The network's own role of this code, active or retired. Raises NotFound, InvalidInput."""
    if not work.viewer.can("roles:read"):
        raise NotFound(path=path)
    if _is_built_in(work, code):
        raise InvalidInput(
            "A built-in role stays as it is.", hint="Create a role that is based on it, and change that.", path=path
        )
    role = await _role(work, code)
    if role is None:
        raise NotFound(path=path)
    return role


async def _role(work: Work, code: str) -> Record | None:
    """The network's own role of this code; no role has a code that cannot be kept."""
    return await work.statements.fetchrow(ROLE_BY_CODE, work.network_id, code) if is_storable(code) else None


async def _active_codes(work: Work) -> set[str]:
    return {row["code"] for row in await work.statements.fetch(ACTIVE_ROLES, work.network_id)}


async def _lines(work: Work, role_id: UUID) -> Said:
    rows = await work.statements.fetch(LINES_OF, work.network_id, role_id)
    return {row["capability"]: (row["effect"], orjson.loads(row["limits"])) for row in rows}


def _said(lines: Sequence[LineAsked]) -> Said:
    written = [line.to_json() for line in lines]
    return {line["capability"]: (line["effect"], line["limits"]) for line in written}


def _require_typed(change: CreateRole | ChangeRoleLines, path: tuple[str | int, ...]) -> None:
    """Let words through that can be kept, and as many lines as a role may have. Raises InvalidText, InvalidPolicy."""
    if isinstance(change, CreateRole):
        require_kept(change.code, longest=LONGEST_WORD, path=(*path, "code"))
        require_kept(change.based_on or "", longest=LONGEST_WORD, path=(*path, "basedOn"))
    require_typed_lines(change.lines, path=(*path, "lines"))


def _draft(draft: RoleDraft, asked: Sequence[LineAsked]) -> RoleDraft:
    """The draft with the lines, each of which names its place among those that were sent."""
    lines = (
        Line(draft.code, line.capability, line.effect, line.limits, f"{draft.source}, line {number}")
        for number, line in enumerate(asked, start=1)
    )
    return replace(draft, lines=tuple(lines))


def _require_valid(
    work: Work, draft: RoleDraft, *, others: set[str], had: Said | None = None, path: tuple[str | int, ...]
) -> None:
    """Let a draft through that holds together. Raises InvalidPolicy with every problem."""
    release = work.host.release
    dormant = {capability for capability in had or () if not release.catalogue.named_by(capability)}
    require_valid(draft, release, others=others, dormant=dormant, path=path)


async def _write_lines(work: Work, role_id: UUID, lines: Sequence[LineAsked], *, epoch: int) -> None:
    await RoleLine.bulk_create(
        [RoleLine(network_id=work.network_id, role_id=role_id, created_epoch=epoch, **line.to_json()) for line in lines]
    )
