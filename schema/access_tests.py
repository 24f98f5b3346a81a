"""Types of access tests: the rules about who may what that no later change may make untrue."""

from __future__ import annotations

from uuid import UUID

import strawberry

from domain.team import access_tests
from execution import declaration as remit
from policies import access_tests as tests
from schema.team import Specialist

strawberry.enum(tests.Quantifier, name="AccessTestQuantifier", description="How many may meet it, or must.")
strawberry.enum(tests.Mode, name="AccessTestMode", description="What a change gets that makes the test untrue.")
strawberry.enum(tests.Group, name="AccessTestGroup", description="Subjects that need no name.")


@remit.type(row=tests.AccessTest)
class AccessTest:
    """A rule about who may what: no later change of policy may make it untrue."""

    id: UUID
    title: str
    sentence: str = remit.computed(access_tests.sentence_of, description="What it asks, in words.")
    quantifier: tests.Quantifier
    number: int = strawberry.field(description="Of AT_MOST and AT_LEAST; else 0.")
    mode: tests.Mode


@remit.type(row=tests.Evaluation)
class AccessTestEvaluation:
    """Whether a test is true."""

    holds: bool
    count: int = strawberry.field(description="How many of the subjects meet it.")
    offenders: list[Specialist] = remit.relation(
        access_tests.offenders_of,
        key="offenders",
        max_items=access_tests.MOST_OFFENDERS,
        description="Who speaks against it; the first 50.",
    )


@remit.type(row=access_tests.Evaluated)
class EvaluatedAccessTest:
    """A test as it stands now."""

    test: AccessTest
    evaluation: AccessTestEvaluation
    plugin: str | None = strawberry.field(description="The plugin that it comes with; null for the network's own.")


@remit.type(row=tests.AccessTestOutcome)
class AccessTestOutcome:
    """A test before and after a change."""

    test: AccessTest
    before: AccessTestEvaluation
    after: AccessTestEvaluation
    blocks: bool = strawberry.field(description="Whether the change is refused for it.")


@strawberry.input(one_of=True, description="Whom an access test concerns.")
class AccessTestWhoInput:
    """Whom an access test concerns."""

    group: tests.Group | None = strawberry.UNSET
    role: str | None = strawberry.UNSET
    holder: UUID | None = strawberry.UNSET


@strawberry.input(description="Holding a capability, or any of several.")
class HoldsInput:
    """Holding a capability, or any of several."""

    capability: str = strawberry.field(description="Its code, `area:*` or `*:verb`.")
    location: UUID | None = strawberry.field(default=None, description="Null: the whole network.")


@strawberry.input(description="Having an outcome by a verdict policy, such as `seats`: `free`.")
class HasVerdictInput:
    """Having an outcome by a verdict policy."""

    name: str
    outcome: str


@strawberry.input(one_of=True, description="What an access test asks of each.")
class AccessTestPredicateInput:
    """What an access test asks of each."""

    holds: HoldsInput | None = strawberry.UNSET
    verdict: HasVerdictInput | None = strawberry.UNSET


@strawberry.input(description="Keep a rule about who may what, as a new one or in place of another.")
class SaveAccessTestInput:
    """Keep a rule about who may what."""

    title: str
    who: AccessTestWhoInput
    quantifier: tests.Quantifier
    predicate: AccessTestPredicateInput
    mode: tests.Mode
    number: int = strawberry.field(default=0, description="For AT_MOST and AT_LEAST.")
    test: UUID | None = strawberry.field(default=None, description="The rule that it replaces.")


@strawberry.input(description="Give up one of the network's own rules.")
class EndAccessTestInput:
    """Give up one of the network's own rules."""

    test: UUID
