"""A second process for the tests: migrates the toy app, and with `kill` dies right behind the first commit."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from database.connections import Database
from database.migrate import migrate
from settings import Settings
from tests.database.toyapp import TOY


def die_behind_first_table(event: str, app: str, name: str) -> None:
    """End as by power loss between the commit of a migration and whatever comes next."""
    if (event, name) == ("apply_done", "0001_notes"):
        os.kill(os.getpid(), signal.SIGKILL)


async def main(*arguments: str) -> None:
    """Read the settings from the environment."""
    database = await Database.open(Settings(_env_file=None), [TOY])
    await migrate(database, [TOY], progress=die_behind_first_table if "kill" in arguments else None)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
