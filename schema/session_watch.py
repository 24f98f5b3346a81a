"""When a socket has to be closed: its session is over, or nobody can say any more whether it is.

The session is looked at again when the epoch of its account moves and when its own time is up; not when the policy of a
network changes, which concerns the subscriptions.
"""

from __future__ import annotations

from typing import Final, NamedTuple, NoReturn

import structlog

from execution.live import seconds_until
from host import Host
from work import Caller, Unauthenticated

log = structlog.get_logger(__name__)


class Ending(NamedTuple):
    """The code and the reason of a close frame."""

    code: int
    reason: str


SESSION_OVER: Final = Ending(4403, "The session is over: sign in again")
TRY_LATER: Final = Ending(1013, "Whether the session lives cannot be read: try again later")


async def ending_of(host: Host, caller: Caller) -> Ending:
    """Wait until a socket of this caller has to be closed, and say how; for ever where nobody is signed in."""
    try:
        await _watch(host, caller)
    except Unauthenticated:
        return SESSION_OVER
    except Exception:
        log.warning("session_unread", request=str(caller.request_id), exc_info=True)
        return TRY_LATER


async def _watch(host: Host, caller: Caller) -> NoReturn:
    epochs = host.database.epochs
    with epochs.hold() as hold:
        await epochs.fresh()
        while True:
            async with host.look_again(caller) as work:
                session, account_id = work.session, work.viewer.account_id
            ends = [session.lasts_until] if session else []
            hold.renew({account_id: session.account_epoch} if session and account_id else {})
            await hold.change(within=seconds_until(ends, host=host))
