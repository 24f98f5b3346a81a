"""The README's walk on a server as `make run` starts it: its examples in their order, its lines for the shell.

As in the explorer nothing is typed but the mailed code: what an answer holds is filled into the examples after it.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from docs.generate.source import HOUSE
from tests.system.server import DEMO_SECONDS, Server, start_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("REMIT_DATABASE_URL" in os.environ, reason="the demo is made in an embedded database"),
]

Steps = tuple[str | int, ...]

WALK: list[tuple[str, str, Steps, object]] = [
    ("the password", "sign_in_password", ("startSignIn", "__typename"), "SignInAttempt"),
    ("a code by mail", "sign_in_send_code", ("sendSignInCode", "maskedEmail"), "m***@aurora.example"),
    ("the code", "sign_in_verify", ("verifySignIn", "account", "name"), "Bíró Miklós"),
    ("the cookie holds", "viewer", ("viewer", "network", "name"), "Aurora Studios"),
    ("places", "network", ("locations", "nodes", 0, "name"), "Aurora Athens"),
    ("the marketer is first", "team", ("specialists", "nodes", 0, "assignments", 0, "role"), "marketer"),
    ("today", "appointments_today", ("appointments", "nodes", 0, "lines", 0, "price", "currency"), "EUR"),
    ("book", "book", ("bookAppointment", "__typename"), "AppointmentBooked"),
    ("the same time again", "book", ("bookAppointment", "code"), "SLOT_TAKEN"),
    ("move to an offered start", "move", ("rescheduleAppointment", "__typename"), "AppointmentRescheduled"),
    ("cancel", "cancel", ("cancelAppointment", "appointment", "state"), "CANCELLED"),
    ("the time is free again", "book", ("bookAppointment", "__typename"), "AppointmentBooked"),
    ("the price is carried", "pay", ("createPayment", "sale", "paymentState"), "PAID"),
    ("roles", "roles", ("roles", 0, "code"), "owner"),
    ("a marketer may not book", "explain_access", ("explainAccess", "decision", "reason"), "NO_LINE"),
    ("it would cost", "preview_promotion", ("previewPolicyChange", "consequences", 0, "title"), "1 seat more"),
    ("agreed", "change_with_consent", ("changePolicy", "unchanged"), False),
    ("now he may", "explain_access", ("explainAccess", "decision", "allowed"), True),
    ("seats", "billing", ("network", "billing", "mode"), "DRY"),
    ("journal", "journal", ("journal", "nodes", 0, "sentence"), "Bíró Miklós changed who may do what."),
    ("what it changed", "journal_entry", ("journalEntry", "changes", 0, "table"), "assignments"),
]


class Explorer:
    """What the explorer does in a browser: keeps cookies, fills in examples, carries values from answers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._examples = {one["slug"]: one for one in httpx.get(f"{url}/pages/examples.json").json()}
        self._wanted = {name for one in self._examples.values() for name in one["variables"]}
        self._cookies: dict[str, str] = {}
        self.carried: dict[str, object] = {}

    def run(self, slug: str) -> Any:
        """Open an example, press Run, and answer its data."""
        example = self._examples[slug]
        variables = {name: self._filled_in(name, value) for name, value in example["variables"].items()}
        # By hand: Python's cookie jars, unlike browsers, take no cookie that is Secure over http from this machine.
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()), "Origin": self._url}
        answer = httpx.post(
            f"{self._url}/graphql", json={"query": example["document"], "variables": variables}, headers=headers
        )
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        self.carried |= dict(reversed(list(self._values(answer.json()["data"]))))
        return answer.json()["data"]

    def read_code(self) -> None:
        """Copy the newest code from the mailbox."""
        page = html.unescape(httpx.get(f"{self._url}/dev/mail").text)
        self.carried["mailedCode"] = re.findall(r"<code>(\d{8})</code>", page)[0]

    def _filled_in(self, name: str, value: object) -> object:
        midnight = datetime.combine(datetime.now(UTC), time(), UTC)
        words: dict[object, object] = {
            "": self.carried.get(name, ""),
            "@midnight": midnight.isoformat(),
            "@next-midnight": (midnight + timedelta(days=1)).isoformat(),
            "@free-start": self.carried.get(name, (midnight + timedelta(days=42, hours=12)).isoformat()),
            "@new-key": uuid4().hex,
        }
        return words.get(value, value)

    def _values(self, answer: object) -> Iterator[tuple[str, object]]:
        pairs = answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
        for name, value in pairs:
            if isinstance(name, str) and name in self._wanted and isinstance(value, str | int):
                yield name, value
            yield from self._values(value)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, Path]]:
    """A server as `make run` starts it, and its data folder."""
    parent = Path(tempfile.mkdtemp(prefix="remit-"))
    parent.chmod(0o755)  # as root the embedded server refuses private folders
    served = start_server(parent / "data", parent / "log", "--demo", patience=DEMO_SECONDS)
    yield served, parent / "data"
    assert served.stop() == 0
    shutil.rmtree(parent)


def test_the_examples_lead_from_signing_in_to_the_journal(server: tuple[Server, Path]) -> None:
    explorer = Explorer(server[0].url)

    seen = []
    for case, slug, path, _ in WALK:
        if slug == "sign_in_verify":
            explorer.read_code()
        answer = explorer.run(slug)
        seen.append((case, slug, path, reduce(_step, path, answer)))

    assert seen == WALK


def test_the_lines_for_the_shell_answer_what_the_readme_shows(server: tuple[Server, Path]) -> None:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```sh\n(token=.*?)^```", readme, re.DOTALL | re.MULTILINE)
    commands = {".venv/bin/remit": f"{sys.executable} -m cli", ".venv/bin/python": sys.executable}
    script = re.sub(r"\.venv/bin/\w+", lambda found: commands[found[0]], lines)
    script = script.replace("http://127.0.0.1:8000", server[0].url)

    told = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "REMIT_DATA_DIR": str(server[1])},
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert told.startswith('{"data":{"viewer":{"account":{"name":"Bíró Miklós"},"roles":["owner"]},"locations":')
    assert '{"name":"Aurora Athens","zone":"Europe/Athens"}' in told


def _step(answer: Any, key: str | int) -> Any:
    try:
        return answer[key]
    except (KeyError, IndexError, TypeError):
        return f"no {key} in {answer}"
