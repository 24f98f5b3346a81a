"""The jobs of the topic `team`: what the policy's rows need when nobody asks for anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from domain.network.fan_out import for_each_network
from domain.team import releases, telling, visit_requests
from domain.team.periods import PERIODS_ENDED, end_periods
from domain.team.proposals import EXPIRED, expire_proposals
from domain.team.uses import fold_uses
from host import Host
from jobs import Job
from work import Task, Work

WITH_PROPOSALS_OVER = "SELECT network_id FROM networks_with_proposals_over($1)"
WITH_PERIODS_OVER = "SELECT network_id FROM networks_with_periods_over($1)"


async def fold_uses_of_all(host: Host) -> None:
    """Fold the journal of each network into its uses."""
    await for_each_network(host, FOLD_USES_OF_NETWORK)


async def fold_uses_of_network(host: Host, network_id: str) -> None:
    """Fold the journal of a network into its uses, as far as it goes."""
    await _until_done(host, network_id, fold_uses, name=FOLD_USES.name)


async def end_periods_of_all(host: Host) -> None:
    """End what is over in each network that has such assignments."""
    await for_each_network(host, END_PERIODS_OF_NETWORK, networks=WITH_PERIODS_OVER, given=(host.clock(),))


async def end_periods_of_network(host: Host, network_id: str) -> None:
    """End the assignments of a network whose period is over."""
    await _until_done(host, network_id, end_periods, name=END_PERIODS.name)


async def expire_proposals_of_all(host: Host) -> None:
    """Let go what nobody decided in time, in each network that has such proposals."""
    await for_each_network(host, EXPIRE_PROPOSALS_OF_NETWORK, networks=WITH_PROPOSALS_OVER, given=(host.clock(),))


async def expire_proposals_of_network(host: Host, network_id: str) -> None:
    """Let go what nobody of a network decided in time."""
    await host.perform_as_system(UUID(network_id), Task(EXPIRED), expire_proposals, name=EXPIRE_PROPOSALS.name)


async def _until_done(host: Host, network_id: str, step: Callable[[Work], Awaitable[bool]], *, name: str) -> None:
    """Take a step of a network in a Work of its own, until none is left."""
    while await host.perform_as_system(UUID(network_id), Task(), step, name=name):
        pass


FOLD_USES = Job("policies.fold_uses", fold_uses_of_all, cron="20 2 * * *")
FOLD_USES_OF_NETWORK = Job("policies.fold_uses_of_network", fold_uses_of_network)
END_PERIODS = Job("policies.end_periods", end_periods_of_all, cron="5 * * * *")
END_PERIODS_OF_NETWORK = Job("policies.end_periods_of_network", end_periods_of_network)
EXPIRE_PROPOSALS = Job("policies.expire_proposals", expire_proposals_of_all, cron="35 * * * *")
EXPIRE_PROPOSALS_OF_NETWORK = Job("policies.expire_proposals_of_network", expire_proposals_of_network)

JOBS = (
    FOLD_USES,
    FOLD_USES_OF_NETWORK,
    END_PERIODS,
    END_PERIODS_OF_NETWORK,
    EXPIRE_PROPOSALS,
    EXPIRE_PROPOSALS_OF_NETWORK,
    *telling.JOBS,
    *releases.JOBS,
    *visit_requests.JOBS,
)
EVENTS = (PERIODS_ENDED, *telling.EVENTS, *releases.EVENTS, *visit_requests.EVENTS)
