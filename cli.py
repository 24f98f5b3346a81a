"""`remit`: the command line. Commands for people print text, commands for programs print JSON on stdout; logs go to
stderr.

Exit codes: 0 done, 1 the answer is no (a broken journal, a failing doctor), 2 refused with a sentence that says what to
do, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final, TypeVar
from uuid import UUID

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import doctor as examination
from app import Remit, merged_plugins, open_remit
from audit.entries import OPERATOR_CHAIN
from audit.verification import Verification
from database.connections import Database
from database.migrate import ZERO
from database.migrate import migrate as migrate_database
from demo.accounts import DemoAccount, demo_accounts
from demo.generate import NotADemo, generate, is_filled
from domain.journal.operations import verify_journal
from errors import NotFound, StartRefused
from operator_cli import operator
from plugins.loader import State
from policy_cli import policies
from resolvers.core import VERSION
from serving import bound_socket, serve, serve_with_processes
from settings import Settings
from telemetry import configure_logging
from terminal import REFUSED, complaints, console, environment_settings, refusals, run_to_end

T = TypeVar("T")

COMMAND: Final = "remit"
TRY_NEXT: Final = """\
The password of all: [bold]{password}[/]

Try next:
  1. Open the address of `remit run`, and click through the examples from the
     first on: they sign the first owner in. The code arrives at /dev/mail.
  2. To be somebody else, put in another e-mail of these.
  3. In programs send a bearer token. `remit demo --json` prints one for each
     account, and ends those that it printed before. The first one's header:"""

cli = typer.Typer(no_args_is_help=True)
journal = typer.Typer(help="The journal of all changes.", no_args_is_help=True)
cli.add_typer(journal, name="journal")
cli.add_typer(policies, name="policies")
cli.add_typer(operator, name="operator")


def main() -> None:
    """The entry point of the command `remit`."""
    cli()


def _show_version(is_asked: bool) -> None:
    if is_asked:
        console.print(f"Remit {VERSION}", highlight=False)
        raise typer.Exit


@cli.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Remit: a GraphQL backend for networks of service businesses."""


@cli.command()
def run(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes on one address.")] = 1,
    worker: Annotated[bool, typer.Option(help="Carry out jobs in the server's own process.")] = True,
    with_demo: Annotated[bool, typer.Option("--demo", help="First fill an empty database with the demo.")] = False,
) -> None:
    """Serve the API, and carry out jobs beside it, until Ctrl-C or SIGTERM."""
    with refusals():
        settings = environment_settings()
        if with_demo:
            bound_socket(settings).close()  # a taken address is told before the demo is made, not after
            run_to_end(_demo(settings, as_json=False, if_empty=True))
        if not worker:
            settings = settings.model_copy(update={"worker": False})
        if workers == 1:
            run_to_end(serve(settings, announce=_announce))
            return
        run_to_end(_prepare(settings))
        os.environ["REMIT_WORKER"] = str(settings.worker)  # the processes read their settings from the environment
        serve_with_processes(
            settings,
            processes=workers,
            announce=lambda url: complaints.print(f"Remit starts {workers} processes: {url}/graphql"),
        )


@cli.command()
def worker() -> None:
    """Carry out jobs until Ctrl-C or SIGTERM; any number of these may run beside the servers."""

    async def work(settings: Settings) -> None:
        async with open_remit(settings) as remit:
            complaints.print("The worker is ready.")
            with suppress(asyncio.CancelledError):
                await remit.work_off()

    with refusals():
        run_to_end(work(environment_settings()))


@cli.command()
def migrate(
    to: Annotated[
        str | None, typer.Option(help="A migration such as core.0005_team, or zero. Default: the newest.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before `--to zero` deletes everything.")] = False,
) -> None:
    """Bring the database to the newest migrations, or to another state. Needs the owner's login on a served one."""
    with refusals():
        settings = environment_settings()
        if to == ZERO and not yes:
            typer.confirm("This deletes every table with everything in it. Go on?", abort=True)
        run_to_end(_migrate(settings, to))


@cli.command()
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print the URL and the accounts as JSON.")] = False,
    if_empty: Annotated[bool, typer.Option(help="Where the database holds real data, say so and exit with 0.")] = False,
) -> None:
    """Fill an empty database with two invented networks, and print who can sign in. A demo that is there stays."""
    with refusals():
        settings = environment_settings()
        run_to_end(_demo(settings, as_json=as_json, if_empty=if_empty))


@cli.command()
def doctor() -> None:
    """Look at everything that a start needs, and say what to do."""

    async def examine() -> bool:
        is_well = True
        async for finding in examination.examine():
            is_well = is_well and finding.is_good
            mark = "[green]ok[/]" if finding.is_good else "[red]no[/]"
            console.print(f"{mark}  [bold]{finding.name}[/]:", end=" ")
            console.print(finding.sentence, markup=False, highlight=False, soft_wrap=True)
        return is_well

    with refusals():
        configure_logging("ERROR")
        raise typer.Exit(0 if run_to_end(examine()) else 1)


@cli.command()
def plugins() -> None:
    """List the plugins: which run, which do not, and why."""
    with refusals():
        merged = merged_plugins(environment_settings())
        table = Table("name", "version", "state", "what")
        for one in merged.listed:
            manifest = one.plugin
            table.add_row(
                one.name,
                manifest.version if manifest else "",
                one.state if one.fault is None else f"{one.state} ({one.fault})",
                one.sentence or (manifest.title if manifest else ""),
            )
        console.print(table)
        raise typer.Exit(1 if any(one.state is State.QUARANTINED for one in merged.listed) else 0)


@journal.command()
def verify(
    network: Annotated[str, typer.Option(help="The network's id, or `operator`.")],
    first: Annotated[int, typer.Option("--from", min=1, help="Number of the first entry to verify.")] = 1,
) -> None:
    """Recompute a network's journal. Exit code 0: sound. 1: broken. 2: it cannot be verified. Prints JSON."""
    try:
        settings = environment_settings()
        verification = run_to_end(_verify(settings, _chain_id(network), first))
    except (StartRefused, NotFound) as refusal:
        _print_json({"network": network, "error": str(refusal)})
        raise typer.Exit(REFUSED) from refusal
    _print_json(
        {
            "network": network,
            "isSound": verification.is_sound,
            "from": verification.from_seq,
            "last": verification.last_seq,
            "lastHash": verification.last_hash.hex(),
            "fault": verification.fault,
            "badEntry": verification.bad_seq,
        }
    )
    raise typer.Exit(0 if verification.is_sound else 1)


# --- What the commands do


async def _prepare(settings: Settings) -> None:
    """Open Remit once before others do: what is refused is said once, and migrations are run by one."""
    async with open_remit(settings):
        pass


async def _migrate(settings: Settings, to: str | None) -> None:
    def tell(event: str, app: str, migration: str) -> None:
        if event.endswith("_done"):
            console.print(f"{'applied' if event == 'apply_done' else 'taken back'}  {app}.{migration}", highlight=False)

    merged = merged_plugins(settings)
    database = await Database.open(settings, merged.apps)
    try:
        await migrate_database(database, merged.apps, target=to, progress=tell)
    finally:
        await database.close()
    console.print("The database is up to date." if to is None else f"The database is at {to}.")


async def _demo(settings: Settings, *, as_json: bool, if_empty: bool) -> None:
    async with open_remit(settings) as remit:
        try:
            await _generate(remit, is_quiet=as_json)
        except NotADemo:
            if not if_empty:
                raise
            complaints.print("The database holds data of its own; the demo is not added.")
            return
        accounts = await demo_accounts(remit.host)
    url = f"http://{settings.host}:{settings.port}"
    if as_json:
        _print_json({"url": url, "accounts": [asdict(account) for account in accounts]})
    else:
        _show_accounts(accounts)


async def _generate(remit: Remit, *, is_quiet: bool) -> None:
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    is_hidden = is_quiet or not complaints.is_terminal
    with Progress(*columns, console=complaints, transient=True, disable=is_hidden) as bar:
        task = bar.add_task("demo", total=None)

        def tell(label: str, done: int, total: int, /) -> None:
            bar.update(task, description=label, completed=done, total=total)

        async with remit.host.database.owner_connection() as owner:
            if not await is_filled(owner):
                await generate(remit.host, owner, progress=tell)


async def _verify(settings: Settings, chain_id: UUID, first: int) -> Verification:
    async with open_remit(settings) as remit:
        return await verify_journal(remit.host, chain_id, from_seq=first)


def _chain_id(network: str) -> UUID:
    if network == "operator":
        return OPERATOR_CHAIN
    try:
        return UUID(network)
    except ValueError as error:
        raise StartRefused("--network takes the id of a network (a UUID), or the word operator.") from error


# --- What people see


def _announce(remit: Remit, url: str) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("[bold]Remit is running[/]", f"{url}/graphql")
    if remit.host.is_demo:
        table.add_row("Mail of the demo", f"{url}/dev/mail")
        table.add_row("Who can sign in", f"{_invoked_as()} demo")
    table.add_row("Is it well?", f"{url}/readyz")
    table.add_row("Stop it", "Ctrl-C")
    complaints.print()
    complaints.print(table)


def _invoked_as() -> str:
    """The command as it was typed, such as `.venv/bin/remit`, so that what is shown can be copied."""
    typed = sys.argv[0]
    return typed if Path(typed).name == COMMAND else COMMAND


def _show_accounts(accounts: Sequence[DemoAccount]) -> None:
    for network, members in groupby(accounts, key=lambda account: account.network):
        table = Table("role", "name", title=f"Who can sign in: {network}", title_justify="left")
        table.add_column("e-mail", no_wrap=True)
        for account in members:
            table.add_row(account.role, account.name, account.email)
        console.print(table)
    if accounts:
        console.print(TRY_NEXT.format(password=accounts[0].password), highlight=False, soft_wrap=True)
        console.print(f"Authorization: Bearer {accounts[0].token}", soft_wrap=True, markup=False, highlight=False)


def _print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main()
