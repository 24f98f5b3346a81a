"""What a request is told that never became an operation: a status, a code, a sentence, as a GraphQL error in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import orjson
from starlette.responses import Response

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class RequestRefused(Exception):
    """The request is answered before any document is looked at. `code` is permanent, the sentence is for people."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    def response(self) -> Response:
        """The answer: the same JSON as a GraphQL error, whatever the client accepts."""
        error = {"message": self.message, "extensions": {"code": self.code}}
        return Response(
            orjson.dumps({"errors": [error]}),
            status_code=self.status,
            headers=dict(self.headers),
            media_type="application/json; charset=utf-8",
        )
