"""What processes that were killed leave in the folder of the embedded server, and what must be done about it.

The library believes every process id that it finds. An id of a dead process in `.handle_pids.json` keeps the server
running for ever; a `postmaster.pid` of a dead one is believed while its process is a zombie (a container's first
process may not reap) or its number belongs to another program by now, and every connection is refused.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil

from errors import StartRefused

SERVER_PROCESS = "postgres"
STATUS_LINE = 7  # of postmaster.pid; PostgreSQL pads the word to eight characters (pidfile.h)
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05


def clear_leftovers(folder: Path) -> None:
    """Make the server's folder say the truth about running processes. The caller holds the folder's lock.

    Raises StartRefused where processes of an earlier server do not come to an end, or one does not get ready.
    """
    drop_dead_users(folder)
    postmaster = folder / "postmaster.pid"
    if _is_server(postmaster):
        _await_ready(postmaster)
    if postmaster.exists() and not _is_server(postmaster):
        _remove_dead_server(folder)


def is_server_running(folder: Path) -> bool:
    """Whether the process that the folder names as its server lives."""
    return _is_server(folder / "postmaster.pid")


def drop_dead_users(folder: Path) -> None:
    """Take the processes that have ended off the list of those for which the server runs. The caller holds the lock."""
    list_file = folder / ".handle_pids.json"
    if not list_file.exists():
        return
    living = [pid for pid in _process_ids(list_file) if _lives(pid)]
    list_file.write_text(json.dumps(living))


def _process_ids(list_file: Path) -> list[int]:
    try:
        return [int(pid) for pid in json.loads(list_file.read_text())]
    except ValueError:  # empty, or half written by a process that was killed
        return []


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_server(postmaster: Path) -> bool:
    try:
        process = psutil.Process(int(postmaster.read_text().partition("\n")[0]))
        return _is_living_server(process)
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


def _await_ready(postmaster: Path) -> None:
    """Wait for a server that another process began to start: the library takes any running one for ready."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while _is_server(postmaster) and not _is_ready(postmaster):
        if time.monotonic() > give_up_at:
            raise StartRefused(
                f"The embedded server in {postmaster.parent} has been starting for {PATIENCE_SECONDS:.0f} seconds. "
                f"Look at {postmaster.parent / 'log'}; if it is recovering from a crash, start again later."
            )
        time.sleep(POLL_SECONDS)


def _is_ready(postmaster: Path) -> bool:
    return postmaster.read_text().splitlines()[STATUS_LINE:] == ["ready   "]


def _remove_dead_server(folder: Path) -> None:
    _await_orphans(folder)
    (folder / "postmaster.pid").unlink(missing_ok=True)
    for socket_file in folder.glob(".s.PGSQL.*"):
        socket_file.unlink(missing_ok=True)


def _await_orphans(folder: Path) -> None:
    """Wait for the children of a killed server: a second server beside them would destroy the data."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while orphans := _orphans(folder):
        if time.monotonic() > give_up_at:
            raise StartRefused(
                f"Processes of a killed database server still work in {folder}: {', '.join(map(str, orphans))}. "
                "End them (kill), then start again."
            )
        time.sleep(POLL_SECONDS)


def _orphans(folder: Path) -> list[int]:
    return [process.pid for process in psutil.process_iter() if _works_in(process, folder)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return _is_living_server(process) and process.cwd() == str(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _is_living_server(process: psutil.Process) -> bool:
    return process.name() == SERVER_PROCESS and process.status() != psutil.STATUS_ZOMBIE
