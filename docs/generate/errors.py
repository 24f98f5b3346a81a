"""docs/errors.md: one section a code, in the words of the error's own class and of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby

from graphql import GraphQLObjectType, GraphQLSchema, GraphQLUnionType, build_schema, get_named_type

from docs.generate.markdown import code, codes, page, prose, table
from docs.generate.source import merged, modules
from domain.team.proposals import ApprovalRequired
from errors import UserError
from schema.limits import CODES, LARGEST, MOST_TOKENS, WORDS

INTRODUCTION = """\
A refusal that a person can do something about comes back as data: a member of the field's result union that
implements `UserError`. Branch on `code`, show `message`, offer `hint`; `path` says where in the input it is.

```graphql
mutation Book($input: BookAppointmentInput!) {
  bookAppointment(input: $input) {
    __typename
    ... on UserError { code message hint path }
  }
}
```

Every mutation answers with such a union; of the queries those that try something out. Elsewhere, and where a union
does not have it, a refusal comes as a GraphQL error with the same `code` and `hint` in its `extensions`. What nobody
expected is masked: its code is `INTERNAL`, and its id is in the log."""


LIMITS = f"""\
## Documents that are too large

A document may have {MOST_TOKENS} words and signs. Each of its operations is measured before it is carried out, a
fragment wherever it is spread:"""


Told = type[UserError] | type[ApprovalRequired]
"""What has a code: a refusal, or an answer that says like one what is wrong, though what was sent is kept."""


def errors_page() -> str:
    """The page."""
    schema = build_schema(merged().schema.sdl())
    told: set[Told] = {*errors(), ApprovalRequired}
    by_code = groupby(sorted(told, key=lambda error: (error.code, error.__name__)), key=lambda error: error.code)
    sections = [_section(code_, list(members), schema) for code_, members in by_code]
    return page("Errors", INTRODUCTION, LIMITS, _limits(), *sections)


def _limits() -> str:
    rows = [(code(CODES[limit]), str(getattr(LARGEST, limit)), words.rstrip(",")) for limit, words in WORDS.items()]
    return table(("Code", "At the most", "What is counted"), rows)


def errors() -> set[type[UserError]]:
    """Every class of a refusal that the house raises."""
    modules()
    return set(_below(UserError))


def _below(cls: type[UserError]) -> Iterator[type[UserError]]:
    for sub in cls.__subclasses__():
        if not sub.__module__.startswith("tests."):
            yield sub
            yield from _below(sub)


def _section(code_: str, members: list[Told], schema: GraphQLSchema) -> str:
    happened = "\n\n".join(dict.fromkeys(prose(error) for error in members))
    hints = dict.fromkeys(error.hint for error in members if error.hint)
    advice = " ".join(hints) or "The answer's `hint` and `message` say it for the case."
    types = [type_ for error in members if (type_ := _type_of(error, schema))]
    wider = {kind.name: kind for error in members if (kind := _wider_type_of(error, schema)) and kind not in types}
    parts = [f"## {code_}", f"**What happened.** {happened}", f"**What to do.** {advice}"]
    parts += chain.from_iterable(_api(type_, schema) for type_ in types)
    parts += [f"**In a union** it comes as the type {code(kind)}." for kind in wider]
    return "\n\n".join(parts)


def _type_of(error: Told, schema: GraphQLSchema) -> GraphQLObjectType | None:
    found = schema.get_type(error.__name__)
    return found if isinstance(found, GraphQLObjectType) else None


def _wider_type_of(error: Told, schema: GraphQLSchema) -> GraphQLObjectType | None:
    """The type as which an error without a type of its own is a member of unions: that of the nearest wider one."""
    kinds = (kind for kind in error.__mro__ if issubclass(kind, UserError))
    return next((type_ for kind in kinds if (type_ := _type_of(kind, schema))), None)


def _api(type_: GraphQLObjectType, schema: GraphQLSchema) -> Iterator[str]:
    own = [name for name in type_.fields if not any(name in interface.fields for interface in type_.interfaces)]
    if own:
        yield f"**It carries** {codes(own)}."
    answering = sorted(
        name
        for root in (schema.query_type, schema.mutation_type)
        for name, field in (root.fields.items() if root else ())
        if isinstance(union := get_named_type(field.type), GraphQLUnionType) and type_ in union.types
    )
    if answering:
        yield f"**Answer of** {codes(answering)}, as the type {code(type_.name)}."
