"""The running Remit: it opens Works, carries them to their commit or rollback, and journals what was refused.

May import `work` and below.

Order of a Work: begin, scope and session (`open_scope`), open the entry (`journal_begin`), the capability gate, the
operation with its jobs, and last the entry's append, which takes the chain's head; commit. A refusal or an error rolls
all of it back, and the attempt is journaled in a transaction of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import structlog
from asyncpg import Record
from prometheus_client import Counter
from uuid_utils.compat import uuid7

from audit.keys import Keys
from database.connections import Database
from database.sqlstate import sqlstate_of
from database.statements import Statements
from plugins.contract import Consequences, VerdictFamily
from policies.access_tests import AccessTest
from policies.catalogue import DomainKind
from policies.compile import DomainPolicy
from policies.release import Release
from policies.scopes import Domain, network
from policies.store import PolicyCache
from policies.viewer import Viewer, ViewerKind, viewer_in, viewer_without_domain
from settings import Settings
from work import BusyTryAgain, Caller, Session, Task, Unauthenticated, Work

log = structlog.get_logger(__name__)
T = TypeVar("T")

ATTEMPTS = 3
"""How often a Work is run when PostgreSQL ends it for a deadlock or a serialisation failure."""
RETRIED = frozenset({"40P01", "40001"})
LOCK_NOT_AVAILABLE = "55P03"
IDLE_TOUCH = timedelta(minutes=1)
READING = Task()

JOURNAL_UNWRITTEN = Counter("remit_journal_unwritten_total", "Refusals whose own journal entry could not be written.")

OPEN_SCOPE = "SELECT * FROM open_scope($1, $2, $3, $4)"
TOUCH_SESSION = """
UPDATE sessions SET last_seen_at = $2, idle_until = LEAST($2::timestamptz + (idle_until - last_seen_at), ends_at)
WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Host:
    """The running Remit: what every Work leans on. Made once by the composition, shared by all requests and jobs."""

    settings: Settings
    database: Database
    release: Release
    policies: PolicyCache
    keys: Keys
    consequences: Mapping[str, Consequences] = field(default_factory=dict)
    verdicts: Mapping[str, VerdictFamily[Any]] = field(default_factory=dict)
    access_tests: Mapping[str, Sequence[AccessTest]] = field(default_factory=dict)
    is_demo: bool = False
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _public_turns: asyncio.Semaphore = field(init=False, repr=False, compare=False)
    _live_turns: asyncio.Semaphore = field(init=False, repr=False, compare=False)
    _policy_readers: WeakValueDictionary[UUID, asyncio.Lock] = field(
        init=False, repr=False, compare=False, default_factory=WeakValueDictionary
    )

    def __post_init__(self) -> None:
        # A public Work takes a second connection to count its try. As many as there are connections would hold them
        # all and wait for one another; a third of them also leaves room for everybody else.
        turns = max(1, self.settings.database_connections // 3)
        object.__setattr__(self, "_public_turns", asyncio.Semaphore(turns))
        # One change of policy wakes all sockets of its network; requests must not queue behind them.
        object.__setattr__(self, "_live_turns", asyncio.Semaphore(turns))

    @asynccontextmanager
    async def read(self, caller: Caller) -> AsyncIterator[Work]:
        """Open a read-only Work: one snapshot in the caller's scope. Raises Unauthenticated."""
        async with self.database.read() as statements:
            work = await self._open(statements, caller)
            yield work
        await self._touch_session(work)

    @asynccontextmanager
    async def look_again(self, caller: Caller) -> AsyncIterator[Work]:
        """Open a read-only Work for what the caller has open. It is no use of the session, which may go idle meanwhile.

        Raises Unauthenticated.
        """
        async with self._live_turns, self.database.read() as statements:
            yield await self._open(statements, caller)

    async def policy_since(self, network_id: UUID, epoch: int) -> DomainPolicy:
        """A network's policy of this epoch or a later one, for nobody in particular; read once for all who wait for it.

        Raises NotFound.
        """
        async with self._policy_readers.setdefault(network_id, asyncio.Lock()):
            return self.policies.kept_since(network(network_id), epoch) or await self._read_policy(network_id)

    async def _read_policy(self, network_id: UUID) -> DomainPolicy:
        async with self.database.read() as statements:
            await self._open(statements, Caller(domain=network(network_id)), Task(is_system=True))
            return await self.policies.read(statements.fetch, network(network_id))

    @asynccontextmanager
    async def rehearsal(self, caller: Caller) -> AsyncIterator[Work]:
        """Open a Work that may write and is always rolled back: no row, job, signal or journal entry remains of it."""
        async with self.database.transaction() as statements:
            work = await self._open(statements, caller)
            await work.begin_entry()
            async with statements.savepoint() as savepoint:
                yield work
                await savepoint.roll_back()

    async def perform(self, caller: Caller, task: Task, run: Callable[[Work], Awaitable[T]]) -> T:
        """Run a Work to its commit and return what `run` returned.

        Raises what `run` raised, after the rollback and the journaling of the attempt; BusyTryAgain when PostgreSQL
        ended it three times for the sake of others, or when it waited for a lock longer than it had set out to.
        """
        async with self._public_turns if task.is_public else nullcontext():
            return await self._perform(caller, task, run)

    async def perform_as_system(
        self, domain: Domain | UUID | None, task: Task, run: Callable[[Work], Awaitable[T]], *, name: str = "system"
    ) -> T:
        """Run a Work that no person asked for, in a domain or (None) in the scope of identity, to its commit.

        A network may be named by its id alone. The Work's viewer is nobody and holds nothing; the journal names the
        system with `name`, a job's. Raises as `perform`.
        """
        caller = Caller(domain=network(domain) if isinstance(domain, UUID) else domain, transport=name)
        return await self.perform(caller, replace(task, is_system=True), run)

    async def _perform(self, caller: Caller, task: Task, run: Callable[[Work], Awaitable[T]]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            work = None
            try:
                async with self.database.transaction() as statements:
                    work = await self._open(statements, caller, task)
                    await work.begin_entry()
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
                await own.begin_entry()
                await own.append(task, error=error)
        except Exception:
            JOURNAL_UNWRITTEN.inc()
            log.exception("journal_unwritten", request=str(seen.caller.request_id), code=task.event.code)

    async def _open(self, statements: Statements, caller: Caller, task: Task = READING) -> Work:
        at = self.clock()
        anonymous = viewer_without_domain(self.release, now=at, address=caller.address)
        work = Work(
            host=self,
            caller=caller,
            viewer=anonymous,
            statements=statements,
            at=at,
            entry_id=uuid7(),
            is_identity=task.is_public or (task.is_system and caller.domain is None),
            is_account_matter=task.is_account_matter,
            system_domain=caller.domain if task.is_system else None,
        )
        if task.is_public or task.is_system or caller.token_hash is None:
            await work.set_scope()
            return work
        wanted = (caller.domain.kind, caller.domain.id) if caller.domain else (None, None)
        row = _known(await statements.fetchrow(OPEN_SCOPE, caller.token_hash, at, *wanted))
        work.session = Session.of(row, at=at)
        work.name = row["specialist_name"] or row["account_name"]
        work.comes_from = DomainKind(row["comes_from"]) if row["comes_from"] else None
        work.viewer = await self._viewer(row, work)
        return work

    async def _viewer(self, row: Record, work: Work) -> Viewer:
        if row["domain_kind"] is None:
            return viewer_without_domain(
                self.release,
                now=work.at,
                account_id=row["account_id"],
                session_id=row["session_id"],
                language=row["language"],
                address=work.caller.address,
            )
        domain = Domain(DomainKind(row["domain_kind"]), row["domain_id"])
        policy = await self.policies.policy(work.statements.fetch, domain, row["policy_epoch"])
        return viewer_in(
            policy,
            kind=ViewerKind(row["viewer_kind"]),
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
        try:
            async with self.database.transaction() as statements:
                await replace(work, statements=statements).set_scope()
                await statements.execute(TOUCH_SESSION, session.id, work.at)
        except Exception:
            # The answer is read already: that the session was seen a minute ago at the least is soon enough.
            log.warning("session_untouched", request=str(work.caller.request_id), exc_info=True)


def _known(row: Record | None) -> Record:
    if row is None:
        raise Unauthenticated("Your session is not known.")
    return row


def _worded(error: Exception) -> Exception:
    if sqlstate_of(error) in RETRIED | {LOCK_NOT_AVAILABLE}:
        return BusyTryAgain("Others were changing the same things at the same moment.")
    return error
