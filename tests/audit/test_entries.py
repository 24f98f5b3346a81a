from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from audit.chain import NotCanonical
from audit.entries import (
    Actor,
    ActorType,
    Area,
    Entry,
    Erased,
    EventType,
    MisdeclaredEvent,
    Operation,
    Outcome,
    Severity,
    Target,
    session_reference,
)

AT = datetime(2026, 3, 1, 9, 0, 0, 1, UTC)
SPECIALIST = UUID("018f2c3e-0000-7000-8000-0000000000aa")
CLIENT = UUID("018f2c3e-0000-7000-8000-0000000000ad")
CLIENT_UPDATED = EventType("client.updated", Area.DATA_CHANGES)
SIGNED_IN = EventType("account.signed_in", Area.SIGN_INS, outcomes=frozenset({Outcome.OK}))


def entry(**fields: object) -> Entry:
    known: dict[str, object] = {
        "event": CLIENT_UPDATED,
        "outcome": Outcome.OK,
        "at": AT,
        "actor": Actor(ActorType.SPECIALIST, SPECIALIST),
    }
    return Entry(**(known | fields))  # type: ignore[arg-type]  # each test names its own fields


def test_the_least_payload_says_what_when_and_who() -> None:
    assert entry().payload() == (
        '{"actor":{"id":"018f2c3e-0000-7000-8000-0000000000aa","roles":[],"type":"specialist"},'
        '"area":"data_changes","at":"2026-03-01T09:00:00.000001Z","code":"client.updated","factors":[],'
        '"outcome":"ok","targets":[],"v":1}'
    )
    assert entry().details() is None


def test_a_full_payload_holds_nothing_personal() -> None:
    full = entry(
        outcome=Outcome.DENIED,
        actor=Actor(ActorType.TOKEN, SPECIALIST, ("manager", "night_desk"), on_behalf_of=CLIENT),
        request="r-1",
        correlation="import-7",
        session_id=CLIENT,
        factors=("PASSWORD", "TOTP"),
        stepped_up_seconds=12,
        device_id=CLIENT,
        location_id=SPECIALIST,
        operation=Operation("UpdateClient", "sha256:00"),
        targets=(Target("client", CLIENT, "Kovács Anna"),),
        capability="clients:update",
        decision=CLIENT,
        ruling={"allowed": False, "line": None, "epoch": 7},
        verdict=("seats", "seats@3:7"),
        error="FORBIDDEN",
        counts={"rows": 3},
        erased=Erased(1, "81200c"),
        actor_name="Nagy Béla",
        ip="203.0.113.9",
        user_agent="Firefox",
        device_name="Firefox 127 on Windows",
        reason="asked by phone",
    )

    assert full.payload() == (
        '{"actor":{"id":"018f2c3e-0000-7000-8000-0000000000aa","onBehalfOf":"018f2c3e-0000-7000-8000-0000000000ad",'
        '"roles":["manager","night_desk"],"type":"token"},"area":"data_changes","at":"2026-03-01T09:00:00.000001Z",'
        '"capability":"clients:update","code":"client.updated","correlation":"import-7","counts":{"rows":3},'
        '"decision":"018f2c3e-0000-7000-8000-0000000000ad","device":"018f2c3e-0000-7000-8000-0000000000ad",'
        '"erased":{"count":1,"digest":"81200c"},"error":"FORBIDDEN","factors":["PASSWORD","TOTP"],'
        '"location":"018f2c3e-0000-7000-8000-0000000000aa","operation":{"document":"sha256:00","name":"UpdateClient"},'
        '"outcome":"denied","request":"r-1","ruling":{"allowed":false,"epoch":7},"session":"'
        + session_reference(CLIENT)
        + '","steppedUp":12,'
        '"targets":[{"id":"018f2c3e-0000-7000-8000-0000000000ad","type":"client"}],"v":1,'
        '"verdict":{"line":"seats@3:7","policy":"seats"}}'
    )
    assert full.details() == (
        '{"actorName":"Nagy Béla","deviceName":"Firefox 127 on Windows","ip":"203.0.113.9",'
        '"reason":"asked by phone","targetNames":["Kovács Anna"],"userAgent":"Firefox"}'
    )


def test_names_of_targets_keep_their_places() -> None:
    named = entry(targets=(Target("client", CLIENT), Target("client", SPECIALIST, "Anna")))

    assert named.details() == '{"targetNames":[null,"Anna"]}'


def test_a_session_is_named_by_sixteen_digits() -> None:
    assert session_reference(CLIENT) == "3819fbaa6ca59085"


def test_a_float_among_the_counts_is_refused() -> None:
    with pytest.raises(NotCanonical):
        entry(counts={"rows": 0.5}).payload()


def test_an_outcome_that_the_event_never_has_is_refused() -> None:
    with pytest.raises(MisdeclaredEvent, match=r"^the event account\.signed_in has no outcome denied$"):
        entry(event=SIGNED_IN, outcome=Outcome.DENIED)


@pytest.mark.parametrize(
    ("case", "type", "name"),
    [
        ("a specialist by name", ActorType.SPECIALIST, "anna"),
        ("an account by name", ActorType.ACCOUNT, "anna"),
        ("a plugin by UUID", ActorType.PLUGIN, SPECIALIST),
        ("the system by UUID", ActorType.SYSTEM, SPECIALIST),
    ],
)
def test_actors_are_named_as_the_journal_seals_them(case: str, type: ActorType, name: UUID | str) -> None:
    with pytest.raises(MisdeclaredEvent):
        Actor(type, name)


@pytest.mark.parametrize("code", ["client", "Client.updated", "client.updated.twice", "client.", ".updated", "a b.c"])
def test_a_code_of_another_form_is_refused(code: str) -> None:
    with pytest.raises(MisdeclaredEvent):
        EventType(code, Area.DATA_CHANGES)


def test_an_event_without_outcomes_is_refused() -> None:
    with pytest.raises(MisdeclaredEvent, match=r"^the event client\.updated has no outcome$"):
        EventType("client.updated", Area.DATA_CHANGES, outcomes=frozenset())


def test_an_ordinary_event_is_informational() -> None:
    assert CLIENT_UPDATED.severity is Severity.INFORMATIONAL
    assert CLIENT_UPDATED.outcomes == {Outcome.OK, Outcome.DENIED, Outcome.FAILED}
