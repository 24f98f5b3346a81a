"""Reaches: the goldens of policies.md 4.10, their SQL, and that they select what `can` allows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import Remit
from policies.narrowing import Narrowing
from policies.reach import ALWAYS, NEVER, Clause, Columns, Reach
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.world import (
    ATHENS,
    N1,
    NORTH,
    NOW,
    SOUTH,
    asking,
    assigned,
    called,
    golden_policy,
    own_role,
    policy_of,
    with_assignment,
)
from tests.policies.worlds import LISBON, NETWORK_CODES, VALUED, VISITOR, viewers

UNVALUED = [code for code in NETWORK_CODES if code not in VALUED]
"""A limit on values is not told before an object is known, so it reaches nothing."""
COLUMNS = Columns(location="a.location_id", owner="a.specialist_id", instant="a.starts_at")


def viewer(holder: str) -> Viewer:
    """Somebody of the first network."""
    return viewer_in(
        golden_policy(), kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called(holder), now=NOW
    )


@pytest.mark.parametrize(
    ("holder", "reach"),
    [
        ("hal", ALWAYS),
        ("ana", Reach((Clause(frozenset({NORTH})),))),
        ("di", Reach((Clause(frozenset({SOUTH}), owner=called("di")),))),
        ("jo", Reach((Clause(frozenset({SOUTH})), Clause(frozenset({NORTH}), owner=called("jo"))))),
        ("gus", NEVER),
        ("kim", Reach((Clause(frozenset({NORTH}), since=date(2026, 2, 8), zone=ATHENS),))),
    ],
)
def test_golden_reach(holder: str, reach: Reach) -> None:
    assert viewer(holder).scope("appointments:read") == reach


def test_shared_data_is_reached_as_a_whole_or_not() -> None:
    assert viewer("ana").scope("services:read") == ALWAYS
    assert viewer("max").scope("services:read") == NEVER


def test_a_deny_at_one_location_excludes_it() -> None:
    blind = own_role("blind", "deny appointments:read")
    policy = policy_of(
        [assigned("bo", "manager", "n1"), assigned("bo", "blind", "south", own_roles=[blind])], own_roles=[blind]
    )
    bo = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called("bo"), now=NOW)

    assert bo.scope("appointments:read") == Reach((Clause(excluded=frozenset({SOUTH})),))


def test_a_requirement_cuts_a_reach_down() -> None:
    no_clients = own_role("no_clients", "deny clients:read")
    policy = policy_of([assigned("bo", "manager", "n1"), assigned("bo", "no_clients", "south")], own_roles=[no_clients])
    bo = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called("bo"), now=NOW)

    assert bo.scope("clients:read_contacts") == Reach((Clause(excluded=frozenset({SOUTH})),))


def test_a_grant_that_the_request_does_not_meet_widens_no_reach() -> None:
    policy = policy_of(
        [
            assigned("di", "specialist", "north"),
            assigned("di", "administrator", "north", {"ip": ["203.0.113.0/24"]}),
        ]
    )

    def reach(address: str) -> Reach:
        di = viewer_in(
            policy,
            kind=ViewerKind.SPECIALIST,
            account_id=None,
            specialist_id=called("di"),
            now=NOW,
            address=asking(address=address).address,
        )
        return di.scope("appointments:read")

    assert reach("198.51.100.7") == Reach((Clause(frozenset({NORTH}), owner=called("di")),))
    assert reach("203.0.113.9") == Reach((Clause(frozenset({NORTH})),))


def test_a_limit_on_values_reaches_nothing() -> None:
    policy = policy_of([assigned("bo", "manager", "north", {"max": {"amount": 100, "currency": "EUR"}})])
    bo = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called("bo"), now=NOW)

    assert bo.could("refunds:create", at=NORTH)
    assert bo.scope("refunds:create") == NEVER
    assert bo.scope("payments:read") == Reach((Clause(frozenset({NORTH})),))


def test_own_objects_at_the_whole_network() -> None:
    policy = with_assignment(policy_of([]), assigned("di", "specialist", "n1"))
    di = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called("di"), now=NOW)

    assert di.scope("appointments:read") == Reach((Clause(owner=called("di")),))


@pytest.mark.parametrize(
    ("holder", "sql", "args"),
    [
        ("hal", "((TRUE))", ()),
        ("gus", "FALSE", ()),
        ("ana", "((a.location_id = ANY($3::uuid[])))", ([NORTH],)),
        (
            "jo",
            "((a.location_id = ANY($3::uuid[])) OR (a.location_id = ANY($4::uuid[]) AND a.specialist_id = $5::uuid))",
            ([SOUTH], [NORTH], called("jo")),
        ),
        (
            "kim",
            "((a.location_id = ANY($3::uuid[]) AND a.starts_at >= $4::timestamptz))",
            ([NORTH], datetime(2026, 2, 7, 22, 0, tzinfo=UTC)),
        ),
    ],
)
def test_golden_sql(holder: str, sql: str, args: tuple[object, ...]) -> None:
    where = viewer(holder).scope("appointments:read").where(COLUMNS, first=3)

    assert (where.sql, where.args) == (sql, args)


def test_sql_for_objects_in_several_places_and_for_dates() -> None:
    reach = Reach(
        (
            Clause(excluded=frozenset({SOUTH}), owner=called("di"), zone=ATHENS, until=date(2026, 3, 12)),
            Clause(frozenset({NORTH})),
        )
    )

    where = reach.where(Columns(locations="c.location_ids", owners="c.specialist_ids", day="c.day"))

    assert where.sql == (
        "((NOT c.location_ids <@ $1::uuid[] AND $2::uuid = ANY(c.specialist_ids) AND c.day < $3::date)"
        " OR (c.location_ids && $4::uuid[]))"
    )
    assert where.args == ([SOUTH], called("di"), date(2026, 3, 13), [NORTH])


@pytest.mark.parametrize(
    ("holder", "columns", "missing"),
    [
        ("ana", Columns(), "location"),
        ("di", Columns(location="l"), "owner"),
        ("kim", Columns(location="l"), "day or instant"),
    ],
)
def test_a_column_that_is_not_named_makes_no_wider_list(holder: str, columns: Columns, missing: str) -> None:
    with pytest.raises(LookupError) as refused:
        viewer(holder).scope("appointments:read").where(columns)

    assert str(refused.value) == f"This reach asks for the {missing} of the rows; name a column for it."


def test_a_narrowed_token_reaches_its_locations_alone() -> None:
    token = viewer_in(
        golden_policy(),
        kind=ViewerKind.SERVICE,
        account_id=None,
        specialist_id=called("bo"),
        now=NOW,
        takings=(Narrowing(frozenset({"appointments:read", "services:read"}), frozenset({NORTH})),),
    )

    assert token.scope("appointments:read") == Reach((Clause(frozenset({NORTH})),))
    assert token.scope("services:read") == ALWAYS
    assert token.scope("clients:read") == NEVER
    assert not token.can("appointments:read", at=N1)
    assert token.decision("clients:read", at=NORTH).reason == "NARROWED"


ROWS = [
    (at, called(owner), instant)
    for at in (NORTH, SOUTH)
    for owner in ("ana", "bo", VISITOR)
    for instant in (
        datetime(2026, 3, 6, 21, 30, tzinfo=UTC),
        datetime(2026, 3, 6, 23, 30, tzinfo=UTC),
        datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC),
        NOW,
        datetime(2026, 3, 10, 22, tzinfo=UTC),
        datetime(2026, 3, 12, 22, 30, tzinfo=UTC),
        datetime(2026, 3, 13, 12, tzinfo=UTC),
    )
]
"""Objects around the midnights of both zones and the limits of the random worlds."""
TABLE = """
CREATE TEMPORARY TABLE objects ON COMMIT DROP AS
SELECT row_number() OVER () - 1 AS number, *, ARRAY[location_id] AS location_ids,
       ARRAY[location_id, $5::uuid, $6::uuid] AS everywhere, ARRAY[specialist_id] AS specialist_ids
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::date[]) AS given (location_id, specialist_id, starts_at, day)
"""
OF_ONE_PLACE = (
    Columns(location="location_id", owner="specialist_id", instant="starts_at"),
    Columns(location="location_id", owner="specialist_id", day="day"),
    Columns(locations="location_ids", owners="specialist_ids", instant="starts_at"),
)
OF_BOTH_PLACES = Columns(locations="everywhere", owner="specialist_id", instant="starts_at")


@pytest.fixture
async def objects(remit: Remit) -> AsyncIterator[asyncpg.Connection]:
    """A connection with a table of all ROWS."""
    zones = {NORTH: ATHENS, SOUTH: LISBON}
    places, owners, instants = zip(*ROWS, strict=True)
    days = [instant.astimezone(zones[at]).date() for at, _, instant in ROWS]
    async with remit.host.database.owner_connection() as connection, connection.transaction():
        await connection.execute(TABLE, list(places), list(owners), list(instants), days, NORTH, SOUTH)
        yield connection


async def test_postgresql_selects_exactly_what_can_allows(objects: asyncpg.Connection) -> None:
    parts = 0
    for asker in random_viewers():
        for code in UNVALUED:
            allowed = {number for number, row in enumerate(ROWS) if may(asker, code, *row)}
            for columns in OF_ONE_PLACE:
                assert await selected(objects, asker.scope(code), columns) == allowed, (code, columns)
            parts += 0 < len(allowed) < len(ROWS)
    assert parts > 100, "nearly every reach was everything or nothing: the worlds say too little"


async def test_postgresql_selects_an_object_of_several_places_by_one_of_them(objects: asyncpg.Connection) -> None:
    for asker in random_viewers():
        for code in UNVALUED:
            allowed = {
                number
                for number, (_, owner, instant) in enumerate(ROWS)
                if any(may(asker, code, at, owner, instant) for at in (NORTH, SOUTH))
            }
            assert await selected(objects, asker.scope(code), OF_BOTH_PLACES) == allowed, code


def may(asker: Viewer, code: str, at: UUID, owner: UUID, instant: datetime) -> bool:
    """Whether somebody may do this to one of the objects."""
    return asker.can(code, at=at, of={"specialist_id": owner, "starts_at": instant})


async def selected(objects: asyncpg.Connection, reach: Reach, columns: Columns) -> set[int]:
    """The numbers of the objects that a list would show."""
    where = reach.where(columns)
    rows = await objects.fetch(f"SELECT number FROM objects WHERE {where.sql}", *where.args)
    return {row["number"] for row in rows}


def random_viewers() -> list[Viewer]:
    """The same hundred viewers each time."""
    found: list[Viewer] = []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(viewers())
    def collect(asker: Viewer) -> None:
        found.append(asker)

    collect()
    return found


def selects(reach: Reach, at: UUID, facts: dict[str, Any]) -> bool:
    """What the SQL of a reach says of one row, read from its clauses."""
    return any(
        (clause.locations is None or at in clause.locations)
        and at not in clause.excluded
        and clause.owner in (None, facts["specialist_id"])
        and (clause.since is None or facts["starts_at"] >= clause.since)
        and (clause.until is None or facts["starts_at"] <= clause.until)
        for clause in reach.clauses
    )


@settings(max_examples=150, deadline=None)
@given(
    viewers(),
    st.sampled_from([NORTH, SOUTH]),
    st.sampled_from(["ana", "bo"]),
    st.dates(date(2026, 3, 1), date(2026, 3, 20)),
)
def test_a_reach_selects_exactly_what_can_allows(asker: Viewer, at: UUID, owner: str, day: date) -> None:
    facts: dict[str, Any] = {"specialist_id": called(owner), "starts_at": day}

    for code in UNVALUED:
        reach = asker.scope(code)
        assert selects(reach, at, facts) is asker.can(code, at=at, of=facts), code
        if reach.is_always:
            assert asker.can(code)
