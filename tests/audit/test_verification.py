"""journal.md 4.6: a superuser may change anything, and the chain says where."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from audit.chain import GENESIS_HASH
from audit.verification import Fault, Verification, verify_chain
from tests.audit.conftest import Connection
from tests.audit.works import add_client, append, open_work, payload_with, set_scope, work

LENGTH = 6
ERASURE = 5


@dataclass(frozen=True, slots=True)
class Chain:
    """Six entries, each with a client and details but the fifth, which erases the first one's client."""

    connection: Connection
    id: UUID

    async def tamper(self, *statements: str, from_seq: int = 1) -> Verification:
        """Verify after these statements, $1 being the chain, with every trigger and foreign key switched off."""
        transaction = self.connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await self.connection.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await self.connection.execute(statement, self.id)
            return await verify_chain(self.connection, self.id, from_seq=from_seq)
        finally:
            await transaction.rollback()


@pytest.fixture
async def chain(app: Connection, superuser: Connection) -> Chain:
    """A chain of its own for each test, in the hands of the superuser."""
    network = uuid7()
    clients: list[UUID] = []
    for seq in range(1, LENGTH + 1):
        if seq == ERASURE:
            await erase(app, network, clients[0])
            continue
        async with work(app, network, details='{"ip":"203.0.113.9"}'):
            clients.append(await add_client(app, network))
    return Chain(superuser, network)


async def erase(connection: Connection, network: UUID, subject: UUID) -> None:
    async with connection.transaction():
        entry = await open_work(connection, network)
        erased = await connection.fetchrow("SELECT * FROM journal_erase($1, $2)", network, subject)
        assert erased is not None
        await append(connection, network, entry, payload_with(erased=dict(erased)))


def entries(assignment: str, seq: int) -> str:
    return f"UPDATE journal_entries SET {assignment} WHERE chain_id = $1 AND seq = {seq}"


def changes(assignment: str, seq: int, n: int = 1) -> str:
    return (
        f"UPDATE journal_changes SET {assignment} WHERE chain_id = $1 AND n = {n} AND entry_id = "
        f"(SELECT id FROM journal_entries WHERE chain_id = $1 AND seq = {seq})"
    )


OF_THE_ENTRY = "entry_id = (SELECT id FROM journal_entries WHERE chain_id = $1 AND seq = 3)"
ERASER = f"(SELECT id FROM journal_entries WHERE chain_id = $1 AND seq = {ERASURE})"
FLIPPED = "set_byte({0}, 0, get_byte({0}, 0) # 1)"


@pytest.mark.parametrize(
    ("case", "statement", "fault", "bad_seq"),
    [
        ("the payload", entries("payload = replace(payload, 'ok', 'denied')", 3), Fault.BAD_HASH, 3),
        ("a space in the payload", entries("payload = payload || ' '", 3), Fault.BAD_HASH, 3),
        ("the time", entries("recorded_at = recorded_at + interval '1 microsecond'", 3), Fault.BAD_HASH, 3),
        ("the id", entries("id = gen_random_uuid()", 3), Fault.BAD_HASH, 3),
        ("the number of changes", entries("change_count = change_count + 1", 3), Fault.BAD_HASH, 3),
        (
            "the digest of changes",
            entries(f"changes_digest = {FLIPPED.format('changes_digest')}", 3),
            Fault.BAD_HASH,
            3,
        ),
        ("the hash", entries(f"hash = {FLIPPED.format('hash')}", 3), Fault.BAD_HASH, 3),
        ("the hash of the last", entries(f"hash = {FLIPPED.format('hash')}", LENGTH), Fault.BAD_HASH, LENGTH),
        ("the link", entries(f"prev_hash = {FLIPPED.format('prev_hash')}", 3), Fault.BAD_LINK, 3),
        ("the first link", entries(f"prev_hash = {FLIPPED.format('prev_hash')}", 1), Fault.BAD_LINK, 1),
        ("an entry removed", "DELETE FROM journal_entries WHERE chain_id = $1 AND seq = 3", Fault.GAP, 3),
        ("the first removed", "DELETE FROM journal_entries WHERE chain_id = $1 AND seq = 1", Fault.GAP, 1),
        ("two entries made one number apart", entries("seq = 40", 4), Fault.GAP, 4),
        ("a body", changes("body = replace(body, 'Anna', 'Hanna')", 3), Fault.CHANGE_MISMATCH, 3),
        ("a salt", changes(f"salt = {FLIPPED.format('salt')}", 3), Fault.CHANGE_MISMATCH, 3),
        ("a table", changes("table_name = 'accounts'", 3), Fault.CHANGE_MISMATCH, 3),
        ("a row", changes("row_id = gen_random_uuid()::text", 3), Fault.CHANGE_MISMATCH, 3),
        ("a row made none", changes("row_id = NULL", 3), Fault.CHANGE_MISMATCH, 3),
        ("a subject", changes("subject_id = gen_random_uuid()", 3), Fault.CHANGE_MISMATCH, 3),
        ("an operation", changes("operation = 'd'", 3), Fault.CHANGE_MISMATCH, 3),
        ("a digest", changes(f"digest = {FLIPPED.format('digest')}", 3), Fault.CHANGE_MISMATCH, 3),
        ("the details", changes("body = '{}'", 3, n=2), Fault.CHANGE_MISMATCH, 3),
        ("a number", changes("n = 7", 3, n=2), Fault.CHANGE_MISMATCH, 3),
        (
            "a body and its digest",
            changes(
                "body = '{}', digest = journal_change_digest(salt, table_name, row_id, subject_id, operation, '{}')", 3
            ),
            Fault.CHANGE_MISMATCH,
            3,
        ),
        (
            "a change removed",
            f"DELETE FROM journal_changes WHERE chain_id = $1 AND {OF_THE_ENTRY}",
            Fault.CHANGE_MISSING,
            3,
        ),
        (
            "a change added",
            "INSERT INTO journal_changes SELECT chain_id, entry_id, 3, table_name, row_id, subject_id, operation, "
            f"salt, body, digest, xact FROM journal_changes WHERE chain_id = $1 AND n = 1 AND {OF_THE_ENTRY}",
            Fault.CHANGE_MISSING,
            3,
        ),
        (
            "a change moved to another entry",
            changes("n = 3, entry_id = (SELECT id FROM journal_entries WHERE chain_id = $1 AND seq = 4)", 3),
            Fault.CHANGE_MISSING,
            3,
        ),
        (
            "a body blanked by an entry that is not there",
            changes("body = NULL, salt = NULL, erased_by = gen_random_uuid()", 3),
            Fault.UNAUTHORISED_ERASURE,
            3,
        ),
        (
            "a body blanked by an entry that erased nothing",
            changes("body = NULL, salt = NULL, erased_by = entry_id", 3),
            Fault.UNAUTHORISED_ERASURE,
            3,
        ),
        (
            "a body blanked in the name of an erasure of another",
            changes(f"body = NULL, salt = NULL, erased_by = {ERASER}", 3),
            Fault.UNAUTHORISED_ERASURE,
            1,
        ),
        (
            "an erasure pinned on another entry",
            "UPDATE journal_changes SET erased_by = entry_id WHERE chain_id = $1 AND erased_by IS NOT NULL",
            Fault.UNAUTHORISED_ERASURE,
            1,
        ),
        (
            "a body put in place of an erased one",
            changes(f"salt = '\\x{'00' * 16}', body = '{{}}', erased_by = NULL", 1),
            Fault.CHANGE_MISMATCH,
            1,
        ),
        (
            "the last removed",
            f"DELETE FROM journal_entries WHERE chain_id = $1 AND seq = {LENGTH}",
            Fault.HEAD_MISMATCH,
            LENGTH,
        ),
        ("all removed", "DELETE FROM journal_entries WHERE chain_id = $1", Fault.HEAD_MISMATCH, 1),
        ("the head removed", "DELETE FROM journal_heads WHERE chain_id = $1", Fault.HEAD_MISMATCH, 1),
        ("the head moved back", "UPDATE journal_heads SET seq = 4 WHERE chain_id = $1", Fault.HEAD_MISMATCH, 5),
        ("the head moved on", "UPDATE journal_heads SET seq = 8 WHERE chain_id = $1", Fault.HEAD_MISMATCH, 7),
        (
            "the head's hash",
            f"UPDATE journal_heads SET hash = {FLIPPED.format('hash')} WHERE chain_id = $1",
            Fault.HEAD_MISMATCH,
            LENGTH,
        ),
        (
            "the head's time",
            "UPDATE journal_heads SET recorded_at = now() WHERE chain_id = $1",
            Fault.HEAD_MISMATCH,
            LENGTH,
        ),
    ],
)
async def test_tampering_is_found_at_its_first_entry(
    chain: Chain, case: str, statement: str, fault: Fault, bad_seq: int
) -> None:
    verification = await chain.tamper(statement)

    assert (verification.fault, verification.bad_seq) == (fault, bad_seq)
    assert not verification.is_sound


async def test_two_entries_swapped_are_a_bad_link(chain: Chain) -> None:
    verification = await chain.tamper(entries("seq = 300", 3), entries("seq = 3", 4), entries("seq = 4", 300))

    assert (verification.fault, verification.bad_seq) == (Fault.BAD_LINK, 3)


async def test_an_entry_removed_and_the_rest_renumbered_is_a_bad_link(chain: Chain) -> None:
    verification = await chain.tamper(
        "DELETE FROM journal_entries WHERE chain_id = $1 AND seq = 3",
        *(entries(f"seq = {seq - 1}", seq) for seq in range(4, LENGTH + 1)),
        f"UPDATE journal_heads SET seq = {LENGTH - 1} WHERE chain_id = $1",
    )

    assert (verification.fault, verification.bad_seq) == (Fault.BAD_LINK, 3)


async def test_a_sound_chain_ends_with_its_head(chain: Chain) -> None:
    verification = await chain.tamper("SELECT $1::uuid")
    head = await chain.connection.fetchval("SELECT hash FROM journal_heads WHERE chain_id = $1", chain.id)

    assert verification == Verification(chain.id, 1, LENGTH, head)
    assert verification.is_sound


async def test_a_fault_names_the_last_sound_entry(chain: Chain) -> None:
    verification = await chain.tamper(entries("payload = payload || ' '", 3))
    hash_of_second = await chain.connection.fetchval(
        "SELECT hash FROM journal_entries WHERE chain_id = $1 AND seq = 2", chain.id
    )

    assert (verification.last_seq, verification.last_hash) == (2, hash_of_second)


async def test_every_bit_of_an_entrys_hashes_counts(chain: Chain) -> None:
    for column, fault in (("hash", Fault.BAD_HASH), ("prev_hash", Fault.BAD_LINK), ("changes_digest", Fault.BAD_HASH)):
        for bit in range(0, 256, 7):
            flipped = f"{column} = set_bit({column}, {bit}, 1 - get_bit({column}, {bit}))"
            verification = await chain.tamper(entries(flipped, 3))
            assert (verification.fault, verification.bad_seq) == (fault, 3), (column, bit)


async def test_what_lies_before_from_seq_is_believed(chain: Chain) -> None:
    transaction = chain.connection.transaction(isolation="repeatable_read")
    await transaction.start()
    await chain.connection.execute(entries("payload = payload || ' '", 2), chain.id)
    later = await verify_chain(chain.connection, chain.id, from_seq=3)
    earlier = await verify_chain(chain.connection, chain.id, from_seq=2)
    await transaction.rollback()

    assert (later.fault, later.from_seq, later.last_seq) == (None, 3, LENGTH)
    assert (earlier.fault, earlier.bad_seq) == (Fault.BAD_HASH, 2)


async def test_an_erasing_entry_must_state_exactly_what_it_erased(chain: Chain) -> None:
    # From the erasing entry on: the blanked change itself lies before, and is not looked at.
    verification = await chain.tamper(
        "UPDATE journal_changes SET erased_by = entry_id WHERE chain_id = $1 AND erased_by IS NOT NULL",
        from_seq=ERASURE,
    )

    assert (verification.fault, verification.bad_seq) == (Fault.UNAUTHORISED_ERASURE, ERASURE)


async def test_the_entry_before_from_seq_must_be_there(chain: Chain) -> None:
    verification = await verify_chain(chain.connection, chain.id, from_seq=LENGTH + 2)

    assert (verification.fault, verification.bad_seq) == (Fault.GAP, LENGTH + 1)


async def test_a_chain_that_never_began_is_sound_and_empty(superuser: Connection) -> None:
    network = uuid7()

    assert await verify_chain(superuser, network) == Verification(network, 1, 0, GENESIS_HASH)


async def test_entries_are_numbered_from_one(superuser: Connection) -> None:
    with pytest.raises(ValueError, match="numbered from 1"):
        await verify_chain(superuser, uuid7(), from_seq=0)


async def test_the_servers_role_verifies_within_its_scope(chain: Chain, app: Connection) -> None:
    async with app.transaction(isolation="repeatable_read", readonly=True):
        await set_scope(app, network_id=chain.id)
        verification = await verify_chain(app, chain.id)

    assert (verification.fault, verification.last_seq) == (None, LENGTH)
