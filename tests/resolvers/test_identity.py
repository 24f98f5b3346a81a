"""The API of signing in: documents in, answers and cookies out, through the schema on a real database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from strawberry.types import ExecutionResult
from uuid_utils.compat import uuid7

from app import Remit, asgi_of
from audit.devices import Device
from execution.context import RequestContext
from execution.declaration import roots_of
from host import Host
from policies.capabilities import CORE
from policies.catalogue import Catalogue
from resolvers import identity
from schema.builder import Part, RemitSchema
from schema.credentials import SESSION_COOKIE
from tests.domain.identity.people import (
    PASSWORD,
    Person,
    caller,
    device,
    mailed_code,
    person,
    ready_attempt,
    sign_in,
    wrong,
)
from tests.installation import Clock
from work import Caller, ResponseCookie

START = """
mutation ($email: String!, $password: String!) {
  startSignIn(input: {email: $email, password: $password}) {
    __typename
    ... on SignInAttempt { id methods expiresAt journalEntryId }
    ... on UserError { code message hint path }
    ... on TooManyAttempts { retryAt }
  }
}
"""
SEND = """
mutation ($attemptId: ID!) {
  sendSignInCode(input: {attemptId: $attemptId}) {
    __typename
    ... on CodeSent { maskedEmail }
    ... on UserError { code }
  }
}
"""
VERIFY = """
mutation ($attemptId: ID!, $code: String!, $kind: SessionKind! = COOKIE) {
  verifySignIn(input: {attemptId: $attemptId, code: $code, kind: $kind}) {
    __typename
    ... on SignedIn { accessToken expiresAt account { email name } journalEntryId }
    ... on UserError { code message hint }
    ... on WrongCode { triesLeft }
  }
}
"""
CANCEL = "mutation ($attemptId: ID!) { cancelSignIn(attemptId: $attemptId) { __typename ... on UserError { code } } }"
VIEWER = """
{
  viewer {
    language roles
    account { email name state }
    session { id kind factors device { deviceClass browser os } }
    sessions { id }
    devices { browser }
    network { name }
    networks { id }
    specialist { name }
  }
}
"""
SIGN_OUT = "mutation { signOut { __typename ... on UserError { code } } }"
END = """
mutation ($id: ID!) { endSession(id: $id) { __typename ... on SessionsEnded { count } ... on UserError { code } } }
"""
END_OTHERS = "mutation { endOtherSessions { __typename ... on SessionsEnded { count } ... on UserError { code } } }"


@pytest.fixture(scope="session")
def schema() -> RemitSchema:
    """A schema with the root fields of this topic alone."""
    return RemitSchema([Part("core", roots_of(identity))], Catalogue(CORE))


class Browser:
    """One device that asks."""

    def __init__(self, host: Host, schema: RemitSchema, at: Device | None = None) -> None:
        self.host = host
        self.schema = schema
        self.at = at or device()
        self.cookies: list[ResponseCookie] = []

    async def ask(self, document: str, by: Caller | None = None, /, **variables: object) -> ExecutionResult:
        """Carry a document out."""
        context = RequestContext(self.host, by or caller(self.at))
        result = await self.schema.execute(document, variable_values=variables, context_value=context)
        self.cookies = context.cookies
        return result

    async def answer(self, document: str, by: Caller | None = None, /, **variables: object) -> dict[str, Any]:
        """The value of a document's only root field, which must not fail."""
        result = await self.ask(document, by, **variables)
        assert result.errors is None, result.errors
        assert result.data is not None
        (value,) = result.data.values()
        assert isinstance(value, dict)
        return value


async def test_a_browser_signs_in_with_a_cookie(host: Host, schema: RemitSchema, clock: Clock) -> None:
    anna, browser = await person(host), Browser(host, schema)

    attempt = await browser.answer(START, email=anna.email, password=PASSWORD)
    sent = await browser.answer(SEND, attemptId=attempt["id"])
    code = await mailed_code(host, anna.email)
    signed_in = await browser.answer(VERIFY, attemptId=attempt["id"], code=f"{code[:4]} {code[4:]}")

    assert (attempt["__typename"], attempt["methods"]) == ("SignInAttempt", ["EMAIL"])
    assert sent == {"__typename": "CodeSent", "maskedEmail": "A***@example.hu"}
    assert signed_in["__typename"] == "SignedIn"
    assert signed_in["accessToken"] is None
    assert signed_in["account"] == {"email": anna.email, "name": "Kovács Anna"}
    (cookie,) = browser.cookies
    assert (cookie.name, cookie.max_age) == (SESSION_COOKIE, 86_400)
    viewer = await browser.answer("{ viewer { account { email } } }", caller(browser.at, token=cookie.value))
    assert viewer == {"account": {"email": anna.email}}


async def test_an_app_signs_in_with_a_bearer_token_and_gets_no_cookie(host: Host, schema: RemitSchema) -> None:
    anna, app = await person(host), Browser(host, schema)
    attempt_id, code = await ready_attempt(host, anna, app.at)

    signed_in = await app.answer(VERIFY, attemptId=str(attempt_id), code=code, kind="BEARER")

    assert len(signed_in["accessToken"]) == 43
    assert app.cookies == []


async def test_a_wrong_code_says_how_many_tries_are_left(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)
    attempt_id, code = await ready_attempt(host, anna, browser.at)

    refusal = await browser.answer(VERIFY, attemptId=str(attempt_id), code=wrong(code))

    assert refusal == {
        "__typename": "WrongCode",
        "code": "WRONG_CODE",
        "message": "The code is wrong.",
        "hint": "Use the code of the newest mail.",
        "triesLeft": 4,
    }
    assert browser.cookies == []


async def test_unknown_addresses_and_wrong_passwords_get_one_answer(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)

    known = await browser.answer(START, email=anna.email, password="wrong horse battery staple")
    unknown = await browser.answer(START, email=f"{uuid7().hex}@example.hu", password="wrong horse battery staple")

    assert known == unknown
    assert known == {
        "__typename": "InvalidCredentials",
        "code": "INVALID_CREDENTIALS",
        "message": "The e-mail address or the password is wrong.",
        "hint": "Check both, or reset the password.",
        "path": [],
    }


@pytest.mark.parametrize(
    ("case", "email"),
    [("no address", "anna"), ("letters that fold", "straße@x.de"), ("a NUL", "anna\x00@x.de"), ("empty", "")],
)
async def test_what_is_no_address_is_refused_as_such(host: Host, schema: RemitSchema, case: str, email: str) -> None:
    refusal = await Browser(host, schema).answer(START, email=email, password=PASSWORD)

    assert (refusal["__typename"], refusal["code"]) == ("EmailNotSupported", "EMAIL_NOT_SUPPORTED")


async def test_a_sixth_failure_says_when_to_try_again(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)
    for _ in range(5):
        await browser.answer(START, email=anna.email, password="wrong horse battery staple")

    refusal = await browser.answer(START, email=anna.email, password=PASSWORD)

    assert (refusal["__typename"], refusal["retryAt"]) == (
        "TooManyAttempts",
        datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC),
    )


async def test_two_tries_in_one_document_are_refused_and_cost_nothing(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)
    attempt_id, code = await ready_attempt(host, anna, browser.at)
    once = f'verifySignIn(input: {{attemptId: "{attempt_id}", code: "%s"}}) {{ __typename }}'

    result = await browser.ask(f"mutation {{ a: {once % wrong(code)} b: {once % code} }}")
    after = await browser.answer(VERIFY, attemptId=str(attempt_id), code=wrong(code))

    assert result.errors is not None
    assert [error.extensions["code"] for error in result.errors if error.extensions] == ["MUST_BE_ALONE"]
    assert after["triesLeft"] == 4


@pytest.mark.parametrize(("case", "attempt_id"), [("unknown", str(uuid7())), ("no id at all", "abc")])
async def test_an_attempt_that_is_not_there(host: Host, schema: RemitSchema, case: str, attempt_id: str) -> None:
    browser = Browser(host, schema)

    for document, more in ((SEND, {}), (VERIFY, {"code": "12345678"}), (CANCEL, {})):
        refusal = await browser.answer(document, attemptId=attempt_id, **more)
        assert (refusal["__typename"], refusal["code"]) == ("AttemptNotFound", "ATTEMPT_NOT_FOUND")


async def test_giving_up(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)
    attempt_id, code = await ready_attempt(host, anna, browser.at)

    given_up = await browser.answer(CANCEL, attemptId=str(attempt_id))
    late = await browser.answer(VERIFY, attemptId=str(attempt_id), code=code)

    assert given_up == {"__typename": "SignInCancelled"}
    assert late["code"] == "ATTEMPT_CLOSED"


async def test_somebody_with_a_dead_session_signs_in_again(host: Host, schema: RemitSchema, clock: Clock) -> None:
    anna, browser = await person(host), Browser(host, schema)
    old = await sign_in(host, anna, browser.at)
    clock.pass_by(days=90)

    attempt = await browser.answer(
        START, caller(browser.at, token=old.session.token), email=anna.email, password=PASSWORD
    )

    assert attempt["__typename"] == "SignInAttempt"


async def test_the_viewer_sees_account_session_devices_and_place(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host, language="hu"), Browser(host, schema)
    await sign_in(host, await person(host), device("Chrome"))
    await sign_in(host, anna, device("Safari"))
    last = await sign_in(host, anna, browser.at)

    viewer = await browser.answer(VIEWER, caller(browser.at, token=last.session.token))

    assert {session.pop("id") for session in viewer["sessions"]} >= {str(last.session.id)}
    assert viewer == {
        "language": "hu",
        "roles": ["owner"],
        "account": {"email": anna.email, "name": "Kovács Anna", "state": "ACTIVE"},
        "session": {
            "id": str(last.session.id),
            "kind": "BEARER",
            "factors": ["PASSWORD", "EMAIL"],
            "device": {"deviceClass": "DESKTOP", "browser": "Firefox", "os": "Windows"},
        },
        "sessions": [{}, {}],
        "devices": [{"browser": "Firefox"}, {"browser": "Safari"}],
        "network": {"name": "Aurora"},
        "networks": [{"id": str(anna.networks[0])}],
        "specialist": {"name": "Kovács Anna"},
    }


async def test_in_several_networks_none_is_guessed(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host, networks=2), Browser(host, schema)
    token = (await sign_in(host, anna, browser.at)).session.token
    document = "{ viewer { roles network { id } networks { id } specialist { name } } }"

    without = await browser.answer(document, caller(browser.at, token=token))
    within = await browser.answer(document, caller(browser.at, token=token, network_id=anna.networks[1]))

    assert without["network"] is None
    assert without["specialist"] is None
    assert without["roles"] == []
    assert sorted(network["id"] for network in without["networks"]) == [str(id_) for id_ in anna.networks]
    assert within["network"] == {"id": str(anna.networks[1])}
    assert within["roles"] == ["owner"]


@pytest.mark.parametrize(
    ("case", "document", "variables"),
    [
        ("viewer", "{ viewer { language } }", {}),
        ("signOut", SIGN_OUT, {}),
        ("endSession", END, {"id": str(uuid7())}),
        ("endOtherSessions", END_OTHERS, {}),
    ],
)
async def test_nobody_is_unauthenticated(
    host: Host, schema: RemitSchema, case: str, document: str, variables: dict[str, str]
) -> None:
    result = await Browser(host, schema).ask(document, **variables)

    assert result.errors is not None
    assert [error.extensions["code"] for error in result.errors if error.extensions] == ["UNAUTHENTICATED"]


async def test_signing_out_takes_the_browser_s_cookie_away(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)
    me = cookie_caller(browser.at, await token_of(host, anna, browser.at))

    signed_out = await browser.answer(SIGN_OUT, me)
    cookies = browser.cookies
    again = await browser.ask("{ viewer { language } }", me)

    assert signed_out == {"__typename": "SignedOut"}
    assert cookies == [ResponseCookie(SESSION_COOKIE, None, 0)]
    assert again.data is None
    assert again.errors is not None
    assert [error.extensions["code"] for error in again.errors if error.extensions] == ["UNAUTHENTICATED"]


async def test_ending_sessions(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)
    phone = await sign_in(host, anna, device("Phone"))
    await sign_in(host, anna, device("Tablet"))
    me = caller(browser.at, token=await token_of(host, anna, browser.at))

    one = await browser.answer(END, me, id=str(phone.session.id))
    again = await browser.answer(END, me, id=str(phone.session.id))
    others = await browser.answer(END_OTHERS, me)

    assert one == {"__typename": "SessionsEnded", "count": 1}
    assert again == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert others == {"__typename": "SessionsEnded", "count": 1}
    assert len((await browser.answer("{ viewer { sessions { id } } }", me))["sessions"]) == 1


async def test_ending_one_s_own_session_by_its_id(host: Host, schema: RemitSchema) -> None:
    anna, browser = await person(host), Browser(host, schema)
    signed_in = await sign_in(host, anna, browser.at)

    ended = await browser.answer(END, caller(browser.at, token=signed_in.session.token), id=str(signed_in.session.id))

    assert ended == {"__typename": "SessionsEnded", "count": 1}


async def token_of(host: Host, someone: Person, at: Device) -> str:
    """The token of a new session."""
    return (await sign_in(host, someone, at)).session.token


def cookie_caller(at: Device, token: str) -> Caller:
    """A request whose token came in the cookie."""
    plain = caller(at, token=token)
    return Caller(plain.token, None, at, plain.address, plain.user_agent, is_cookie=True)


async def test_a_browser_signs_in_and_out_over_http(remit: Remit) -> None:
    anna = await person(remit.host)
    transport = httpx.ASGITransport(app=asgi_of(remit))
    headers = {"origin": "https://remit.test", "sec-fetch-site": "same-origin"}

    async with httpx.AsyncClient(transport=transport, base_url="https://remit.test", headers=headers) as http:
        attempt = await over_http(http, START, email=anna.email, password=PASSWORD)
        await over_http(http, SEND, attemptId=attempt["id"])
        code = await mailed_code(remit.host, anna.email)
        response = await http.post(
            "/graphql", json={"query": VERIFY, "variables": {"attemptId": attempt["id"], "code": code}}
        )
        cookie = next(header for header in response.headers.get_list("set-cookie") if "remit_session" in header)
        seen = await over_http(http, "{ viewer { account { email } } }")
        await over_http(http, SIGN_OUT)
        names = set(http.cookies)

    assert cookie.startswith("__Host-remit_session=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "secure",
        "samesite=strict",
        "path=/",
        "max-age=86400",
    }
    assert seen == {"account": {"email": anna.email}}
    assert names == {"__Host-remit_device"}


async def over_http(http: httpx.AsyncClient, document: str, **variables: object) -> dict[str, Any]:
    """The value of a document's only root field, over HTTP."""
    response = await http.post("/graphql", json={"query": document, "variables": variables})
    body = response.json()
    assert "errors" not in body, body
    (value,) = body["data"].values()
    assert isinstance(value, dict)
    return value
