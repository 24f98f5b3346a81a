"""One job for all networks becomes a job for each: a network that fails, or takes long, keeps none of the others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from host import Host
from jobs import Job
from work import Task, Work

NOTHING: Final[Mapping[str, UUID]] = MappingProxyType({})
EVERY_NETWORK = "SELECT network_id FROM network_ids()"


async def for_each_network(
    host: Host,
    job: Job,
    *,
    networks: str = EVERY_NETWORK,
    given: tuple[object, ...] = (),
    also: Mapping[str, UUID] = NOTHING,
) -> None:
    """Defer a job for each network, with its `network_id`; all of them, or those that a statement names.

    `given` are the arguments of that statement, `also` those of each job beside its network. The statement runs in the
    scope of identity, where no network's rows are seen: it asks a function of the database.
    """

    async def defer_all(work: Work) -> None:
        for row in await work.statements.fetch(networks, *given):
            await work.defer(job, at=None, lock=None, network_id=row["network_id"], **also)

    await host.perform_as_system(None, Task(), defer_all, name=job.name)
