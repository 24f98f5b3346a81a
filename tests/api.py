"""The API as a client sees it: over HTTP, with a person's token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx

from policies import scopes
from policies.scopes import Domain


class Signed(Protocol):
    """Somebody who is signed in."""

    @property
    def token(self) -> str:
        """The bearer token of their session."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL answer: the status, the data, the errors, the extensions."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        """The data of an answer without errors."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error.get("extensions", {}).get("code", "") for error in self.body.get("errors", [])]


@dataclass(frozen=True, slots=True)
class Api:
    """A client of one server."""

    http: httpx.AsyncClient

    async def ask(
        self,
        document: str,
        person: Signed | None = None,
        *,
        network: UUID | None = None,
        domain: Domain | None = None,
        **variables: object,
    ) -> Answer:
        """Send a document as a person (or nobody), to act in a network or another domain."""
        headers = {"accept": "application/json"}
        if person is not None:
            headers["authorization"] = f"Bearer {person.token}"
        chosen = domain or (scopes.network(network) if network else None)
        if chosen is not None:
            headers["remit-domain"] = str(chosen)
        response = await self.http.post(
            "/graphql", json={"query": document, "variables": _plain(variables)}, headers=headers
        )
        return Answer(response.status_code, response.json())


def fresh_key() -> str:
    """An idempotency key of a new intention."""
    return str(uuid4())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
