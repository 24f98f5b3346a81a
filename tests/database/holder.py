"""A second process for the tests: `python -m tests.database.holder FOLDER [UID]` holds the server until its input ends.

With UID it starts as root and goes on as that user, as whom the tests' Python itself may be out of reach.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from database.embedded import Embedded
from errors import StartRefused


def main(folder: str, uid: str | None = None) -> None:
    """Say "up" or the refusal, and wait."""
    if uid is not None:
        os.setgroups([])
        os.setgid(int(uid))
        os.setuid(int(uid))
    try:
        embedded = Embedded.start(Path(folder))
    except StartRefused as refusal:
        print(refusal, flush=True)
        return
    print("up", flush=True)
    sys.stdin.read()
    embedded.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
