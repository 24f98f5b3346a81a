"""`remit policies`: what the commands print, and their exit codes."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

import policy_cli
from app import open_remit
from database.migrate import migrate
from policies.roles import FOLDER
from settings import Settings
from tests.factories import Salon, make_salon

ROOT = Path(__file__).parents[2]
MATRIX = Path(__file__).with_name("matrix.csv")
NEEDS_EMBEDDED = pytest.mark.skipif(
    "REMIT_DATABASE_URL" in os.environ, reason="these start embedded servers, not the one of REMIT_DATABASE_URL"
)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """The data folder of this module's embedded server, which every command starts and stops."""
    folder = Path(tempfile.mkdtemp(prefix="remit-"))
    folder.chmod(0o755)  # as root the embedded server refuses private folders
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def salon(data_dir: Path) -> Salon:
    """A network with an owner, an administrator of the north, and a call center."""

    async def made() -> Salon:
        async with open_remit(Settings(data_dir=data_dir, plugins=(), _env_file=None), prepare=migrate) as remit:
            return await make_salon(
                remit.host,
                {"hal": ("owner", "network"), "ana": ("administrator", "north"), "cy": ("call_center", "network")},
            )

    return asyncio.run(made())


@pytest.fixture
def policies_of(data_dir: Path) -> Callable[..., Result]:
    """Run a command in this process."""
    environment = {"REMIT_DATA_DIR": str(data_dir), "REMIT_PLUGINS": "", "COLUMNS": "200"}

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(policy_cli.policies, arguments, env=environment)

    return run


def test_the_policy_as_it_is_holds_together(policies_of: Callable[..., Result]) -> None:
    result = policies_of("check", "--matrix", str(MATRIX))

    assert (result.exit_code, result.stdout) == (0, "The policy holds together, and Casbin answers the same.\n")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("case", "written", "told"),
    [
        (
            "a misspelt capability",
            "p, role:viewer, apointments:read, allow, none",
            "policies/roles/viewer.csv:2: There is no capability 'apointments:read'. Did you mean appointments:read?",
        ),
        (
            "an unknown role",
            "p, role:veiwer, clients:read, allow, none",
            "policies/roles/viewer.csv:2: This file holds lines of the role viewer alone: write role:viewer.",
        ),
        (
            "a duplicate",
            "p, role:viewer, clients:read, allow, none\np, role:viewer, clients:read, allow, none",
            "policies/roles/viewer.csv:3: clients:read stands at policies/roles/viewer.csv:2 already: "
            "remove one of the two.",
        ),
        (
            "a shadowed line",
            "p, role:viewer, payroll:*, deny, none\np, role:viewer, payroll:read, deny, none",
            "policies/roles/viewer.csv:3: payroll:read has no effect beside payroll:* at policies/roles/viewer.csv:2: "
            "remove it.",
        ),
    ],
)
def test_a_wrong_line_stops_the_start_with_file_line_and_what_to_write(
    tmp_path: Path, case: str, written: str, told: str
) -> None:
    shutil.copytree(FOLDER.parent, tmp_path / "policies")
    (tmp_path / "policies" / "roles" / "viewer.csv").write_text(f"# looks\n{written}\n", encoding="utf-8")

    checked, served = started(tmp_path, "policies", "check"), started(tmp_path, "run")

    assert (checked.returncode, checked.stdout, checked.stderr) == (1, f"{told}\n", ""), case
    assert (served.returncode, served.stdout) == (2, ""), case
    assert served.stderr == f"The role lines are invalid.\n{told}\n"


def started(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command `remit` as a process of its own, on a tree whose packages come before ours."""
    command = "import sys; from cli import main; sys.argv[0] = 'remit'; main()"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(tree), str(ROOT)]),
        "REMIT_DATA_DIR": str(tree / "data"),
        "REMIT_PLUGINS": "",
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-c", command, *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def test_a_matrix_that_says_more_is_named_with_its_line(policies_of: Callable[..., Result], tmp_path: Path) -> None:
    table = tmp_path / "matrix.csv"
    rows = MATRIX.read_text(encoding="utf-8").splitlines()
    number = next(number for number, row in enumerate(rows) if row.startswith("roles:change,"))
    rows[number] += "yes"  # the last column is the viewer's
    table.write_text("\n".join(rows), encoding="utf-8")

    result = policies_of("check", "--matrix", str(table))

    assert (result.exit_code, result.stdout) == (
        1,
        f"{table}:{number + 1}: roles:change, viewer: the table says yes, the policy no.\n",
    )


def test_the_matrix_is_written_for_people_to_check(policies_of: Callable[..., Result]) -> None:
    result = policies_of("matrix")

    assert (result.exit_code, result.stdout) == (0, MATRIX.read_text(encoding="utf-8"))


def test_a_release_is_exported_and_does_not_differ_from_itself(
    policies_of: Callable[..., Result], tmp_path: Path
) -> None:
    kept = tmp_path / "release.json"
    kept.write_text(policies_of("export", "--release").stdout, encoding="utf-8")

    result = policies_of("diff", str(kept))

    assert (result.exit_code, result.stdout) == (0, "")


def test_what_an_upgrade_changes_is_told_line_by_line(policies_of: Callable[..., Result], tmp_path: Path) -> None:
    kept = tmp_path / "release.json"
    written = policies_of("export", "--release").stdout
    kept.write_text(
        written.replace('"viewer",\n      "roles:read"', '"viewer",\n      "roles:change"')
        .replace('"refunds:create": "LOCATION PAYMENTS"', '"refunds:create": "LOCATION FREE"')
        .replace('"digest": "', '"digest": "0'),
        encoding="utf-8",
    )

    result = policies_of("diff", str(kept))

    assert (result.exit_code, result.stdout.splitlines()) == (
        1,
        [
            "~ refunds:create: LOCATION FREE -> LOCATION PAYMENTS",
            "- viewer: allow roles:change",
            "+ viewer: allow roles:read",
        ],
    )


@pytest.mark.parametrize(
    ("case", "arguments", "sentence"),
    [
        ("nothing to export", ("export",), "Say what to export: either --network with its id, or --release."),
        ("a file of something else", ("diff", str(MATRIX)), "is no exported release."),
        ("an unknown role", ("prove-free", "managers"), "There is no role 'managers'. Name one of account_manager,"),
        ("a scope in words", ("explain", str(UUID(int=1)), "roles:read", "north"), "'north' is no scope of a network:"),
    ],
)
def test_refusals(policies_of: Callable[..., Result], case: str, arguments: tuple[str, ...], sentence: str) -> None:
    result = policies_of(*arguments)

    assert result.exit_code == 2, case
    assert sentence in result.stderr


def test_a_free_role_is_proved(policies_of: Callable[..., Result]) -> None:
    result = policies_of("prove-free", "viewer")

    assert result.exit_code == 0
    assert result.stdout.startswith("viewer is free by the catalogue. Digest: ")


def test_a_paid_role_is_told_why(policies_of: Callable[..., Result]) -> None:
    result = policies_of("prove-free", "call_center")
    told = result.stdout.splitlines()

    assert result.exit_code == 1
    assert told[0].startswith("call_center is not proved free by the catalogue. Digest: ")
    assert [line.partition(": ")[2] for line in told[1:]] == ["appointments:create costs a seat (APPOINTMENTS)"]


@NEEDS_EMBEDDED
def test_a_yes_is_explained(policies_of: Callable[..., Result], salon: Salon) -> None:
    scope = f"network:{salon.network_id}/location:{salon.north}"

    result = policies_of("explain", str(salon["ana"].specialist_id), "payments:create", scope)

    assert result.exit_code == 0
    assert result.stdout.startswith("payments:create: yes (ALLOWED)\n")
    assert "administrator: allow payments:create" in result.stdout
    assert "decisive" in result.stdout


@NEEDS_EMBEDDED
def test_a_no_is_explained_with_what_would_allow_it(policies_of: Callable[..., Result], salon: Salon) -> None:
    scope = f"network:{salon.network_id}/location:{salon.south}"

    result = policies_of("explain", str(salon["ana"].specialist_id), "payments:create", scope)

    assert result.exit_code == 1
    assert result.stdout.startswith("payments:create: no (OTHER_SCOPE)\n")
    assert result.stdout.splitlines()[-2:] == ["would allow: assign administrator", "would allow: assign manager"]


@NEEDS_EMBEDDED
def test_those_who_may_are_named_with_their_line(policies_of: Callable[..., Result], salon: Salon) -> None:
    result = policies_of("who-can", "payments:create", f"network:{salon.network_id}/location:{salon.north}")

    assert result.exit_code == 0
    told = [line.split("  ")[:2] for line in result.stdout.splitlines()]
    assert sorted(told) == sorted(
        [
            [str(salon["hal"].specialist_id), "owner: allow *"],
            [str(salon["ana"].specialist_id), "administrator: allow payments:create"],
        ]
    )


@NEEDS_EMBEDDED
@pytest.mark.parametrize(
    ("case", "capability", "location", "sentence"),
    [
        (
            "a misspelt capability",
            "payment:create",
            "",
            "There is no capability 'payment:create'. Did you mean payments",
        ),
        ("a foreign location", "payments:create", f"/location:{uuid4()}", "Nothing was found under this id."),
    ],
)
def test_a_question_that_has_no_answer(
    policies_of: Callable[..., Result], salon: Salon, case: str, capability: str, location: str, sentence: str
) -> None:
    result = policies_of(
        "explain", str(salon["ana"].specialist_id), capability, f"network:{salon.network_id}{location}"
    )

    assert result.exit_code == 2, case
    assert sentence in result.stderr


@NEEDS_EMBEDDED
def test_a_network_that_there_is_not(policies_of: Callable[..., Result], salon: Salon) -> None:
    result = policies_of("export", "--network", str(uuid4()))

    assert (result.exit_code, result.stderr) == (2, "Nothing was found under this id.\n")


@NEEDS_EMBEDDED
def test_a_network_is_exported_for_casbin(policies_of: Callable[..., Result], salon: Salon) -> None:
    result = policies_of("export", "--network", str(salon.network_id))
    told = result.stdout.splitlines()

    assert result.exit_code == 0
    assert told[0].startswith(f"# network:{salon.network_id}, epoch ")
    assert sorted(line for line in told if line.startswith("g, ")) == sorted(
        [
            f"g, holder:{salon['hal'].specialist_id}, role:owner, network:{salon.network_id}",
            f"g, holder:{salon['cy'].specialist_id}, role:call_center, network:{salon.network_id}",
            f"g, holder:{salon['ana'].specialist_id}, role:administrator, "
            f"network:{salon.network_id}/location:{salon.north}",
        ]
    )
    assert "p, role:call_center, payments:*, deny, none" in told
