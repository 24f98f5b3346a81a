"""The exported release: it is read as it was written, and what differs is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.capabilities import CORE
from policies.catalogue import Catalogue
from policies.limits import NO_LIMITS
from policies.line_changes import LineChanges
from policies.lines import Effect, Line
from policies.release import assemble_release, core_lines
from policies.release_file import (
    ReleaseFileInvalid,
    read_release,
    release_changes,
    release_file,
    written_release,
)
from tests.policies.test_release import RELEASE

FILE = release_file(RELEASE)


def test_it_is_read_as_it_was_written() -> None:
    read = read_release(written_release(FILE), label="release.json")

    assert (read.digest, dict(read.capabilities)) == (FILE.digest, dict(FILE.capabilities))
    assert sorted(map(str, read.lines)) == sorted(map(str, FILE.lines))
    assert written_release(read) == written_release(FILE)


def test_it_differs_from_itself_in_nothing() -> None:
    changes = release_changes(read_release(written_release(FILE), label="release.json"), FILE)

    assert changes.is_same
    assert not changes.capabilities
    assert not changes.lines


def test_a_role_that_gained_a_line() -> None:
    line = Line("marketer", "payroll:read", Effect.ALLOW, NO_LIMITS, "policies/roles/marketer.csv:99")
    after = release_file(assemble_release(Catalogue(CORE), lines=[*core_lines(), line]))

    changes = release_changes(FILE, after)

    assert not changes.is_same
    assert changes.lines == LineChanges(added=(line,), removed=(), changed=())
    assert not changes.capabilities


def test_a_capability_that_costs_a_seat_from_now_on() -> None:
    capabilities = [replace(one, seat="PAYMENTS") if one.code == "exports:create" else one for one in CORE]
    paid = release_file(assemble_release(Catalogue(capabilities), roles=(), lines=()))

    assert release_changes(FILE, paid).capabilities == {"exports:create": ("LOCATION FREE", "LOCATION PAYMENTS")}


def test_capabilities_that_came_and_went() -> None:
    fewer = release_file(assemble_release(Catalogue(CORE[:1]), roles=(), lines=()))
    code = CORE[0].code

    gone = release_changes(FILE, fewer).capabilities
    came = release_changes(fewer, FILE).capabilities

    assert gone.keys() == came.keys() == {one.code for one in CORE} - {code}
    assert all(after is None for _, after in gone.values())
    assert all(before is None for before, _ in came.values())


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("no JSON", b"p, role:viewer"),
        ("another JSON", b'{"digest": "x"}'),
        ("a list", b"[]"),
        ("an effect that there is not", b'{"digest":"x","capabilities":{},"lines":[["a","b:c","maybe","none"]]}'),
        ("a line too short", b'{"digest":"x","capabilities":{},"lines":[["a","b:c"]]}'),
        ("limits that cannot be read", b'{"digest":"x","capabilities":{},"lines":[["a","b:c","allow","back=x"]]}'),
    ],
)
def test_another_file_is_refused(case: str, text: bytes) -> None:
    with pytest.raises(ReleaseFileInvalid, match=r"old\.json is no exported release"):
        read_release(text, label="old.json")
