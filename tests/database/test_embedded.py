"""The embedded server through clean and unclean ends, beside other processes, and in folders that cannot work."""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from database.embedded import LONGEST_SOCKET_PATH, SUPERUSER, Embedded
from errors import StartRefused

REPOSITORY = Path(__file__).parents[2]
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted by prctl, which Linux alone has")


def postmaster_id(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def is_served(data_dir: Path) -> bool:
    try:
        psycopg.connect(host=str(data_dir / "postgres"), user=SUPERUSER, dbname=SUPERUSER).close()
    except psycopg.OperationalError:
        return False
    return True


def run(data_dir: Path, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(host=str(data_dir / "postgres"), user=SUPERUSER, dbname=SUPERUSER) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@contextmanager
def holder(data_dir: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the server (or was refused: see its first line)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.database.holder", str(data_dir), *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate(timeout=60)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def zombie() -> Iterator[int]:
    """The id of a process that has ended and that nobody has asked about."""
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Let orphans of this process's children become its own children, as those of a container's first process are."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def test_server_answers_between_start_and_stop_only(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    served_when_started = is_served(data_dir)
    embedded.stop()

    assert served_when_started
    assert not is_served(data_dir)
    assert embedded.host == str(data_dir / "postgres")


def test_data_is_there_after_the_next_start(data_dir: Path) -> None:
    first = Embedded.start(data_dir)
    run(data_dir, "CREATE TABLE kept AS SELECT 7 AS number")
    first.stop()

    second = Embedded.start(data_dir)
    kept = run(data_dir, "SELECT number FROM kept")
    second.stop()

    assert kept == [(7,)]


def test_server_is_reached_by_the_socket_alone(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    addresses = run(data_dir, "SELECT current_setting('listen_addresses')")
    embedded.stop()

    assert addresses == [("",)]
    assert stat.S_IMODE((data_dir / "postgres").stat().st_mode) == 0o700


def test_unknown_locale_of_the_machine_does_not_matter(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")

    embedded = Embedded.start(data_dir)
    embedded.stop()

    assert os.environ["LC_ALL"] == "xx_YY.UTF-8"


def test_two_holds_of_one_process_end_one_by_one(data_dir: Path) -> None:
    first, second = Embedded.start(data_dir), Embedded.start(data_dir)

    first.stop()
    served_with_one_hold = is_served(data_dir)
    second.stop()

    assert served_with_one_hold
    assert not is_served(data_dir)


def test_two_processes_share_one_server_and_the_last_stops_it(data_dir: Path) -> None:
    with holder(data_dir) as other:
        assert first_line(other) == "up"
        started_by_other = postmaster_id(data_dir)
        embedded = Embedded.start(data_dir)
        joined = postmaster_id(data_dir)
    served_without_other = is_served(data_dir)
    embedded.stop()

    assert joined == started_by_other
    assert served_without_other
    assert not is_served(data_dir)


def test_processes_that_start_at_once_share_one_server(data_dir: Path) -> None:
    with holder(data_dir) as one, holder(data_dir) as two, holder(data_dir) as three:
        lines = [first_line(process) for process in (one, two, three)]
        users = json.loads((data_dir / "postgres" / ".handle_pids.json").read_text())

        assert lines == ["up", "up", "up"]
        assert sorted(users) == sorted(process.pid for process in (one, two, three))
    assert not is_served(data_dir)


def test_killed_process_does_not_keep_the_server_running(data_dir: Path) -> None:
    with holder(data_dir) as other:
        first_line(other)
        left_running = postmaster_id(data_dir)
        other.kill()
        other.wait()

    embedded = Embedded.start(data_dir)
    joined = postmaster_id(data_dir)
    embedded.stop()

    assert joined == left_running
    assert not is_served(data_dir)


def test_process_killed_meanwhile_does_not_keep_the_server_running(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    with holder(data_dir) as other:
        first_line(other)
        other.kill()
        other.wait()

    embedded.stop()

    assert not is_served(data_dir)


def test_half_written_list_of_processes_is_begun_anew(data_dir: Path) -> None:
    Embedded.start(data_dir).stop()
    (data_dir / "postgres" / ".handle_pids.json").write_text("[12")

    embedded = Embedded.start(data_dir)
    users = json.loads((data_dir / "postgres" / ".handle_pids.json").read_text())
    embedded.stop()

    assert users == [os.getpid()]


def test_killed_server_starts_again_with_its_data(data_dir: Path) -> None:
    first = Embedded.start(data_dir)
    run(data_dir, "CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(postmaster_id(data_dir), signal.SIGKILL)

    second = Embedded.start(data_dir)
    kept = run(data_dir, "SELECT number FROM kept")
    second.stop()
    first.stop()

    assert kept == [(7,)]
    assert not is_served(data_dir)


@on_linux
def test_killed_server_that_nobody_reaps_starts_again(data_dir: Path) -> None:
    with adopting_orphans():
        first = Embedded.start(data_dir)
        killed = postmaster_id(data_dir)
        os.kill(killed, signal.SIGKILL)
        os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
        was_zombie = psutil.Process(killed).status() == psutil.STATUS_ZOMBIE

        second = Embedded.start(data_dir)
        started = postmaster_id(data_dir)
        second.stop()
        first.stop()
        for orphan in (killed, started):
            os.waitpid(orphan, 0)

    assert was_zombie
    assert started != killed


@pytest.mark.parametrize(
    ("case", "owner_of_number"),
    [("another program", os.getpid), ("nobody", lambda: 2**22 - 3)],
)
def test_number_of_a_dead_server_is_not_believed(data_dir: Path, case: str, owner_of_number: Callable[[], int]) -> None:
    Embedded.start(data_dir).stop()
    folder = data_dir / "postgres"
    lines = [str(owner_of_number()), str(folder), "1700000000", "5432", str(folder), "", "1 2", "ready   "]
    (folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
    (folder / ".s.PGSQL.5432.lock").write_text("\n".join(lines[:5]) + "\n")

    embedded = Embedded.start(data_dir)
    embedded.stop()

    assert not is_served(data_dir)


def test_zombie_user_of_the_server_is_dropped(data_dir: Path) -> None:
    with zombie() as dead:
        embedded = Embedded.start(data_dir)
        (data_dir / "postgres" / ".handle_pids.json").write_text(json.dumps([dead, os.getpid()]))
        Embedded.start(data_dir).stop()
        embedded.stop()

        assert not is_served(data_dir)


def test_path_too_long_for_a_socket_is_refused(data_dir: Path) -> None:
    long = data_dir.parent / ("x" * (LONGEST_SOCKET_PATH - len(f"{data_dir.parent}//postgres/.s.PGSQL.5432") + 1))

    with pytest.raises(StartRefused, match=r"too long.*would have 100 bytes, and 99 are possible"):
        Embedded.start(long)

    assert not long.exists()


def test_longest_possible_path_works(data_dir: Path) -> None:
    long = data_dir.parent / ("x" * (LONGEST_SOCKET_PATH - len(f"{data_dir.parent}//postgres/.s.PGSQL.5432")))

    embedded = Embedded.start(long)
    embedded.stop()

    assert not is_served(long)


def test_missing_parent_is_refused(data_dir: Path) -> None:
    with pytest.raises(StartRefused, match=r"cannot be made \(No such file or directory\)"):
        Embedded.start(data_dir / "deeper")


def test_other_version_of_the_data_is_refused(data_dir: Path) -> None:
    Embedded.start(data_dir).stop()
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(StartRefused, match=r"is of PostgreSQL 16, and this Remit brings 18\. Dump it"):
        Embedded.start(data_dir)


@as_root
def test_private_parent_is_refused_to_root_and_stays_private(data_dir: Path) -> None:
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)

    with pytest.raises(StartRefused, match=rf"The folder {private} is private.*/var/lib/remit"):
        Embedded.start(private / "data")

    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not (private / "data").exists()


@as_root
def test_another_user_starts_a_server_of_their_own_beside_roots(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    theirs = data_dir.parent / "theirs"
    theirs.mkdir()
    os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    embedded = Embedded.start(data_dir)

    with holder(theirs / "data", str(nobody.pw_uid)) as other:
        line = first_line(other)
        server = psutil.Process(postmaster_id(theirs / "data")) if line == "up" else None
        user = server.username() if server else line
    embedded.stop()

    assert user == "nobody"
    assert stat.S_IMODE((theirs / "data").stat().st_mode) == 0o700
    assert not is_served(theirs / "data")


@as_root
def test_another_users_database_is_refused(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    Embedded.start(data_dir).stop()

    with holder(data_dir, str(nobody.pw_uid)) as other:
        line = first_line(other)

    assert line == (
        f"The database in {data_dir / 'postgres'} belongs to the user pgserver: only root can run it. "
        "Start Remit as that user, or set REMIT_DATA_DIR to another folder."
    )


def test_stopped_server_leaves_nothing_behind_in_a_removed_folder(data_dir: Path) -> None:
    code = (
        "import shutil, sys; from pathlib import Path; from database.embedded import Embedded;"
        "Embedded.start(Path(sys.argv[1])).stop(); shutil.rmtree(sys.argv[1])"
    )

    subprocess.run([sys.executable, "-c", code, str(data_dir)], cwd=REPOSITORY, check=True)

    assert not data_dir.exists()
