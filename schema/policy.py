"""Types of what the policy engine says: capabilities, roles, own access, decisions explained."""

from __future__ import annotations

from uuid import UUID

import strawberry

from domain.network import reads as network
from domain.team import explanations
from domain.team import reads as team
from execution import declaration as remit
from policies import catalogue, decisions, explain, reasons
from schema.network import Location
from schema.role_lines import Effect
from schema.team import Assignment

strawberry.enum(catalogue.DomainKind, name="Domain", description="Whose business something is.")
strawberry.enum(catalogue.Level, description="Where a capability can be asked.")
strawberry.enum(explain.SuggestionKind, description="What to do so that it would be allowed.")
strawberry.enum(reasons.IgnoredBecause, description="Why a line that names the capability did not decide.")


@remit.type(row=catalogue.Capability)
class Capability:
    """The only unit of permission, such as `appointments:create`."""

    code: str
    title: str
    description: str
    level: catalogue.Level
    seat: str = strawberry.field(description="FREE, or the reason why its holder occupies a paid seat.")
    requires: list[str] = strawberry.field(description="Capabilities that must be held too.")
    escalates: bool = strawberry.field(description="Whether it can change somebody's access.")


@remit.type(row=explanations.RoleShown)
class Role:
    """A named set of lines, built in or the network's own."""

    code: str
    title: str
    description: str
    is_built_in: bool
    lines: list[str] = strawberry.field(description="Each line as it is written, such as `manager: allow roles:read`.")


@remit.type(row=explanations.ConditionalShown)
class ConditionalAccess:
    """What you may do to some objects."""

    capability: str
    under: list[str] = strawberry.field(
        description="Alternatives in words, such as `own back=7`; one must be met. Empty: its requirement has limits."
    )


@remit.type(row=explanations.AccessShown)
class Access:
    """What you may do at a scope."""

    epoch: int = strawberry.field(description="The version of the policy: a higher one may say otherwise.")
    codes: list[str] = strawberry.field(description="What you may do to any object there.")
    conditional: list[ConditionalAccess] = remit.attribute(
        max_items=200, description="What you may do to some objects, under limits."
    )


@remit.type(row=decisions.Decision)
class Decision:
    """One answer of the access policy."""

    id: UUID | None = strawberry.field(
        description="Also in the error, the journal and the log. Null in an explanation: nobody tried, nothing is kept."
    )
    allowed: bool
    capability: str
    scope: str = strawberry.field(description="network:<id>, or network:<id>/location:<id>.")
    reason: reasons.Reason
    line: str | None = strawberry.field(
        description="The line that decided, such as `call_center: deny payments:*`; null where none did."
    )
    source: str | None = strawberry.field(description="Where that line is written.")
    missing: str | None = strawberry.field(description="The required capability that is not held.")
    sentence: str | None = strawberry.field(description="The words of a plugin that restricts the network.")
    epoch: int = strawberry.field(description="The version of the network's policy that decided.")
    release: str = strawberry.field(description="The digest of the built-in policy that decided.")


@remit.type(row=explanations.LineShown)
class MatchedLine:
    """A line that names the capability in one of the holder's roles."""

    role: Role = remit.relation(explanations.roles_by_code, key="role")
    assignment: Assignment = remit.relation(
        team.assignments_by_id, key="assignment_id", description="By which the holder has the role."
    )
    effect: Effect
    capability: str = strawberry.field(description="As it is written; a deny may name many, such as `payments:*`.")
    limits: str = strawberry.field(
        description="Of the line, in words such as `own back=7`; `none` without. Those of the assignment hold too."
    )
    source: str = strawberry.field(description="Where it is written, such as policies/roles/manager.csv:12.")
    decisive: bool
    ignored_because: reasons.IgnoredBecause | None = strawberry.field(description="Null for the line that decided.")


@remit.type(row=explanations.SuggestionShown)
class PolicyChangeSuggestion:
    """One change that helps to allow it."""

    kind: explain.SuggestionKind
    text: str
    role: str | None
    limit: str | None = strawberry.field(description="What to lift: a limit's name, or `period`.")
    location: Location | None = remit.relation(network.locations_by_id, key="location_id")
    assignment: Assignment | None = remit.relation(
        team.assignments_by_id, key="assignment_id", description="To end, or to lift a limit of."
    )


@remit.type(row=explanations.ChangeSetShown)
class ChangeSet:
    """Changes that together would allow it, none of them superfluous."""

    changes: list[PolicyChangeSuggestion] = remit.attribute(max_items=explain.MOST_CHANGES)
    allowed_to_you: bool = strawberry.field(description="Whether you may make them.")


@remit.type(row=explanations.ExplanationShown)
class AccessExplanation:
    """Why somebody may or may not do something, line by line, and what would change it."""

    decision: Decision
    matched_lines: list[MatchedLine] = remit.attribute(max_items=50)
    requirements: list[AccessExplanation] = remit.attribute(max_items=5)
    would_allow: list[ChangeSet] = remit.attribute(
        max_items=explain.MOST_SETS, description="Minimal sets of at most two changes; at most ten."
    )
    complete: bool = strawberry.field(description="False where there are more sets than listed.")
