"""An operation as it comes over HTTP: its body or query string, read so that no input can break the process.

Order: size and time, JSON, nesting, top level, parameters, strings. The first failure is the answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request

from schema.media_types import check_body_type
from schema.refusals import RequestRefused

LARGEST_BODY: Final = 1024 * 1024
"""Bytes of a body at the most; counted while they arrive, since Content-Length is only a claim."""

BODY_SECONDS: Final = 10.0
DEEPEST: Final = 64
"""Levels of nesting in JSON: far more than any input type has, far less than Python's recursion takes."""

WHOLE: Final = "the body"
NUL_IN_DOCUMENT: Final = re.compile(r"\x00|\\u(?:0000|\{0+\})")


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What a client asks to be carried out."""

    document: str
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None


async def read_operation(request: Request) -> OperationRequest:
    """The operation of a POST's body or of a GET's query string. Raises RequestRefused."""
    if request.method == "GET":
        return operation_of(_parameters_of_query(request.query_params))
    check_body_type(request.headers.get("content-type"), request.headers.get("content-encoding"))
    return operation_of(_parameters_of_body(await _body(request)))


def read_json(raw: bytes | str, *, where: str = WHOLE) -> Any:
    """Parse JSON from a stranger. Raises RequestRefused for what is not JSON, and for what is nested too deeply."""
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RequestRefused(400, "BODY_NOT_JSON", f"Not JSON in {where}: {error}.") from error
    _refuse_depth(parsed, where)
    return parsed


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise RequestRefused(
                        413,
                        "BODY_TOO_LARGE",
                        f"The body may have {LARGEST_BODY} bytes.",
                        headers={"Connection": "close"},
                    )
    except TimeoutError as error:
        raise RequestRefused(
            408, "BODY_TOO_SLOW", f"The body did not arrive within {BODY_SECONDS:.0f} seconds."
        ) from error
    return bytes(body)


def _parameters_of_body(body: bytes) -> Mapping[str, Any]:
    parsed = read_json(body)
    if isinstance(parsed, list):
        raise RequestRefused(400, "BATCH_NOT_ALLOWED", "Send one operation a request; lists are not taken.")
    if not isinstance(parsed, dict):
        raise RequestRefused(400, "BODY_NOT_OBJECT", 'The body is an object, such as {"query": "{ __typename }"}.')
    return parsed


def _parameters_of_query(params: QueryParams) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name in ("query", "operationName", "variables", "extensions"):
        values = params.getlist(name)
        if len(values) > 1:
            raise RequestRefused(400, "BAD_PARAMETER", f"The parameter {name} is given {len(values)} times.")
        if values:
            found[name] = values[0]
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = read_json(found[name], where=name)
    return found


def operation_of(parameters: Mapping[str, Any]) -> OperationRequest:
    """The operation that these parameters make, over HTTP or a socket. Raises RequestRefused."""
    document = _parameter(parameters, "query", str, "a string")
    if not document:
        raise RequestRefused(400, "MISSING_DOCUMENT", "There is no document: send it as the parameter query.")
    if NUL_IN_DOCUMENT.search(document):
        raise RequestRefused(400, "BAD_STRING", "The character U+0000 cannot be stored; take it out of the document.")
    variables = _parameter(parameters, "variables", dict, "an object")
    if variables is not None:
        _refuse_nul(variables)
    return OperationRequest(
        document=document,
        variables=variables,
        operation_name=_parameter(parameters, "operationName", str, "a string"),
        extensions=_parameter(parameters, "extensions", dict, "an object"),
    )


def _parameter(parameters: Mapping[str, Any], name: str, kind: type, words: str) -> Any:
    value = parameters.get(name)
    if value is not None and not isinstance(value, kind):
        raise RequestRefused(400, "BAD_PARAMETER", f"The parameter {name} is {words}, or null.")
    return value


def _refuse_depth(parsed: Any, where: str) -> None:
    """Level by level and without recursion: the recursion is what a deep value would break."""
    level = [parsed]
    for _ in range(DEEPEST):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise RequestRefused(400, "BODY_TOO_DEEP", f"The JSON in {where} is nested more than {DEEPEST} levels deep.")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse_nul(variables: dict[str, Any]) -> None:
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), variables)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str) and "\x00" in value:
            place = ".".join(map(str, path))
            raise RequestRefused(400, "BAD_STRING", f"The character U+0000 at variables.{place} cannot be stored.")
        if isinstance(value, dict):
            waiting += [((*path, key), child) for key, child in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), child) for index, child in enumerate(value)]
