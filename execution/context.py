"""The state of one GraphQL request: who calls, the Work in hand, what was withheld."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from graphql import GraphQLResolveInfo
from strawberry.dataloader import DataLoader

from errors import UserError
from host import Host
from work import Caller, ResponseCookie, Task, Work

if TYPE_CHECKING:
    from execution.live import Live


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
        self.loaders: dict[int, DataLoader[Any, Any]] = {}
        self._work: Work | None = None
        self._open = AsyncExitStack()
        self._withheld: set[tuple[str, str]] = set()
        self._refusals: list[tuple[Work, Task, UserError]] = []

    @property
    def work(self) -> Work:
        """The Work in hand; there is one from the first root field on."""
        if self._work is None:
            raise RuntimeError("no Work is open: a relation was read outside of an operation")
        return self._work

    @property
    def has_work(self) -> bool:
        """Whether a Work is in hand."""
        return self._work is not None

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

    def withhold(self, info: GraphQLResolveInfo[Any], capability: str) -> None:
        """Note that a nested field was answered null for want of a capability."""
        self._withheld.add((f"{info.parent_type.name}.{info.field_name}", capability))

    def withheld(self) -> list[dict[str, str]]:
        """The withheld fields, each once, sorted: `extensions.withheld`."""
        return [{"field": field, "capability": capability} for field, capability in sorted(self._withheld)]
