"""The state of one GraphQL request: who calls, the Work in hand, what was withheld."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from strawberry.dataloader import DataLoader

from errors import UserError
from execution.affordable import ANONYMOUS_LIMIT, SESSION_LIMIT, require_affordable
from host import Host
from policies.reach import Reach
from work import Caller, ResponseCookie, Task, Unauthenticated, Work

if TYPE_CHECKING:
    from execution.live import Live


@dataclass(frozen=True, slots=True)
class Told:
    """What a root field of a mutation has answered: it never runs twice, whichever executor asks again."""

    value: Any = None
    error: Exception | None = None

    def again(self) -> Any:
        """The value, or the error raised."""
        if self.error is not None:
            raise self.error
        return self.value


class RequestContext:
    """One a request. `work` is the read-only Work of the operation, of the mutation field just carried out, or of the
    event at hand of a subscription, which has `live`.
    """

    def __init__(self, host: Host, caller: Caller, *, over_socket: bool = False) -> None:
        self.host = host
        self.caller = caller
        self.over_socket = over_socket
        self.live: Live | None = None
        self.cookies: list[ResponseCookie] = []
        self.loaders: dict[tuple[int, int], DataLoader[Any, Any]] = {}
        self.told: dict[str, Told] = {}
        self.has_left_plan = False
        self._work: Work | None = None
        self._reaches: dict[str, Reach] = {}
        self._open = AsyncExitStack()
        self._cost: dict[str, int] = {}
        self._withheld: set[tuple[str, str]] = set()
        self._refusals: list[tuple[Work, Task, UserError]] = []

    @property
    def work(self) -> Work:
        """The Work in hand; there is one from the first root field on."""
        if self._work is None:
            raise RuntimeError("no Work is open: a relation was read outside of an operation")
        return self._work

    @property
    def is_nobody(self) -> bool:
        """Whether the caller names no session; one that is named may still be over."""
        return self.caller.token is None

    @property
    def has_work(self) -> bool:
        """Whether a Work is in hand."""
        return self._work is not None

    def reach(self, capability: str) -> Reach:
        """The objects to which the viewer of the Work in hand may do this; asked once for all fields and rows."""
        found = self._reaches.get(capability)
        if found is None:
            found = self._reaches[capability] = self.work.viewer.scope(capability)
        return found

    async def start_over(self) -> None:
        """Forget what a plan has read, and open the Work afresh: after an error the old one answers no more.

        What root fields of a mutation have told stays told.
        """
        self._withheld.clear()
        self._refusals.clear()
        if not self.has_work:
            return
        if not self.told:
            await self.reopen()
            return
        with suppress(Unauthenticated):
            await self.reopen()

    async def reopen(self) -> None:
        """Open a read-only Work for the relations that follow, in place of the one in hand."""
        await self.close()
        self._work = await self._open.enter_async_context(self.host.read(self.caller))

    async def open_event(self) -> Work:
        """Open the Work of a subscription's next event; what was withheld of the one before belongs to that one."""
        await self.close()
        self._withheld.clear()
        self._work = await self._open.enter_async_context(self.host.look_again(self.caller))
        return self._work

    async def close(self) -> None:
        """Close the Work in hand, if any; its loaders are forgotten with it, its refusals journaled behind it."""
        self._work = None
        self._reaches.clear()
        self.loaders.clear()
        try:
            await self._open.aclose()
        finally:
            await self._journal_refusals()

    def note_refusal(self, work: Work, task: Task, refusal: UserError) -> None:
        """Note what is to be journaled once the Work is closed."""
        self._refusals.append((work, task, refusal))

    async def _journal_refusals(self) -> None:
        # Behind the Work: who waits for a second connection while holding one waits for ever once all do.
        refusals, self._refusals = self._refusals, []
        for work, task, refusal in refusals:
            await self.host.journal_attempt(work, task, refusal)

    def withhold(self, field: str, capability: str) -> None:
        """Note that a nested field, named as `Type.field`, was answered null for want of a capability."""
        self._withheld.add((field, capability))

    def charge(self, points: int) -> None:
        """Note what the operation may cost. Raises CostExceeded."""
        limit = ANONYMOUS_LIMIT if self.is_nobody else SESSION_LIMIT
        self._cost = {"requested": points, "limit": limit}
        require_affordable(points, limit)

    def extensions(self, *, has_data: bool) -> dict[str, Any]:
        """The answer's `extensions`: what it may have cost, and the withheld fields, each once, sorted.

        Without data nothing is withheld: how far fields came that were given up is chance.
        """
        found: dict[str, Any] = {"cost": self._cost} if self._cost else {}
        if has_data and self._withheld:
            withheld = sorted(self._withheld)
            found["withheld"] = [{"field": field, "capability": capability} for field, capability in withheld]
        return found
