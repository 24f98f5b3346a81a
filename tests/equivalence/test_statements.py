"""The statements of a relation: as many for a hundred parents as for one, for every relation of the schema.

The keys are real: what the relations are asked for by documents made by chance, and every id of the world. So a batch
function that runs a statement for each of its rows is found, whoever wrote it; the bundled plugins' are among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import pytest
from graphql import is_object_type

from app import Remit
from database.statements import Statements
from domain.pages import Count, Page
from execution.context import RequestContext
from execution.declaration import Relation, declaration_of
from execution.levels import RelationCall
from execution.seams import declared_field
from policies.reach import ALWAYS
from schema.builder import RemitSchema
from schema.connections import totals
from tests.equivalence.comparison import chance
from tests.equivalence.documents import Operation, random_operation
from tests.equivalence.worlds import LIKELY, World, make_world
from work import Work

SEED: Final = 20_261_122  # of this test's documents; any would do
MOST_DOCUMENTS: Final = 1000
"""Most often some hundred ask for every relation that a query asks for."""

BY_IDS: Final = {"devices_by_id", "devices_of", "places_of_accounts", "proposals_by_id"}
"""Relations by ids of rows, to which chance leads seldom, or only a mutation: they are asked for by all ids."""

OWNER: Final = "hal"

IDS: Final = """
SELECT id FROM appointments UNION SELECT id FROM clients UNION SELECT id FROM specialists UNION SELECT id FROM locations
UNION SELECT id FROM services UNION SELECT id FROM assignments UNION SELECT id FROM networks
UNION SELECT id FROM journal_entries UNION SELECT id FROM policy_changes UNION SELECT id FROM policy_proposals
UNION SELECT account_id FROM specialists WHERE account_id IS NOT NULL UNION SELECT id FROM sessions
UNION SELECT device_id FROM sessions LIMIT 400
"""

OF_CLIENT: Final = "SELECT count(*) FROM appointments WHERE network_id = $1 AND client_id = $2"

SELDOM: Final = {
    **LIKELY,
    **dict.fromkeys(("explainAccess", "accessTests", "policyChanges", "previewPolicyChange", "viewer", "session"), 10),
    **dict.fromkeys(
        ("devices", "domains", "sessions", "device", "matchedLines", "offenders", "evaluation", "role"), 10
    ),
}
"""How many times as likely as others these fields are selected: they lead to relations that chance seldom finds."""

PREVIEW: Final = """
query ($of: ID!, $holder: ID!) {
  previewPolicyChange(input: {network: $of, changes: [{assignRole: {holder: $holder, role: "accountant"}}]}) {
    ... on PolicyPreview { entries(first: 3) { nodes { capability } } }
  }
}
"""
PROVIDER: Final = "SELECT id FROM specialists WHERE name = 'Otto' ORDER BY created_at DESC LIMIT 1"
"""A change that may be made: chance hardly ever makes one up."""

Keys = dict[str, list[Hashable]]


def relations_of(schema: RemitSchema) -> dict[str, Relation]:
    """Every relation of the schema, once for each batch function, by the function's name."""
    found = {}
    for type_ in schema._schema.type_map.values():
        for field in type_.fields.values() if is_object_type(type_) else ():
            declared = declared_field(field)
            declaration = declaration_of(declared) if declared is not None else None
            if isinstance(declaration, Relation):
                found[declaration.batch.__qualname__] = declaration
    return found


@pytest.fixture(scope="module")
async def world(remit: Remit) -> World:
    """A world with something of everything."""
    return await make_world(remit.host, remit.merged.schema, chance(SEED))


@pytest.fixture
async def work(world: World) -> AsyncIterator[Work]:
    """The owner's Work."""
    async with world.host.read(world.viewers[OWNER]) as opened:
        yield opened


@pytest.fixture(scope="module")
async def asked_keys(remit: Remit, world: World) -> Keys:
    """The keys by which documents made by chance ask for relations; the owner sees everything."""
    found: dict[str, dict[Hashable, None]] = defaultdict(dict)
    original = RelationCall.__call__

    async def remember(self: RelationCall, context: Any, keys: Any, arguments: Any) -> Any:
        found[self.relation.batch.__qualname__].update(dict.fromkeys(key for key in keys if key is not None))
        return await original(self, context, keys, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RelationCall, "__call__", remember)
        await _ask(remit, world, await _preview(world))
        rng = chance(SEED)
        for _ in range(MOST_DOCUMENTS):
            if found.keys() >= relations_of(remit.merged.schema).keys() - BY_IDS:
                break
            asked = random_operation(remit.merged.schema._schema, rng, world.values, root="query", likely=SELDOM)
            await _ask(remit, world, asked)
    return {name: list(keys) for name, keys in found.items()}


async def _preview(world: World) -> Operation:
    async with world.host.read(world.viewers[OWNER]) as work:
        holder = await work.statements.fetchval(PROVIDER)
        return Operation(PREVIEW, {"of": str(work.network_id), "holder": str(holder)}, None, dict)


async def _ask(remit: Remit, world: World, asked: Operation) -> None:
    """Ask twice: a plan is made at the second time."""
    for _ in range(2):
        await remit.merged.schema.execute(
            asked.document,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            context_value=RequestContext(world.host, world.viewers[OWNER]),
        )


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL of the statements that are run within the block."""
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fetch", "fetchrow", "fetchval", "execute"):
            original = getattr(Statements, name)

            async def run(self: Statements, sql: str, *args: Any, _original: Any = original, **words: Any) -> Any:
                found.append(sql)
                return await _original(self, sql, *args, **words)

            patch.setattr(Statements, name, run)
        yield found


async def statements_for(work: Work, relation: Relation, keys: list[Hashable]) -> int:
    """How many statements the relation runs for these keys."""
    host_given: dict[str, Any] = {"reach": ALWAYS} if relation.requires is not None else {}
    arguments: dict[str, Any] = {"page": Page(first=5)} if relation.wants_page else {}
    with counted() as statements:
        await relation.batch(work, keys, **arguments, **host_given)
    return len(statements)


COUNT_OF_CLIENTS: Final = """
SELECT client_id AS key, count(*) FROM appointments WHERE network_id = $1 AND client_id = ANY ($2) GROUP BY client_id
"""


async def test_the_connections_of_a_list_are_counted_in_one_statement(work: Work) -> None:
    clients = await work.statements.fetch("SELECT id FROM clients WHERE network_id = $1", work.network_id)
    counts = [Count(COUNT_OF_CLIENTS, (work.network_id,), row["id"]) for row in clients]
    with counted() as statements:
        found = await totals(work, [*counts, 7])

    alone = [await work.statements.fetchval(OF_CLIENT, work.network_id, count.key) for count in counts]
    assert [found[count] for count in counts] == alone
    assert found[7] == 7
    assert (len(statements), len(counts) > 1) == (1, True)


async def test_many_parents_cost_no_more_statements_than_one(remit: Remit, asked_keys: Keys, work: Work) -> None:
    ids = [row["id"] for row in await work.statements.fetch(IDS)]
    dear = {}
    relations = relations_of(remit.merged.schema)
    assert relations.keys() - asked_keys.keys() <= BY_IDS
    del relations[totals.__qualname__]  # its keys are whole lists, each a connection field of its own
    for name, relation in relations.items():
        keys = asked_keys.get(name, [])
        if all(isinstance(key, UUID) for key in keys):
            keys = [*dict.fromkeys([*keys, *ids])]
        for_one = max([await statements_for(work, relation, [key]) for key in keys[:100]])
        for_many = await statements_for(work, relation, keys)
        if for_many > for_one:
            dear[name] = (for_one, for_many, len(keys))

    assert dear == {}, "statements for one key, for many, and how many those are"
