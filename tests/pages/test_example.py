"""The ready examples: what they need to be shown, run and documented."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from graphql import FieldNode, OperationDefinitionNode, Visitor, parse, validate, visit

from app import load_settings, merged_plugins
from demo.places import AURORA, PASSWORD
from demo.team import first_of_each_role, planned_team
from pages.example import Example, demo_examples, ready_examples

SHOWN = [pytest.param(example, id=example.slug) for example in ready_examples()]


def operations_of(example: Example) -> list[OperationDefinitionNode]:
    return [each for each in parse(example.document).definitions if isinstance(each, OperationDefinitionNode)]


class Counting(Visitor):
    """Counts what `identity.md` 4.9 limits."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Count an alias."""
        self.aliases += node.alias is not None


def test_the_list_walks_through_the_product() -> None:
    assert [example.slug for example in ready_examples()] == [
        "sign_in_password",
        "sign_in_send_code",
        "sign_in_verify",
        "viewer",
        "network",
        "team",
        "appointments_today",
        "book",
        "move",
        "pay",
        "cancel",
        "roles",
        "explain_access",
        "preview_promotion",
        "change_with_consent",
        "other_terms",
        "who_may",
        "billing",
        "journal",
        "journal_entry",
    ]


def test_a_title_line_is_split_into_group_and_title() -> None:
    first = ready_examples()[0]

    assert (first.group, first.title) == ("Sign in", "1. the password")
    assert first.document.startswith("# Sign in: 1. the password\nmutation StartSignIn(")


@pytest.mark.parametrize("example", SHOWN)
def test_an_example_is_one_named_operation(example: Example) -> None:
    operations = operations_of(example)

    assert [operation.name is not None for operation in operations] == [True]


@pytest.mark.parametrize("example", SHOWN)
def test_an_example_gives_exactly_the_variables_that_it_declares(example: Example) -> None:
    declared = {each.variable.name.value for each in operations_of(example)[0].variable_definitions or ()}

    assert declared == set(example.variables)


@pytest.mark.parametrize("example", SHOWN)
def test_an_example_stays_within_the_endpoint_s_alias_limit(example: Example) -> None:
    counting = Counting()

    visit(parse(example.document), counting)

    assert counting.aliases <= 15


@pytest.mark.parametrize("example", SHOWN)
def test_an_example_holds_no_secret(example: Example) -> None:
    secrets = {
        name: value for name, value in example.variables.items() if name in {"password", "mailedCode", "consent"}
    }

    assert set(secrets.values()) <= {""}


@pytest.mark.parametrize("example", SHOWN)
def test_an_example_fits_the_schema(example: Example) -> None:
    schema = merged_plugins(load_settings()).schema._schema

    assert validate(schema, parse(example.document)) == []


def test_a_demo_s_examples_sign_its_first_owner_in() -> None:
    team = planned_team(AURORA, datetime(2026, 3, 2, tzinfo=UTC))
    owner = next(member for member in first_of_each_role(team) if member.post.role == "owner")

    assert demo_examples()[0].variables == {"email": owner.account.email, "password": PASSWORD}


def test_a_demo_s_examples_differ_in_who_signs_in_alone() -> None:
    assert demo_examples()[1:] == ready_examples()[1:]
