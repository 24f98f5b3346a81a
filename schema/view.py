"""The HTTP and WebSocket door of the API: from a connection to an operation, and from its result to an answer.

Order over HTTP: method, credentials and origin, media types, body, JSON, parameters; the first failure answers. Then
the schema carries the operation out. A request error (nothing was executed) has no `data`; its status is 400 where
the client takes `application/graphql-response+json`, and 200 where it takes plain JSON (GraphQL over HTTP, draft, 6.4).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

import orjson
from graphql import GraphQLError, GraphQLSyntaxError
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from audit.devices import SCOPE_ADDRESS, SCOPE_DEVICE
from execution.context import RequestContext
from execution.masking import UNAVAILABLE
from host import Host
from policies.scopes import Domain, domain_of, network
from schema.builder import RemitSchema
from schema.credentials import SESSION_COOKIE, Credentials, Token, bearer_token
from schema.media_types import GRAPHQL, answer_type
from schema.operation_request import OperationRequest, read_json, read_operation
from schema.refusals import RequestRefused
from schema.scalars import NOBODY
from schema.socket import Socket, SocketAdapter, SocketHandler
from work import Caller, ResponseCookie, Unauthenticated

OPERATION: Final = "remit.operation"
"""Key of the operation's name in the ASGI scope, for the request's log line."""

DOMAIN_HEADER: Final = "Remit-Domain"
METHODS: Final = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
INIT_SECONDS: Final = 5
SUBSCRIPTIONS: Final = 20
"""Operations of one socket at a time."""

ERRORS_SHOWN: Final = 5
RETRY_AFTER_SECONDS: Final = 5


class GraphQLView(GraphQL[Any, None]):
    """The ASGI application at /graphql. Strawberry's class carries the socket; HTTP is answered here.

    `request_id_key` names the place in the ASGI scope where the request's id is.
    """

    websocket_adapter_class = SocketAdapter
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(self, host: Host, schema: RemitSchema, *, credentials: Credentials, request_id_key: str) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=SUBSCRIPTIONS,
            allowed_origins=("*",),  # a bearer may come from anywhere; the cookie's origin is checked by `credentials`
        )
        self._host = host
        self._credentials = credentials
        self._request_id_key = request_id_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "websocket":
            await self._serve_socket(WebSocket(scope, receive, send))
            return
        try:
            response = await self._answer(Request(scope, receive))
        except RequestRefused as refusal:
            response = refusal.response()
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in METHODS:
            raise RequestRefused(405, "METHOD_NOT_ALLOWED", "Use POST, or GET for queries.", headers=_allow(*METHODS))
        context = RequestContext(self._host, self._caller(request, self._credentials.token(request), transport="http"))
        media_type = answer_type(request.headers.get("accept"))
        asked = await read_operation(request)
        result = await self._carry_out(asked, context, method=request.method)
        request.scope[OPERATION] = context.caller.operation_name
        return self._respond(result, context, media_type=media_type)

    async def _carry_out(self, asked: OperationRequest, context: RequestContext, *, method: str) -> ExecutionResult:
        try:
            return await self.schema.execute(
                asked.document,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=METHODS[method],
                operation_extensions=asked.extensions,
            )
        except InvalidOperationTypeError as error:
            raise _misplaced(error.operation_type) from error
        except CannotGetOperationTypeError as error:
            unknown = GraphQLError(error.as_http_error_reason(), extensions={"code": "UNKNOWN_OPERATION"})
            return ExecutionResult(data=None, errors=[unknown])

    def _respond(self, result: ExecutionResult, context: RequestContext, *, media_type: str) -> Response:
        errors = result.errors or []
        is_request_error = result.data is None and all(error.path is None for error in errors)
        body: dict[str, Any] = {} if is_request_error else {"data": result.data}
        if errors:
            body["errors"] = [_formatted(error, is_request_error) for error in errors[:ERRORS_SHOWN]]
        if result.extensions:
            body["extensions"] = result.extensions
        response = Response(
            orjson.dumps(body),
            status_code=_status(errors, is_request_error and media_type == GRAPHQL),
            media_type=f"{media_type}; charset=utf-8",
        )
        self._complete(response, context)
        return response

    def _complete(self, response: Response, context: RequestContext) -> None:
        for cookie in context.cookies:
            self._set_cookie(response, cookie)
        if response.status_code == 503:
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        if response.status_code == 401 and context.caller.is_cookie:
            # A dead session's: without it, signing in begins afresh
            self._set_cookie(response, ResponseCookie(SESSION_COOKIE, None, 0))
        elif response.status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"

    def _set_cookie(self, response: Response, cookie: ResponseCookie) -> None:
        response.set_cookie(
            self._credentials.cookie_name(cookie.name),
            cookie.value or "",
            max_age=0 if cookie.value is None else cookie.max_age,
            path="/",
            secure=self._credentials.secure_cookies,
            httponly=True,
            samesite="strict",
        )

    async def _serve_socket(self, websocket: WebSocket) -> None:
        try:
            caller = self._caller(websocket, self._credentials.token(websocket), transport="socket")
        except RequestRefused as refusal:
            await websocket.send_denial_response(refusal.response())
            return
        await self.run(websocket, context=Socket(self._host, caller))

    async def on_ws_connect(self, context: Socket) -> UnsetType | dict[str, object] | None:
        """Take the bearer and the domain that come with `connection_init`: browsers cannot set a socket's headers."""
        chosen = context.connection_params.get("remit-domain")
        if chosen is not None:
            context.caller = replace(context.caller, domain=_domain(str(chosen)))
        authorization = context.connection_params.get("authorization")
        if authorization is not None:
            context.caller = replace(context.caller, token=_bearer_of(authorization, context.caller))
        return cast(UnsetType, UNSET)  # acknowledged without a payload

    def decode_json(self, data: str | bytes) -> object:
        """Parse a socket's message; what is refused is not JSON to Strawberry, which closes with 4400."""
        try:
            return read_json(data)
        except RequestRefused as refusal:
            raise orjson.JSONDecodeError(refusal.message, "", 0) from refusal

    def encode_json(self, data: object) -> str:
        """Text, since bytes would leave as a binary frame, which the protocol does not have."""
        return orjson.dumps(data).decode()

    def _caller(self, connection: HTTPConnection, token: Token, *, transport: str) -> Caller:
        device = connection.scope.get(SCOPE_DEVICE)
        return Caller(
            token=token.value,
            domain=_domain(connection.headers.get(DOMAIN_HEADER)),
            device=device,
            address=connection.scope.get(SCOPE_ADDRESS),
            user_agent=device.user_agent if device else "",
            request_id=connection.scope[self._request_id_key],
            transport=transport,
            is_cookie=token.is_cookie,
        )


def _bearer_of(authorization: object, caller: Caller) -> str:
    if not isinstance(authorization, str) or caller.token is not None:
        raise ConnectionRejectionError
    try:
        return bearer_token(authorization)
    except RequestRefused as refusal:
        raise ConnectionRejectionError from refusal


def _domain(text: str | None) -> Domain | None:
    """The domain that a request names; a malformed name is that of no domain, never of the only one."""
    if text is None:
        return None
    try:
        return domain_of(text)
    except ValueError:
        return network(NOBODY)


def _allow(*methods: str) -> dict[str, str]:
    return {"Allow": ", ".join(methods)}


def _misplaced(operation_type: OperationType) -> RequestRefused:
    if operation_type is OperationType.SUBSCRIPTION:
        return RequestRefused(
            400, "SUBSCRIPTION_NEEDS_SOCKET", f"Subscribe over a WebSocket of {GRAPHQL_TRANSPORT_WS_PROTOCOL}."
        )
    return RequestRefused(405, "OPERATION_NOT_ALLOWED", "Mutations are sent by POST.", headers=_allow("POST"))


def _status(errors: list[GraphQLError], tells_request_errors: bool) -> int:
    codes = {_code(error) for error in errors}
    if UNAVAILABLE in codes:
        return 503
    if codes == {Unauthenticated.code}:
        return 401
    return 400 if tells_request_errors else 200


def _formatted(error: GraphQLError, is_request_error: bool) -> dict[str, Any]:
    formatted: dict[str, Any] = dict(error.formatted)
    if is_request_error and _code(error) is None:
        code = "PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "VALIDATION_FAILED"
        formatted["extensions"] = {**(error.extensions or {}), "code": code}
    return formatted


def _code(error: GraphQLError) -> Any:
    return (error.extensions or {}).get("code")
