"""A server process as an administrator starts it: `remit run`, on a data folder of its own, killed at will."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

PROJECT = Path(__file__).parents[2]
PROCESSES = 3
START_SECONDS = 60
DEMO_SECONDS = 300


@dataclass(slots=True)
class Server:
    """One running `remit run`."""

    process: subprocess.Popen[bytes]
    url: str

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it as an administrator would; answers its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def start_server(data_dir: Path, log: Path, *arguments: str, patience: float = START_SECONDS) -> Server:
    """Start a server and wait until it is ready, `patience` seconds at the most."""
    port = free_port()
    environment = {
        **os.environ,
        "REMIT_DATA_DIR": str(data_dir),
        "REMIT_PORT": str(port),
        "PYTHONPATH": str(PROJECT),
    }
    with log.open("ab") as output:
        command = [sys.executable, "-m", "cli", "run", *arguments]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    server = Server(process, f"http://127.0.0.1:{port}")
    _await_ready(server, log, patience)
    return server


@contextmanager
def running(data_dir: Path, log: Path, *, processes: int = PROCESSES) -> Iterator[list[Server]]:
    """Several processes, all on one data folder and so on one database; all are stopped in the end."""
    with ExitStack() as stack:
        servers = []
        for _ in range(processes):
            servers.append(start_server(data_dir, log))
            stack.callback(servers[-1].stop)
        yield servers


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def _await_ready(server: Server, log: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            if httpx.get(f"{server.url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not get ready: {log.read_text()[-2000:]}")
