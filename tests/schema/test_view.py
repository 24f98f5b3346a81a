"""The HTTP door: what is answered before an operation, and how an operation is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest

from policies.scopes import OPERATOR, Domain, network, partner
from schema import operation_request
from schema.operation_request import LARGEST_BODY
from schema.scalars import NOBODY
from tests.schema.toy import StubHost, toy_app

HELLO = "{ hello }"
ANSWER = {"data": {"hello": "Hello you"}, "extensions": {"cost": {"requested": 0, "limit": 100}}}
GRAPHQL = "application/graphql-response+json"
COOKIE = "__Host-remit_session"
SAME_ORIGIN = {"Origin": "https://remit.example"}


@pytest.fixture
def host() -> StubHost:
    return StubHost()


@pytest.fixture
async def client(host: StubHost) -> AsyncIterator[httpx.AsyncClient]:
    app = toy_app(host, app_origin="https://app.example.com")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://remit.example") as client:
        yield client


async def ask(client: httpx.AsyncClient, document: str = HELLO, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", json={"query": document}, headers=named)


async def post(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    return await client.post("/graphql", content=body, headers={"Content-Type": "application/json", **headers})


def code_of(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


async def test_a_query_by_post(client: httpx.AsyncClient) -> None:
    response = await ask(client)

    assert (response.status_code, response.json()) == (200, ANSWER)
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert UUID(response.headers["remit-request-id"]).version == 7


async def test_a_query_by_get_with_variables(client: httpx.AsyncClient) -> None:
    params = {"query": "query ($name: String!) { hello(name: $name) }", "variables": '{"name": "Ágnes"}'}

    response = await client.get("/graphql", params=params)

    assert response.json()["data"] == {"hello": "Hello Ágnes"}


async def test_the_caller_names_the_operation_and_the_hash_of_its_document(
    client: httpx.AsyncClient, host: StubHost
) -> None:
    document = "query Greeting { hello }"

    await ask(client, document)

    (caller,) = host.callers
    assert caller.operation_name == "Greeting"
    assert caller.document_hash == f"sha256:{sha256(document.encode()).hexdigest()}"
    assert (caller.token, caller.transport, caller.is_cookie) == (None, "http", False)


# identity.md 4.9
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"application/json, {GRAPHQL}", "application/json"),
        (f"{GRAPHQL};q=0.5, application/json", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        (f"application/json;q=0, {GRAPHQL};q=0.1", GRAPHQL),
    ],
)
async def test_media_type_of_the_answer(client: httpx.AsyncClient, accept: str, expected: str) -> None:
    response = await ask(client, Accept=accept)

    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "application/json;q=high"])
async def test_no_media_type_that_will_do(client: httpx.AsyncClient, accept: str) -> None:
    response = await ask(client, Accept=accept)

    assert (response.status_code, code_of(response)) == (406, "NOT_ACCEPTABLE")


# identity.md 8
@pytest.mark.parametrize(
    ("case", "body", "code"),
    [
        ("empty", b"", "BODY_NOT_JSON"),
        ("cut", b"{", "BODY_NOT_JSON"),
        ("NaN", b'{"query": "{hello}", "variables": {"a": NaN}}', "BODY_NOT_JSON"),
        ("Infinity", b"Infinity", "BODY_NOT_JSON"),
        ("bad UTF-8", b'{"query": "\xff"}', "BODY_NOT_JSON"),
        ("a byte order mark", b'\xef\xbb\xbf{"query": "{hello}"}', "BODY_NOT_JSON"),
        ("UTF-16", '{"query": "{hello}"}'.encode("utf-16"), "BODY_NOT_JSON"),
        ("something behind", b"{} x", "BODY_NOT_JSON"),
        ("a lone surrogate", b'{"query": "{hello}", "variables": {"a": "\\ud800"}}', "BODY_NOT_JSON"),
        ("1e400", b'{"a": 1e400}', "BODY_NOT_JSON"),
        ("5000 digits", b'{"a": ' + b"9" * 5000 + b"}", "BODY_NOT_JSON"),
        ("100 000 brackets", b"[" * 100_000, "BODY_NOT_JSON"),
        ("1000 levels", b'{"query": ' + b"[" * 1000 + b"]" * 1000 + b"}", "BODY_TOO_DEEP"),
        ("65 levels", b'{"variables": ' + b"[" * 64 + b"]" * 64 + b"}", "BODY_TOO_DEEP"),
        ("null", b"null", "BODY_NOT_OBJECT"),
        ("a text", b'"x"', "BODY_NOT_OBJECT"),
        ("a number", b"1", "BODY_NOT_OBJECT"),
        ("an empty list", b"[]", "BATCH_NOT_ALLOWED"),
        ("a batch", b'[{"query": "{hello}"}]', "BATCH_NOT_ALLOWED"),
        ("no document", b"{}", "MISSING_DOCUMENT"),
        ("null for a document", b'{"query": null}', "MISSING_DOCUMENT"),
        ("a number for a document", b'{"query": 1}', "BAD_PARAMETER"),
        ("a list for a document", b'{"query": ["{hello}"]}', "BAD_PARAMETER"),
        ("text for variables", b'{"query": "{hello}", "variables": "{}"}', "BAD_PARAMETER"),
        ("a list for variables", b'{"query": "{hello}", "variables": []}', "BAD_PARAMETER"),
        ("a number for the operation", b'{"query": "{hello}", "operationName": 1}', "BAD_PARAMETER"),
        ("text for extensions", b'{"query": "{hello}", "extensions": "x"}', "BAD_PARAMETER"),
        ("U+0000 in a variable", b'{"query": "{hello}", "variables": {"a": [{"b": "\\u0000"}]}}', "BAD_STRING"),
        ("U+0000 in the document", b'{"query": "{hello(name: \\"\\\\u0000\\")}"}', "BAD_STRING"),
        ("U+0000 in braces", b'{"query": "{hello(name: \\"\\\\u{000}\\")}"}', "BAD_STRING"),
    ],
)
async def test_bodies_that_are_no_operation(client: httpx.AsyncClient, case: str, body: bytes, code: str) -> None:
    response = await post(client, body)

    assert (response.status_code, code_of(response)) == (400, code)


async def test_64_levels_are_let_through(client: httpx.AsyncClient) -> None:
    body = b'{"query": "{hello}", "variables": {"a": ' + b"[" * 62 + b"]" * 62 + b"}}"

    assert (await post(client, body)).json() == ANSWER


async def test_a_refused_string_is_named_by_its_place(client: httpx.AsyncClient) -> None:
    response = await post(client, b'{"query": "{hello}", "variables": {"a": [{"b": "\\u0000"}]}}')

    assert response.json()["errors"][0]["message"] == "The character U+0000 at variables.a.0.b cannot be stored."


async def test_a_large_body_is_not_read_to_its_end(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    response = await client.post("/graphql", content=endless(), headers={"Content-Type": "application/json"})

    assert (response.status_code, code_of(response)) == (413, "BODY_TOO_LARGE")
    assert response.headers["connection"] == "close"
    assert sent == LARGEST_BODY + 65_536


async def test_a_slow_body_is_given_up(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_request, "BODY_SECONDS", 0.02)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response = await client.post("/graphql", content=stuck(), headers={"Content-Type": "application/json"})

    assert (response.status_code, code_of(response)) == (408, "BODY_TOO_SLOW")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; x=application/json",
        "application/json; charset=utf-16",
        "application/json; charset=bogus",
    ],
)
async def test_bodies_of_other_types(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post(
        "/graphql", content=orjson.dumps({"query": HELLO}), headers={"Content-Type": content_type}
    )

    assert (response.status_code, code_of(response)) == (415, "BODY_TYPE_UNKNOWN")


async def test_a_charset_in_capitals_is_taken(client: httpx.AsyncClient) -> None:
    body = orjson.dumps({"query": HELLO})

    response = await client.post(
        "/graphql", content=body, headers={"Content-Type": 'Application/JSON; charset="UTF-8"'}
    )

    assert response.json() == ANSWER


async def test_an_encoded_body_is_refused(client: httpx.AsyncClient) -> None:
    response = await post(client, b"{}", **{"Content-Encoding": "gzip"})

    assert (response.status_code, code_of(response)) == (415, "BODY_ENCODED")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
async def test_other_methods(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")

    assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_needs_a_socket(client: httpx.AsyncClient, host: StubHost, method: str) -> None:
    asked = {"query": "subscription { counted }"}

    response = await (client.get("/graphql", params=asked) if method == "GET" else client.post("/graphql", json=asked))

    assert (response.status_code, code_of(response)) == (400, "SUBSCRIPTION_NEEDS_SOCKET")
    assert host.callers == []


async def test_a_mutation_by_get_is_refused(client: httpx.AsyncClient, host: StubHost) -> None:
    document = 'mutation { greet(name: "Ada") { __typename } }'

    response = await client.get("/graphql", params={"query": document})

    assert (response.status_code, code_of(response), response.headers["allow"]) == (
        405,
        "OPERATION_NOT_ALLOWED",
        "POST",
    )
    assert host.callers == []


@pytest.mark.parametrize("query", ["query={hello}&query={hello}", "query={hello}&variables={}&variables={}"])
async def test_a_parameter_that_is_given_twice(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/graphql?{query}")

    assert (response.status_code, code_of(response)) == (400, "BAD_PARAMETER")


async def test_variables_in_the_address_that_are_no_json(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql?query={hello}&variables={")

    assert (response.status_code, code_of(response)) == (400, "BODY_NOT_JSON")


@pytest.mark.parametrize(
    ("case", "document", "code"),
    [
        ("syntax", "{ hello", "PARSE_FAILED"),
        ("an unknown field", "{ goodbye }", "VALIDATION_FAILED"),
        ("a variable of another type", "query ($name: Int!) { hello(name: $name) }", "VALIDATION_FAILED"),
    ],
)
@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (GRAPHQL, 400)])
async def test_request_errors_have_no_data(
    client: httpx.AsyncClient, case: str, document: str, code: str, accept: str, status: int
) -> None:
    response = await ask(client, document, Accept=accept)

    assert (response.status_code, code_of(response)) == (status, code)
    assert set(response.json()) == {"errors"}


async def test_an_unknown_operation_is_a_request_error(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", json={"query": "query A { hello }", "operationName": "B"}, headers={"Accept": GRAPHQL}
    )

    assert (response.status_code, code_of(response)) == (400, "UNKNOWN_OPERATION")


async def test_at_most_five_errors_are_reported(client: httpx.AsyncClient) -> None:
    document = "{ " + " ".join(f"unknown{n}" for n in range(9)) + " }"

    assert len((await ask(client, document)).json()["errors"]) == 5


async def test_an_error_of_ours_is_masked_and_the_others_fields_stand(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{ hello broken }")

    body = response.json()
    assert response.status_code == 200
    assert body["data"] == {"hello": "Hello you", "broken": None}
    assert body["errors"][0]["message"] == "Something went wrong on our side."
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "a detail of ours" not in response.text


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError("10.0.0.7:5432 refused"),
        asyncpg.QueryCanceledError("10.0.0.7: canceling statement due to statement timeout"),
        asyncpg.TooManyConnectionsError("10.0.0.7: too many clients"),
        asyncpg.IdleInTransactionSessionTimeoutError("10.0.0.7: terminating connection"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_database_that_cannot_serve_is_503_and_says_nothing_of_itself(
    client: httpx.AsyncClient, host: StubHost, failure: Exception
) -> None:
    host.failure = failure

    response = await ask(client)

    assert (response.status_code, code_of(response)) == (503, "UNAVAILABLE")
    assert response.headers["retry-after"] == "5"
    assert "10.0.0.7" not in response.text


# --- Credentials


async def test_a_bearer_token_reaches_the_caller(client: httpx.AsyncClient, host: StubHost) -> None:
    response = await ask(client, "{ secret }", Authorization="bearer good")

    assert response.json()["data"] == {"secret": "42"}
    assert (host.callers[0].token, host.callers[0].is_cookie) == ("good", False)


async def test_a_session_cookie_of_our_own_page_reaches_the_caller(client: httpx.AsyncClient, host: StubHost) -> None:
    response = await ask(client, "{ secret }", Cookie=f"{COOKIE}=good", **SAME_ORIGIN)

    assert response.json()["data"] == {"secret": "42"}
    assert (host.callers[0].token, host.callers[0].is_cookie) == ("good", True)


async def test_two_credentials_are_one_too_many(client: httpx.AsyncClient, host: StubHost) -> None:
    response = await ask(client, Authorization="Bearer good", Cookie=f"{COOKIE}=good", **SAME_ORIGIN)

    assert (response.status_code, code_of(response)) == (400, "TWO_CREDENTIALS")
    assert host.callers == []


@pytest.mark.parametrize("header", ["Basic Z29vZA==", "Bearer", "Bearer  ", "good"])
async def test_an_authorization_that_is_no_bearer(client: httpx.AsyncClient, header: str) -> None:
    response = await ask(client, Authorization=header)

    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_refused_bearer_is_401(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{ secret }", Authorization="Bearer bad")

    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_dead_sessions_cookie_is_taken_back(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{ secret }", Cookie=f"{COOKIE}=old", **SAME_ORIGIN)

    assert response.status_code == 401
    assert "www-authenticate" not in response.headers
    assert response.headers["set-cookie"] == (f'{COOKIE}=""; HttpOnly; Max-Age=0; Path=/; SameSite=strict; Secure')


# identity.md 4.9, cross-site
@pytest.mark.parametrize(
    ("site", "origin", "status"),
    [
        ("same-origin", None, 200),
        ("same-origin", "https://remit.example", 200),
        ("same-site", "https://app.example.com", 200),
        ("same-site", None, 403),
        ("cross-site", None, 403),
        ("cross-site", "https://remit.example", 403),
        ("none", None, 403),
        (None, "https://app.example.com", 200),
        (None, "https://APP.example.com:443", 200),
        (None, None, 403),
        (None, "https://evil.example", 403),
        ("same-origin", "https://evil.example", 403),
        (None, "null", 403),
        (None, "https://remit.example:8443", 403),
        (None, "https://remit.example.evil.example", 403),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_where_a_cookie_may_come_from(
    client: httpx.AsyncClient, host: StubHost, method: str, site: str | None, origin: str | None, status: int
) -> None:
    given = {"Cookie": f"{COOKIE}=good", "Sec-Fetch-Site": site, "Origin": origin}
    headers = {name: value for name, value in given.items() if value is not None}
    content: dict[str, Any] = {"params": {"query": HELLO}} if method == "GET" else {"json": {"query": HELLO}}

    response = await client.request(method, "/graphql", headers=headers, **content)

    assert response.status_code == status
    assert len(host.callers) == (1 if status == 200 else 0)


async def test_a_bearer_may_come_from_anywhere(client: httpx.AsyncClient) -> None:
    response = await ask(client, Authorization="Bearer good", Origin="https://evil.example")

    assert response.json()["data"] == ANSWER["data"]


async def test_the_cookie_without_prefix_is_read_where_cookies_are_not_secure(host: StubHost) -> None:
    transport = httpx.ASGITransport(toy_app(host, secure_cookies=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        response = await ask(client, "{ secret }", Cookie="remit_session=good", Origin="http://localhost:8000")

    assert response.json()["data"] == {"secret": "42"}


async def test_a_cookie_of_a_mutation_goes_out_with_its_answer(client: httpx.AsyncClient) -> None:
    response = await ask(client, 'mutation { greet(name: "Ada") { ... on Greeted { text } } }')

    assert response.json()["data"] == {"greet": {"text": "Hello Ada"}}
    assert response.headers["set-cookie"] == f"{COOKIE}=Ada; HttpOnly; Max-Age=60; Path=/; SameSite=strict; Secure"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("network:018f2c3e-0000-7000-8000-000000000001", network(UUID("018f2c3e-0000-7000-8000-000000000001"))),
        ("partner:018f2c3e-0000-7000-8000-000000000001", partner(UUID("018f2c3e-0000-7000-8000-000000000001"))),
        ("operator", OPERATOR),
        ("operator:018f2c3e-0000-7000-8000-000000000001", network(NOBODY)),
        ("network:", network(NOBODY)),
        ("018f2c3e-0000-7000-8000-000000000001", network(NOBODY)),
        ("aurora", network(NOBODY)),
        ("", network(NOBODY)),
    ],
)
async def test_the_domain_of_a_request(
    client: httpx.AsyncClient, host: StubHost, header: str | None, expected: Domain | None
) -> None:
    await ask(client, **({} if header is None else {"Remit_Domain": header}))

    assert host.callers[0].domain == expected


# --- Fields that must be alone


@pytest.mark.parametrize(
    ("case", "document"),
    [
        ("aliases", "mutation { a: guess { __typename } b: guess { __typename } }"),
        ("an inline fragment", "mutation { ... { a: guess { __typename } b: guess { __typename } } }"),
        (
            "a fragment",
            "mutation { ...Both } fragment Both on Mutation { a: guess { __typename } b: guess { __typename } }",
        ),
        ("another field", 'mutation { guess { __typename } greet(name: "Ada") { __typename } }'),
    ],
)
async def test_a_field_that_counts_tries_is_alone(
    client: httpx.AsyncClient, host: StubHost, case: str, document: str
) -> None:
    response = await ask(client, document)

    assert code_of(response) == "MUST_BE_ALONE"
    assert host.tries == 0


async def test_a_field_that_counts_tries_by_itself(client: httpx.AsyncClient, host: StubHost) -> None:
    response = await ask(client, "mutation { guess { ... on Greeted { text } } }")

    assert response.json()["data"] == {"guess": {"text": "wrong"}}
    assert host.tries == 1
