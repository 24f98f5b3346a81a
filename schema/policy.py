"""Types of what the policy engine says: capabilities, roles, own access, decisions explained."""

from __future__ import annotations

import strawberry

from domain.network import reads as network
from domain.team import explanations
from execution import declaration as remit
from policies import catalogue, explain
from schema.network import Location

strawberry.enum(catalogue.Level, description="Where a capability can be asked.")
strawberry.enum(explain.SuggestionKind, description="What to do so that it would be allowed.")


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


@remit.type(row=explanations.AccessShown)
class Access:
    """What you may do at a scope."""

    epoch: int = strawberry.field(description="The version of the policy: a higher one may say otherwise.")
    codes: list[str] = strawberry.field(description="What you may do to any object there.")
    conditional: list[str] = strawberry.field(description="What you may do to some objects, under limits.")


@remit.type(row=explanations.DecisionShown)
class Decision:
    """One answer of the access policy."""

    allowed: bool
    capability: str
    scope: str
    reason: str
    missing: str | None = strawberry.field(description="The required capability that is not held.")


@remit.type(row=explanations.LineShown)
class MatchedLine:
    """A line that names the capability in one of the holder's roles."""

    role: str
    line: str
    source: str = strawberry.field(description="Where it is written, such as policies/roles/manager.csv:12.")
    decisive: bool
    ignored_because: str | None


@remit.type(row=explanations.SuggestionShown)
class PolicyChangeSuggestion:
    """One change that helps to allow it."""

    kind: explain.SuggestionKind
    text: str
    role: str | None
    limit: str | None
    location: Location | None = remit.relation(network.locations_by_id, key="location_id")


@remit.type(row=explanations.ChangeSetShown)
class ChangeSet:
    """Changes that together would allow it, none of them superfluous."""

    changes: list[PolicyChangeSuggestion]
    allowed_to_you: bool = strawberry.field(description="Whether you may make them.")


@remit.type(row=explanations.ExplanationShown)
class AccessExplanation:
    """Why somebody may or may not do something, line by line, and what would change it."""

    decision: Decision
    matched_lines: list[MatchedLine]
    requirements: list[AccessExplanation]
    would_allow: list[ChangeSet] = strawberry.field(description="Minimal sets of at most two changes; at most ten.")
    complete: bool = strawberry.field(description="False where there are more sets than listed.")
