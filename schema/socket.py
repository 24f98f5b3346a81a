"""The WebSocket door: the protocol graphql-transport-ws, with every message checked before Strawberry reads it.

An operation is checked like one over HTTP, and gets a context of its own: operations of one socket run at once. From
`connection_ack` on the socket's session is watched, and its end closes the socket behind the last words of its
operations.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types import ExecutionResult

from execution.context import RequestContext
from execution.masking import UNAVAILABLE
from host import Host
from schema.operation_request import operation_of
from schema.refusals import RequestRefused
from schema.session_watch import ending_of
from work import Caller

LONGEST_ID: Final = 64
NAMED: Final = frozenset({"subscribe", "complete"})
"""Messages that name an operation."""

LAST_WORDS_SECONDS: Final = 0.25
"""How long the operations of a socket have to say why they end, before it is closed."""


@dataclass(slots=True)
class Socket:
    """One connection: who calls, as the handshake and `connection_init` say together.

    Strawberry writes the payload of `connection_init` into `connection_params`.
    """

    host: Host
    caller: Caller
    connection_params: dict[str, object] = field(default_factory=dict)

    def context(self) -> RequestContext:
        """The context of one operation."""
        return RequestContext(self.host, self.caller, over_socket=True)


class SocketAdapter(ASGIWebSocketAdapter):
    """Strawberry's way to the socket, for a peer that may be gone at any moment."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send one message. Raises WebSocketDisconnected where nobody is there any more."""
        try:
            await self.ws.send_text(cast(str, self.view.encode_json(message)))
        except (WebSocketDisconnect, RuntimeError) as error:
            # Starlette says RuntimeError for a socket that this side has closed
            raise WebSocketDisconnected from error


class SocketHandler(BaseGraphQLTransportWSHandler[Any, None]):
    """Strawberry's handler of the protocol, which trusts the form of messages: they are checked here first."""

    _watch: asyncio.Task[None] | None = None

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Begin, and from now on watch the session that the socket was opened with."""
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self._watch is None:
            self._watch = asyncio.create_task(self._close_with_session())

    async def handle_message(self, message: Message) -> None:
        """Handle a message, or close with 4400 for one that is none."""
        fault = _fault_of(message)
        if fault is not None:
            await self.handle_invalid_message(fault)
            return
        await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, or refuse it where the socket has as many as it may."""
        most = self.max_subscriptions_per_connection or 0
        if self.connection_acknowledged and message["id"] not in self.operations and len(self.operations) >= most:
            refused: Message = {"id": message["id"], "type": "error", "payload": [_too_many(most).formatted]}
            await self.send_message(refused)
            return
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Carry out one operation in a context of its own."""
        own = copy.copy(self)
        own.context = self.context.context()
        await super(SocketHandler, own).run_operation(operation)

    async def shutdown(self) -> None:
        """End what the socket has open."""
        if self._watch is not None:
            self._watch.cancel()
        await super().shutdown()

    async def _close_with_session(self) -> None:
        ending = await ending_of(self.context.host, self.context.caller)
        speaking = [operation.task for operation in self.operations.values() if operation.task]
        if speaking:
            await asyncio.wait(speaking, timeout=LAST_WORDS_SECONDS)
        with suppress(RuntimeError):  # Starlette's, for a socket that is closed already
            await self.websocket.close(*ending)

    async def _send_result_stream(self, operation: Operation[Any, None], result_source: AsyncIterator[Any]) -> None:
        async with aclosing(self._tellable(operation, result_source)) as results:
            await super()._send_result_stream(operation, results)

    async def _tellable(
        self, operation: Operation[Any, None], results: AsyncIterator[Any]
    ) -> AsyncGenerator[Any, None]:
        """The results that may go out. What ends a subscription goes out as `error`, and nothing after it."""
        async for result in results:
            live = self.context.live
            if live is not None and _is_end(result):
                await operation.send_initial_errors(result.errors)
                return
            if live is not None and not await live.may_be_told():
                await operation.send_initial_errors([_paused()])
                return
            yield result


def _is_end(result: ExecutionResult) -> bool:
    """Whether the subscription itself has failed; the errors of an event have a path."""
    return result.data is None and any(error.path is None for error in result.errors or ())


def _too_many(most: int) -> GraphQLError:
    return GraphQLError(
        f"A socket carries {most} operations at a time.",
        extensions={"code": "TOO_MANY_SUBSCRIPTIONS", "hint": "Complete one, or open another socket."},
    )


def _paused() -> GraphQLError:
    return GraphQLError(
        "This could not be told in time, and may have changed since.",
        extensions={"code": UNAVAILABLE, "hint": "Subscribe again."},
    )


def _fault_of(message: object) -> str | None:
    """Why this is no message of the protocol, in the words of a close frame (at most 123 bytes); None if it is one."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is an object with a type"
    if message["type"] in NAMED and not _is_id(message.get("id")):
        return f"An id is a text of 1 to {LONGEST_ID} characters"
    if message["type"] == "subscribe":
        return _fault_of_operation(message.get("payload"))
    return None


def _fault_of_operation(payload: object) -> str | None:
    if not isinstance(payload, dict):
        return "The payload of subscribe is an object"
    try:
        operation_of(payload)
    except RequestRefused as refusal:
        return refusal.code
    return None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_ID
