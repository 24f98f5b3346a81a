"""Verdict policies: spec `policies.md` 4.7, its goldens 4.10, the Casbin oracle and the brute force of section 9."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations, product
from pathlib import Path
from typing import Annotated, Literal

import casbin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.conditions import (
    MAX_CONDITION_LENGTH,
    Changeable,
    ConditionInvalid,
    declared_facts,
    parse_condition,
)
from policies.counterfactuals import Add, Change, Computed, Remove, SetTo, changed, counterfactuals
from policies.verdicts import (
    Line,
    VerdictPolicy,
    VerdictPolicyInvalid,
    Vocabulary,
    load_verdict_policy,
    read_verdict_policy,
)

MODEL = Path(__file__).parents[2] / "policies" / "model" / "verdict.conf"


@dataclass(frozen=True, slots=True)
class FirmFacts:
    contract: Annotated[bool, Changeable.EITHER]
    firm_kind: Annotated[Literal["IT", "RESELLER", "OTHER"], Changeable.NEVER]
    installations: Annotated[int, Changeable.EITHER]
    academy: Annotated[bool, Changeable.EITHER]
    score: Annotated[int, Changeable.EITHER]


@dataclass(frozen=True, slots=True)
class PersonFacts:
    provides: Annotated[bool, Changeable.DOWN]
    owner: Annotated[bool, Changeable.NEVER]
    full_access: Annotated[bool, Changeable.UP]
    billable: Annotated[frozenset[str], Changeable.DOWN]


FIRMS = Vocabulary(FirmFacts, frozenset({"ELIGIBLE", "NOT_ELIGIBLE"}))
PEOPLE = Vocabulary(PersonFacts, frozenset({"SPECIALIST", "ADMINISTRATOR", "FREE"}))

ELIGIBILITY = read_verdict_policy(
    "demo_eligibility@1",
    """\
line,outcome,when,code,required
10,NOT_ELIGIBLE,not contract,NO_CONTRACT,a contract
20,NOT_ELIGIBLE,firm_kind == 'OTHER',FIRM_KIND,an admitted kind
30,NOT_ELIGIBLE,installations < 5,INSTALLATIONS,5
40,NOT_ELIGIBLE,not academy,ACADEMY,participating
50,NOT_ELIGIBLE,score < 5000,SCORE,5000
100,ELIGIBLE,True,,
""",
    vocabulary=FIRMS,
)

SEATS = read_verdict_policy(
    "demo_seats@1",
    """\
line,outcome,when
10,SPECIALIST,provides
20,FREE,owner and full_access
30,ADMINISTRATOR,'appointments:create' in billable
40,ADMINISTRATOR,len(billable) > 0
100,FREE,True
""",
    vocabulary=PEOPLE,
)


def numbers(lines: tuple[Line, ...]) -> list[int]:
    return [line.number for line in lines]


# --- goldens of 4.10 ---


@pytest.mark.parametrize(
    ("case", "facts", "outcome", "reasons", "to_eligible"),
    [
        ("all is met", FirmFacts(True, "IT", 5, True, 5000), "ELIGIBLE", [100], ()),
        (
            "one installation short",
            FirmFacts(True, "IT", 4, True, 5000),
            "NOT_ELIGIBLE",
            [30],
            ((SetTo("installations", 5),),),
        ),
        (
            "installation and score short",
            FirmFacts(True, "IT", 4, True, 4999),
            "NOT_ELIGIBLE",
            [30, 50],
            ((SetTo("installations", 5), SetTo("score", 5000)),),
        ),
        ("a kind that nobody changes", FirmFacts(False, "OTHER", 9, True, 9000), "NOT_ELIGIBLE", [10, 20], ()),
    ],
)
def test_eligibility_goldens(
    case: str, facts: FirmFacts, outcome: str, reasons: list[int], to_eligible: tuple[object, ...]
) -> None:
    verdict = ELIGIBILITY.decide(facts)
    found = counterfactuals(ELIGIBILITY, facts, wanted="ELIGIBLE")

    assert (verdict.outcome, verdict.line.number, numbers(verdict.reasons)) == (outcome, reasons[0], reasons)
    assert found.sets == to_eligible
    assert found.complete


APPOINTMENTS, PAYMENTS, REFUNDS = "appointments:create", "payments:create", "refunds:create"


@pytest.mark.parametrize(
    ("case", "facts", "line", "to_free"),
    [
        (
            "three billable rights",
            PersonFacts(False, False, False, frozenset({APPOINTMENTS, PAYMENTS, REFUNDS})),
            30,
            ((Remove("billable", APPOINTMENTS), Remove("billable", PAYMENTS), Remove("billable", REFUNDS)),),
        ),
        (
            "owner who provides",
            PersonFacts(True, True, True, frozenset({APPOINTMENTS})),
            10,
            ((SetTo("provides", False),),),
        ),
        ("one right", PersonFacts(False, False, False, frozenset({REFUNDS})), 40, ((Remove("billable", REFUNDS),),)),
        (
            "owner without full access",
            PersonFacts(False, True, False, frozenset({APPOINTMENTS, PAYMENTS})),
            30,
            ((SetTo("full_access", True),), (Remove("billable", APPOINTMENTS), Remove("billable", PAYMENTS))),
        ),
    ],
)
def test_seat_goldens(case: str, facts: PersonFacts, line: int, to_free: tuple[tuple[Change, ...], ...]) -> None:
    verdict = SEATS.decide(facts)
    found = counterfactuals(SEATS, facts, wanted="FREE")

    assert verdict.line.number == line
    assert [set(changes) for changes in found.sets] == [set(changes) for changes in to_free]
    assert found.complete


# --- the answer ---


def test_next_lines_end_at_the_first_with_another_outcome() -> None:
    facts = PersonFacts(False, False, False, frozenset({APPOINTMENTS}))

    verdict = SEATS.decide(facts)

    assert numbers(verdict.reasons) == [30, 40]
    assert numbers(verdict.next_lines) == [40, 100]


def test_a_verdict_names_policy_version_and_digest_of_its_facts() -> None:
    verdict = SEATS.decide(PersonFacts(False, False, False, frozenset({REFUNDS, PAYMENTS})))
    same = SEATS.decide(PersonFacts(False, False, False, frozenset({PAYMENTS, REFUNDS})))
    other = SEATS.decide(PersonFacts(False, False, True, frozenset({PAYMENTS, REFUNDS})))

    assert (verdict.policy, verdict.version, verdict.line_id) == ("demo_seats", 1, "demo_seats#40")
    # SHA-256 of {"billable":["payments:create","refunds:create"],"full_access":false,"owner":false,"provides":false}
    assert verdict.facts_digest == "625d6eb49b666a5b7549c52ed769e594d03606f62ee518ed4f03b82241edd918"
    assert verdict.facts_digest == same.facts_digest
    assert verdict.facts_digest != other.facts_digest


def test_columns_beside_the_condition_travel_with_the_verdict() -> None:
    line = ELIGIBILITY.decide(FirmFacts(True, "IT", 4, True, 5000)).line

    assert (line.code, line.required, line.kind, line.text) == ("INSTALLATIONS", "5", "", "")


def test_lines_are_sorted_as_integers_whatever_the_order_of_the_file() -> None:
    shuffled = "line,outcome,when\n100,FREE,True\n9,SPECIALIST,provides\n20,ADMINISTRATOR,len(billable) > 0\n"

    policy = read_verdict_policy("x@2", shuffled, vocabulary=PEOPLE)

    assert numbers(policy.lines) == [9, 20, 100]


def test_the_digest_is_of_what_the_file_says_and_not_of_its_bytes() -> None:
    text = "line,outcome,when\n10,SPECIALIST,provides\n100,FREE,True\n"
    quoted = 'line,outcome,when\r\n100,FREE,True\r\n10,SPECIALIST,"provides"\r\n'
    dearer = text.replace("FREE", "ADMINISTRATOR")

    digests = {read_verdict_policy("x@1", t, vocabulary=PEOPLE).digest for t in (text, quoted)}

    assert len(digests) == 1
    assert read_verdict_policy("x@1", dearer, vocabulary=PEOPLE).digest not in digests
    assert read_verdict_policy("x@2", text, vocabulary=PEOPLE).digest not in digests


# --- sets beside the file ---

CUT = Vocabulary(PersonFacts, frozenset({"PAID", "FREE"}), sets_of="billable", alternatives=False)
CUT_LINES = "line,outcome,when\n10,PAID,len(money) > 0\n100,FREE,True\n"
CUT_SETS = "set,capability\nmoney,payments:create\nmoney,refunds:create\n"


def test_a_set_is_the_part_of_the_fact_that_the_file_names(tmp_path: Path) -> None:
    (tmp_path / "cut@1.csv").write_text(CUT_LINES, encoding="utf-8")
    (tmp_path / "cut@1.sets.csv").write_text(CUT_SETS, encoding="utf-8")

    policy = load_verdict_policy(tmp_path / "cut@1.csv", CUT, members={PAYMENTS, REFUNDS})

    assert dict(policy.sets) == {"money": frozenset({PAYMENTS, REFUNDS})}
    assert policy.outcome(PersonFacts(False, False, False, frozenset({APPOINTMENTS}))) == "FREE"
    assert policy.outcome(PersonFacts(False, False, False, frozenset({APPOINTMENTS, REFUNDS}))) == "PAID"


def test_changes_to_a_cut_set_are_changes_to_the_whole() -> None:
    policy = read_verdict_policy("cut@1", CUT_LINES, vocabulary=CUT, sets=CUT_SETS)
    facts = PersonFacts(False, False, False, frozenset({APPOINTMENTS, PAYMENTS}))

    assert counterfactuals(policy, facts).sets == ((Remove("billable", PAYMENTS),),)


@pytest.mark.parametrize(
    ("case", "lines", "sets", "message"),
    [
        (
            "no such fact",
            "10,PAID,provide\n",
            None,
            "x@1.csv, row 2: there is no fact `provide`; did you mean 'provides'?",
        ),
        (
            "or",
            "10,PAID,provides or owner\n",
            None,
            "x@1.csv, row 2: `or` may not stand here; write the alternative as a line of its own",
        ),
        ("row too short", "10,PAID\n", None, "x@1.csv, row 2: the row has 2 fields instead of 3"),
        ("unquoted comma", "10,PAID,owner,why\n", None, "x@1.csv, row 2: the row has 4 fields instead of 3"),
        ("no integer", "1.5,PAID,owner\n", None, "x@1.csv, row 2: '1.5' is no line number"),
        ("duplicate line", "10,PAID,owner\n10,PAID,provides\n", None, "x@1.csv, row 3: line 10 is already in row 2"),
        (
            "unknown outcome",
            "10,PAIED,owner\n",
            None,
            "x@1.csv, row 2: there is no outcome 'PAIED'; did you mean 'PAID'?",
        ),
        ("no final True", "10,PAID,owner\n", None, "x@1.csv, row 2: the last line is not True"),
        (
            "True too early",
            "10,PAID,True\n20,FREE,True\n",
            None,
            "x@1.csv, row 2: line 10 always holds, so the lines after it are dead",
        ),
        ("set without its file", "10,PAID,len(cash_in) > 0\n", None, "x@1.csv, row 2: there is no fact `cash_in`"),
        (
            "unknown capability",
            "",
            "money,payment:create\n",
            "x@1.sets.csv, row 2: there is no capability 'payment:create'; did you mean 'payments:create'?",
        ),
        (
            "capability twice",
            "",
            "money,payments:create\nmoney,payments:create\n",
            "x@1.sets.csv, row 3: 'payments:create' is in money twice",
        ),
        (
            "set called like a fact",
            "",
            "owner,payments:create\n",
            "x@1.sets.csv, row 2: 'owner' cannot be the name of a set",
        ),
        (
            "member that is not in the set",
            "10,PAID,'refunds:create' in money\n",
            "money,payments:create\n",
            "x@1.csv, row 2: `money` never has 'refunds:create'; did you mean 'payments:create'?",
        ),
        ("broken quotes", '10,PAID,"owner\n', None, "x@1.csv, row 2: the row is not CSV (unexpected end of data)"),
    ],
)
def test_an_invalid_file_is_refused_naming_file_and_row(case: str, lines: str, sets: str | None, message: str) -> None:
    with pytest.raises(VerdictPolicyInvalid) as refused:
        read_verdict_policy(
            "x@1",
            "line,outcome,when\n" + lines,
            vocabulary=CUT,
            sets=None if sets is None else "set,capability\n" + sets,
            members={PAYMENTS, REFUNDS},
        )

    assert refused.value.message == message


@pytest.mark.parametrize(
    ("case", "name", "text", "message"),
    [
        ("name without version", "x", "", "x.csv: the name is not <code>@<version>"),
        ("empty file", "x@1", "", "x@1.csv, row 1: the header lacks line, outcome, when"),
        (
            "misspelt column",
            "x@1",
            "line,outcome,when,txt\n",
            "x@1.csv, row 1: there is no column 'txt'; did you mean 'text'?",
        ),
        ("column twice", "x@1", "line,outcome,when,line\n", "x@1.csv, row 1: the header names a column twice"),
        ("no lines", "x@1", "line,outcome,when\n", "x@1.csv, row 1: the last line is not True"),
    ],
)
def test_a_file_without_name_header_or_lines_is_refused(case: str, name: str, text: str, message: str) -> None:
    with pytest.raises(VerdictPolicyInvalid) as refused:
        read_verdict_policy(name, text, vocabulary=PEOPLE)

    assert refused.value.message == message


def test_sets_of_a_family_without_sets_are_refused() -> None:
    with pytest.raises(VerdictPolicyInvalid, match=r"^demo@1\.sets\.csv: policies of this family have no sets$"):
        read_verdict_policy("demo@1", "line,outcome,when\n10,FREE,True\n", vocabulary=PEOPLE, sets=CUT_SETS)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x@1.csv").write_bytes(b"line,outcome,when\n10,FREE,\xff\n")

    with pytest.raises(VerdictPolicyInvalid, match=r"^x@1\.csv: the file is not UTF-8$"):
        load_verdict_policy(tmp_path / "x@1.csv", PEOPLE)


# --- the language ---


@dataclass(frozen=True, slots=True)
class AnyFacts:
    flag: Annotated[bool, Changeable.EITHER]
    other: Annotated[bool, Changeable.EITHER]
    count: Annotated[int, Changeable.EITHER]
    total: Annotated[int, Changeable.EITHER]
    colour: Annotated[Literal["red", "green", "blue"], Changeable.EITHER]
    day: Annotated[date, Changeable.EITHER]
    until: Annotated[date, Changeable.NEVER]
    held: Annotated[frozenset[str], Changeable.EITHER]


ANY = declared_facts(AnyFacts)


@pytest.mark.parametrize(
    ("case", "text", "problem"),
    [
        ("a call", "flag.__class__()", "`flag.__class__()` is not in the language"),
        ("an attribute", "flag.real", "`flag.real` is not in the language"),
        ("an index", "held[0]", "`held[0]` is not in the language"),
        ("a lambda", "(lambda: flag)()", "is not in the language"),
        ("a comprehension", "len([1 for x in held]) > 0", "is not in the language"),
        ("a conditional", "flag if other else flag", "is not in the language"),
        ("another function", "max(count, total) > 0", "is not in the language"),
        ("a keyword", "len(held, start=1) > 0", "is not in the language"),
        ("a power", "count ** 9 > 0", "is not in the language"),
        ("a division", "count / 2 > 0", "is not in the language"),
        ("a walrus", "(x := flag)", "is not in the language"),
        ("an f-string", "colour == f'{colour}'", "is not in the language"),
        ("two statements", "flag; other", "is not an expression of Python"),
        ("nothing", "", "is not an expression of Python"),
        ("a null byte", "flag\0", "is not an expression of Python"),
        ("a float", "count > 1.5", "`1.5` is no literal of conditions"),
        ("None", "count == None", "`None` is no literal of conditions"),
        ("bytes", "colour == b'red'", "`b'red'` is no literal of conditions"),
        ("is", "flag is True", "`is` compares objects"),
        ("a set as a condition", "held", "`held` is a set, and a yes or no must stand there; write len(...) > 0"),
        ("a number as a condition", "count and flag", "`count` is a whole number, and a yes or no must stand there"),
        ("a flag as a number", "flag + 1 > 0", "`flag` is a yes or no, and a whole number must stand there"),
        ("a flag before <", "flag < 2", "a yes or no cannot stand before `<` and a whole number after it"),
        ("texts before <", "colour < 'z'", "a text cannot stand before `<` and a text after it"),
        ("unlike kinds", "colour == 1", "a text cannot stand before `==` and a whole number after it"),
        ("equal sets", "held == held", "a set cannot stand before `==` and a set after it"),
        ("a number in a set", "1 in held", "a whole number cannot stand before `in` and a set after it"),
        ("a value the text never has", "colour == 'gren'", "`colour` never has 'gren'; did you mean 'green'?"),
        ("the same in a tuple", "colour in ('red', 'gren')", "`colour` never has 'gren'; did you mean 'green'?"),
        ("names in a tuple", "count in (total, 1)", "`(total, 1)` may list literals only"),
        ("nested too deeply", "not " * 20 + "flag", "nests deeper than 20; split it into lines"),
        ("nested as deeply as its length allows", "-" * 990 + "1 > 0", "nests deeper than 20"),
        ("too long", "flag and " * (MAX_CONDITION_LENGTH // 9) + "flag and flag", "is longer than 1000 characters"),
    ],
)
def test_what_is_outside_the_language_is_refused(case: str, text: str, problem: str) -> None:
    with pytest.raises(ConditionInvalid) as refused:
        parse_condition(text, ANY)

    assert problem in str(refused.value)


@dataclass(frozen=True, slots=True)
class FloatFacts:
    share: Annotated[float, Changeable.NEVER]


@dataclass(frozen=True, slots=True)
class SilentFacts:
    active: bool


@dataclass(frozen=True, slots=True)
class OpenFacts:
    name: Annotated[str, Changeable.EITHER]


@pytest.mark.parametrize(
    ("case", "facts", "problem"),
    [
        ("a float", FloatFacts, "fact share must be a bool, int, str, Literal of texts, date or frozenset"),
        ("undecided", SilentFacts, "fact active must say whether it is changeable"),
        ("a changeable text of any value", OpenFacts, "fact name is a text: make it NEVER changeable"),
    ],
)
def test_facts_that_are_not_declared_in_full_are_refused(case: str, facts: type, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        declared_facts(facts)


NUMBERS = st.recursive(
    st.sampled_from(["count", "total", "len(held)", "0", "3", "-2"]),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=3,
)
FLAGS = st.one_of(
    st.sampled_from(["flag", "other", "True", "False", "flag == other"]),
    st.tuples(NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS).map(" ".join),
    st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda t: f"{t[0]} < {t[1]} <= {t[2]}"),
    st.sampled_from(["colour == 'red'", "colour in ('red', 'blue')", "colour not in ('green',)", "count in (1, 3)"]),
    st.sampled_from(
        ["day < until", "day >= until", "day != until", "'a' in held", "'b' not in held", "colour in held"]
    ),
)
CONDITIONS = st.recursive(
    FLAGS,
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
    ),
    max_leaves=5,
)
DAYS = st.dates(date(2026, 3, 1), date(2026, 3, 4))
FACTS = st.builds(
    AnyFacts,
    st.booleans(),
    st.booleans(),
    st.integers(-4, 4),
    st.integers(-4, 4),
    st.sampled_from(["red", "green", "blue"]),
    DAYS,
    DAYS,
    st.frozensets(st.sampled_from(["a", "b", "red"])),
)


@settings(max_examples=400, deadline=None)
@given(CONDITIONS, FACTS)
def test_a_condition_answers_as_python_does(text: str, facts: AnyFacts) -> None:
    names = {name: getattr(facts, name) for name in ANY}

    answer = parse_condition(text, ANY).holds(facts)

    assert answer is eval(text, {"__builtins__": {"len": len}}, names)  # noqa: S307  the oracle of the specification


# --- the oracle ---

OUTCOMES = ["yes", "no", "perhaps"]
ANY_VOCABULARY = Vocabulary(AnyFacts, frozenset(OUTCOMES))
LINES = st.lists(st.tuples(st.sampled_from(OUTCOMES), CONDITIONS), max_size=6)


def policy_of(lines: list[tuple[str, str]]) -> VerdictPolicy[AnyFacts]:
    rows = [(outcome, when) for outcome, when in lines if when != "True"]
    numbered = [f'{10 * n},{outcome},"{when}"' for n, (outcome, when) in enumerate(rows, start=1)]
    return read_verdict_policy(
        "any@1", "\n".join(["line,outcome,when", *numbered, "1000,no,True"]), vocabulary=ANY_VOCABULARY
    )


def casbin_answer(policy: VerdictPolicy[AnyFacts], facts: AnyFacts, *, asked: str) -> tuple[bool, int]:
    """Casbin's answer to "is the outcome the one that is asked for?", and the line that it says decided."""
    names = {name: getattr(facts, name) for name in ANY}
    enforcer = casbin.Enforcer(str(MODEL))
    enforcer.add_function("holds", lambda _facts, when: eval(when, {"__builtins__": {"len": len}}, names))  # noqa: S307  as above
    for line in policy.lines:
        effect = "allow" if line.outcome == asked else "deny"
        enforcer.add_policy(str(line.number), line.outcome, line.when.text, effect)
    allowed, deciding = enforcer.enforce_ex(facts)
    return allowed, int(deciding[0])


@settings(max_examples=120, deadline=None)
@given(LINES, FACTS, st.sampled_from(OUTCOMES))
def test_casbin_answers_the_same_and_by_the_same_line(
    lines: list[tuple[str, str]], facts: AnyFacts, asked: str
) -> None:
    policy = policy_of(lines)

    verdict = policy.decide(facts)

    assert (verdict.outcome == asked, verdict.line.number) == casbin_answer(policy, facts, asked=asked)
    assert policy.outcome(facts) == verdict.outcome


@settings(max_examples=120, deadline=None)
@given(LINES, FACTS)
def test_the_named_line_holds_and_no_earlier_one_does(lines: list[tuple[str, str]], facts: AnyFacts) -> None:
    policy = policy_of(lines)

    verdict = policy.decide(facts)

    earlier = [line for line in policy.lines if line.number < verdict.line.number]
    assert verdict.line.when.holds(facts)
    assert not any(line.when.holds(facts) for line in earlier)
    assert all(line.when.holds(facts) and line.outcome == verdict.outcome for line in verdict.reasons)


# --- counterfactuals against brute force ---

WORLD_FLAGS = [
    "flag",
    "not flag",
    "colour == 'red'",
    "colour != 'blue'",
    "'a' in held",
    "len(held) > 1",
    "len(held) == 0",
]
WORLD_NUMBERS = [f"count {sign} {n}" for sign in ("<", "<=", ">", ">=", "==", "!=") for n in (-1, 1, 2)]
WORLD_NUMBERS += ["2 > count", "1 <= count", "0 < count <= 2"]
WORLD_DAYS = ["day < until", "day <= until", "day == until", "until < day", "until >= day"]
WORLD_LINES = st.lists(
    st.tuples(
        st.sampled_from(OUTCOMES),
        st.lists(st.sampled_from(WORLD_FLAGS + WORLD_NUMBERS + WORLD_DAYS), min_size=1, max_size=3).map(" and ".join),
    ),
    min_size=1,
    max_size=4,
)
MEMBERS = ["a", "b", "c"]
COUNTS = range(-4, 6)
WORLD_CALENDAR = [date(2026, 3, day) for day in range(1, 8)]


@dataclass(frozen=True, slots=True)
class WorldFacts:
    flag: Annotated[bool, Changeable.EITHER]
    count: Annotated[int, Changeable.EITHER]
    colour: Annotated[Literal["red", "green", "blue"], Changeable.EITHER]
    day: Annotated[date, Changeable.EITHER]
    until: Annotated[date, Changeable.NEVER]
    held: Annotated[frozenset[str], Changeable.DOWN]


WORLD = Vocabulary(WorldFacts, frozenset(OUTCOMES))
WORLDS = [
    WorldFacts(flag, count, colour, day, date(2026, 3, 4), frozenset(held))
    for flag in (False, True)
    for count in COUNTS
    for colour in ("red", "green", "blue")
    for day in WORLD_CALENDAR
    for held in [[m for m, bit in zip(MEMBERS, bits, strict=True) if bit] for bits in product((0, 1), repeat=3)]
]


def differences(before: WorldFacts, after: WorldFacts) -> dict[object, int] | None:
    """How far each thing moved, by thing and direction; None where a set gained, which nobody may do."""
    if after.held - before.held:
        return None
    moved: dict[object, int] = dict.fromkeys(before.held - after.held, 0)
    if before.flag != after.flag:
        moved["flag"] = 0
    if before.colour != after.colour:
        moved["colour", after.colour] = 0
    for name, distance in (("count", after.count - before.count), ("day", (after.day - before.day).days)):
        if distance:
            moved[name, distance > 0] = abs(distance)
    return moved


def brute_force(policy: VerdictPolicy[WorldFacts], facts: WorldFacts, wanted: str | None) -> list[WorldFacts]:
    """Every reachable world of the wanted outcome (None: of another one) from which no smaller difference would do."""
    present = policy.outcome(facts)
    goals = set(OUTCOMES) - {present} if wanted is None else {wanted} - {present}
    solutions = [
        (moved, world)
        for world in WORLDS
        if (moved := differences(facts, world)) is not None and policy.outcome(world) in goals
    ]
    solutions.sort(key=lambda solution: (len(solution[0]), sum(solution[0].values())))
    minimal: list[tuple[dict[object, int], WorldFacts]] = []
    for moved, world in solutions:
        if not any(all(far <= moved.get(what, -1) for what, far in other.items()) for other, _ in minimal):
            minimal.append((moved, world))
    return [world for _, world in minimal]


@settings(max_examples=150, deadline=None)
@given(
    WORLD_LINES,
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from(["red", "green", "blue"]),
    st.sampled_from(WORLD_CALENDAR[1:-1]),
    st.frozensets(st.sampled_from(MEMBERS)),
    st.sampled_from([None, *OUTCOMES]),
)
def test_counterfactuals_are_exactly_the_minimal_ones(
    lines: list[tuple[str, str]],
    flag: bool,
    count: int,
    colour: str,
    day: date,
    held: frozenset[str],
    wanted: str | None,
) -> None:
    numbered = [f"{10 * n},{outcome},{when}" for n, (outcome, when) in enumerate(lines, start=1)]
    policy = read_verdict_policy("w@1", "\n".join(["line,outcome,when", *numbered, "99,no,True"]), vocabulary=WORLD)
    facts = WorldFacts(flag, count, colour, day, date(2026, 3, 4), held)  # type: ignore[arg-type]  # sampled from them

    found = counterfactuals(policy, facts, wanted=wanted)

    worlds = [changed(facts, changes) for changes in found.sets]
    minimal = set(brute_force(policy, facts, wanted))
    assert len(set(worlds)) == len(worlds)
    assert set(worlds) <= minimal
    # A search that gave up says so; one that says that it is complete has missed nothing
    assert set(worlds) == minimal or not found.complete
    for changes in found.sets:
        smaller = [changed(facts, fewer) for size in range(len(changes)) for fewer in combinations(changes, size)]
        assert wanted is None or all(policy.outcome(world) != wanted for world in smaller)


def test_random_counterfactuals_are_neither_all_empty_nor_given_up() -> None:
    sizes: Counter[int] = Counter()
    complete: Counter[bool] = Counter()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(WORLD_LINES, st.sampled_from(WORLDS))
    def ask(lines: list[tuple[str, str]], facts: WorldFacts) -> None:
        numbered = [f"{10 * n},{outcome},{when}" for n, (outcome, when) in enumerate(lines, start=1)]
        policy = read_verdict_policy("w@1", "\n".join(["line,outcome,when", *numbered, "99,no,True"]), vocabulary=WORLD)
        found = counterfactuals(policy, facts)
        sizes.update(len(changes) for changes in found.sets)
        complete[found.complete] += 1

    ask()

    assert min(sizes[1], sizes[2]) > 10, sizes
    assert complete[True] > 100, complete


def test_a_counterfactual_may_ask_for_one_outcome() -> None:
    facts = PersonFacts(True, False, False, frozenset({APPOINTMENTS}))

    to_free = counterfactuals(SEATS, facts, wanted="FREE")
    to_other = counterfactuals(SEATS, facts)

    assert to_free.sets == ((SetTo("provides", False), Remove("billable", APPOINTMENTS)),)
    assert to_other.sets == ((SetTo("provides", False),),)
    assert counterfactuals(SEATS, facts, wanted="SPECIALIST").sets == ()


def test_an_outcome_that_the_policy_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="demo_seats has no outcome 'PAID'"):
        counterfactuals(SEATS, PersonFacts(True, False, False, frozenset()), wanted="PAID")


@dataclass(frozen=True, slots=True)
class RatingFacts:
    rating_sum: Annotated[int, Changeable.UP]
    rating_count: Annotated[int, Changeable.UP]


def test_facts_under_arithmetic_take_the_steps_of_the_policy_and_are_not_called_complete() -> None:
    ratings = Vocabulary(RatingFacts, frozenset({"GOOD", "BAD"}))
    policy = read_verdict_policy(
        "ratings@1",
        "line,outcome,when\n10,BAD,rating_count > 0 and rating_sum < 50 * rating_count\n90,GOOD,True\n",
        vocabulary=ratings,
    )
    facts = RatingFacts(80, 4)
    three_more = Computed("3 further ratings of 100", (("rating_sum", 380), ("rating_count", 7)))

    found = counterfactuals(policy, facts, computed=[three_more])

    assert found.sets == ((three_more,),)
    assert not found.complete


def test_a_search_that_ends_at_six_changes_says_that_it_is_incomplete() -> None:
    rights = frozenset(f"area{n}:create" for n in range(7))

    found = counterfactuals(SEATS, PersonFacts(False, False, False, rights), wanted="FREE")

    assert found.sets == ()
    assert not found.complete


def test_a_set_that_may_gain_gains_what_a_line_asks_for() -> None:
    @dataclass(frozen=True, slots=True)
    class Skills:
        skills: Annotated[frozenset[str], Changeable.UP]

    policy = read_verdict_policy(
        "skills@1",
        "line,outcome,when\n10,yes,'cut' in skills and 'dye' in skills\n90,no,True\n",
        vocabulary=Vocabulary(Skills, frozenset({"yes", "no"})),
    )

    found = counterfactuals(policy, Skills(frozenset({"cut"})))

    assert found.sets == ((Add("skills", "dye"),),)
    assert found.complete


def test_a_day_at_the_end_of_the_calendar_has_no_next_one() -> None:
    policy = read_verdict_policy("w@1", "line,outcome,when\n10,yes,day > until\n99,no,True\n", vocabulary=WORLD)
    facts = replace(WORLDS[0], until=date.max)

    assert counterfactuals(policy, facts).sets == ()
