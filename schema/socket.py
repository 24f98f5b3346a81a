"""The WebSocket door: the protocol graphql-transport-ws, with every message checked before Strawberry reads it.

An operation is checked like one over HTTP, and gets a context of its own: operations of one socket run at once.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message

from execution.context import RequestContext
from host import Host
from schema.operation_request import operation_of
from schema.refusals import RequestRefused
from work import Caller

LONGEST_ID: Final = 64
NAMED: Final = frozenset({"subscribe", "complete"})
"""Messages that name an operation."""


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

    async def handle_message(self, message: Message) -> None:
        """Handle a message, or close with 4400 for one that is none."""
        fault = _fault_of(message)
        if fault is not None:
            await self.handle_invalid_message(fault)
            return
        await super().handle_message(message)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Carry out one operation in a context of its own."""
        own = copy.copy(self)
        own.context = self.context.context()
        await super(SocketHandler, own).run_operation(operation)


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
