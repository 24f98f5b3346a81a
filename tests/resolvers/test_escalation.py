"""Attempts to have more than one was given, over HTTP: each is refused in words, and nothing has moved.

One network serves all attempts of this file, since none of them may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app import Remit
from tests.api import Api
from tests.resolvers.escalation import (
    IN_A_MONTH,
    KEEPER,
    NEXT_WEEK,
    NOW,
    TOMORROW,
    Change,
    World,
    access,
    change,
    make_world,
    written,
)
from tests.resolvers.test_own_roles import change_lines, create, line, retire

ALMOST_FOR_EVER, FOR_EVER = "9999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
PAID = [line(code) for code in ("services:read", "appointments:read", "payments:read", "payments:create")]
HELD_BY_KAY = [line(code) for code in KEEPER]


@dataclass(frozen=True, slots=True)
class Attack:
    """What somebody tries, and the refusal; of GRANT_EXCEEDS_OWN also one capability that it must name."""

    case: str
    by: str
    changes: Callable[[World], Sequence[Change]]
    code: str = "GRANT_EXCEEDS_OWN"
    missing: str = ""

    def __str__(self) -> str:
        return f"{self.by}: {self.case}"


GRANTS = [
    Attack("a role beyond one's own", "bo", lambda w: [w.give("gus", "accountant")], missing="payroll:calculate"),
    Attack("the same to oneself", "bo", lambda w: [w.give("bo", "accountant")], missing="payroll:calculate"),
    Attack("ownership to oneself", "bo", lambda w: [w.give("bo", "owner")], missing="roles:change"),
    Attack("ownership to an accomplice", "bo", lambda w: [w.give("gus", "owner")], missing="roles:change"),
    Attack("the network from a location", "rae", lambda w: [w.give("gus", "viewer")], "FORBIDDEN"),
    Attack("another location", "rae", lambda w: [w.give("gus", "viewer", w.salon.south)], "FORBIDDEN"),
    Attack("one's role at more places", "pat", lambda w: [w.give("pat", "administrator")], missing="payments:create"),
    Attack(
        "one's role at another place",
        "pat",
        lambda w: [w.give("gus", "administrator", w.salon.south)],
        missing="payments:create",
    ),
    Attack("without the limit of days", "kim", lambda w: [w.give("gus", "viewer")], missing="appointments:read"),
    Attack(
        "a wider limit of days",
        "kim",
        lambda w: [w.give("gus", "viewer", limits="back=read:31/change:0")],
        missing="appointments:read",
    ),
    Attack("lifting one's own limits", "kim", lambda w: [w.limit("kim manager", "none")], missing="appointments:read"),
    Attack(
        "one's own role anew beside the limited one",
        "kim",
        lambda w: [w.give("kim", "administrator", w.salon.north)],
        missing="appointments:read",
    ),
    Attack(
        "ending the limited role and taking it whole",
        "kim",
        lambda w: [w.end("kim manager"), w.give("kim", "manager")],
        missing="appointments:read",
    ),
    Attack("from any address", "lee", lambda w: [w.give("gus", "viewer")], missing="clients:read"),
    Attack(
        "from more addresses",
        "lee",
        lambda w: [w.give("gus", "viewer", limits="ip=127.0.0.0/8|10.0.0.0/8")],
        missing="clients:read",
    ),
    Attack("whoever holds nothing", "gus", lambda w: [w.give("gus", "viewer")], "FORBIDDEN"),
    Attack("whoever may not assign", "ana", lambda w: [w.give("ana", "specialist", w.salon.north)], "FORBIDDEN"),
]
PERIODS = [
    Attack("a role without an end", "max", lambda w: [w.give("gus", "viewer")], missing="clients:read"),
    Attack(
        "a role that ends a second later",
        "max",
        lambda w: [w.give("gus", "viewer", validUntil=TOMORROW + timedelta(seconds=1))],
        missing="clients:read",
    ),
    Attack(
        "a role until the year 9999",
        "max",
        lambda w: [w.give("gus", "viewer", validUntil=ALMOST_FOR_EVER)],
        missing="clients:read",
    ),
    Attack("the end of the calendar", "max", lambda w: [w.give("gus", "viewer", validUntil=FOR_EVER)], "INVALID_TIME"),
    Attack(
        "one's own period made longer",
        "max",
        lambda w: [w.end("max manager"), w.give("max", "manager", validUntil=IN_A_MONTH)],
        missing="assignments:change",
    ),
    Attack("the held role for longer", "max", lambda w: [w.give("max", "manager")], "INVALID_INPUT"),
    Attack(
        "the time after one's own period",
        "max",
        lambda w: [w.give("gus", "viewer", validFrom=TOMORROW, validUntil=NEXT_WEEK)],
        missing="clients:read",
    ),
    Attack(
        "what one holds next week, for next week",
        "nex",
        lambda w: [w.give("gus", "accountant", validFrom=NEXT_WEEK)],
        missing="payroll:calculate",
    ),
    Attack("whoever begins next week", "fut", lambda w: [w.give("gus", "viewer")], "FORBIDDEN"),
    Attack(
        "a visit beyond one's own period",
        "max",
        lambda w: [w.let_in("viewer", hours=48)],
        missing="clients:read",
    ),
    Attack(
        "an end in the past", "hal", lambda w: [w.give("gus", "viewer", validUntil=NOW - timedelta(1))], "INVALID_INPUT"
    ),
    Attack("an owner with an end", "hal", lambda w: [w.give("gus", "owner", validUntil=TOMORROW)], "INVALID_INPUT"),
    Attack("an owner of later", "hal", lambda w: [w.give("gus", "owner", validFrom=TOMORROW)], "INVALID_INPUT"),
]
ROLES = [
    Attack("a role of more than one holds", "kay", lambda w: [create("desk", PAID)], missing="payments:create"),
    Attack(
        "such a role for oneself",
        "kay",
        lambda w: [create("desk", PAID), w.give("kay", "desk")],
        missing="payments:create",
    ),
    Attack(
        "such a role for an accomplice who gives it back",
        "kay",
        lambda w: [create("desk", PAID), w.give("gus", "desk"), w.give("kay", "desk")],
        missing="payments:create",
    ),
    Attack(
        "a line in the role that one holds",
        "kay",
        lambda w: [change_lines([*HELD_BY_KAY, *PAID[1:]], role="keeper")],
        missing="payments:create",
    ),
    Attack(
        "a small role that grows once it is given",
        "kay",
        lambda w: [create("desk", PAID[:1]), w.give("gus", "desk"), change_lines(PAID, role="desk")],
        missing="payments:create",
    ),
    Attack(
        "a strong role that is gone at the end, and what replaces it",
        "kay",
        lambda w: [create("desk", PAID), w.give("gus", "desk"), retire("manager", role="desk")],
        missing="payments:create",
    ),
    Attack(
        "a deny taken out of a role",
        "kay",
        lambda w: [change_lines(PAID[:1], role="no_clients")],
        missing="clients:read",
    ),
    Attack(
        "a role of denies replaced by a stronger one",
        "kay",
        lambda w: [retire("viewer", role="no_clients")],
        missing="clients:read",
    ),
    Attack(
        "the held role replaced by a stronger one",
        "kay",
        lambda w: [retire("manager", role="keeper")],
        missing="payments:create",
    ),
    Attack("the held role replaced by owner", "kay", lambda w: [retire("owner", role="keeper")], "INVALID_INPUT"),
    Attack("the held role replaced by nothing", "kay", lambda w: [retire(role="keeper")], "ROLE_IN_USE"),
    Attack("a deny that is dropped on the way", "kay", lambda w: [retire(role="no_clients")], "ROLE_IN_USE"),
    Attack("a built-in role made weaker", "kay", lambda w: [retire("keeper", role="owner")], "INVALID_INPUT"),
    Attack("a built-in role made stronger", "kay", lambda w: [change_lines(PAID, role="specialist")], "INVALID_INPUT"),
    Attack(
        "a copy of a role without its denies",
        "kay",
        lambda w: [create("desk", PAID[:1], basedOn="call_center")],
        "INVALID_POLICY",
    ),
    Attack("a role of everything", "kay", lambda w: [create("desk", [line("*")])], "INVALID_POLICY"),
    Attack("whoever may not change roles", "bo", lambda w: [create("desk", PAID[:1])], "FORBIDDEN"),
]
DENIES = [
    Attack("ending a deny of oneself", "vic", lambda w: [w.end("vic no_clients")], missing="clients:read"),
    Attack("ending a built-in deny of oneself", "cy", lambda w: [w.end("cy call_center")], missing="payments:create"),
    Attack(
        "a deny for a shorter time",
        "vic",
        lambda w: [w.end("vic no_clients"), w.give("vic", "no_clients", validUntil=TOMORROW)],
        missing="clients:read",
    ),
    Attack(
        "a deny from tomorrow on",
        "vic",
        lambda w: [w.end("vic no_clients"), w.give("vic", "no_clients", validFrom=TOMORROW)],
        missing="clients:read",
    ),
    Attack(
        "a deny at one place only",
        "vic",
        lambda w: [w.end("vic no_clients"), w.give("vic", "no_clients", w.salon.north)],
        missing="clients:read",
    ),
]
PEOPLE_MOVED = [
    Attack("resuming a stronger person", "bo", lambda w: [w.resume("suz")], missing="payroll:calculate"),
    Attack("suspending an owner", "bo", lambda w: [w.suspend("hal")], "OWNERS_ONLY"),
    Attack("ending an owner", "bo", lambda w: [w.end("hal owner")], "OWNERS_ONLY"),
    Attack("becoming an owner to end one", "bo", lambda w: [w.give("bo", "owner"), w.end("hal owner")], "OWNERS_ONLY"),
    Attack("limiting an owner", "bo", lambda w: [w.limit("hal owner", "own")], "INVALID_INPUT"),
    Attack("shutting an owner out", "bo", lambda w: [w.give("hal", "shut_out")], "OWNERS_ONLY"),
    Attack(
        "shutting an owner out later", "bo", lambda w: [w.give("hal", "shut_out", validFrom=TOMORROW)], "OWNERS_ONLY"
    ),
    Attack("a call center's denies for an owner", "bo", lambda w: [w.give("hal", "call_center")], "OWNERS_ONLY"),
    Attack(
        "denies for an owner at one location",
        "rae",
        lambda w: [w.give("hal", "no_clients", w.salon.north)],
        "OWNERS_ONLY",
    ),
]
OWNERS = [
    Attack("both owners ended", "hal", lambda w: [w.end("hal owner"), w.end("ola owner")], "LAST_OWNER"),
    Attack("both, the other one first", "hal", lambda w: [w.end("ola owner"), w.end("hal owner")], "LAST_OWNER"),
    Attack("both suspended", "hal", lambda w: [w.suspend("hal"), w.suspend("ola")], "LAST_OWNER"),
    Attack("one ended, one suspended", "hal", lambda w: [w.suspend("ola"), w.end("hal owner")], "LAST_OWNER"),
    Attack(
        "both ended among other things",
        "ola",
        lambda w: [w.end("ola owner"), w.give("gus", "manager"), w.end("hal owner"), w.suspend("di")],
        "LAST_OWNER",
    ),
    Attack("an owner of one location", "hal", lambda w: [w.give("gus", "owner", w.salon.north)], "INVALID_INPUT"),
    Attack("an owner under limits", "hal", lambda w: [w.limit("ola owner", "back=1")], "INVALID_INPUT"),
    Attack("a service account as owner", "hal", lambda w: [w.give("bot", "owner")], "INVALID_INPUT"),
]
VISITS = [
    Attack("an accomplice let in to more", "bo", lambda w: [w.let_in("accountant")], missing="payroll:calculate"),
    Attack("an accomplice let in as owner", "hal", lambda w: [w.let_in("owner")], "INVALID_INPUT"),
    Attack("a visit elsewhere", "rae", lambda w: [w.let_in("viewer", w.salon.south)], "FORBIDDEN"),
    Attack("a visit of four days", "bo", lambda w: [w.let_in("viewer", hours=73)], "INVALID_INPUT"),
    Attack("a visit without an end", "bo", lambda w: [w.let_in("viewer", reason="soon")], "INVALID_INPUT"),
    Attack("a deny of one's own does not count", "vic", lambda w: [w.let_in("viewer")], missing="clients:read"),
    Attack("whoever may not approve", "pat", lambda w: [w.let_in("viewer")], "FORBIDDEN"),
]


def rule(holder: str) -> Callable[[World], Change]:
    """A rule of the network's own: this person never takes payments."""

    def asked(world: World) -> Change:
        return {
            "saveAccessTest": {
                "title": "No payments",
                "who": {"holder": world.salon[holder].specialist_id},
                "quantifier": "NOBODY",
                "predicate": {"holds": {"capability": "payments:create"}},
                "mode": "BLOCK",
            }
        }

    return asked


MIXED = [
    Attack(
        "a hundred changes with one too many among them",
        "bo",
        lambda w: [*[w.suspend("di"), w.resume("di")] * 49, w.give("gus", "viewer"), w.give("bo", "accountant")],
        missing="payroll:calculate",
    ),
    Attack(
        "the one too many first",
        "bo",
        lambda w: [w.give("bo", "accountant"), *[w.suspend("di")] * 99],
        missing="payroll:calculate",
    ),
    Attack("a hundred and one", "bo", lambda w: [w.suspend("di")] * 101, "TOO_MANY"),
    Attack("none at all", "bo", lambda w: [], "TOO_MANY"),
    Attack(
        "an accomplice made strong first",
        "bo",
        lambda w: [w.give("gus", "manager"), w.give("bo", "accountant")],
        missing="payroll:calculate",
    ),
    Attack(
        "a suspension as a cloak",
        "bo",
        lambda w: [w.suspend("gus"), w.give("gus", "accountant"), w.resume("gus")],
        missing="payroll:calculate",
    ),
    Attack(
        "a rule of one's own as a cloak",
        "aud",
        lambda w: [rule("di")(w), create("desk", PAID), w.give("aud", "desk")],
        missing="payments:create",
    ),
    Attack("a rule by whoever may not", "bo", lambda w: [rule("di")(w), w.give("gus", "viewer")], "FORBIDDEN"),
    Attack(
        "the allowed first, the forbidden last", "bo", lambda w: [w.suspend("di"), create("desk", PAID)], "FORBIDDEN"
    ),
]
SERVICE = [
    Attack("a role for an accomplice", "bot", lambda w: [w.give("gus", "viewer")], "SERVICE_ACCOUNT_GIVES"),
    Attack("a role for itself", "bot", lambda w: [w.give("bot", "viewer")], "SERVICE_ACCOUNT_GIVES"),
    Attack("a visit", "bot", lambda w: [w.let_in("viewer")], "SERVICE_ACCOUNT_GIVES"),
    Attack("a resumption", "bot", lambda w: [w.resume("suz")], "SERVICE_ACCOUNT_GIVES"),
    Attack("a deny lifted", "bot", lambda w: [w.end("vic no_clients")], "SERVICE_ACCOUNT_GIVES"),
    Attack("a limit lifted", "bot", lambda w: [w.limit("kim manager", "none")], "SERVICE_ACCOUNT_GIVES"),
    Attack(
        "taking first, giving after",
        "bot",
        lambda w: [w.suspend("di"), w.limit("kim manager", "none")],
        "SERVICE_ACCOUNT_GIVES",
    ),
    Attack("a role made", "bot", lambda w: [create("desk", PAID)], "FORBIDDEN"),
    Attack("an owner suspended", "bot", lambda w: [w.suspend("hal")], "OWNERS_ONLY"),
    Attack("an owner ended", "bot", lambda w: [w.end("ola owner")], "OWNERS_ONLY"),
]
ATTACKS = [*GRANTS, *PERIODS, *ROLES, *DENIES, *PEOPLE_MOVED, *OWNERS, *VISITS, *MIXED, *SERVICE]


@pytest.fixture(scope="module")
async def world(remit: Remit) -> World:
    return await make_world(remit)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
async def test_nobody_gets_there_by(api: Api, remit: Remit, world: World, attack: Attack) -> None:
    salon, attacker = world.salon, world.salon[attack.by]
    before = await written(remit, salon), await access(api, salon, attacker), await access(api, salon, salon["gus"])

    refused = await change(api, salon, attacker, attack.changes(world))

    assert refused.get("code") == attack.code, refused
    assert attack.missing in refused.get("missing", [""])
    after = await written(remit, salon), await access(api, salon, attacker), await access(api, salon, salon["gus"])
    assert after == before
