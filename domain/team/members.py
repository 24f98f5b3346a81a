"""The operator's first owner, who has nobody to be made one by: the command line makes them."""

from __future__ import annotations

from typing import Final

from domain.team.application import NEXT_EPOCH
from domain.team.assignments import AssignmentKey, Terms, give
from domain.team.changes import AssignRole
from domain.team.holders import account
from domain.team.recording import Origin, record_change
from policies.delta import delta_between
from policies.limits import NO_LIMITS
from policies.store import load_policy
from work import Work

OPERATOR_OWNER: Final = "operator_owner"
REASON: Final = "Made an owner on the command line."


async def make_operator_owner(work: Work, email: str) -> bool:
    """Make an account an owner of the operator; False where it is one. For a Work in the operator's scope.

    Raises NotFound where no active account has the address, InvalidInput where it is none.
    """
    found = await account(work, email=email, path=("email",))
    epoch = await work.statements.fetchval(NEXT_EPOCH)
    before = await load_policy(work.statements.fetch, work.domain, work.host.release)
    key = AssignmentKey(None, found.id, None, OPERATOR_OWNER, None)
    terms = Terms(None, None, NO_LIMITS, REASON)
    if not await give(work, key, terms, name=found.name, epoch=epoch, path=("email",)):
        return False
    after = await load_policy(work.statements.fetch, work.domain, work.host.release)
    await record_change(
        work,
        epoch=epoch,
        origin=Origin.CLI,
        changes=[AssignRole(found.id, OPERATOR_OWNER, reason=REASON).to_json(work.domain)],
        delta=delta_between(before, after, now=work.at).to_json(),
    )
    return True
