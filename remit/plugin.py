"""The host API of plugins: everything that a plugin may import of Remit, re-exported under one name."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from audit.entries import Area, EventType, Outcome, Severity
from database.apps import OrmApp
from database.statements import Statements
from domain.money import Money
from domain.network.fan_out import for_each_network
from domain.pages import Count, Order, Page, Slice
from domain.team.reads import specialists_by_id
from errors import InvalidInput, NotFound, StartRefused, UserError
from execution.declaration import attribute, computed, mutation, query, relation, roots_of, subscription, type
from execution.live import Live
from execution.rows import shown
from jobs import Job
from plugins.contract import (
    AccessView,
    Consequence,
    Contribution,
    Plugin,
    PluginSettings,
    Publisher,
    VerdictFamily,
)
from policies.access_tests import AccessTest, Group, HasVerdict, HoldersOf, Holds, Mode, Quantifier
from policies.canonical import canonical_json
from policies.catalogue import (
    AGE,
    ALL,
    Capability,
    DomainKind,
    Level,
    Seat,
    acct,
    age,
    ahead,
    back,
    max_amount,
    own,
    pct,
)
from policies.conditions import Changeable, Condition, Fact, FactKind
from policies.counterfactuals import (
    Add,
    Change,
    Computed,
    Counterfactuals,
    Remove,
    SetTo,
    changed,
    counterfactuals,
)
from policies.reach import Reach
from policies.roles import Role
from policies.verdicts import (
    Line,
    Verdict,
    VerdictPolicy,
    VerdictPolicyInvalid,
    Vocabulary,
    load_verdict_policy,
    read_verdict_policy,
)
from schema import errors as graphql_errors
from schema.connections import Connection
from schema.money import Money as GraphQLMoney
from schema.policy_changes import Consequence as GraphQLConsequence
from schema.scalars import MinorUnits
from schema.team import Specialist
from work import Work

__all__ = [
    "AGE",
    "ALL",
    "AccessTest",
    "AccessView",
    "Add",
    "Area",
    "Capability",
    "Change",
    "Changeable",
    "Computed",
    "Condition",
    "Connection",
    "Consequence",
    "Contribution",
    "Count",
    "Counterfactuals",
    "DomainKind",
    "EventType",
    "Fact",
    "FactKind",
    "GraphQLConsequence",
    "GraphQLMoney",
    "Group",
    "HasVerdict",
    "HoldersOf",
    "Holds",
    "InvalidInput",
    "Job",
    "Level",
    "Line",
    "Live",
    "MinorUnits",
    "Mode",
    "Money",
    "NotFound",
    "Order",
    "OrmApp",
    "Outcome",
    "Page",
    "Plugin",
    "PluginSettings",
    "Publisher",
    "Quantifier",
    "Reach",
    "Remove",
    "Role",
    "Seat",
    "SetTo",
    "SettingsConfigDict",
    "Severity",
    "Slice",
    "Specialist",
    "StartRefused",
    "Statements",
    "UserError",
    "Verdict",
    "VerdictFamily",
    "VerdictPolicy",
    "VerdictPolicyInvalid",
    "Vocabulary",
    "Work",
    "acct",
    "age",
    "ahead",
    "attribute",
    "back",
    "canonical_json",
    "changed",
    "computed",
    "counterfactuals",
    "for_each_network",
    "graphql_errors",
    "load_verdict_policy",
    "max_amount",
    "mutation",
    "own",
    "pct",
    "query",
    "read_verdict_policy",
    "relation",
    "roots_of",
    "shown",
    "specialists_by_id",
    "subscription",
    "type",
]
