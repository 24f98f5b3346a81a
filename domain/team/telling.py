"""Mailing owners and approvers what happened to the policy: jobs, since no change waits for a mail.

A job reads the news and the addresses in its network, and queues one letter a person, which goes out once however often
the job runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5

import orjson
from asyncpg import Record

from audit.entries import Area, EventType
from domain.journal.reads import actors_of_entries
from domain.localtime import zone_named
from domain.notices.operations import Letter, queue_mail
from domain.notices.rules import language_of, wall_time, without_links
from domain.team.mails import PolicyNews, policy_mail
from host import Host
from jobs import Job
from policies.compile import DomainPolicy
from policies.delta import owners
from policies.free_roles import prove_free
from policies.limits import Circumstances
from policies.seat_terms import catalogue_terms
from policies.store import load_network_policy
from policies.who import who_can
from work import Task, Work

TOLD = EventType("policy.told", Area.SYSTEM)
EVENTS = (TOLD,)

NETWORK: Final = "SELECT name, zone, country FROM networks WHERE id = $1"
CHANGE: Final = "SELECT * FROM policy_changes WHERE network_id = $1 AND id = $2"
PROPOSAL: Final = "SELECT * FROM policy_proposals WHERE network_id = $1 AND id = $2"
VISITS: Final = """
SELECT COALESCE(a.role_code, r.code) AS role, a.valid_until, l.name AS location, h.name AS visitor
FROM assignments a JOIN locations l ON l.network_id = a.network_id AND l.id = a.location_id
LEFT JOIN roles r ON r.network_id = a.network_id AND r.id = a.role_id
CROSS JOIN LATERAL names_of_holders(ARRAY[a.account_id]) h
WHERE a.network_id = $1 AND a.created_epoch = $2 ORDER BY a.id
"""
NAMES: Final = "SELECT name FROM specialists WHERE network_id = $1 AND id = ANY ($2)"
ADDRESSES: Final = "SELECT * FROM addresses_of_specialists($1)"

LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Told:
    """What some holders of a network are told of a subject, in these words, with these instants among them.

    The journal keeps `event`.
    """

    news: PolicyNews
    subject_id: UUID
    holders: Collection[UUID]
    words: Mapping[str, str]
    instants: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    event: EventType = TOLD


async def tell_of_revocation(host: Host, network_id: str, change_id: str) -> None:
    """Mail the owners that access was taken away, and what follows."""
    await tell(host, UUID(network_id), partial(_revocation, change_id=UUID(change_id)))


async def tell_of_proposal(host: Host, network_id: str, proposal_id: str) -> None:
    """Mail those who may decide a proposal that it waits for them."""
    await tell(host, UUID(network_id), partial(_proposal, proposal_id=UUID(proposal_id)))


async def tell_of_expiry(host: Host, network_id: str, proposal_id: str) -> None:
    """Mail whoever made a proposal that nobody decided it."""
    await tell(host, UUID(network_id), partial(_expiry, proposal_id=UUID(proposal_id)))


async def tell_of_visits(host: Host, network_id: str, change_id: str) -> None:
    """Mail the owners whom a change let in from outside."""
    await tell(host, UUID(network_id), partial(_visits, change_id=UUID(change_id)))


async def tell_of_lost_proof(host: Host, network_id: str, change_id: str) -> None:
    """Mail the owners which own roles are no longer free by a change."""
    await tell(host, UUID(network_id), partial(_lost_proof, change_id=UUID(change_id)))


TELL_OF_REVOCATION = Job("policies.tell_of_revocation", tell_of_revocation)
TELL_OF_PROPOSAL = Job("policies.tell_of_proposal", tell_of_proposal)
TELL_OF_EXPIRY = Job("policies.tell_of_expiry", tell_of_expiry)
TELL_OF_VISITS = Job("policies.tell_of_visits", tell_of_visits)
TELL_OF_LOST_PROOF = Job("policies.tell_of_lost_proof", tell_of_lost_proof)

JOBS = (TELL_OF_REVOCATION, TELL_OF_PROPOSAL, TELL_OF_EXPIRY, TELL_OF_VISITS, TELL_OF_LOST_PROOF)


async def tell(host: Host, network_id: UUID, find: Callable[[Work], Awaitable[Told | None]]) -> None:
    """Mail the people of a network what `find` finds in it, if it finds anything."""

    async def run(work: Work) -> None:
        told = await find(work)
        if told is not None:
            await _queue(work, told)

    await host.perform_as_system(network_id, Task(), run, name="policies")


async def _queue(work: Work, told: Told) -> None:
    """Queue a letter to each of those who are told and have an account; the journal says so if anybody has."""
    network = await work.statements.fetchrow(NETWORK, work.network_id)
    accounts = await work.statements.fetch(ADDRESSES, list(told.holders))
    if network is None or not accounts:
        return
    work.event = told.event
    work.touches(f"policy.{told.news}", told.subject_id)
    for account in accounts:
        await queue_mail(work, _letter(work, told, network, account))


def _letter(work: Work, told: Told, network: Record, account: Record) -> Letter:
    language = language_of(account["language"], country=network["country"])
    zone = zone_named(network["zone"])
    instants = {word: wall_time(language, at.astimezone(zone)) for word, at in told.instants.items()}
    address = work.host.settings.app_origin or ""
    return Letter(
        id=uuid5(told.subject_id, f"{told.news} {account['id']}"),
        kind=f"policy.{told.news}",
        recipient=account["email"],
        text=policy_mail(language, told.news, network=network["name"], address=address, **told.words, **instants),
        network_id=work.network_id,
        account_id=account["id"],
    )


async def _revocation(work: Work, *, change_id: UUID) -> Told | None:
    row = await work.statements.fetchrow(CHANGE, work.network_id, change_id)
    if row is None:
        return None
    lost = {entry[0] for entry in orjson.loads(row["delta"])}
    words = {
        "who": await _actor(work, row["journal_id"]),
        "whom": await _names(work, {UUID(holder) for holder in lost}),
        "details": listed(title for _, _, title in orjson.loads(row["consequences"])),
    }
    return Told(PolicyNews.REVOKED, change_id, owners(await _policy(work)), words)


async def _proposal(work: Work, *, proposal_id: UUID) -> Told | None:
    row = await work.statements.fetchrow(PROPOSAL, work.network_id, proposal_id)
    if row is None or row["state"] != "PROPOSED":
        return None
    able = who_can(await _policy(work), row["capability"], at=row["scope"], circumstances=Circumstances(work.at))
    holders = {one.holder_id for one in able} - {row["proposed_by"]}
    words = {"who": await _names(work, [row["proposed_by"]]), "details": _counted(row)}
    return Told(PolicyNews.PROPOSED, proposal_id, holders, words, {"until": row["expires_at"]})


async def _expiry(work: Work, *, proposal_id: UUID) -> Told | None:
    row = await work.statements.fetchrow(PROPOSAL, work.network_id, proposal_id)
    if row is None or row["state"] != "EXPIRED":
        return None
    words = {"details": _counted(row)}
    return Told(PolicyNews.EXPIRED, proposal_id, [row["proposed_by"]], words, {"since": row["proposed_at"]})


async def _visits(work: Work, *, change_id: UUID) -> Told | None:
    row = await work.statements.fetchrow(CHANGE, work.network_id, change_id)
    visits = await work.statements.fetch(VISITS, work.network_id, row["epoch"]) if row else []
    if row is None or not visits:
        return None
    words = {
        "who": await _actor(work, row["journal_id"]),
        "details": listed(f"{name_told(visit['visitor'])}: {visit['role']}, {visit['location']}" for visit in visits),
    }
    until = max(visit["valid_until"] for visit in visits)
    return Told(PolicyNews.VISIT, change_id, owners(await _policy(work)), words, {"until": until})


async def _lost_proof(work: Work, *, change_id: UUID) -> Told | None:
    row = await work.statements.fetchrow(CHANGE, work.network_id, change_id)
    if row is None:
        return None
    policy, release = await _policy(work), work.host.release
    changed = [said["change"]["role"] for said in orjson.loads(row["changes"]) if "change" in said]
    terms = catalogue_terms(release.catalogue, release.digest)
    proofs = [prove_free(policy.roles[code], release, terms) for code in changed if code in policy.roles]
    paid = {proof.role: proof.paid for proof in proofs if proof.paid}
    if not paid:
        return None
    words = {
        "who": await _actor(work, row["journal_id"]),
        "role": ", ".join(sorted(paid)),
        "details": listed(f"{one.capability} ({one.reason})" for found in paid.values() for one in found),
    }
    return Told(PolicyNews.NOT_FREE, change_id, owners(policy), words)


async def _policy(work: Work) -> DomainPolicy:
    return await load_network_policy(work.statements.fetch, work.network_id, work.host.release)


async def _names(work: Work, holders: Collection[UUID]) -> str:
    rows = await work.statements.fetch(NAMES, work.network_id, list(holders))
    return ", ".join(sorted(name_told(row["name"]) for row in rows))


async def _actor(work: Work, entry_id: UUID) -> str:
    """Who made what a journal entry tells of."""
    actor = (await actors_of_entries(work, [entry_id]))[entry_id]
    return name_told(actor.name or "Remit")


def name_told(name: str) -> str:
    """A person's name as mails tell it: people choose their own, so no mail program may make a link of it."""
    return without_links(name, longest=LONGEST_NAME)


def listed(lines: Iterable[str]) -> str:
    """Lines of a mail, each on its own."""
    return "\n".join(f"- {line}" for line in lines)


def _counted(proposal: Record) -> str:
    """How many accesses a proposal gives and takes."""
    preview = orjson.loads(proposal["preview"])
    return f"+{preview['gained']} -{preview['lost']}"
