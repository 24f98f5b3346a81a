"""One unit of work: a transaction with its viewer, its journal entry and its jobs; and the reads beside it.

May import `audit`, `policies`, `jobs`, `database`, `plugins.contract` and below.

Order of a Work: begin, scope and session (`open_scope`), open the entry (`journal_begin`), the capability gate, the
operation with its jobs, and last the entry's append, which takes the chain's head; commit. A refusal or an error rolls
all of it back, and the attempt is journaled in a transaction of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Self, TypeVar
from uuid import UUID

import structlog
from asyncpg import Record
from prometheus_client import Counter
from uuid_utils.compat import uuid7

from audit.devices import Device
from audit.entries import OPERATOR_CHAIN, Actor, ActorType, Area, Entry, EventType, Operation, Outcome, Target
from audit.keys import Keys
from database.connections import Database
from database.sqlstate import sqlstate_of
from database.statements import Statements
from errors import UserError
from jobs import Job, defer
from plugins.contract import AccessView, Consequences
from policies.decisions import Forbidden
from policies.limits import Address
from policies.release import Release
from policies.scopes import network
from policies.store import PolicyCache
from policies.viewer import Viewer, ViewerKind, viewer_in, viewer_without_domain
from settings import Settings

log = structlog.get_logger(__name__)
T = TypeVar("T")

ATTEMPTS = 3
"""How often a Work is run when PostgreSQL ends it for a deadlock or a serialisation failure."""
RETRIED = frozenset({"40P01", "40001"})
IDLE_TOUCH = timedelta(minutes=1)

JOURNAL_UNWRITTEN = Counter("remit_journal_unwritten_total", "Refusals whose own journal entry could not be written.")

OPEN_SCOPE = "SELECT * FROM open_scope($1, $2)"
SET_SCOPE = """
SELECT set_config('remit.network_id', $1, true), set_config('remit.account_id', $2, true),
       set_config('remit.identity', $3, true)
"""
BEGIN_ENTRY = "SELECT journal_begin($1, $2)"
APPEND_ENTRY = "SELECT journal_append($1, $2, $3, $4)"
TOUCH_SESSION = """
UPDATE sessions SET last_seen_at = $2, idle_until = LEAST($2 + (idle_until - last_seen_at), ends_at) WHERE id = $1
"""


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
    """What is known of a request before the database is asked: from where, with which token, for which network."""

    token: str | None = None
    network_id: UUID | None = None
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
    """The session that a request came with, as the statement that opened its transaction read it."""

    id: UUID
    kind: str
    factors: tuple[str, ...]
    device_id: UUID
    last_seen_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, row: Record, *, at: datetime) -> Self:
        """The living session of an `open_scope` row. Raises Unauthenticated for one that is over."""
        if row["session_state"] == "ENDED" or row["account_state"] != "ACTIVE":
            raise Unauthenticated("Your session was ended.")
        if row["session_state"] == "LOCKED" or min(row["idle_until"], row["ends_at"]) <= at:
            raise Unauthenticated("Your session is over: it was unused for too long, or it reached its end.")
        return cls(
            row["session_id"],
            row["session_kind"],
            tuple(row["factors"]),
            row["device_id"],
            row["last_seen_at"],
            row["ends_at"],
        )


@dataclass(frozen=True, slots=True)
class ResponseCookie:
    """A cookie that goes out with the answer, for `max_age` seconds; without a value it is taken away.

    `name` is without the prefix `__Host-`, which the answer adds where cookies are secure.
    """

    name: str
    value: str | None
    max_age: int


@dataclass(slots=True, kw_only=True)
class Work:
    """A transaction in hand. Operations read and write through `statements`; the ORM joins in by itself.

    `at` is the Work's clock: one instant for everything in it. What the journal shall say is set on the Work.
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
    system_network_id: UUID | None = None
    location_id: UUID | None = None
    targets: list[Target] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    name: str | None = None
    account: tuple[UUID, str] | None = None
    also_chains: set[UUID] = field(default_factory=set)
    cookies: list[ResponseCookie] = field(default_factory=list)

    @property
    def network_id(self) -> UUID:
        """The network that the Work acts in. Raises Unauthenticated where the viewer has chosen none."""
        if self._acts_in is None:
            raise Unauthenticated("No network is chosen.", hint="Send the header Remit-Network with a network's id.")
        return self._acts_in

    @property
    def _acts_in(self) -> UUID | None:
        return self.viewer.network_id or self.system_network_id

    @property
    def chain_id(self) -> UUID:
        """The journal chain of the Work: its network's, or the operator's, where account matters belong."""
        return OPERATOR_CHAIN if self.is_account_matter else self._acts_in or OPERATOR_CHAIN

    @property
    def access(self) -> AccessView:
        """The network's policy as plugins see it. Raises Unauthenticated where no network is chosen."""
        if self.viewer.policy is None:
            raise Unauthenticated("No network is chosen.", hint="Send the header Remit-Network with a network's id.")
        return AccessView(self.network_id, self.viewer.policy, self.at)

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
        await self.statements.execute(
            SET_SCOPE, str(self._acts_in or ""), str(account_id or ""), "on" if self.is_identity else ""
        )

    async def append(self, task: Task, *, error: Exception | None = None) -> None:
        """Append the journal entry: the last statement of the transaction, since it takes the chain's head.

        The chain of the Work owns its row changes; other chains, in ascending order, get the same words alone.
        """
        if task.event is None:
            return
        entry = self._entry(task, task.event, error)
        payload, details = entry.payload(), entry.details()
        await self.statements.execute(APPEND_ENTRY, self.chain_id, self.entry_id, payload, details)
        for chain_id in sorted(self.also_chains - {self.chain_id}):
            await self.statements.execute(APPEND_ENTRY, chain_id, uuid7(), payload, details)

    def _entry(self, task: Task, event: EventType, error: Exception | None) -> Entry:
        decision = error.decision if isinstance(error, Forbidden) else None
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
            capability=decision.capability if decision else task.capability,
            decision=decision.id if decision else None,
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
            return Actor(ActorType.ACCOUNT, self.viewer.account_id)
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


@dataclass(frozen=True, slots=True)
class Host:
    """The running Remit: what every Work leans on. Made once by the composition, shared by all requests and jobs."""

    settings: Settings
    database: Database
    release: Release
    policies: PolicyCache
    keys: Keys
    consequences: Mapping[str, Consequences] = field(default_factory=dict)
    is_demo: bool = False
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _public_turns: asyncio.Semaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A public Work takes a second connection to count its try. As many as there are connections would hold them
        # all and wait for one another; a third of them also leaves room for everybody else.
        turns = max(1, self.settings.database_connections // 3)
        object.__setattr__(self, "_public_turns", asyncio.Semaphore(turns))

    @asynccontextmanager
    async def read(self, caller: Caller) -> AsyncIterator[Work]:
        """Open a read-only Work: one snapshot in the caller's scope. Raises Unauthenticated."""
        async with self.database.read() as statements:
            work = await self._open(statements, caller)
            yield work
        await self._touch_session(work)

    @asynccontextmanager
    async def rehearsal(self, caller: Caller) -> AsyncIterator[Work]:
        """Open a Work that may write and is always rolled back: no row, job, signal or journal entry remains of it."""
        async with self.database.transaction() as statements:
            work = await self._open(statements, caller)
            await statements.execute(BEGIN_ENTRY, work.chain_id, work.entry_id)
            async with statements.savepoint() as savepoint:
                yield work
                await savepoint.roll_back()

    async def perform(self, caller: Caller, task: Task, run: Callable[[Work], Awaitable[T]]) -> T:
        """Run a Work to its commit and return what `run` returned.

        Raises what `run` raised, after the rollback and the journaling of the attempt; BusyTryAgain when PostgreSQL
        ended it three times for the sake of others.
        """
        async with self._public_turns if task.is_public else nullcontext():
            return await self._perform(caller, task, run)

    async def perform_as_system(
        self, network_id: UUID | None, task: Task, run: Callable[[Work], Awaitable[T]], *, name: str = "system"
    ) -> T:
        """Run a Work that no person asked for, in a network or (None) in the scope of identity, to its commit.

        Its viewer is nobody and holds nothing; the journal names the system with `name`, a job's. Raises as `perform`.
        """
        caller = Caller(network_id=network_id, transport=name)
        return await self.perform(caller, replace(task, is_system=True), run)

    async def _perform(self, caller: Caller, task: Task, run: Callable[[Work], Awaitable[T]]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            work = None
            try:
                async with self.database.transaction() as statements:
                    work = await self._open(statements, caller, task)
                    await statements.execute(BEGIN_ENTRY, work.chain_id, work.entry_id)
                    result = await run(work)
                    await work.append(task)
                return result
            except Exception as error:
                if sqlstate_of(error) in RETRIED and attempt < ATTEMPTS:
                    continue
                answer = _worded(error)
                await self.journal_attempt(work, task, answer)
                if answer is error:
                    raise
                raise answer from error
        raise AssertionError("the last attempt returns or raises")

    async def journal_attempt(self, seen: Work | None, task: Task, error: Exception) -> None:
        """Journal a refused or failed attempt in a transaction of its own, after its Work is gone.

        The answer stays the refusal even where this cannot be written: then a log line and a counter say so.
        """
        if seen is None or task.event is None or isinstance(error, Unauthenticated):
            return  # who is nobody is refused and counted, not journaled: strangers must not hold a chain's head
        try:
            async with self.database.transaction() as statements:
                own = replace(seen, statements=statements, entry_id=uuid7())
                await own.set_scope()
                await statements.execute(BEGIN_ENTRY, own.chain_id, own.entry_id)
                await own.append(task, error=error)
        except Exception:
            JOURNAL_UNWRITTEN.inc()
            log.exception("journal_unwritten", request=str(seen.caller.request_id), code=task.event.code)

    async def _open(self, statements: Statements, caller: Caller, task: Task = Task()) -> Work:
        at = self.clock()
        anonymous = viewer_without_domain(self.release, now=at, address=caller.address)
        work = Work(
            host=self,
            caller=caller,
            viewer=anonymous,
            statements=statements,
            at=at,
            entry_id=uuid7(),
            is_identity=task.is_public or (task.is_system and caller.network_id is None),
            is_account_matter=task.is_account_matter,
            system_network_id=caller.network_id if task.is_system else None,
        )
        if task.is_public or task.is_system or caller.token_hash is None:
            await work.set_scope()
            return work
        row = _known(await statements.fetchrow(OPEN_SCOPE, caller.token_hash, caller.network_id))
        work.session = Session.of(row, at=at)
        work.name = row["specialist_name"] or row["account_name"]
        work.viewer = await self._viewer(row, work)
        return work

    async def _viewer(self, row: Record, work: Work) -> Viewer:
        if row["network_id"] is None:
            return viewer_without_domain(
                self.release,
                now=work.at,
                account_id=row["account_id"],
                session_id=row["session_id"],
                language=row["language"],
                address=work.caller.address,
            )
        policy = await self.policies.policy(work.statements.fetch, network(row["network_id"]), row["policy_epoch"])
        return viewer_in(
            policy,
            kind=ViewerKind.SERVICE if row["specialist_kind"] == "SERVICE" else ViewerKind.SPECIALIST,
            account_id=row["account_id"],
            specialist_id=row["specialist_id"],
            session_id=row["session_id"],
            language=row["language"],
            address=work.caller.address,
            network_name=row["network_name"],
            now=work.at,
        )

    async def _touch_session(self, work: Work) -> None:
        session = work.session
        if session is None or work.at - session.last_seen_at < IDLE_TOUCH:
            return
        async with self.database.transaction() as statements:
            await replace(work, statements=statements).set_scope()
            await statements.execute(TOUCH_SESSION, session.id, work.at)


def _known(row: Record | None) -> Record:
    if row is None:
        raise Unauthenticated("Your session is not known.")
    return row


def _worded(error: Exception) -> Exception:
    if sqlstate_of(error) in RETRIED:
        return BusyTryAgain("Others were changing the same things at the same moment.")
    return error
