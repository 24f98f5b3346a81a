"""Suspending people and giving them their access back: at once, whatever it costs, and never by who holds less."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app import Remit
from audit.entries import Area, EventType
from database.statements import Statements
from domain.team import operations
from domain.team.changes import ResumeHolder, SuspendHolder
from domain.team.rules import ConsentRequired, ConsequenceRefused
from errors import UserError
from plugins.contract import AccessView, Consequence
from policies.scopes import network
from tests.api import Api
from tests.factories import Person, Salon, make_salon
from work import Caller, Task, Work

PEOPLE = {
    "hal": ("owner", "network"),
    "ola": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "di": ("specialist", "south"),
    "eve": ("accountant", "network"),
    "new": ("", "network"),
}
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on PolicyChanged { epoch unchanged preview { gained lost } }
    ... on ConsentRequired { preview { consent } }
    ... on UserError { code path hint }
  }
}
"""
PREVIEW = """
query ($input: PolicyChangesInput!) {
  previewPolicyChange(input: $input) {
    __typename
    ... on PolicyPreview {
      requiresConsent gained lost consequences { title } entries { nodes { capability change holder { name } } }
    }
    ... on UserError { code }
  }
}
"""
APPOINTMENTS = "{ appointments { totalCount } }"
TASK = Task(operations.POLICY_CHANGED)
FOUND = Task(EventType("test.found", Area.SYSTEM))


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


def moved(salon: Salon, kind: str, holder: object, **further: object) -> dict[str, object]:
    return {"network": salon.network_id, "changes": [{kind: {"holder": holder, **further}}]}


async def move(api: Api, salon: Salon, by: str, kind: str, holder: str, *, consent: str | None = None) -> Any:
    answer = await api.ask(CHANGE, salon[by], input=moved(salon, kind, salon[holder].specialist_id), consent=consent)
    return answer.data["changePolicy"]


async def state(remit: Remit, salon: Salon, name: str) -> str:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        found: str = await statements.fetchval(
            "SELECT state FROM specialists WHERE network_id = $1 AND id = $2",
            salon.network_id,
            salon[name].specialist_id,
        )
        return found


async def test_a_suspended_persons_next_request_is_refused_as_not_active(api: Api, salon: Salon) -> None:
    before = await api.ask(APPOINTMENTS, salon["ana"])

    suspended = await move(api, salon, "hal", "suspendHolder", "ana")
    refused = await api.ask(APPOINTMENTS, salon["ana"])
    own_access = await api.ask("{ myAccess { codes conditional { capability under } } }", salon["ana"])
    own_resumption = await api.ask(
        """mutation ($input: PolicyChangesInput!) {
             changePolicy(input: $input) { ... on Forbidden { code capability reason } } }""",
        salon["ana"],
        input=moved(salon, "resumeHolder", salon["ana"].specialist_id),
    )

    assert before.data == {"appointments": {"totalCount": 0}}
    assert suspended["__typename"] == "PolicyChanged"
    assert refused.codes == ["FORBIDDEN"]
    assert own_access.data["myAccess"] == {"codes": [], "conditional": []}
    assert own_resumption.data["changePolicy"] == {
        "code": "FORBIDDEN",
        "capability": "specialists:suspend",
        "reason": "NOT_ACTIVE",
    }


async def test_resuming_gives_everything_back_and_waits_for_the_consent_that_the_seat_needs(
    api: Api, salon: Salon
) -> None:
    await move(api, salon, "hal", "suspendHolder", "ana")

    asked = await move(api, salon, "hal", "resumeHolder", "ana")
    consent = asked["preview"]["consent"]
    resumed = await move(api, salon, "hal", "resumeHolder", "ana", consent=consent)
    allowed = await api.ask(APPOINTMENTS, salon["ana"])

    assert asked["code"] == "CONSENT_REQUIRED"
    assert resumed["__typename"] == "PolicyChanged"
    assert allowed.data == {"appointments": {"totalCount": 0}}


async def test_previewing_a_suspension_shows_what_is_lost_and_leaves_nothing_behind(
    api: Api, remit: Remit, salon: Salon
) -> None:
    change = moved(salon, "suspendHolder", salon["ana"].specialist_id)

    preview = (await api.ask(PREVIEW, salon["hal"], input=change)).data["previewPolicyChange"]

    assert (preview["requiresConsent"], preview["gained"]) == (False, 0)
    assert preview["lost"] == len(preview["entries"]["nodes"]) > 0
    assert {(entry["change"], entry["holder"]["name"]) for entry in preview["entries"]["nodes"]} == {("LOST", "Ana")}
    assert await state(remit, salon, "ana") == "ACTIVE"


async def test_a_suspension_frees_a_seat_that_the_resumption_takes_again(api: Api, salon: Salon) -> None:
    ana = salon["ana"].specialist_id

    freed = await api.ask(PREVIEW, salon["hal"], input=moved(salon, "suspendHolder", ana))
    await move(api, salon, "hal", "suspendHolder", "ana")
    taken = await api.ask(PREVIEW, salon["hal"], input=moved(salon, "resumeHolder", ana))

    assert freed.data["previewPolicyChange"]["consequences"] == [{"title": "1 seat less"}]
    assert taken.data["previewPolicyChange"]["consequences"] == [{"title": "1 seat more"}]
    assert taken.data["previewPolicyChange"]["requiresConsent"] is True


@pytest.mark.parametrize(
    ("case", "by", "holder", "answer"),
    [
        ("an owner suspends an owner", "hal", "ola", "PolicyChanged"),
        ("a manager suspends an owner", "bo", "hal", "OWNERS_ONLY"),
        ("a manager suspends people everywhere", "bo", "di", "PolicyChanged"),
        ("a location's manager suspends whoever works there alone", "rae", "ana", "PolicyChanged"),
        ("a location's manager and somebody of another location", "rae", "di", "FORBIDDEN"),
        ("a location's manager and somebody of the whole network", "rae", "bo", "FORBIDDEN"),
        ("a location's manager and somebody without a role", "rae", "new", "FORBIDDEN"),
        ("somebody without a role", "bo", "new", "PolicyChanged"),
        ("by somebody without the right", "eve", "ana", "FORBIDDEN"),
    ],
)
async def test_who_suspends_whom(
    api: Api, remit: Remit, salon: Salon, case: str, by: str, holder: str, answer: str
) -> None:
    found = await move(api, salon, by, "suspendHolder", holder)

    assert found.get("code", found["__typename"]) == answer, case
    assert await state(remit, salon, holder) == ("SUSPENDED" if answer == "PolicyChanged" else "ACTIVE"), case


async def test_the_last_active_owner_is_not_suspended(api: Api, remit: Remit, salon: Salon) -> None:
    await move(api, salon, "hal", "suspendHolder", "ola")

    last = await move(api, salon, "hal", "suspendHolder", "hal")

    assert last["code"] == "LAST_OWNER"
    assert await state(remit, salon, "hal") == "ACTIVE"


async def test_of_two_owners_who_suspend_each_other_at_once_one_stays(api: Api, remit: Remit, salon: Salon) -> None:
    answers = await asyncio.gather(
        move(api, salon, "hal", "suspendHolder", "ola"), move(api, salon, "ola", "suspendHolder", "hal")
    )

    assert sorted(answer.get("code", answer["__typename"]) for answer in answers) == ["FORBIDDEN", "PolicyChanged"]
    assert sorted([await state(remit, salon, "hal"), await state(remit, salon, "ola")]) == ["ACTIVE", "SUSPENDED"]


async def test_nobody_gives_back_more_than_they_hold(api: Api, remit: Remit, salon: Salon) -> None:
    await move(api, salon, "hal", "suspendHolder", "eve")

    by_manager = await move(api, salon, "bo", "resumeHolder", "eve")

    assert by_manager["code"] == "GRANT_EXCEEDS_OWN"
    assert await state(remit, salon, "eve") == "SUSPENDED"


async def test_only_an_owner_resumes_an_owner(api: Api, remit: Remit, salon: Salon) -> None:
    await move(api, salon, "hal", "suspendHolder", "ola")

    by_manager = await move(api, salon, "bo", "resumeHolder", "ola")

    assert by_manager["code"] == "OWNERS_ONLY"
    assert await state(remit, salon, "ola") == "SUSPENDED"
    assert (await move(api, salon, "hal", "resumeHolder", "ola"))["__typename"] == "PolicyChanged"


async def test_what_has_been_done_is_not_done_again(api: Api, salon: Salon) -> None:
    first = await move(api, salon, "hal", "suspendHolder", "eve")

    again = await move(api, salon, "hal", "suspendHolder", "eve")
    active = await move(api, salon, "hal", "resumeHolder", "ana")

    assert (first["unchanged"], again["unchanged"], active["unchanged"]) == (False, True, True)
    assert first["epoch"] == again["epoch"] == active["epoch"]


@pytest.mark.parametrize("kind", ["suspendHolder", "resumeHolder"])
@pytest.mark.parametrize(
    ("case", "given", "code", "path"),
    [
        ("an id that is none", {"holder": "no"}, "NOT_FOUND", "holder"),
        ("an unknown id", {"holder": "01890000-0000-7000-8000-000000000000"}, "NOT_FOUND", "holder"),
        ("a very long reason", {"reason": "x" * 1001}, "INVALID_TEXT", "reason"),
    ],
)
async def test_bad_input_is_refused(
    api: Api, salon: Salon, kind: str, case: str, given: dict[str, str], code: str, path: str
) -> None:
    change = moved(salon, kind, **{"holder": salon["eve"].specialist_id, **given})

    refused = (await api.ask(CHANGE, salon["hal"], input=change)).data["changePolicy"]

    assert (refused["code"], refused["path"]) == (code, ["input", "changes", "0", kind, path]), case


async def test_a_foreign_specialist_is_not_found(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, {"zoe": ("owner", "network"), "yan": ("viewer", "network")})

    refused = await api.ask(CHANGE, salon["hal"], input=moved(salon, "suspendHolder", other["yan"].specialist_id))

    assert refused.data["changePolicy"]["code"] == "NOT_FOUND"
    assert await state(remit, other, "yan") == "ACTIVE"


async def test_who_has_left_is_neither_suspended_nor_resumed(api: Api, remit: Remit, salon: Salon) -> None:
    async def leave(work: Work) -> None:
        await work.statements.execute(
            "UPDATE specialists SET state = 'LEFT' WHERE network_id = $1 AND id = $2",
            salon.network_id,
            salon["eve"].specialist_id,
        )

    await remit.host.perform_as_system(salon.network_id, FOUND, leave)

    answers = [await move(api, salon, "hal", kind, "eve") for kind in ("suspendHolder", "resumeHolder")]

    assert [answer["code"] for answer in answers] == ["INVALID_INPUT"] * 2
    assert all(answer["hint"] for answer in answers)


async def test_the_journal_tells_who_was_suspended(api: Api, salon: Salon) -> None:
    await move(api, salon, "hal", "suspendHolder", "ana")

    answer = await api.ask(
        "{ journal(first: 1) { nodes { code outcome targets { type id } changes { table } } } }", salon["hal"]
    )

    (entry,) = answer.data["journal"]["nodes"]
    assert (entry["code"], entry["outcome"]) == ("policy.changed", "ok")
    assert entry["targets"] == [{"type": "specialist", "id": str(salon["ana"].specialist_id)}]
    assert {change["table"] for change in entry["changes"]} == {"specialists", "policy_changes"}


class NotNow(UserError):
    """A plugin's own refusal."""

    code = "NOT_NOW"


TOYS = Consequence(plugin="toy", digest="d41d", title="Toys", requires_consent=False)


async def apply(
    remit: Remit, salon: Salon, by: Person, change: SuspendHolder | ResumeHolder, entailed: Consequence
) -> None:
    async def entail(before: AccessView, after: AccessView, statements: Statements) -> Consequence:
        return entailed

    async def run(work: Work) -> None:
        await operations.change_policy(work, [change], consent=None)

    host = replace(remit.host, consequences={"toy": entail})
    await host.perform(Caller(token=by.token, domain=network(salon.network_id)), TASK, run)


@pytest.mark.parametrize(
    ("case", "entailed", "error"),
    [
        ("a consent is required", replace(TOYS, requires_consent=True), ConsentRequired),
        ("a plugin refuses", replace(TOYS, refuses=NotNow("Not now.")), ConsequenceRefused),
    ],
)
async def test_a_suspension_waits_for_nothing_and_a_resumption_does(
    remit: Remit, salon: Salon, case: str, entailed: Consequence, error: type[UserError]
) -> None:
    holder_id: UUID = salon["di"].specialist_id

    await apply(remit, salon, salon["bo"], SuspendHolder(holder_id), entailed)
    suspended = await state(remit, salon, "di")
    with pytest.raises(error):
        await apply(remit, salon, salon["bo"], ResumeHolder(holder_id), entailed)

    assert suspended == await state(remit, salon, "di") == "SUSPENDED", case
