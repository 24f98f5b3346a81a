"""The core as a plugin: what it contributes, through the same manifest as everybody else's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from audit.entries import EventType
from database.apps import OrmApp
from demo.events import DEMO_EVENTS
from domain.identity import operations as identity_operations
from domain.journal import operations as journal_operations
from domain.notices import jobs as notice_jobs
from domain.team import visit_requests
from execution.declaration import Root, mutations, roots_of
from execution.roots import QUERY_REFUSED
from plugins.contract import API_VERSION, Contribution, Plugin, Publisher
from policies.capabilities import CORE as CAPABILITIES
from policies.roles import BUILT_IN
from resolvers import booking, catalogue, clients, identity, journal, network, policy, policy_changes, team, till

VERSION: Final = "0.1.0"
"""Of the distribution; `pyproject.toml` says the same."""

TOPICS: Final = (identity, network, team, policy, policy_changes, catalogue, clients, booking, till, journal)
"""Every module of root fields, in the order in which people meet them."""

ORM: Final = OrmApp(
    label="core",
    models=(
        "domain.network.models",
        "domain.identity.models",
        "domain.team.models",
        "domain.catalogue.models",
        "domain.clients.models",
        "domain.booking.models",
        "domain.till.models",
        "domain.notices.models",
    ),
    migrations="migrations",
)


def contribute() -> Contribution:
    """The core's root fields, jobs and event types."""
    roots = roots_of(*TOPICS)
    return Contribution(roots=roots, jobs=(*notice_jobs.JOBS, *visit_requests.JOBS), events=tuple(_events(roots)))


def _events(roots: Iterable[Root]) -> dict[EventType, None]:
    """Every event type, once: several mutations may write the same."""
    written = [root.event for root in mutations(roots)] + [QUERY_REFUSED.event]
    others = (
        *identity_operations.EVENTS,
        *visit_requests.EVENTS,
        *notice_jobs.EVENTS,
        *journal_operations.EVENTS,
        *DEMO_EVENTS,
    )
    return dict.fromkeys(event for event in (*written, *others) if event is not None)


CORE: Final = Plugin(
    name="core",
    version=VERSION,
    api=f"=={API_VERSION}",
    title="Remit",
    description="Networks, their teams and roles, services, clients, appointments, payments, and their journal.",
    publisher=Publisher("Remit", support="the installation's operator", url=""),
    contribute=contribute,
    capabilities=CAPABILITIES,
    roles=BUILT_IN,
    orm=ORM,
)
