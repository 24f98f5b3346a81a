"""`remit policies`: what is written about who may do what, checked, explained, proved, compared and carried out.

Exit codes as everywhere: 0 yes, 1 no (a problem, a refusal, no proof, a difference), 2 refused with a sentence.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.table import Table

from app import merged_plugins, open_remit
from domain.network.fan_out import EVERY_NETWORK
from errors import NotFound, StartRefused
from host import Host
from plugins.loader import State
from plugins.merge import Merged
from policies.capabilities import CORE
from policies.casbin_export import casbin_lines
from policies.compile import DomainPolicy
from policies.explain import Explanation
from policies.explain import explain as explanation_of
from policies.free_roles import FreeRoleCertificate
from policies.free_roles import prove_free as proof_of
from policies.limits import Circumstances
from policies.lines import LinesInvalid
from policies.matrix import matrix_problems, matrix_text
from policies.oracle import disagreements
from policies.release_file import ReleaseChanges, read_release, release_changes, release_file, written_release
from policies.seat_terms import catalogue_terms
from policies.store import load_network_policy
from policies.stored import stored_problems
from policies.who import who_can
from settings import Settings
from terminal import NO, console, environment_settings, refusals, run_to_end, show
from work import Task, Work

SCOPE: Final = re.compile(r"network:([0-9a-f-]{36})(?:/location:([0-9a-f-]{36}))?")

policies = typer.Typer(help="Who may do what, and why.", no_args_is_help=True)


@policies.command()
def check(
    matrix: Annotated[
        Path | None,
        typer.Option(help="What `remit policies matrix` wrote and somebody checked."),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Check each network's own roles and assignments, too.")] = False,
) -> None:
    """Check the files of capabilities and roles, and that Casbin answers what the compiled policy answers."""
    with refusals():
        settings = environment_settings()
        problems = list(_problems(settings, matrix))
        if rows and not problems:
            problems = run_to_end(_row_problems(settings))
        for problem in problems:
            show(problem)
        if problems:
            raise typer.Exit(NO)
        show("The policy holds together, and Casbin answers the same.")


@policies.command()
def matrix() -> None:
    """Write what each of the core's roles may do, and where, as tables: for people, and for `check --matrix`."""
    with refusals():
        sys.stdout.write(matrix_text(merged_plugins(environment_settings()).release, _core_codes()))


@policies.command()
def explain(
    holder: Annotated[UUID, typer.Argument(help="The id of a specialist, or of an account that visits.")],
    capability: Annotated[str, typer.Argument(help="Such as appointments:create.")],
    scope: Annotated[str, typer.Argument(help="network:<id>, or network:<id>/location:<id>.")],
) -> None:
    """Explain why somebody may or may not do something now: each line that speaks of it, and what would allow it."""
    with refusals():
        network_id, location_id = _scope(scope)
        policy = run_to_end(_policy(environment_settings(), network_id))
        _require_known(policy, capability, location_id)
        explained = explanation_of(
            policy,
            holder,
            capability,
            circumstances=Circumstances(datetime.now(UTC)),
            asker_id=holder,
            at=location_id,
        )
        _show_explanation(explained)
        raise typer.Exit(0 if explained.ruling.allowed else NO)


@policies.command("who-can")
def who_may(
    capability: Annotated[str, typer.Argument(help="Such as appointments:create.")],
    scope: Annotated[str, typer.Argument(help="network:<id>, or network:<id>/location:<id>.")],
) -> None:
    """Name everybody who may do something now, whatever the object, and the line that lets them."""
    with refusals():
        network_id, location_id = _scope(scope)
        policy = run_to_end(_policy(environment_settings(), network_id))
        _require_known(policy, capability, location_id)
        able = who_can(policy, capability, at=location_id, circumstances=Circumstances(datetime.now(UTC)))
        for one in able:
            show(f"{one.holder_id}  {one.decisive.line}  {one.decisive.line.source}")
        if not able:
            show("Nobody.")
            raise typer.Exit(NO)


@policies.command("prove-free")
def prove_free(
    role: Annotated[str, typer.Argument(help="The code of a role.")],
    network: Annotated[UUID | None, typer.Option(help="The network whose own role it is.")] = None,
) -> None:
    """Prove that a role is free by the catalogue's decisions, or name what costs a seat."""
    with refusals():
        settings = environment_settings()
        release = merged_plugins(settings).release
        known = run_to_end(_policy(settings, network)).roles if network else release.closed
        if role not in known:
            raise StartRefused(f"There is no role {role!r}. Name one of {', '.join(sorted(known))}.")
        certificate = proof_of(known[role], release, catalogue_terms(release.catalogue, release.digest))
        _show_certificate(certificate)
        raise typer.Exit(0 if certificate.is_proved else NO)


@policies.command()
def export(
    network: Annotated[UUID | None, typer.Option(help="Write the policy of this network as Casbin CSV.")] = None,
    release: Annotated[bool, typer.Option("--release", help="Write the built-in policy as JSON, for `diff`.")] = False,
) -> None:
    """Write a policy to the standard output, for another program."""
    with refusals():
        settings = environment_settings()
        if release is (network is not None):
            raise StartRefused("Say what to export: either --network with its id, or --release.")
        if network is None:
            sys.stdout.write(written_release(release_file(merged_plugins(settings).release)).decode() + "\n")
            return
        for line in casbin_lines(run_to_end(_policy(settings, network)), now=datetime.now(UTC)):
            sys.stdout.write(line + "\n")


@policies.command()
def diff(
    file: Annotated[Path, typer.Argument(help="What `remit policies export --release` wrote before.", exists=True)],
) -> None:
    """Compare the built-in policy with an exported one: what an upgrade changes for everybody."""
    with refusals():
        before = read_release(file.read_bytes(), label=str(file))
        changes = release_changes(before, release_file(merged_plugins(environment_settings()).release))
        for line in _differences(changes):
            show(line)
        raise typer.Exit(0 if changes.is_same else NO)


# --- What the commands do


def _problems(settings: Settings, matrix: Path | None) -> Iterator[str]:
    try:
        merged = merged_plugins(settings)
    except LinesInvalid as invalid:
        yield from map(str, invalid.problems)
        return
    except StartRefused as refusal:
        yield str(refusal)
        return
    for one in merged.listed:
        if one.state is State.QUARANTINED:
            yield f"plugin {one.name}: {one.sentence}"
    yield from disagreements(merged.release, now=datetime.now(UTC))
    if matrix is not None:
        yield from _matrix_problems(merged, matrix)


def _matrix_problems(merged: Merged, matrix: Path) -> Iterator[str]:
    text = matrix.read_text(encoding="utf-8")
    return map(str, matrix_problems(text, merged.release, _core_codes(), label=str(matrix)))


def _core_codes() -> frozenset[str]:
    return frozenset(one.code for one in CORE)


async def _policy(settings: Settings, network_id: UUID) -> DomainPolicy:
    async with open_remit(settings) as remit:
        return await _loaded(remit.host, network_id)


async def _row_problems(settings: Settings) -> list[str]:
    async with open_remit(settings) as remit:

        async def look(work: Work) -> list[UUID]:
            return [row["network_id"] for row in await work.statements.fetch(EVERY_NETWORK)]

        networks = await remit.host.perform_as_system(None, Task(), look, name="policies")
        policies = [await _loaded(remit.host, network_id) for network_id in networks]
        return [f"{policy.domain}, {problem}" for policy in policies for problem in stored_problems(policy)]


async def _loaded(host: Host, network_id: UUID) -> DomainPolicy:
    async def load(work: Work) -> DomainPolicy:
        return await load_network_policy(work.statements.fetch, network_id, host.release)

    return await host.perform_as_system(network_id, Task(), load, name="policies")


def _scope(text: str) -> tuple[UUID, UUID | None]:
    found = SCOPE.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        return UUID(found[1]), UUID(found[2]) if found[2] else None
    except ValueError as error:
        raise StartRefused(
            f"{text!r} is no scope of a network: write network:<id>, or network:<id>/location:<id>."
        ) from error


def _require_known(policy: DomainPolicy, capability: str, location_id: UUID | None) -> None:
    if location_id not in policy.places:
        raise NotFound
    if capability not in policy.release.catalogue:
        near = policy.release.catalogue.nearest(capability)
        hint = f" Did you mean {near}?" if near else ""
        raise StartRefused(f"There is no capability {capability!r}.{hint}")


# --- What people see


def _show_explanation(explained: Explanation) -> None:
    ruling = explained.ruling
    answer = "yes" if ruling.allowed else "no"
    show(f"{explained.capability}: {answer} ({ruling.reason})")
    if explained.matched:
        console.print(_matched_table(explained))
    else:
        show("no line of any role speaks of it")
    for needed in explained.requirements:
        _show_explanation(needed)
    for changes in explained.would_allow:
        show(f"would allow: {' and '.join(map(str, changes.changes))}")
    if not explained.complete:
        show("and more")


def _matched_table(explained: Explanation) -> Table:
    table = Table("line", "source", "why")
    for one in explained.matched:
        table.add_row(str(one.line), one.line.source, "decisive" if one.decisive else one.ignored_because)
    return table


def _show_certificate(certificate: FreeRoleCertificate) -> None:
    answer = "is free" if certificate.is_proved else "is not proved free"
    show(f"{certificate.role} {answer} by the {certificate.terms}. Digest: {certificate.digest}")
    for paid in certificate.paid:
        show(f"{paid.source}: {paid.capability} costs a seat ({paid.reason})")
    for escalation in certificate.escalations:
        show(f"{escalation.capability} can change access. {escalation.bound or 'No rule bounds it.'}")


def _differences(changes: ReleaseChanges) -> Iterator[str]:
    for code, (before, after) in changes.capabilities.items():
        yield f"~ {code}: {before or 'absent'} -> {after or 'absent'}"
    yield from (f"- {line}" for line in changes.lines.removed)
    yield from (f"+ {line}" for line in changes.lines.added)
    yield from (f"~ {before} -> {after}" for before, after in changes.lines.changed)
    if not changes.is_same and not changes.capabilities and not changes.lines:
        yield "~ limits or requirements of capabilities differ"
