"""`remit operator add-owner`: the first owner of the operator, who has nobody to be made one by."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asyncpg import Record
from typer.testing import CliRunner, Result

import cli
from app import open_remit
from audit.entries import OPERATOR_CHAIN
from database.migrate import migrate
from domain.journal.operations import verify_journal
from policies.scopes import OPERATOR
from settings import Settings
from terminal import run_to_end
from tests.members import Member, make_member
from work import Caller, Task, Work

pytestmark = pytest.mark.skipif(
    "REMIT_DATABASE_URL" in os.environ, reason="these start embedded servers, not the one of REMIT_DATABASE_URL"
)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """The data folder of this module's embedded server, which every command starts and stops."""
    parent = Path(tempfile.mkdtemp(prefix="remit-"))
    parent.chmod(0o755)  # as root the embedded server refuses private folders
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture(scope="module")
def settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, plugins=(), _env_file=None)


@pytest.fixture(scope="module")
def pam(settings: Settings) -> Member:
    """Somebody who has an account."""

    async def make() -> Member:
        async with open_remit(settings, prepare=migrate) as remit:
            return await make_member(remit.host, "pam")

    return run_to_end(make())


@pytest.fixture
def add_owner(data_dir: Path) -> Callable[[str], Result]:
    """Run the command in this process."""

    def run(email: str) -> Result:
        environment = {"REMIT_DATA_DIR": str(data_dir), "REMIT_PLUGINS": "", "COLUMNS": "200"}
        return CliRunner().invoke(cli.cli, ["operator", "add-owner", email], env=environment)

    return run


def written(settings: Settings) -> tuple[list[Record], list[Record], list[Record]]:
    """The operator's assignments, records and journal entries of changes, as they stand."""

    async def look(work: Work) -> tuple[list[Record], list[Record], list[Record]]:
        fetch = work.statements.fetch
        return (
            await fetch("SELECT * FROM assignments ORDER BY id"),
            await fetch("SELECT * FROM policy_changes WHERE origin <> 'RELEASE' ORDER BY epoch"),
            await fetch("SELECT * FROM journal_entries WHERE code = 'policy.changed' ORDER BY seq"),
        )

    async def read() -> tuple[list[Record], list[Record], list[Record]]:
        async with open_remit(settings) as remit:
            assert (await verify_journal(remit.host, OPERATOR_CHAIN)).is_sound
            return await remit.host.perform_as_system(OPERATOR, Task(), look)

    return run_to_end(read())


@pytest.mark.parametrize(
    ("case", "email", "sentence"),
    [
        (
            "nobody",
            "nobody@example.com",
            "No active account has the address nobody@example.com.",
        ),
        ("no address", "nobody", "Remit cannot send mail to this address."),
    ],
)
def test_who_has_no_account_is_refused_with_what_to_do(
    settings: Settings, pam: Member, add_owner: Callable[[str], Result], case: str, email: str, sentence: str
) -> None:
    result = add_owner(email)

    assert (result.exit_code, result.stdout) == (2, ""), case
    assert sentence in result.stderr
    assignments, records, entries = written(settings)
    assert (assignments, records) == ([], [])
    assert {entry["outcome"] for entry in entries} == {"denied"}


def test_an_owner_is_made_once_recorded_and_may_act(
    settings: Settings, pam: Member, add_owner: Callable[[str], Result]
) -> None:
    first = add_owner(pam.email)
    second = add_owner(pam.email.upper())
    assignments, records, entries = written(settings)

    assert (first.exit_code, first.stdout) == (0, f"{pam.email} owns the operator now.\n")
    assert (second.exit_code, second.stdout) == (0, f"{pam.email.upper()} owns the operator already.\n")
    (one,) = assignments
    assert (one["role_code"], one["account_id"], one["valid_until"]) == ("operator_owner", pam.account_id, None)
    (record,) = records
    assert (record["origin"], record["epoch"], record["consent"]) == ("CLI", one["created_epoch"], None)
    assert "operator_members:change" in record["delta"]
    made = [entry for entry in entries if entry["outcome"] == "ok"]
    assert [(entry["actor_type"], entry["actor_id"], entry["change_count"] > 0) for entry in made] == [
        ("system", "cli", True),
        ("system", "cli", False),
    ]
    assert run_to_end(roles_of(settings, pam)) == ("operator_owner",)


async def roles_of(settings: Settings, member: Member) -> tuple[str, ...]:
    async with open_remit(settings) as remit, remit.host.read(Caller(token=member.token, domain=OPERATOR)) as work:
        return work.role_codes()
