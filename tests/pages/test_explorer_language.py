"""The explorer's modules, run in Node: layout, operations, secrets, completions, and what is carried along."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import as_file, files
from typing import Any

import pytest
from graphql import build_schema, introspection_from_schema, parse, print_ast

from pages.example import Example, ready_examples

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="the explorer's scripts are tested in Node, and there is none")

SCHEMA = """
interface UserError { code: String! }
type SlotTaken implements UserError { code: String! }
type Booked { id: ID! }
union BookResult = Booked | SlotTaken
enum State { PENDING CONFIRMED }
input Filter { state: State states: [State!] }
type Visit { id: ID! state: State! }
type Query { visits(filter: Filter, first: Int): [Visit!]! viewer: String }
type Mutation { book(confirm: Boolean): BookResult! }
"""

LAID_OUT = [
    ("one level", "{a b}", "{\n  a\n  b\n}\n"),
    ("commas are spaces", "query Q{a,b,,c}", "query Q {\n  a\n  b\n  c\n}\n"),
    (
        "variables, defaults, directives",
        "query Q($a:Int=1 $b:[ID!]!)@x{a}",
        "query Q($a: Int = 1, $b: [ID!]!) @x {\n  a\n}\n",
    ),
    (
        "aliases and arguments",
        '{a:b(x:[1 2{y:$a,z:"q"}])@skip(if:$c)}',
        '{\n  a: b(x: [1, 2, {y: $a, z: "q"}]) @skip(if: $c)\n}\n',
    ),
    (
        "fragments",
        "{...F ...on X@y{c}...{d}}fragment F on T{e}",
        "{\n  ...F\n  ... on X @y {\n    c\n  }\n  ... {\n    d\n  }\n}\n\nfragment F on T {\n  e\n}\n",
    ),
    ("comments keep their place", "# top\n{a # tail\n# own\nb}", "# top\n{\n  a # tail\n  # own\n  b\n}\n"),
    (
        "long arguments take a line each",
        f'{{a(first:"{"x" * 40}" second:"{"y" * 40}")}}',
        f'{{\n  a(\n    first: "{"x" * 40}"\n    second: "{"y" * 40}"\n  )\n}}\n',
    ),
    ("block texts stay", '{a(b:"""\n x\n""")}', '{\n  a(\n    b: """\n x\n"""\n  )\n}\n'),
    ("fields named like keywords", "{query on type:fragment}", "{\n  query\n  on\n  type: fragment\n}\n"),
    ("what is no GraphQL stays", "{ a ; }", "{ a ; }"),
    ("nothing stays nothing", "", ""),
]

COMPLETED = [
    ("root fields", "query { v|", ["visits", "viewer"]),
    ("shorthand", "{ vie|", ["viewer"]),
    ("after another definition", "query A { viewer } mutation { b|", ["book"]),
    ("fields of a field's type", "{ visits { |", ["id", "state", "__typename"]),
    ("behind a closed selection", "{ visits { id } view|", ["viewer"]),
    ("arguments", "{ visits(f|", ["filter", "first"]),
    ("fields of an input", "{ visits(filter: {s|", ["state", "states"]),
    ("values of an enum", "{ visits(filter: {state: |", ["PENDING", "CONFIRMED"]),
    ("values in a list", "{ visits(filter: {states: [PENDING C|", ["CONFIRMED"]),
    ("booleans", "mutation { book(confirm: |", ["true", "false"]),
    ("types of a union", "mutation { book { ... on |", ["BookResult", "Booked", "SlotTaken", "UserError"]),
    ("fields after a type condition", "mutation { book { ... on SlotTaken { c|", ["code"]),
    ("after a spread", "{ visits { ... |", ["on"]),
    ("definitions", "m|", ["mutation"]),
    ("a word that is complete", "{ viewer|", []),
    ("inside a comment", "{ # v|", []),
    ("inside a text", '{ visits(first: "v|")', []),
    ("an unknown field", "{ nothing { |", []),
]


def evaluate(expression: str, value: object) -> Any:
    """What `expression` answers in Node, where `value` is the given value and the explorer's modules are imported."""
    with as_file(files("pages") / "static" / "explorer") as folder:
        modules = [
            f"import * as {name} from {json.dumps((folder / f'{name}.js').as_uri())};"
            for name in ("answer", "completion", "language", "memory", "schema", "transport")
        ]
        script = "\n".join(
            [*modules, f"const value = {json.dumps(value)};", f"console.log(JSON.stringify({expression}));"]
        )
        ran = subprocess.run(
            [str(NODE), "--no-warnings", "--input-type=module", "--eval", script],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    return json.loads(ran.stdout)


def test_prettify_lays_out_documents() -> None:
    answers = evaluate("value.map(language.prettify)", [given for _, given, _ in LAID_OUT])

    assert dict(zip((case for case, _, _ in LAID_OUT), answers, strict=True)) == {
        case: expected for case, _, expected in LAID_OUT
    }


def test_prettify_keeps_the_meaning_of_its_own_cases() -> None:
    documents = [(given, expected) for _, given, expected in LAID_OUT if given not in {"", "{ a ; }"}]

    assert [print_ast(parse(given)) for given, _ in documents] == [print_ast(parse(laid)) for _, laid in documents]


def test_every_example_is_laid_out_as_prettify_would() -> None:
    examples: tuple[Example, ...] = ready_examples()

    answers = evaluate("value.map(language.prettify)", [example.document for example in examples])

    assert answers == [example.document for example in examples]


def test_operations_of_a_document_are_listed() -> None:
    document = (
        "# query No { a }\n{ query { a } } query A($a: X = {mutation: 1}) { b } "
        "fragment F on T { c } subscription S { d }"
    )

    assert evaluate("language.operationsOf(value)", document) == [
        {"type": "query", "name": ""},
        {"type": "query", "name": "A"},
        {"type": "subscription", "name": "S"},
    ]


def test_colours_cover_the_whole_text() -> None:
    text = '# c\nquery Q($a: Int) @d { f(x: "s", y: 1.5) { on } } § é 😀'

    pieces = evaluate("language.colours(value)", text)

    assert "".join(piece for _, piece in pieces) == text
    assert {tuple(piece) for piece in pieces} >= {
        ("is-comment", "# c"),
        ("is-keyword", "query"),
        ("is-type", "Q"),
        ("is-variable", "a"),
        ("is-directive", "d"),
        ("is-name", "f"),
        ("is-string", '"s"'),
        ("is-number", "1.5"),
        ("is-error", "§"),
    }


def test_the_history_keeps_no_secrets() -> None:
    document = 'mutation { startSignIn(input: {email: "a@b.c", password: "hunter2", code: "12345678"}) { code } }'
    variables = {
        "input": {"newPassword": "x", "email": "a@b.c"},
        "refreshToken": "y",
        "mailedCode": "1",
        "codes": ["kept"],
    }

    kept = evaluate(
        "[language.withoutSecrets(value[0]), language.variablesWithoutSecrets(value[1])]", [document, variables]
    )

    assert kept == [
        'mutation { startSignIn(input: {email: "a@b.c", password: "", code: ""}) { code } }',
        {"input": {"newPassword": "", "email": "a@b.c"}, "refreshToken": "", "mailedCode": "", "codes": ["kept"]},
    ]


REMEMBERED = """(() => {
  process.env.TZ = "Europe/Budapest";
  const kept = {};
  globalThis.sessionStorage = { getItem: (key) => kept[key] ?? null, setItem: (key, text) => { kept[key] = text; } };
  for (const answer of value.answers) memory.carry(answer, new Set(Object.keys(value.variables)));
  return memory.filledIn(value.variables, new Date("2026-11-21T20:00:00Z"));
})()"""


@pytest.mark.parametrize(
    ("case", "answers", "variables", "expected"),
    [
        (
            "the first of a name in an answer",
            [{"nodes": [{"holderId": "a"}, {"holderId": "b"}]}],
            {"holderId": "", "email": ""},
            {"holderId": "a", "email": ""},
        ),
        ("the newest of answers", [{"amount": 1}, None, {"amount": 2}], {"amount": ""}, {"amount": 2}),
        ("an offered start", [{"startsAt": "soon"}], {"startsAt": "@free-start"}, {"startsAt": "soon"}),
        ("no offered start", [], {"startsAt": "@free-start"}, {"startsAt": "2027-01-02T11:00:00.000Z"}),
        (
            "the reader's day",
            [],
            {"from": "@midnight", "before": "@next-midnight"},
            {"from": "2026-11-20T23:00:00.000Z", "before": "2026-11-21T23:00:00.000Z"},
        ),
    ],
)
def test_an_example_is_filled_in_from_earlier_answers(
    case: str, answers: list[object], variables: dict[str, object], expected: dict[str, object]
) -> None:
    assert evaluate(REMEMBERED, {"answers": answers, "variables": variables}) == expected, case


CLICKED = """(() => {
  globalThis.document = {
    createElement: () => ({
      listeners: {},
      addEventListener(name, listener) { this.listeners[name] = listener; },
      setAttribute() {},
      append(text) { this.text = text; },
    }),
  };
  const taken = [];
  const nodes = answer.answerNodes(value, new Set(["id", "size"]), (...pair) => taken.push(pair));
  for (const node of nodes) node.listeners?.click?.();
  return { taken, text: nodes.map((node) => node.text ?? node).join("") };
})()"""


def test_values_that_examples_need_can_be_taken_from_an_answer() -> None:
    text = json.dumps({"id": "a", "name": "b", "all": [{"size": 7}, {"id": None}, {"id": 'c"'}]})

    assert evaluate(CLICKED, text) == {"taken": [["id", "a"], ["size", 7], ["id", 'c"']], "text": text}


def test_completions_follow_the_schema() -> None:
    told = introspection_from_schema(build_schema(SCHEMA))
    texts = [text for _, text, _ in COMPLETED]

    answers = evaluate(
        "value[1].map((text) => completion.completionsAt(new schema.Schema(value[0]), text.replace('|', ''), "
        "text.indexOf('|')).items.map((item) => item.text))",
        [told, texts],
    )

    assert dict(zip(texts, answers, strict=True)) == {text: expected for _, text, expected in COMPLETED}


def test_the_introspection_query_is_valid_and_tells_types() -> None:
    query = evaluate("schema.INTROSPECTION", None)

    assert [definition.kind for definition in parse(query).definitions] == [
        "operation_definition",
        "fragment_definition",
        "fragment_definition",
    ]


@pytest.mark.parametrize(
    ("case", "text", "expected"),
    [
        ("none", "", []),
        (
            "two, with spaces and an empty line",
            " Authorization :  Bearer x:y \n\nRemit-Domain: n1",
            [["Authorization", "Bearer x:y"], ["Remit-Domain", "n1"]],
        ),
        ("an empty value", "X-Empty:", [["X-Empty", ""]]),
    ],
)
def test_headers_are_read_line_by_line(case: str, text: str, expected: list[list[str]]) -> None:
    assert evaluate("transport.headersFrom(value)", text) == expected, case


def test_a_line_that_is_no_header_is_named() -> None:
    told = evaluate(
        "(() => { try { return transport.headersFrom(value); } catch (e) { return e.message; } })()", "a: b\nBearer x"
    )

    assert told == "Headers: “Bearer x” is not of the form “name: value”."
