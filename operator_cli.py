"""`remit operator`: who owns the operator. Its owners give all further roles themselves, through the API."""

from __future__ import annotations

from typing import Annotated

import typer

from app import open_remit
from domain.team.members import make_operator_owner
from domain.team.operations import POLICY_CHANGED
from errors import NotFound, StartRefused
from policies.scopes import OPERATOR
from settings import Settings
from terminal import environment_settings, refusals, run_to_end, show
from work import Task, Work

operator = typer.Typer(help="The operator: the company that runs Remit.", no_args_is_help=True)


@operator.callback()
def options() -> None:
    """The operator: the company that runs Remit."""


@operator.command("add-owner")
def add_owner(
    email: Annotated[str, typer.Argument(help="The e-mail address of an account that exists.")],
) -> None:
    """Make somebody an owner of the operator, who then gives the operator's roles to others. Doing it twice is well."""
    with refusals():
        is_new = run_to_end(_add_owner(environment_settings(), email))
        show(f"{email} {'owns the operator now' if is_new else 'owns the operator already'}.")


async def _add_owner(settings: Settings, email: str) -> bool:
    async with open_remit(settings) as remit:

        async def make(work: Work) -> bool:
            return await make_operator_owner(work, email)

        try:
            return await remit.host.perform_as_system(OPERATOR, Task(POLICY_CHANGED), make, name="cli")
        except NotFound as error:
            raise StartRefused(
                f"No active account has the address {email}. Check how it is written; an owner needs an account first."
            ) from error
