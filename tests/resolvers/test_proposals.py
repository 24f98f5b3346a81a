"""Changes that somebody else must approve: kept, decided by who may, never by who proposed them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC
from typing import Any, get_args
from uuid import uuid4

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import Remit, asgi_of
from database.statements import Statements
from domain.team import proposals
from domain.team.changes import (
    AssignRole,
    ChangeRoleLines,
    CreateRole,
    EndAccessTest,
    EndAssignment,
    LineAsked,
    PolicyChange,
    ResumeHolder,
    RetireRole,
    SaveAccessTest,
    SetLimits,
    SuspendHolder,
)
from domain.team.models import Specialist
from domain.team.proposals import KINDS, kept_changes, read_changes
from plugins.contract import AccessView, Consequence
from policies.access_tests import Group, HasVerdict, HoldersOf, Holds, Mode, OneHolder, Quantifier
from policies.limit_syntax import limits_from_words
from policies.lines import Effect
from tests.api import Api
from tests.factories import MADE, Salon, make_salon
from work import Work

PEOPLE = {
    "hal": ("owner", "network"),
    "ola": ("owner", "network"),
    "bo": ("manager", "network"),
    "eve": ("accountant", "network"),
    "di": ("specialist", "south"),
}
CHANGE = """
mutation ($input: PolicyChangesInput!) {
  changePolicy(input: $input) {
    __typename
    ... on PolicyChanged { epoch unchanged }
    ... on ConsentRequired { preview { consent } }
    ... on ApprovalRequired { capability preview { approval gained } proposal { id state proposedBy { name } } }
    ... on UserError { code message path }
  }
}
"""
DECIDE = """
mutation ($id: ID!, $approve: Boolean!, $consent: String) {
  decideProposal(id: $id, approve: $approve, consent: $consent) {
    __typename
    ... on PolicyChanged { epoch unchanged journalEntryId }
    ... on ConsentRequired { preview { consent } }
    ... on ProposalRejected { proposal { state decidedBy { name } } }
    ... on ProposerMayNot { refusalCode }
    ... on UserError { code message path }
  }
}
"""
WITHDRAW = """
mutation ($id: ID!) {
  withdrawProposal(id: $id) { __typename ... on ProposalWithdrawn { proposal { state } } ... on UserError { code } }
}
"""
PREVIEW = """
query ($id: ID!) {
  previewProposal(id: $id) {
    __typename ... on PolicyPreview { consent requiresConsent approval gained } ... on UserError { code }
  }
}
"""
LISTED = """
query ($salon: ID!) {
  policyProposals(network: $salon) { totalCount nodes { id state capability proposedBy { name } decidedBy { name } } }
}
"""
TOY = Consequence(
    plugin="toy", digest="d41d", title="Toys", requires_consent=True, requires_capability="access_tests:change"
)


async def entail(before: AccessView, after: AccessView, statements: Statements) -> Consequence:
    return TOY


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


@pytest.fixture
async def guarded(remit: Remit) -> AsyncIterator[Api]:
    """A server on which a plugin wants each change approved by those who may change access tests: the owners."""
    served = asgi_of(replace(remit, host=replace(remit.host, consequences={"toy": entail})))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served), base_url="https://remit.test") as http:
        yield Api(http)


def assigning(salon: Salon, holder: str = "di", role: str = "viewer") -> dict[str, Any]:
    change = {"assignRole": {"holder": salon[holder].specialist_id, "role": role}}
    return {"network": salon.network_id, "changes": [change]}


async def propose(guarded: Api, salon: Salon, by: str = "bo", **asked: str) -> Any:
    return (await guarded.ask(CHANGE, salon[by], input=assigning(salon, **asked))).data["changePolicy"]


async def proposed(guarded: Api, salon: Salon) -> str:
    found: str = (await propose(guarded, salon))["proposal"]["id"]
    return found


async def decide(
    guarded: Api, salon: Salon, by: str, proposal_id: object, *, approve: bool = True, consent: str | None = None
) -> Any:
    answer = await guarded.ask(DECIDE, salon[by], id=proposal_id, approve=approve, consent=consent)
    return answer.data["decideProposal"]


async def approved(guarded: Api, salon: Salon, by: str, proposal_id: object) -> Any:
    """Approve with the consent that the fresh preview asks for."""
    required = await decide(guarded, salon, by, proposal_id)
    return await decide(guarded, salon, by, proposal_id, consent=required["preview"]["consent"])


async def roles_of(api: Api, salon: Salon, name: str) -> list[str]:
    answer = await api.ask("{ specialists { nodes { name assignments { role } } } }", salon["hal"])
    person = next(one for one in answer.data["specialists"]["nodes"] if one["name"] == name.title())
    return [one["role"] for one in person["assignments"]]


async def last_entry(api: Api, salon: Salon) -> Any:
    document = "{ journal(first: 1) { nodes { code outcome actor { id } targets { type id } } } }"
    return (await api.ask(document, salon["hal"])).data["journal"]["nodes"][0]


async def test_a_change_that_another_must_approve_is_kept_and_not_made(guarded: Api, salon: Salon) -> None:
    answer = await propose(guarded, salon)
    entry = await last_entry(guarded, salon)

    assert answer["__typename"] == "ApprovalRequired"
    assert (answer["code"], answer["capability"]) == ("APPROVAL_REQUIRED", "access_tests:change")
    assert answer["preview"]["approval"] == "access_tests:change"
    assert answer["preview"]["gained"] > 0
    assert (answer["proposal"]["state"], answer["proposal"]["proposedBy"]) == ("PROPOSED", {"name": "Bo"})
    assert await roles_of(guarded, salon, "di") == ["specialist"]
    assert (entry["code"], entry["outcome"]) == ("policy.proposed", "ok")
    assert entry["targets"] == [{"type": "proposal", "id": answer["proposal"]["id"]}]


async def test_whoever_may_approve_makes_the_change_at_once(guarded: Api, salon: Salon) -> None:
    answer = await propose(guarded, salon, by="hal")

    assert answer["__typename"] == "ConsentRequired"


async def test_a_service_account_approves_nothing_and_may_reject(remit: Remit, guarded: Api, salon: Salon) -> None:
    proposal_id = await proposed(guarded, salon)

    async def be_service(work: Work) -> None:
        await Specialist.filter(id=salon["ola"].specialist_id).update(kind="SERVICE")

    await remit.host.perform_as_system(salon.network_id, MADE, be_service)

    previewed = (await guarded.ask(PREVIEW, salon["ola"], id=proposal_id)).data["previewProposal"]
    refused = await decide(guarded, salon, "ola", proposal_id)
    assert (previewed["code"], refused["code"], refused["path"]) == (*["SERVICE_ACCOUNT_GIVES"] * 2, ["id"])
    assert await roles_of(guarded, salon, "di") == ["specialist"]

    rejected = await decide(guarded, salon, "ola", proposal_id, approve=False)
    assert rejected["__typename"] == "ProposalRejected"


async def test_an_approval_makes_the_change_with_both_people_in_the_journal(guarded: Api, salon: Salon) -> None:
    proposal_id = await proposed(guarded, salon)

    shown = (await guarded.ask(PREVIEW, salon["hal"], id=proposal_id)).data["previewProposal"]
    required = await decide(guarded, salon, "hal", proposal_id)
    made = await decide(guarded, salon, "hal", proposal_id, consent=shown["consent"])
    entry = await last_entry(guarded, salon)

    assert required["preview"]["consent"] == shown["consent"]
    assert (shown["requiresConsent"], shown["approval"]) == (True, None)
    assert made["__typename"] == "PolicyChanged"
    assert await roles_of(guarded, salon, "di") == ["viewer", "specialist"]
    assert entry["code"] == "policy.changed"
    assert entry["actor"]["id"] == str(salon["hal"].specialist_id)
    assert {"type": "specialist", "id": str(salon["bo"].specialist_id)} in entry["targets"]


async def test_a_rejection_changes_nothing(guarded: Api, salon: Salon) -> None:
    proposal_id = await proposed(guarded, salon)

    rejected = await decide(guarded, salon, "ola", proposal_id, approve=False)
    again = await decide(guarded, salon, "hal", proposal_id)

    assert rejected == {
        "__typename": "ProposalRejected",
        "proposal": {"state": "REJECTED", "decidedBy": {"name": "Ola"}},
    }
    assert (again["code"], again["message"]) == ("PROPOSAL_DECIDED", "This proposal is rejected.")
    assert await roles_of(guarded, salon, "di") == ["specialist"]
    assert (await last_entry(guarded, salon))["code"] == "proposal.decided"


async def test_nobody_approves_what_they_proposed_themselves(guarded: Api, salon: Salon) -> None:
    proposal_id = await proposed(guarded, salon)
    promotion = {"assignRole": {"holder": salon["bo"].specialist_id, "role": "owner"}}
    consent = None
    for _ in range(2):  # the first answer asks for the consent
        answer = await guarded.ask(
            CHANGE.replace("($input: PolicyChangesInput!)", "($input: PolicyChangesInput!, $consent: String)").replace(
                "input: $input", "input: $input, consent: $consent"
            ),
            salon["hal"],
            input={"network": salon.network_id, "changes": [promotion]},
            consent=consent,
        )
        consent = answer.data["changePolicy"].get("preview", {}).get("consent")

    refused = await decide(guarded, salon, "bo", proposal_id)

    assert answer.data["changePolicy"]["__typename"] == "PolicyChanged"
    assert refused["code"] == "OWN_PROPOSAL"


async def test_an_approval_lends_no_rights(guarded: Api, salon: Salon, api: Api) -> None:
    proposal_id = await proposed(guarded, salon)
    ended = {"endAssignment": {"assignment": salon["bo"].assignment_id}}
    await api.ask(CHANGE, salon["hal"], input={"network": salon.network_id, "changes": [ended]})

    refused = await decide(guarded, salon, "hal", proposal_id)

    assert (refused["code"], refused["refusalCode"]) == ("PROPOSER_MAY_NOT", "FORBIDDEN")
    assert await roles_of(guarded, salon, "di") == ["specialist"]


async def test_what_the_proposer_may_not_give_is_refused_at_once(guarded: Api, salon: Salon) -> None:
    refused = await propose(guarded, salon, role="accountant")

    assert refused["code"] == "GRANT_EXCEEDS_OWN"


async def test_a_proposal_is_shown_to_its_maker_and_to_who_may_decide(guarded: Api, salon: Salon) -> None:
    proposal_id = await proposed(guarded, salon)

    async def listed(name: str) -> list[str]:
        page = (await guarded.ask(LISTED, salon[name], salon=salon.network_id)).data["policyProposals"]
        assert page["totalCount"] == len(page["nodes"])
        return [one["id"] for one in page["nodes"]]

    assert [await listed(name) for name in ("hal", "ola", "bo", "eve")] == [[proposal_id]] * 3 + [[]]
    for document in (DECIDE, PREVIEW, WITHDRAW):
        hidden = await guarded.ask(document, salon["eve"], id=proposal_id, approve=True)
        made_up = await guarded.ask(document, salon["eve"], id=uuid4(), approve=True)
        assert hidden == made_up
        assert "NOT_FOUND" in str(hidden.body)


async def test_its_maker_takes_it_back_and_nobody_else(guarded: Api, salon: Salon) -> None:
    proposal_id = await proposed(guarded, salon)

    by_owner = (await guarded.ask(WITHDRAW, salon["hal"], id=proposal_id)).data["withdrawProposal"]
    by_maker = (await guarded.ask(WITHDRAW, salon["bo"], id=proposal_id)).data["withdrawProposal"]
    decided = await decide(guarded, salon, "hal", proposal_id)

    assert by_owner["code"] == "NOT_FOUND"
    assert by_maker == {"__typename": "ProposalWithdrawn", "proposal": {"state": "WITHDRAWN"}}
    assert decided["message"] == "This proposal is withdrawn."


async def test_after_fourteen_days_nobody_decides_it_any_more(
    remit: Remit, guarded: Api, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposals, "PROPOSAL_DAYS", 1 / 86_400_000)
    proposal_id = await proposed(guarded, salon)

    refused = await decide(guarded, salon, "hal", proposal_id)

    assert (refused["code"], refused["message"]) == ("PROPOSAL_DECIDED", "This proposal is expired.")


async def test_of_two_owners_who_decide_at_once_one_does(guarded: Api, salon: Salon) -> None:
    proposal_id = await proposed(guarded, salon)
    consent = (await decide(guarded, salon, "hal", proposal_id))["preview"]["consent"]

    answers = await asyncio.gather(
        *(decide(guarded, salon, by, proposal_id, consent=consent) for by in ("hal", "ola", "hal", "ola"))
    )

    assert sorted(one["__typename"] for one in answers) == ["PolicyChanged"] + ["ProposalDecided"] * 3


IDS = st.uuids()
INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC))
LIMITS = st.sampled_from(
    ["none", "own", "own back=7 ahead=3", "max=10000/EUR pct=500", "ip=10.0.0.0/8 hours=12345/22:00-06:00", "opted_in"]
).map(limits_from_words)
WORDS = st.text(max_size=20)
LINES = st.tuples(st.builds(LineAsked, WORDS, st.sampled_from(Effect), LIMITS))
WHO = st.sampled_from(Group) | st.builds(HoldersOf, WORDS) | st.builds(OneHolder, IDS)
PREDICATES = st.builds(Holds, WORDS, st.none() | IDS) | st.builds(HasVerdict, WORDS, WORDS)
CHANGES: st.SearchStrategy[PolicyChange] = st.one_of(
    st.builds(AssignRole, IDS, WORDS, st.none() | IDS, INSTANTS, INSTANTS, LIMITS, WORDS),
    st.builds(EndAssignment, IDS, WORDS),
    st.builds(SetLimits, IDS, LIMITS, WORDS),
    st.builds(SuspendHolder, IDS, WORDS),
    st.builds(ResumeHolder, IDS, WORDS),
    st.builds(CreateRole, WORDS, WORDS, LINES, WORDS, st.none() | WORDS),
    st.builds(ChangeRoleLines, WORDS, LINES),
    st.builds(RetireRole, WORDS, st.none() | WORDS),
    st.builds(
        SaveAccessTest,
        WORDS,
        WHO,
        st.sampled_from(Quantifier),
        PREDICATES,
        st.sampled_from(Mode),
        st.integers(0, 9),
        st.none() | IDS,
    ),
    st.builds(EndAccessTest, IDS),
)


@given(st.lists(CHANGES, min_size=1, max_size=3))
def test_changes_are_kept_as_they_were_asked_for(changes: list[PolicyChange]) -> None:
    written = orjson.loads(orjson.dumps(kept_changes(changes)))

    assert read_changes(written) == changes


def test_every_kind_of_change_can_be_kept() -> None:
    assert set(KINDS.values()) == set(get_args(PolicyChange))
