"""What a subscription lives on: its viewer's Works one after another, each with the rights of its own moment.

Order for an event: wait until an epoch differs or time alone may have changed the answer, pass over a policy that says
the same of the viewer, open a Work (session and policy are read in its snapshot), ask the capability again, yield. The
event is read from that Work, which is closed before the event is sent. So no event shows more than its viewer might
read when it was made, and a change of one person's rights costs the others no statement.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from database.epochs import OPERATOR_ID, EpochsUnread, Hold
from execution.context import RequestContext
from host import Host
from work import Task, Work


class Live:
    """Iterated, it opens a Work now, and another whenever its viewer may hold something else than in the one before.

    Raises what opening a Work raises, and Forbidden once the subscription's capability is no longer held.
    """

    def __init__(self, context: RequestContext, task: Task, hold: Hold) -> None:
        self._context = context
        self._task = task
        self._hold = hold
        self._work: Work | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Work:
        await self._context.close()
        if self._work is not None:
            await self._until_concerned(self._work)
        return await self._open()

    @property
    def work(self) -> Work:
        """The Work that was opened last."""
        if self._work is None:
            raise RuntimeError("a subscription's first Work is opened by iterating over it")
        return self._work

    async def ensure_open(self) -> None:
        """Open a Work without waiting for a change, unless one is in hand: for an event of the subscription's own."""
        if not self._context.has_work:
            await self._open()

    async def _open(self) -> Work:
        self._work = await self._context.open_event()
        self._hold.renew(epochs_of(self._work))
        self._task.gate(self._work.viewer)
        return self._work

    async def _until_concerned(self, work: Work) -> None:
        while True:
            await self._hold.change(within=seconds_until(_boundaries(work), host=work.host))
            if not await self._concerns_others(work):
                return

    async def _concerns_others(self, work: Work) -> bool:
        """Whether only the network's policy is another, and says the same of the viewer; it is held from now on."""
        viewer, differing, network_id = work.viewer, self._hold.differing, work.viewer.network_id
        if viewer.policy is None or viewer.holder_id is None or network_id is None or [*differing] != [network_id]:
            return False
        if differing[network_id] < viewer.epoch:
            return False
        policy = await work.host.policy_since(network_id, differing[network_id])
        if not policy.says_the_same(viewer.policy, viewer.holder_id):
            return False
        work.viewer = replace(viewer, policy=policy)  # the old one is let go of
        self._hold.renew({**self._hold.held, network_id: policy.epoch})
        return True

    async def may_be_told(self) -> bool:
        """Whether the event that was read last may go out. After a pause of the process the epochs are read first."""
        epochs = self._context.host.database.epochs
        if epochs.is_fresh:
            return True
        try:
            await epochs.fresh()
        except EpochsUnread:
            return False
        return not self._hold.differing


def epochs_of(work: Work) -> dict[UUID, int]:
    """The epochs that a Work was opened under, by the id of the viewer's domain and of the viewer's account."""
    found = {}
    viewer = work.viewer
    if viewer.policy is not None:
        found[viewer.policy.domain.id or OPERATOR_ID] = viewer.epoch
    if work.session is not None and viewer.account_id is not None:
        found[viewer.account_id] = work.session.account_epoch
    return found


def seconds_until(instants: Collection[datetime], *, host: Host) -> float:
    """The seconds from the host's now until the first of these instants; infinitely many without any."""
    return (min(instants) - host.clock()) / timedelta(seconds=1) if instants else math.inf


def _boundaries(work: Work) -> list[datetime]:
    """The instants at which time alone changes the session or what the viewer holds."""
    found = [work.session.lasts_until] if work.session is not None else []
    if work.viewer.policy is not None and work.viewer.holder_id is not None:
        found.append(work.viewer.policy.fresh_until(work.viewer.holder_id, work.at))
    return found
