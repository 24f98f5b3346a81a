"""Bad input to whatever asks about the policy or changes it: typed refusals, the same for foreign and made-up ids.

Each field is described once, as one question by an owner with every string, id and number that can be sent; the tests
then replace one of these at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import pytest

from app import Remit
from tests.api import Answer, Api
from tests.factories import Salon, make_salon
from tests.resolvers.escalation import written
from tests.resolvers.test_tenancy import masked

PEOPLE = {"hal": ("owner", "network"), "ana": ("administrator", "north"), "fay": ("marketer", "network")}
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) { __typename ... on UserError { code message path hint } }
}
"""
SIMULATE = """
query ($input: SimulationInput!) { simulatePolicy(input: $input) { __typename ... on UserError { code message path } } }
"""
DRAFT = "line,outcome,when,kind,text\n90,free,True,none,Nobody pays\n"

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A field with all that can be sent to it. `texts`, `ids` and `numbers` are the places where each kind stands."""

    name: str
    document: str
    variables: Callable[[Salon], dict[str, Any]]
    texts: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def changing(kind: str, given: Callable[[Salon], dict[str, Any]], texts: str, ids: str, numbers: str = "") -> Question:
    """A change of one kind; places are named by their ways within what is given."""

    def variables(salon: Salon) -> dict[str, Any]:
        return {"input": {"network": str(salon.network_id), "changes": [{kind: given(salon)}]}, "consent": None}

    def placed(names: str) -> tuple[str, ...]:
        return tuple(f"input.changes.0.{kind}.{name}" for name in names.split())

    return Question(kind, CHANGE, variables, placed(texts), placed(ids), placed(numbers))


LINE = {"capability": "services:read", "effect": "ALLOW", "limits": "none"}
QUESTIONS = [
    changing(
        "assignRole",
        lambda s: {
            "holder": str(s["fay"].specialist_id),
            "role": "viewer",
            "location": str(s.north),
            "limits": "none",
            "reason": "",
            "validFrom": None,
            "validUntil": None,
        },
        "role limits reason validFrom validUntil",
        "holder location",
    ),
    changing(
        "approveVisit",
        lambda s: {
            "role": "viewer",
            "location": str(s.north),
            "email": "nobody@example.com",
            "hours": 8,
            "limits": "none",
            "reason": "",
        },
        "role email limits reason validFrom",
        "location account",
        "hours",
    ),
    changing(
        "endAssignment", lambda s: {"assignment": str(s["ana"].assignment_id), "reason": ""}, "reason", "assignment"
    ),
    changing(
        "setLimits",
        lambda s: {"assignment": str(s["ana"].assignment_id), "limits": "own", "reason": ""},
        "limits reason",
        "assignment",
    ),
    changing("suspendHolder", lambda s: {"holder": str(s["ana"].specialist_id), "reason": ""}, "reason", "holder"),
    changing("resumeHolder", lambda s: {"holder": str(s["ana"].specialist_id), "reason": ""}, "reason", "holder"),
    changing(
        "createRole",
        lambda _: {"code": "desk", "title": "Desk", "description": "", "basedOn": None, "lines": [LINE]},
        "code title description basedOn lines.0.capability lines.0.limits",
        "",
    ),
    changing(
        "changeRoleLines", lambda _: {"role": "desk", "lines": [LINE]}, "role lines.0.capability lines.0.limits", ""
    ),
    changing("retireRole", lambda _: {"role": "desk", "replacement": "viewer"}, "role replacement", ""),
    changing(
        "saveAccessTest",
        lambda s: {
            "title": "A rule",
            "who": {"role": "viewer"},
            "quantifier": "AT_MOST",
            "number": 3,
            "predicate": {"holds": {"capability": "refunds:create", "location": str(s.north)}},
            "mode": "BLOCK",
        },
        "title who.role predicate.holds.capability quantifier mode",
        "predicate.holds.location test",
        "number",
    ),
    changing("endAccessTest", lambda _: {"test": str(uuid4())}, "", "test"),
    Question(
        "simulatePolicy, verdicts",
        SIMULATE,
        lambda s: {
            "input": {
                "network": str(s.network_id),
                "tried": {"verdicts": {"name": "seats", "draft": DRAFT, "sets": None}},
                "at": None,
            }
        },
        ("input.tried.verdicts.name", "input.tried.verdicts.draft", "input.tried.verdicts.sets", "input.at"),
        ("input.network",),
    ),
    Question(
        "simulatePolicy, published",
        SIMULATE,
        lambda s: {
            "input": {
                "network": str(s.network_id),
                "tried": {"verdicts": {"name": "seats", "published": "seats-2025-03@1"}},
            }
        },
        ("input.tried.verdicts.published",),
    ),
    Question(
        "simulatePolicy, roles",
        SIMULATE,
        lambda s: {
            "input": {"network": str(s.network_id), "tried": {"roles": [{"role": "viewer", "lines": [dict(LINE)]}]}}
        },
        (
            "input.tried.roles.0.role",
            "input.tried.roles.0.lines.0.capability",
            "input.tried.roles.0.lines.0.limits",
        ),
    ),
    Question(
        "whoCan",
        "query ($c: String!, $s: ID!, $e: Int, $first: Int! = 50, $after: String)"
        " { whoCan(capability: $c, scope: $s, epoch: $e, first: $first, after: $after) { totalCount } }",
        lambda s: {"c": "services:read", "s": str(s.network_id), "e": None, "first": 50, "after": None},
        ("c", "after"),
        ("s",),
        ("e", "first"),
    ),
    Question(
        "proveFree",
        "query ($r: String!, $p: String) { proveFree(role: $r, policy: $p) { proved } }",
        lambda _: {"r": "viewer", "p": "seats-2025-03@1"},
        ("r", "p"),
    ),
    Question(
        "explainAccess",
        "query ($h: ID!, $c: String!, $s: ID!, $o: ID, $at: DateTime)"
        " { explainAccess(holder: $h, capability: $c, scope: $s, object: $o, at: $at) { decision { allowed } } }",
        lambda s: {
            "h": str(s["ana"].specialist_id),
            "c": "clients:read",
            "s": str(s.north),
            "o": str(s.client_id),
            "at": None,
        },
        ("c", "at"),
        ("h", "s", "o"),
    ),
    Question(
        "unusedCapabilities",
        "query ($n: ID!, $d: Int!, $after: String)"
        " { unusedCapabilities(network: $n, days: $d, after: $after) { totalCount } }",
        lambda s: {"n": str(s.network_id), "d": 90, "after": None},
        ("after",),
        ("n",),
        ("d",),
    ),
    Question(
        "policyChanges",
        "query ($n: ID!, $after: String) { policyChanges(network: $n, after: $after) { totalCount } }",
        lambda s: {"n": str(s.network_id), "after": None},
        ("after",),
        ("n",),
    ),
    Question(
        "policyProposals",
        "query ($n: ID!, $after: String) { policyProposals(network: $n, after: $after) { totalCount } }",
        lambda s: {"n": str(s.network_id), "after": None},
        ("after",),
        ("n",),
    ),
    Question(
        "decideProposal",
        "mutation ($id: ID!, $c: String) { decideProposal(id: $id, approve: true, consent: $c)"
        " { __typename ... on UserError { code message path } } }",
        lambda _: {"id": str(uuid4()), "c": "c1."},
        ("c",),
        ("id",),
    ),
    Question(
        "withdrawProposal",
        "mutation ($id: ID!) { withdrawProposal(id: $id) { __typename ... on UserError { code message path } } }",
        lambda _: {"id": str(uuid4())},
        (),
        ("id",),
    ),
    Question(
        "previewProposal",
        "query ($id: ID!) { previewProposal(id: $id) { __typename ... on UserError { code message path } } }",
        lambda _: {"id": str(uuid4())},
        (),
        ("id",),
    ),
    Question("decision", "query ($id: ID!) { decision(id: $id) { id } }", lambda _: {"id": str(uuid4())}, (), ("id",)),
]
NO_DECISION = {"decision": None}
TEXTS = {
    "a huge one": "x" * 200_000,
    "one of blanks": "   ",
    "an empty one": "",
    "signs of every kind": "%s {} $1 ' \" \\ \N{RIGHT-TO-LEFT OVERRIDE}\N{GRINNING FACE}\u0301",
    "a pattern": "*:*",
    "a long word like a capability": "a" * 40_000 + ":read",
    "numbers": "99999999999999999999999999",
    "years before all calendars": "0001-01-01T00:00:00+14:00",
    "years after all calendars": "9999-12-31T23:59:59-12:00",
    "the last year": "9999-12-30T00:00:00Z",
}
WRONG_TYPES: tuple[object, ...] = (7, 1.5, True, [], {}, ["x", "y"], {"x": "y"})
NUMBERS: tuple[object, ...] = (-1, 0, 2**31 - 1, -(2**31), 2**31, 2**63, 1.5, "7", True, [])


@pytest.fixture(scope="module")
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


@pytest.fixture(scope="module")
async def other(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


def replaced(variables: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """The variables with another value at one place."""
    found = deepcopy(variables)
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    inner: Any = found
    for step in way:
        inner = inner[step]
    inner[last] = value
    return found


def codes_of(answer: Answer) -> list[str]:
    """The codes of the errors, and of a typed refusal that is the result."""
    results = (answer.body.get("data") or {}).values()
    return [*answer.codes, *(one["code"] for one in results if isinstance(one, dict) and "code" in one)]


def places(*kinds: str) -> list[Any]:
    """Each question with each of its places of these kinds."""
    return [
        pytest.param(question, place, id=f"{question} {place.rpartition('.')[2]}")
        for question in QUESTIONS
        for kind in kinds
        for place in getattr(question, kind)
    ]


async def ask(api: Api, salon: Salon, question: Question, place: str, value: object) -> Answer:
    return await api.ask(question.document, salon["hal"], **replaced(question.variables(salon), place, value))


@pytest.mark.parametrize(("question", "place"), places("texts"))
async def test_whatever_text_comes_the_answer_is_typed(api: Api, salon: Salon, question: Question, place: str) -> None:
    for case, text in TEXTS.items():
        answer = await ask(api, salon, question, place, text)

        assert answer.status in (200, 400), case
        assert not {"INTERNAL", "TIMEOUT"} & set(codes_of(answer)), (case, answer.body)


@pytest.mark.parametrize(("question", "place"), places("texts", "ids"))
async def test_what_is_no_text_is_refused_before_anything_is_done(
    api: Api, remit: Remit, salon: Salon, question: Question, place: str
) -> None:
    before = await written(remit, salon)

    for value in WRONG_TYPES:
        answer = await ask(api, salon, question, place, value)

        assert not {"INTERNAL", "TIMEOUT"} & set(codes_of(answer)), (value, answer.body)
        assert "errors" in answer.body or codes_of(answer) or answer.data == NO_DECISION, (value, answer.body)
    assert await written(remit, salon) == before


@pytest.mark.parametrize(("question", "place"), places("numbers"))
async def test_whatever_number_comes_the_answer_is_typed(
    api: Api, salon: Salon, question: Question, place: str
) -> None:
    for number in NUMBERS:
        answer = await ask(api, salon, question, place, number)

        assert not {"INTERNAL", "TIMEOUT"} & set(codes_of(answer)), (number, answer.body)


@pytest.mark.parametrize(("question", "place"), places("texts", "ids"))
async def test_what_cannot_be_kept_is_refused_at_the_door(
    api: Api, remit: Remit, salon: Salon, question: Question, place: str
) -> None:
    before = await written(remit, salon)
    half = orjson.dumps(
        {"query": question.document, "variables": replaced(question.variables(salon), place, "HALF")}
    ).replace(b"HALF", b"a\\ud800b")
    headers = {"authorization": f"Bearer {salon['hal'].token}", "content-type": "application/json"}

    with_nul = await ask(api, salon, question, place, "a\x00b")
    with_half = await api.http.post("/graphql", content=half, headers=headers)

    assert (with_nul.status, with_nul.codes) == (400, ["BAD_STRING"])
    assert (with_half.status_code, Answer(400, with_half.json()).codes) == (400, ["BODY_NOT_JSON"])
    assert await written(remit, salon) == before


FOREIGN: dict[str, Callable[[Salon], object]] = {
    "holder": lambda salon: salon["fay"].specialist_id,
    "h": lambda salon: salon["fay"].specialist_id,
    "location": lambda salon: salon.north,
    "s": lambda salon: salon.north,
    "o": lambda salon: salon.client_id,
    "assignment": lambda salon: salon["ana"].assignment_id,
    "network": lambda salon: salon.network_id,
    "n": lambda salon: salon.network_id,
    "account": lambda salon: salon["fay"].account_id,
    "test": lambda salon: salon.network_id,
    "id": lambda salon: salon.network_id,
}
"""What of another network an id could name."""


@pytest.mark.parametrize(("question", "place"), places("ids"))
async def test_a_foreign_id_is_answered_like_one_that_is_none(
    api: Api, remit: Remit, salon: Salon, other: Salon, question: Question, place: str
) -> None:
    before = await written(remit, salon), await written(remit, other)
    named = FOREIGN[place.rpartition(".")[2]](other)

    foreign, made_up, malformed = [await ask(api, salon, question, place, str(one)) for one in (named, uuid4(), "no")]

    assert (foreign.status, masked(foreign.body)) == (made_up.status, masked(made_up.body))
    assert (malformed.status, masked(malformed.body)) == (made_up.status, masked(made_up.body))
    assert codes_of(foreign) in (["NOT_FOUND"], ["INVALID_INPUT"]) or foreign.data == NO_DECISION
    assert (await written(remit, salon), await written(remit, other)) == before


@pytest.mark.parametrize("question", [one for one in QUESTIONS if "after" in one.texts], ids=str)
async def test_a_cursor_of_another_list_is_none(api: Api, salon: Salon, question: Question) -> None:
    document = "{ specialists(first: 1) { pageInfo { endCursor } } locations(first: 1) { pageInfo { endCursor } } }"
    cursors = [one["pageInfo"]["endCursor"] for one in (await api.ask(document, salon["hal"])).data.values()]

    for cursor in (*cursors, "nonsense", cursors[0][:-1], "é"):
        answer = await ask(api, salon, question, "after", cursor)

        assert answer.codes == ["BAD_CURSOR"], cursor


@pytest.mark.parametrize("half", ["\\ud800", "\\u{d800}", "\\udfff\\ud800"])
async def test_half_a_character_in_a_document_is_no_document(api: Api, salon: Salon, half: str) -> None:
    answer = await api.ask(f'{{ proveFree(role: "a{half}b") {{ proved }} }}', salon["hal"])

    assert answer.body.get("data") is None
    assert "Invalid Unicode escape sequence" in answer.body["errors"][0]["message"]


@pytest.mark.parametrize(("many", "code"), [(0, "TOO_MANY"), (101, "TOO_MANY"), (3000, "TOO_MANY")])
async def test_one_to_a_hundred_changes_are_made_at_once(
    api: Api, remit: Remit, salon: Salon, many: int, code: str
) -> None:
    before = await written(remit, salon)
    suspend = {"suspendHolder": {"holder": salon["fay"].specialist_id}}

    asked = {"network": salon.network_id, "changes": [suspend] * many}
    refused = (await api.ask(CHANGE, salon["hal"], input=asked)).data["changePolicy"]

    assert (refused["code"], refused["path"]) == (code, ["input", "changes"])
    assert await written(remit, salon) == before
