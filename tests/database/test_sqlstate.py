"""What PostgreSQL said is found through every wrapping."""

from __future__ import annotations

import uuid

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from database.connections import Database
from database.sqlstate import constraint_of, sqlstate_of
from tests.database.toyapp.models import ToyNote

NETWORK = uuid.UUID(int=1)
SCOPE = "SELECT set_config('remit.network_id', $1, true)"
INSERT = "INSERT INTO toy_notes (network_id, id, text) VALUES ($1, $2, $3)"


async def write_models(database: Database, *notes: tuple[uuid.UUID, str]) -> None:
    async with database.transaction() as statements:
        await statements.execute(SCOPE, str(NETWORK))
        for network, text in notes:
            await ToyNote.create(id=uuid.uuid4(), network_id=network, text=text)


async def write_rows(database: Database, *notes: tuple[uuid.UUID, str]) -> None:
    async with database.transaction() as statements:
        await statements.execute(SCOPE, str(NETWORK))
        for network, text in notes:
            await statements.execute(INSERT, network, uuid.uuid4(), text)


async def test_model_s_error_says_which_constraint_refused(toy: Database) -> None:
    with pytest.raises(IntegrityError) as refusal:
        await write_models(toy, (NETWORK, ""))

    assert (sqlstate_of(refusal.value), constraint_of(refusal.value)) == ("23514", "toy_notes_text")


async def test_statement_s_error_says_which_constraint_refused(toy: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await write_rows(toy, (NETWORK, ""))

    assert (sqlstate_of(refusal.value), constraint_of(refusal.value)) == ("23514", "toy_notes_text")


async def test_row_of_another_network_is_refused_by_42501(toy: Database) -> None:
    with pytest.raises(OperationalError) as refusal:
        await write_models(toy, (uuid.UUID(int=2), "theirs"))

    assert (sqlstate_of(refusal.value), constraint_of(refusal.value)) == ("42501", None)


async def test_what_commit_finds_says_which_constraint_refused(toy: Database) -> None:
    with pytest.raises(asyncpg.UniqueViolationError) as refusal:
        await write_rows(toy, (NETWORK, "twice"), (NETWORK, "twice"))

    assert (sqlstate_of(refusal.value), constraint_of(refusal.value)) == ("23505", "toy_notes_unique")


async def test_state_of_remit_s_own_is_read(toy: Database) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        async with toy.transaction() as statements:
            await statements.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'RM001'; END $$")

    assert sqlstate_of(refusal.value) == "RM001"


@pytest.mark.parametrize(("case", "error"), [("no arguments", ValueError()), ("words", ValueError("23505"))])
def test_other_errors_have_no_state(case: str, error: Exception) -> None:
    assert (sqlstate_of(error), constraint_of(error)) == (None, None)
