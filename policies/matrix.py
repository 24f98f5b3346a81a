"""The total matrix: what each built-in role may do, and where, as tables that somebody who knows the business checks.

One table a kind of domain, one row a capability, one column a role. What a role's cell says holds at the places whose
cell says `yes`; at those that say `network`, for whoever holds the role in the whole network. An empty cell is a no.
Places and refusals are answers of the algorithm itself, asked of each role at one location and in the whole domain.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import StringIO
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from policies.catalogue import LEVELS_OF, Capability, DomainKind
from policies.compile import Assignment, DomainPolicy, build_policy
from policies.decisions import decide
from policies.limit_syntax import limits_to_words
from policies.limits import ANY_OBJECT, NO_LIMITS, OPTED_IN, Circumstances, Place
from policies.lines import Problem
from policies.release import ClosedRole, Release
from policies.roles import BUILT_IN
from policies.scopes import Domain

YES: Final = "yes"
NO: Final = ""
SHUT: Final = "shut"
LEGEND: Final = (
    "# A role: yes, or the limit under which; empty: no; shut: no, and no other role of the same person opens it.",
    "# A place: yes: there; network: there, for whoever holds the role in the whole network; empty: not there.",
)
ABOUT: Final = ("capability", "title")

_DOMAIN, _OWN, _OTHER, _FOREIGN, _HOLDER, _HELD = (UUID(int=number) for number in range(1, 7))
_CIRCUMSTANCES: Final = Circumstances(datetime(2026, 1, 1, tzinfo=UTC))
_PLACES: Final[Mapping[DomainKind, Mapping[str, UUID | None]]] = MappingProxyType(
    {
        DomainKind.NETWORK: {"own location": _OWN, "other location": _OTHER, "other network": _FOREIGN},
        DomainKind.OPERATOR: {"operator": None, "a network": _FOREIGN},
        DomainKind.PARTNER: {"own firm": None, "other firm": _FOREIGN},
    }
)
_PLACE_WORDS: Final[Mapping[tuple[bool, bool], str]] = MappingProxyType(
    {(False, False): NO, (False, True): "network", (True, True): YES, (True, False): "location"}
)
"""By whether whoever holds a role at the own location passes, and whoever holds it in the whole domain."""


class Table(NamedTuple):
    """The capabilities of one kind of domain; `rows` give each column's cell."""

    columns: tuple[str, ...]
    rows: list[dict[str, str]]


class _Listed(NamedTuple):
    """A row of a file, and where it stands."""

    cells: tuple[str, ...]
    source: str


def matrix_text(release: Release, capabilities: Collection[str]) -> str:
    """The tables of these capabilities: CSV with comments on top, a blank line between two tables."""
    tables = matrix_tables(release, capabilities)
    written = "\n".join(_csv([table.columns, *(row.values() for row in table.rows)]) for table in tables)
    return "\n".join([*LEGEND, written])


def matrix_problems(text: str, release: Release, capabilities: Collection[str], *, label: str) -> Iterator[Problem]:
    """Where a file and the policy differ, cell by cell. `label` names the file."""
    tables = matrix_tables(release, capabilities)
    found = list(_read(text, label))
    headers = [row for row in found if row.cells[0] == ABOUT[0]]
    if [header.cells for header in headers] != [table.columns for table in tables]:
        reads = " / ".join(",".join(table.columns) for table in tables)
        yield Problem("SYNTAX", label, f"The headers of the tables read: {reads}")
        return
    decided = {row[ABOUT[0]]: row for table in tables for row in table.rows}
    listed: dict[str, str] = {}
    for row in found:
        code = row.cells[0]
        if code in listed:
            yield Problem("DUPLICATE_LINE", row.source, f"{code} stands at {listed[code]} already: remove one.")
        elif code in decided:
            yield from _differences(row, decided[code])
        elif row not in headers:
            yield Problem("UNKNOWN_CAPABILITY", row.source, f"There is no capability {code!r}: remove the row.")
        if row not in headers:
            listed.setdefault(code, row.source)
    for code in decided.keys() - listed.keys():
        yield Problem("NOT_LISTED", label, f"{code} is not listed: add {_csv([decided[code].values()]).strip()}")


def matrix_tables(release: Release, capabilities: Collection[str]) -> list[Table]:
    """What the policy says of these capabilities, a table each for networks, the operator and partners."""
    return [_table(release, kind, capabilities) for kind in DomainKind]


def _csv(rows: Iterable[Iterable[str]]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _read(text: str, label: str) -> Iterator[_Listed]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield _Listed(tuple(next(csv.reader([line]))), f"{label}:{number}")


def _differences(row: _Listed, decided: Mapping[str, str]) -> Iterator[Problem]:
    if len(row.cells) != len(decided):
        yield Problem("SYNTAX", row.source, f"The row has {len(row.cells)} cells, its header {len(decided)}.")
        return
    for (column, is_), says in zip(decided.items(), row.cells, strict=True):
        if says != is_:
            message = f"{row.cells[0]}, {column}: the table says {says or 'no'}, the policy {is_ or 'no'}."
            yield Problem("DIFFERS", row.source, message)


def _table(release: Release, kind: DomainKind, capabilities: Collection[str]) -> Table:
    roles = [release.closed[role.code] for role in BUILT_IN if role.domain is kind]
    policies = {role.code: _policies(release, kind, role) for role in roles}
    rows = []
    for capability in release.catalogue:
        if capability.level in LEVELS_OF[kind] and capability.code in capabilities:
            reaches = {code: _reach(held, kind, capability) for code, held in policies.items()}
            # The owner, who comes first and holds everything, tells how far: that depends on the level alone.
            places = reaches[roles[0].code]
            cells = {role.code: _cell(role, capability, release, reaches[role.code]) for role in roles}
            rows.append({"capability": capability.code, "title": capability.title, **places, **cells})
    return Table((*ABOUT, *_PLACES[kind], *policies), rows)


def _policies(release: Release, kind: DomainKind, role: ClosedRole) -> tuple[DomainPolicy, DomainPolicy]:
    """A domain where the role is held at one location, and one where it is held as a whole."""
    domain = Domain(kind, None if kind is DomainKind.OPERATOR else _DOMAIN)
    zone, is_network = ZoneInfo("UTC"), kind is DomainKind.NETWORK
    locations = [Place(at, zone, frozenset({OPTED_IN})) for at in (_OWN, _OTHER)] if is_network else []

    def held_at(location_id: UUID | None) -> DomainPolicy:
        held = Assignment(_HELD, _HOLDER, role, location_id, NO_LIMITS, _CIRCUMSTANCES.now, None)
        return build_policy(domain, epoch=0, release=release, locations=locations, assignments=[held])

    return held_at(_OWN if is_network else None), held_at(None)


def _reach(policies: tuple[DomainPolicy, DomainPolicy], kind: DomainKind, capability: Capability) -> dict[str, str]:
    """The cell of each place, for one role; limits that ask the object count as met."""
    local, whole = policies
    return {
        name: _PLACE_WORDS[_is_allowed(local, capability, at), _is_allowed(whole, capability, at)]
        for name, at in _PLACES[kind].items()
    }


def _is_allowed(policy: DomainPolicy, capability: Capability, at: UUID | None) -> bool:
    holding = policy.holding(_HOLDER)
    return decide(policy, holding, capability.code, at=at, of=ANY_OBJECT, circumstances=_CIRCUMSTANCES).allowed


def _cell(role: ClosedRole, capability: Capability, release: Release, reach: Mapping[str, str]) -> str:
    if any(reach.values()):
        return "; ".join(limits_to_words(line.limits) if line.limits else YES for line in role.naming[capability.code])
    return SHUT if role.denies & release.catalogue.bits[capability.code] else NO
