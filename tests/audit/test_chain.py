from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from audit.chain import (
    GENESIS_HASH,
    Change,
    EntryHead,
    Json,
    NotCanonical,
    canonical_json,
    change_digest,
    digest_of,
    entry_hash,
    journal_time,
)

CHAIN = UUID("018f2c3e-0000-7000-8000-000000000001")
CLIENT = UUID("018f2c3e-0000-7000-8000-0000000000ad")
ACTOR = UUID("018f2c3e-0000-7000-8000-0000000000aa")

PHONE_CHANGED = Change(
    table_name="clients",
    row_id=str(CLIENT),
    subject_id=CLIENT,
    operation="u",
    salt=bytes.fromhex("00112233445566778899aabbccddeeff"),
    body='{"phone": ["+36 1 234 5678", "+36 1 234 9999"], "pin_hash": ["***", "***"]}',
)
DETAILS = Change(
    table_name="@details",
    row_id=None,
    subject_id=ACTOR,
    operation="x",
    salt=bytes.fromhex("ffeeddccbbaa99887766554433221100"),
    body='{"actorName":"Kovács Anna","ip":"203.0.113.9"}',
)
PHONE_CHANGED_DIGEST = "6e7772c70118ba6706f80e2bd91d95f2173188c2f029094d1b8d95a72ab04eb3"
DETAILS_DIGEST = "ff0d1b129de22df8ef7775da5303cc8275d8c1240539ee64b73d2e4914c712a7"

# journal.md 4.2, golden chain: case, payload, changes, recorded_at, hash
GOLDEN_CHAIN = [
    (
        "a sign-in without changes",
        "e1",
        datetime(2026, 3, 1, 9, 0, 0, 0, UTC),
        [],
        '{"actor":{"id":"018f2c3e-0000-7000-8000-0000000000aa","type":"specialist"},"area":"sign_ins",'
        '"code":"account.signed_in","outcome":"ok","v":1}',
        "4cd0fe2f2e5e1bd8d9c246c61b960da572dee02c700bc0659784612b3656ea56",
    ),
    (
        "a change of a client with details",
        "e2",
        datetime(2026, 3, 1, 9, 0, 1, 500_000, UTC),
        [PHONE_CHANGED, DETAILS],
        '{"actor":{"id":"018f2c3e-0000-7000-8000-0000000000aa","type":"specialist"},"area":"data_changes",'
        '"code":"client.updated","outcome":"ok","v":1}',
        "3caf74456a9e89dc90f3676a1bba909199f19be5a34b3e90d90c684483abccbd",
    ),
    (
        "a denied export",
        "e3",
        datetime(2026, 3, 1, 9, 0, 2, 0, UTC),
        [],
        '{"actor":{"id":"018f2c3e-0000-7000-8000-0000000000ab","type":"specialist"},"area":"exports",'
        '"code":"clients.exported","error":"FORBIDDEN","outcome":"denied","v":1}',
        "16a346fb2efc819e7b65262260640fbc5216bcf504b1b0a5c7d8b68507b3283b",
    ),
]


@pytest.mark.parametrize(
    ("case", "change", "digest"),
    [
        ("a row's change", PHONE_CHANGED, PHONE_CHANGED_DIGEST),
        ("details without a row", DETAILS, DETAILS_DIGEST),
    ],
)
def test_change_digests_are_golden(case: str, change: Change, digest: str) -> None:
    assert change_digest(change).hex() == digest


def test_digests_of_changes_are_golden() -> None:
    both = digest_of([change_digest(PHONE_CHANGED), change_digest(DETAILS)])

    assert both.hex() == "d2025bf5fef3ad59df221be6e9ab9e228b6d1eed26068285a439171d9bf5a93b"
    assert digest_of([]).hex() == hashlib.sha256(b"").hexdigest()


def test_the_golden_chain_links_up() -> None:
    prev_hash = GENESIS_HASH

    for seq, (case, entry, recorded_at, changes, payload, expected) in enumerate(GOLDEN_CHAIN, start=1):
        head = EntryHead(
            chain_id=CHAIN,
            seq=seq,
            entry_id=UUID(f"018f2c3e-0000-7000-8000-0000000000{entry}"),
            recorded_at=recorded_at,
            prev_hash=prev_hash,
            change_count=len(changes),
            changes_digest=digest_of(change_digest(change) for change in changes),
            payload=payload,
        )
        prev_hash = entry_hash(head)
        assert prev_hash.hex() == expected, case


def test_a_payload_of_the_golden_chain_is_canonical() -> None:
    value: dict[str, Json] = {
        "v": 1,
        "outcome": "denied",
        "error": "FORBIDDEN",
        "code": "clients.exported",
        "area": "exports",
        "actor": {"type": "specialist", "id": "018f2c3e-0000-7000-8000-0000000000ab"},
    }

    assert canonical_json(value) == GOLDEN_CHAIN[2][4]


@pytest.mark.parametrize(
    ("case", "value", "text"),
    [
        ("keys are sorted, deeply", {"b": [{"d": 1, "c": 2}], "a": None}, '{"a":null,"b":[{"c":2,"d":1}]}'),
        ("letters stay letters", "Kovács Ő Ω", '"Kovács Ő Ω"'),
        ("control characters are escaped", "a\r\n\x1b[31m", '"a\\r\\n\\u001b[31m"'),
        ("booleans are no integers", [True, False, 1, 0], "[true,false,1,0]"),
        ("the largest integers", [2**53, -(2**53)], "[9007199254740992,-9007199254740992]"),
        ("a tuple is an array", ("a", ()), '["a",[]]'),
    ],
)
def test_canonical_json_has_one_text(case: str, value: object, text: str) -> None:
    assert canonical_json(value) == text  # type: ignore[arg-type]  # values of every kind


@pytest.mark.parametrize(
    ("case", "value"),
    [
        ("a float", 1.0),
        ("a float deep inside", {"a": [{"b": 0.5}]}),
        ("an integer beyond 2^53", 2**53 + 1),
        ("an integer below -2^53", -(2**53) - 1),
        ("a date", datetime(2026, 3, 1, tzinfo=UTC)),
        ("a UUID", CHAIN),
        ("U+0000", "a\0b"),
        ("U+0000 in a key", {"\0": 1}),
        ("a key that is no string", {1: 2}),
        ("half a surrogate pair", "\ud800"),
        ("bytes", b"a"),
    ],
)
def test_what_has_no_canonical_text_is_refused(case: str, value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)  # type: ignore[arg-type]  # values of every kind


@pytest.mark.parametrize(
    ("case", "at", "text"),
    [
        ("whole seconds keep six digits", datetime(2026, 3, 1, 9, tzinfo=UTC), "2026-03-01T09:00:00.000000Z"),
        (
            "another zone becomes UTC",
            datetime(2026, 3, 1, 1, 0, 0, 7, timezone(timedelta(hours=2))),
            "2026-02-28T23:00:00.000007Z",
        ),
    ],
)
def test_times_are_utc_with_microseconds(case: str, at: datetime, text: str) -> None:
    assert journal_time(at) == text


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(NotCanonical):
        journal_time(datetime(2026, 3, 1))  # noqa: DTZ001 - the refusal of it is the test
