"""Root fields that ask what would be, if other lines were in force."""

from __future__ import annotations

from domain.network.reads import require_network
from domain.pages import Page
from domain.team import simulations
from domain.team.simulations import RoleAsked, TermsAsked
from errors import InvalidInput
from execution.declaration import query
from execution.rows import shown
from policies.catalogue import Level
from resolvers.policy_changes import lines_asked
from schema.simulations import SimulatedRoleInput, SimulatedVerdictsInput, SimulationInput, SimulationResult
from work import Work


@query(requires="policies:simulate", at=Level.NETWORK)
async def simulate_policy(work: Work, *, input: SimulationInput, page: Page) -> SimulationResult:
    """Whose access, or whose verdict, would differ under other lines. Nothing is changed by asking."""
    require_network(work, input.network, path=("input", "network"))
    tried = input.tried
    if tried.verdicts:
        asked = _terms(tried.verdicts)
        return shown(await simulations.simulate_verdicts_of(work, asked, page, at=input.at))
    if tried.roles:
        roles = [_role(role, position) for position, role in enumerate(tried.roles)]
        return shown(await simulations.simulate_roles_of(work, roles, page, at=input.at))
    raise InvalidInput("A simulation tries roles or verdicts.", path=("input", "tried"))


def _role(given: SimulatedRoleInput, position: int) -> RoleAsked:
    return RoleAsked(given.role, lines_asked(given.lines, ("input", "tried", "roles", position)))


def _terms(given: SimulatedVerdictsInput) -> TermsAsked:
    return TermsAsked(given.name, given.published, given.draft, given.sets)
