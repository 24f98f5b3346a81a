"""One unit of work: a transaction with its viewer, its journal entry and its jobs. `host.py` opens and ends it.

May import `audit`, `policies`, `jobs`, `plugins.contract`, `database` and below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Self
from uuid import UUID

import structlog
from asyncpg import Record
from uuid_utils.compat import uuid7

from audit.devices import Device
from audit.entries import OPERATOR_CHAIN, Actor, ActorType, Area, Entry, EventType, Operation, Outcome, Target
from database.statements import Statements
from errors import UserError
from jobs import Job, defer
from plugins.contract import AccessView
from policies.catalogue import DomainKind
from policies.decisions import Decision, Forbidden
from policies.limits import Address, Facts
from policies.scopes import OPERATOR, Domain
from policies.viewer import CHOOSE, Viewer

if TYPE_CHECKING:
    from host import Host

log = structlog.get_logger(__name__)

SET_SCOPE = """
SELECT set_config('remit.network_id', $1, true), set_config('remit.partner_id', $2, true),
       set_config('remit.operator', $3, true), set_config('remit.account_id', $4, true),
       set_config('remit.identity', $5, true)
"""
ACTOR_OF = {
    None: ActorType.ACCOUNT,
    DomainKind.OPERATOR: ActorType.OPERATOR,
    DomainKind.PARTNER: ActorType.PARTNER,
}
"""What the journal calls an account that is no specialist, by where it comes from: at home and on a visit."""
BEGIN_ENTRY = "SELECT journal_begin($1, $2)"
APPEND_ENTRY = "SELECT journal_append($1, $2, $3, $4)"


class Unauthenticated(UserError):
    """Nobody is signed in, or the session is over."""

    code = "UNAUTHENTICATED"
    hint = "Sign in (startSignIn, sendSignInCode, verifySignIn) and send the token as `Authorization: Bearer`."


class BusyTryAgain(UserError):
    """Others were changing the same things at the same moment, three times in a row."""

    code = "BUSY_TRY_AGAIN"
    hint = "Send the same request again in a moment; nothing was changed."


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a request before the database is asked: from where, with which token, for which domain."""

    token: str | None = None
    domain: Domain | None = None
    device: Device | None = None
    address: Address | None = None
    user_agent: str = ""
    request_id: UUID = field(default_factory=uuid7)
    transport: str = "http"
    is_cookie: bool = False
    operation_name: str | None = None
    document_hash: str | None = None

    @property
    def token_hash(self) -> bytes | None:
        """SHA-256 of the token: the only form in which the database knows it."""
        return sha256(self.token.encode()).digest() if self.token else None


@dataclass(frozen=True, slots=True)
class Task:
    """What a root field or a job is to the journal and to the gate: its event, the capability, who may try.

    `is_public` needs no session and gets the scope of identity; `is_system` is asked for by nobody.
    """

    event: EventType | None = None
    capability: str | None = None
    is_public: bool = False
    is_system: bool = False

    @property
    def is_account_matter(self) -> bool:
        """Whether it is about an account and not about a network: then the operator's chain owns its row changes."""
        return self.event is not None and self.event.area is Area.SIGN_INS

    def gate(self, viewer: Viewer) -> None:
        """Let the viewer pass who might do it somewhere. Raises Unauthenticated or Forbidden."""
        if self.is_public:
            return
        if viewer.account_id is None:
            raise Unauthenticated("You are not signed in.")
        if self.capability is not None and not viewer.could_anywhere(self.capability):
            viewer.refuse(self.capability)


@dataclass(frozen=True, slots=True)
class Session:
    """The session that a request came with, as the statement that opened its transaction read it.

    `account_epoch` is the version of what its account may still do.
    """

    id: UUID
    kind: str
    factors: tuple[str, ...]
    device_id: UUID
    last_seen_at: datetime
    idle_until: datetime
    ends_at: datetime
    account_epoch: int = 0

    @classmethod
    def of(cls, row: Record, *, at: datetime) -> Self:
        """The living session of an `open_scope` row. Raises Unauthenticated for one that is over."""
        if row["session_state"] == "ENDED" or row["account_state"] != "ACTIVE":
            raise Unauthenticated("Your session was ended.")
        found = cls(
            row["session_id"],
            row["session_kind"],
            tuple(row["factors"]),
            row["device_id"],
            row["last_seen_at"],
            row["idle_until"],
            row["ends_at"],
            row["principal_epoch"],
        )
        if row["session_state"] == "LOCKED" or found.lasts_until <= at:
            raise Unauthenticated("Your session is over: it was unused for too long, or it reached its end.")
        return found

    @property
    def lasts_until(self) -> datetime:
        """When it is over unless it is used meanwhile."""
        return min(self.idle_until, self.ends_at)


@dataclass(frozen=True, slots=True)
class ResponseCookie:
    """A cookie that goes out with the answer, for `max_age` seconds; without a value it is taken away.

    `name` is without the prefix `__Host-`, which the answer adds where cookies are secure.
    """

    name: str
    value: str | None
    max_age: int


@dataclass(frozen=True, slots=True)
class Granted:
    """What a Work required and got: by whose rights, which capability, where, for which object."""

    viewer: Viewer
    capability: str
    at: UUID | None
    of: Facts | None

    def decision(self) -> Decision:
        """The yes, with its deciding line and an id of its own."""
        return self.viewer.decision(self.capability, at=self.at, of=self.of)


@dataclass(slots=True, kw_only=True)
class Work:
    """A transaction in hand. Operations read and write through `statements`; the ORM joins in by itself.

    `at` is the Work's clock: one instant for everything in it. What the journal shall say is set on the Work.
    `comes_from` is what a member works for, at home and on a visit: the operator, or a partner firm.
    """

    host: Host
    caller: Caller
    viewer: Viewer
    statements: Statements
    at: datetime
    entry_id: UUID
    session: Session | None = None
    is_identity: bool = False
    is_account_matter: bool = False
    system_domain: Domain | None = None
    comes_from: DomainKind | None = None
    location_id: UUID | None = None
    targets: list[Target] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    capability: str | None = None
    event: EventType | None = None
    name: str | None = None
    account: tuple[UUID, str] | None = None
    also_chains: set[UUID] = field(default_factory=set)
    granted: dict[str, Granted] = field(default_factory=dict)
    cookies: list[ResponseCookie] = field(default_factory=list)

    @property
    def domain(self) -> Domain:
        """The domain that the Work acts in. Raises Unauthenticated where the viewer has chosen none."""
        if self._acts_in is None:
            raise Unauthenticated("Nothing is chosen to act in.", hint=CHOOSE)
        return self._acts_in

    @property
    def network_id(self) -> UUID:
        """The network that the Work acts in. Raises Unauthenticated where the viewer has chosen none."""
        network_id = self._acts_in.network_id if self._acts_in else None
        if network_id is None:
            raise Unauthenticated("No network is chosen.", hint=CHOOSE)
        return network_id

    @property
    def _acts_in(self) -> Domain | None:
        return self.viewer.policy.domain if self.viewer.policy else self.system_domain

    @property
    def chain_id(self) -> UUID:
        """The journal chain of the Work: its domain's, or the operator's, where account matters belong."""
        if self._acts_in is None or self._acts_in.id is None or self.is_account_matter:
            return OPERATOR_CHAIN
        return self._acts_in.id

    @property
    def access(self) -> AccessView:
        """The network's policy as plugins see it. Raises Unauthenticated where no network is chosen."""
        if self.viewer.policy is None:
            raise Unauthenticated("No network is chosen.", hint=CHOOSE)
        return AccessView(self.network_id, self.viewer.policy, self.at)

    def require(self, capability: str, *, at: UUID | None = None, of: Facts | None = None) -> None:
        """Pass, or raise Forbidden with the decision. Of each capability the first yes is remembered for the journal.

        `at` is a location or (None) the whole network, `of` the facts of the object.
        """
        self.viewer.require(capability, at=at, of=of)
        self.granted.setdefault(capability, Granted(self.viewer, capability, at, of))

    def touches(self, kind: str, target_id: UUID, *, name: str | None = None, location_id: UUID | None = None) -> None:
        """Name what the Work is about, for its journal entry."""
        self.targets.append(Target(kind, target_id, name))
        if location_id is not None:
            self.location_id = location_id

    async def defer(self, job: Job, *, at: datetime | None = None, lock: str | None = None, **arguments: UUID) -> None:
        """Add a job that exists if and only if this Work commits; arguments are ids."""
        await defer(self.statements, job, arguments=arguments, at=at, queueing_lock=lock)

    async def set_scope(self) -> None:
        """Scope the transaction to this Work's viewer for row-level security."""
        account_id = self.viewer.account_id or (self.account[0] if self.account else None)
        network_id, partner_id = self._acts_in.columns if self._acts_in else (None, None)
        await self.statements.execute(
            SET_SCOPE,
            str(network_id or ""),
            str(partner_id or ""),
            "on" if self._acts_in == OPERATOR else "",
            str(account_id or ""),
            "on" if self.is_identity else "",
        )

    async def begin_entry(self) -> None:
        """Open the journal entry that the transaction's row changes belong to."""
        await self.statements.execute(BEGIN_ENTRY, self.chain_id, self.entry_id)

    async def append(self, task: Task, *, error: Exception | None = None) -> None:
        """Append the journal entry: the last statement of the transaction, since it takes the chain's head.

        The Work's own `event` says what became of it where that is not what the task set out to do.
        The chain of the Work owns its row changes; other chains, in ascending order, get the same words alone.
        """
        event = task.event if error is not None else self.event or task.event
        if event is None:
            return
        decision = self._decision(task, error)
        entry = self._entry(task, event, error, decision)
        payload, details = entry.payload(), entry.details()
        await self.statements.execute(APPEND_ENTRY, self.chain_id, self.entry_id, payload, details)
        for chain_id in sorted(self.also_chains - {self.chain_id}):
            await self.statements.execute(APPEND_ENTRY, chain_id, uuid7(), payload, details)
        if decision is not None:
            self._tell(event, decision)

    def _decision(self, task: Task, error: Exception | None) -> Decision | None:
        """The no that ended the Work, or the yes to the capability that its entry names."""
        if isinstance(error, Forbidden):
            return error.decision
        granted = self.granted.get(self.capability or task.capability or "")
        return granted.decision() if granted else None

    def _tell(self, event: EventType, decision: Decision) -> None:
        """Log the decision by the id that the entry and the error have."""
        log.info(
            "decided",
            request=str(self.caller.request_id),
            entry=str(self.entry_id),
            code=event.code,
            decision=str(decision.id),
            capability=decision.capability,
            allowed=decision.allowed,
            reason=decision.reason.value,
        )

    def _entry(self, task: Task, event: EventType, error: Exception | None, decision: Decision | None) -> Entry:
        device = self.caller.device
        return Entry(
            event=event,
            outcome=_outcome_of(error),
            at=self.at,
            actor=self._actor(),
            request=str(self.caller.request_id),
            session_id=self.session.id if self.session else None,
            factors=self.session.factors if self.session else (),
            device_id=device.id if device else None,
            location_id=self.location_id,
            operation=Operation(self.caller.operation_name, self.caller.document_hash),
            targets=tuple(self.targets),
            capability=decision.capability if decision else self.capability or task.capability,
            decision=decision.id if decision else None,
            ruling=decision.to_json() if decision else None,
            error=_code_of(error),
            counts=self.counts,
            actor_name=self.account[1] if self.account else self.name,
            ip=str(self.caller.address) if self.caller.address else None,
            user_agent=self.caller.user_agent or None,
            device_name=device.name if device else None,
            reason=self.reason,
        )

    def _actor(self) -> Actor:
        if self.account is not None:
            return Actor(ActorType.ACCOUNT, self.account[0])
        if self.viewer.specialist_id is not None:
            return Actor(ActorType.SPECIALIST, self.viewer.specialist_id, self.role_codes())
        if self.viewer.account_id is not None:
            return Actor(ACTOR_OF[self.comes_from], self.viewer.account_id, self.role_codes())
        return Actor(ActorType.SYSTEM, self.caller.transport)

    def role_codes(self) -> tuple[str, ...]:
        """The codes of the roles that the viewer holds now, sorted; of the network's own too."""
        policy, holder_id = self.viewer.policy, self.viewer.holder_id
        if policy is None or holder_id is None:
            return ()
        held = policy.holding(holder_id).assignments
        return tuple(sorted({assignment.role.code for assignment in held if assignment.stands(self.at)}))


def _outcome_of(error: Exception | None) -> Outcome:
    if error is None:
        return Outcome.OK
    return Outcome.DENIED if isinstance(error, UserError) else Outcome.FAILED


def _code_of(error: Exception | None) -> str | None:
    if error is None:
        return None
    return error.code if isinstance(error, UserError) else "INTERNAL"
