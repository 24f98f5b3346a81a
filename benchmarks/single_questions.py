"""What a single question costs: of one object, for a list, with its explanation, of a verdict; and what a start costs.

All of it is Remit alone: Casbin has no lists, no explanations and no counterfactuals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from benchmarks.large_network import LOCATIONS, NOW, OWNER, SPECIALISTS, large_network
from benchmarks.measure import Comparison, compare
from policies.capabilities import CORE
from policies.catalogue import Catalogue
from policies.compile import DomainPolicy
from policies.conditions import Changeable
from policies.counterfactuals import counterfactuals
from policies.explain import explain
from policies.limits import Circumstances
from policies.release import Release, assemble_release, core_lines
from policies.verdicts import VerdictPolicy, Vocabulary, read_verdict_policy
from policies.viewer import Viewer, ViewerKind, viewer_in

OBJECT_SECONDS: Final = 5e-6
SCOPE_SECONDS: Final = 1e-5
FIRST_COMPILE_SECONDS: Final = 1e-4
EXPLAIN_SECONDS: Final = 0.03
VERDICT_SECONDS: Final = 5e-6
COUNTERFACTUAL_SECONDS: Final = 0.05
START_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class FirmFacts:
    """What a firm has done for its certificate."""

    contract: Annotated[bool, Changeable.EITHER]
    academy: Annotated[bool, Changeable.EITHER]
    installations: Annotated[int, Changeable.UP]
    score: Annotated[int, Changeable.UP]
    rights: Annotated[frozenset[str], Changeable.DOWN]


FIRM: Final = FirmFacts(False, False, 3, 4000, frozenset({"payments:create", "refunds:create", "deposits:create"}))
ELIGIBILITY: Final[VerdictPolicy[Any]] = read_verdict_policy(
    "eligibility@1",
    "line,outcome,when\n10,no,not contract\n20,no,not academy\n30,no,installations < 5\n40,no,score < 5000\n"
    "50,no,len(rights) > 1\n100,yes,True\n",
    vocabulary=Vocabulary(FirmFacts, frozenset({"yes", "no"})),
)


def comparisons(release: Release) -> Iterator[Comparison]:
    """One comparison a question."""
    policy = large_network(release)
    size = f"{SPECIALISTS:,}"
    somebody = sorted(policy.assignments.keys() - {OWNER})[0]
    asker = _viewer(policy, somebody)
    at = policy.assignments[somebody][0].location_id or LOCATIONS[0]
    row = {"specialist_id": somebody, "starts_at": NOW}
    of_row = partial(asker.can, "appointments:update", at=at, of=row)
    if not of_row():
        raise AssertionError("a specialist changes an appointment of their own")
    yield compare("can, of an object", size, of_row, {}, goal=OBJECT_SECONDS)
    yield compare("scope", size, partial(asker.scope, "appointments:read"), {}, goal=SCOPE_SECONDS)
    yield compare("first compile", size, partial(_first_compile, policy, somebody), {}, goal=FIRST_COMPILE_SECONDS)
    why = partial(
        explain,
        policy,
        somebody,
        "refunds:create",
        at=at,
        circumstances=Circumstances(NOW),
        asker_id=OWNER,
    )
    yield compare("explain a no", size, why, {}, goal=EXPLAIN_SECONDS)
    yield compare("verdict", "1", partial(ELIGIBILITY.decide, FIRM), {}, goal=VERDICT_SECONDS)
    yield compare("counterfactual", "1", partial(counterfactuals, ELIGIBILITY, FIRM), {}, goal=COUNTERFACTUAL_SECONDS)
    yield compare("start: files and catalogue", f"{len(CORE)}", _started, {}, goal=START_SECONDS)


def _first_compile(policy: DomainPolicy, holder_id: UUID) -> Viewer:
    """Somebody whom nobody of the same grants came before."""
    return _viewer(replace(policy), holder_id)


def _started() -> Release:
    return assemble_release(Catalogue(CORE), lines=core_lines())


def _viewer(policy: DomainPolicy, holder_id: UUID) -> Viewer:
    return viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=holder_id, now=NOW)
