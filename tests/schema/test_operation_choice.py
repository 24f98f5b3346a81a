"""A document with several operations is carried out only where one of them is named."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.schema.toy import StubHost, toy_app

TWO = 'query Greeting { hello } query Other { hello(name: "Ada") }'


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=toy_app(StubHost()))
    async with httpx.AsyncClient(transport=transport, base_url="https://remit.example") as opened:
        yield opened


async def test_the_named_operation_is_carried_out(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": TWO, "operationName": "Other"})

    assert response.json()["data"] == {"hello": "Hello Ada"}


async def test_several_operations_without_a_name_are_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": TWO})

    assert response.json() == {
        "errors": [
            {
                "message": "The document has several operations: say which one as operationName.",
                "extensions": {"code": "UNKNOWN_OPERATION"},
            }
        ]
    }
