"""The command line on databases of its own: what it prints, its exit codes, and how its processes end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest
from typer.testing import CliRunner, Result
from uuid_utils.compat import uuid7

import cli
from app import open_remit
from audit.entries import Area, EventType
from host import Host
from serving import url_of
from settings import Settings
from terminal import run_to_end
from work import Task, Work

ROOT = Path(__file__).parent.parent
NOTED = EventType("toy.noted", Area.SYSTEM)
PATIENCE_SECONDS = 60

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


@pytest.fixture
def environment(data_dir: Path) -> dict[str, str]:
    return {"REMIT_DATA_DIR": str(data_dir), "REMIT_PLUGINS": "", "REMIT_PORT": "0", "COLUMNS": "200"}


@pytest.fixture
def remit(environment: dict[str, str]) -> Callable[..., Result]:
    """Run a command in this process."""

    def run(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(cli.cli, arguments, env={**environment, **more})

    return run


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`remit run` as a process of its own, and the URL that it has announced."""
    command = [sys.executable, "-m", "cli", "run", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process, _announced(process)
    finally:
        process.kill()
        process.communicate()


def _announced(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = ""
    for line in iter(process.stderr.readline, ""):
        said += line
        if found := re.search(r"http://[0-9.]+:[0-9]+", line):
            return found[0]
    raise AssertionError(f"it ended with {process.wait()} before it served: {said}")


def is_up(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "postmaster.pid").exists()


def stated(result: Result) -> dict[str, object]:
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def with_host(data_dir: Path, do: Callable[[Host], Awaitable[None]]) -> None:
    """Open Remit for some statements of the test."""

    async def opened() -> None:
        async with open_remit(Settings(data_dir=data_dir, plugins=(), _env_file=None)) as opened_remit:
            await do(opened_remit.host)

    run_to_end(opened())


async def note(host: Host) -> None:
    async def nothing(_: Work) -> None:
        pass

    await host.perform_as_system(None, Task(NOTED), nothing)


async def as_superuser(host: Host, *, sql: str) -> None:
    """Run a statement with every trigger and policy off: what only an attacker with the machine can do."""
    async with await psycopg.AsyncConnection.connect(
        host=host.database.app.host, user="postgres", dbname="remit"
    ) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("SET search_path = remit")
        await connection.execute(sql.encode())


# --- Refusals


@pytest.mark.parametrize(
    ("case", "name", "value", "sentence"),
    [
        (
            "a port that there is not",
            "REMIT_PORT",
            "80000",
            "The settings are wrong. REMIT_PORT: Input should be less than or equal to 65535.",
        ),
        (
            "proxies that are no networks",
            "REMIT_TRUSTED_PROXIES",
            "proxy",
            "The settings are wrong. REMIT_TRUSTED_PROXIES: 'proxy' does not appear to be an IPv4 or IPv6 network.",
        ),
        (
            "a database of another kind",
            "REMIT_DATABASE_URL",
            "mysql://localhost/remit",
            "The database's address must begin with postgresql://.",
        ),
    ],
)
def test_a_refused_start_is_one_sentence(
    remit: Callable[..., Result], case: str, name: str, value: str, sentence: str
) -> None:
    result = remit("run", **{name: value})

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{sentence}\n")


def test_a_taken_port_is_named_before_anything_is_opened(remit: Callable[..., Result]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = remit("run", REMIT_PORT=str(port))

    assert result.exit_code == 2
    assert result.stderr == (
        f"The server cannot listen on 127.0.0.1:{port} (Address already in use). "
        "End what uses the address, or set REMIT_PORT to another port (0 takes a free one).\n"
    )


def test_a_taken_port_is_named_before_the_demo_is_made(remit: Callable[..., Result], data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = remit("run", "--demo", REMIT_PORT=str(taken.getsockname()[1]), REMIT_DATA_DIR=str(data_dir / "none"))

    assert (result.exit_code, result.stdout, (data_dir / "none").exists()) == (2, "", False)


def test_url_of_a_socket_for_every_address_is_one_that_a_browser_can_open() -> None:
    with socket.create_server(("0.0.0.0", 0)) as bound:  # noqa: S104  (the point of the test)
        assert url_of(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"


# --- Serving


def test_run_serves_and_sigterm_ends_it_with_its_database(environment: dict[str, str], data_dir: Path) -> None:
    with running(environment) as (process, url):
        ready = httpx.get(f"{url}/readyz")
        answer = httpx.post(f"{url}/graphql", json={"query": "{ __typename }"})
        process.send_signal(signal.SIGTERM)
        exit_code = process.wait(PATIENCE_SECONDS)

    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert answer.json()["data"] == {"__typename": "Query"}
    assert (exit_code, is_up(data_dir)) == (0, False)


def test_ctrl_c_ends_it_as_well(environment: dict[str, str], data_dir: Path) -> None:
    with running(environment, "--no-worker") as (process, url):
        assert httpx.get(f"{url}/healthz").status_code == 200
        process.send_signal(signal.SIGINT)
        exit_code = process.wait(PATIENCE_SECONDS)

    assert (exit_code, is_up(data_dir)) == (0, False)


def test_after_kill_9_it_starts_again(environment: dict[str, str], data_dir: Path) -> None:
    with running(environment) as (process, _):
        process.kill()
        process.wait(PATIENCE_SECONDS)
    with running(environment) as (process, url):
        ready = httpx.get(f"{url}/readyz")
        process.send_signal(signal.SIGTERM)
        exit_code = process.wait(PATIENCE_SECONDS)

    assert (ready.status_code, exit_code, is_up(data_dir)) == (200, 0, False)


def test_several_processes_share_one_address(environment: dict[str, str], data_dir: Path) -> None:
    with running(environment, "--workers", "2") as (process, url):
        ready = httpx.get(f"{url}/readyz", timeout=PATIENCE_SECONDS)
        process.send_signal(signal.SIGTERM)
        exit_code = process.wait(PATIENCE_SECONDS)

    assert (ready.status_code, exit_code, is_up(data_dir)) == (200, 0, False)


# --- The database


def test_migrate_goes_up_and_to_zero(remit: Callable[..., Result]) -> None:
    remit("migrate")

    down = remit("migrate", "--to", "zero", "--yes")
    up = remit("migrate")

    assert (down.exit_code, up.exit_code) == (0, 0)
    assert "taken back  core.0001_journal\n" in down.stdout
    assert down.stdout.endswith("The database is at zero.\n")
    assert "applied  core.0001_journal\n" in up.stdout
    assert up.stdout.endswith("The database is up to date.\n")


def test_migrate_to_zero_asks_first(remit: Callable[..., Result]) -> None:
    remit("migrate")

    result = remit("migrate", "--to", "zero")

    assert result.exit_code == 1
    assert "taken back" not in result.stdout


def test_migrate_to_a_migration_that_there_is_not(remit: Callable[..., Result]) -> None:
    result = remit("migrate", "--to", "core.9999_future")

    assert result.exit_code == 2
    assert result.stderr.startswith("There is no migration core.9999_future.")


def test_doctor_finds_nothing_wrong_with_a_database_that_is_up_to_date(remit: Callable[..., Result]) -> None:
    remit("migrate")

    result = remit("doctor")

    assert result.exit_code == 0
    assert "ok  migrations: The database is of this version.\n" in result.stdout
    assert "no  " not in result.stdout


def test_doctor_says_what_to_do_about_a_database_that_is_behind(remit: Callable[..., Result]) -> None:
    remit("migrate", "--to", "zero", "--yes")

    result = remit("doctor")

    assert result.exit_code == 1
    assert "no  migrations: The database is behind this Remit" in result.stdout
    assert "Run `remit migrate`." in result.stdout


def test_doctor_prints_an_administrators_lines_where_the_server_is_not_reached(remit: Callable[..., Result]) -> None:
    result = remit("doctor", REMIT_DATABASE_URL="postgresql://remit_app@127.0.0.1:1/shop")

    assert result.exit_code == 1
    assert "no  database: PostgreSQL cannot be reached at remit_app@127.0.0.1:1/shop" in result.stdout
    assert 'CREATE DATABASE "shop" OWNER remit_owner' in result.stdout


@pytest.mark.parametrize(
    ("case", "name", "value", "line"),
    [
        ("a misspelt variable", "REMIT_PRT", "1", "no  settings: REMIT_PRT is no setting; REMIT_PORT is one."),
        (
            "a foreign word",
            "REMIT_COLOUR",
            "1",
            "no  settings: REMIT_COLOUR is no setting (docs/settings.md lists them).",
        ),
        (
            "mail that goes nowhere",
            "REMIT_MAIL_URL",
            "mail.example",
            "no  mail: REMIT_MAIL_URL names no mail server. Write it as smtps://user:password@mail.example.com.",
        ),
    ],
)
def test_doctor_finds_what_a_start_lets_pass(
    remit: Callable[..., Result], case: str, name: str, value: str, line: str
) -> None:
    result = remit("doctor", **{name: value})

    assert result.exit_code == 1
    assert line in result.stdout.splitlines()


@pytest.mark.parametrize(
    ("case", "plugins", "line"),
    [
        (
            "one that may load",
            "billing",
            "no  settings: REMIT_BILLING_DEFAULT_PLAM is no setting; REMIT_BILLING_DEFAULT_PLAN is one.",
        ),
        ("one whose settings nobody has read", "", "ok  settings: Every REMIT_ variable can be read."),
    ],
)
def test_doctor_knows_the_variables_of_a_plugin(
    remit: Callable[..., Result], case: str, plugins: str, line: str
) -> None:
    result = remit("doctor", REMIT_PLUGINS=plugins, REMIT_BILLING_DEFAULT_PLAM="x")

    assert line in result.stdout.splitlines(), case


def test_doctor_knows_a_remit_that_runs_from_a_foreign_program(
    remit: Callable[..., Result], environment: dict[str, str]
) -> None:
    with running(environment) as (process, url):
        port = url.rpartition(":")[2]
        beside_ours = remit("doctor", REMIT_PORT=port)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
    with socket.create_server(("127.0.0.1", int(port))):
        beside_a_foreign_one = remit("doctor", REMIT_PORT=port)

    assert f"ok  address: A Remit is running at 127.0.0.1:{port}." in beside_ours.stdout.splitlines()
    assert f"no  address: The server cannot listen on 127.0.0.1:{port}" in beside_a_foreign_one.stdout


# --- Plugins


def test_plugins_that_are_not_named_are_idle(remit: Callable[..., Result]) -> None:
    result = remit("plugins")

    assert result.exit_code == 0
    assert re.search(r"billing .* IDLE", result.stdout)


def test_a_named_plugin_that_is_not_installed_is_said_to_be_absent(remit: Callable[..., Result]) -> None:
    result = remit("plugins", REMIT_PLUGINS="rental")

    assert result.exit_code == 0
    assert re.search(r"rental .* ABSENT .* REMIT_PLUGINS names rental, which is not installed\.", result.stdout)


# --- The journal


def test_a_sound_journal_is_0_and_verified_in_itself(remit: Callable[..., Result], data_dir: Path) -> None:
    remit("migrate", "--to", "zero", "--yes")
    with_host(data_dir, note)

    first = remit("journal", "verify", "--network", "operator")
    second = remit("journal", "verify", "--network", "operator", "--from", "2")

    assert (first.exit_code, second.exit_code) == (0, 0)
    # The first entry is the release's own, written by the start.
    assert (stated(first)["isSound"], stated(first)["from"], stated(first)["last"]) == (True, 1, 2)
    assert (stated(second)["isSound"], stated(second)["from"], stated(second)["last"]) == (True, 2, 3)


def test_a_broken_journal_is_1_and_named_by_its_first_bad_entry(remit: Callable[..., Result], data_dir: Path) -> None:
    remit("migrate", "--to", "zero", "--yes")
    for _ in range(3):
        with_host(data_dir, note)
    forged = "UPDATE journal_entries SET payload = replace(payload, 'toy.noted', 'toy.other') WHERE seq = 2"
    with_host(data_dir, partial(as_superuser, sql=forged))

    result = remit("journal", "verify", "--network", "operator")

    assert result.exit_code == 1
    assert (stated(result)["isSound"], stated(result)["fault"], stated(result)["badEntry"]) == (False, "BAD_HASH", 2)


@pytest.mark.parametrize(
    ("case", "network", "error"),
    [
        ("no id", "aurora", "--network takes the id of a network (a UUID), or the word operator."),
        ("a network that there is not", str(uuid7()), "Nothing was found under this id."),
    ],
)
def test_a_journal_that_cannot_be_verified_is_2(
    remit: Callable[..., Result], case: str, network: str, error: str
) -> None:
    result = remit("journal", "verify", "--network", network)

    assert result.exit_code == 2
    assert stated(result) == {"network": network, "error": error}


# --- The demo


def test_a_database_of_real_people_gets_no_demo(remit: Callable[..., Result], data_dir: Path) -> None:
    remit("migrate", "--to", "zero", "--yes")
    real = (
        "INSERT INTO networks (id, name, legal_name, country, currency, zone) "
        "VALUES (gen_random_uuid(), 'Real', 'Real Kft.', 'HU', 'HUF', 'Europe/Budapest')"
    )
    with_host(data_dir, partial(as_superuser, sql=real))

    asked = remit("demo")
    if_empty = remit("demo", "--if-empty")

    assert asked.exit_code == 2
    assert "The database is not empty and is no demo" in asked.stderr
    assert (if_empty.exit_code, if_empty.stdout) == (0, "")
    assert if_empty.stderr == "The database holds data of its own; the demo is not added.\n"


@pytest.mark.slow
def test_the_demo_prints_tokens_that_work(
    remit: Callable[..., Result], environment: dict[str, str], data_dir: Path
) -> None:
    remit("migrate", "--to", "zero", "--yes")

    result = remit("demo", "--json")
    accounts = json.loads(result.stdout)["accounts"]
    with running(environment) as (process, url):
        answer = httpx.post(
            f"{url}/graphql",
            json={"query": "{ network { name } }"},
            headers={"Authorization": f"Bearer {accounts[0]['token']}"},
        )
        mailbox = httpx.get(f"{url}/dev/mail")
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)

    assert result.exit_code == 0
    assert {"network", "role", "name", "email", "password", "token"} == set(accounts[0])
    assert answer.json()["data"] == {"network": {"name": accounts[0]["network"]}}
    assert mailbox.status_code == 200


def test_the_version_is_that_of_the_distribution(remit: Callable[..., Result]) -> None:
    declared = tomllib.loads((Path(cli.__file__).parent / "pyproject.toml").read_text())["project"]["version"]

    assert remit("--version").stdout == f"Remit {declared}\n"
