"""Verdict policies: facts -> ordered lines -> verdict. Seats, certification and entitlement are answered by it.

A policy is a published, immutable file `<code>@<version>.csv`; sets that its conditions name stand beside it in
`<code>@<version>.sets.csv`. Order of evaluation: the line with the lowest number whose condition holds decides; the
reasons are that line and every later one that holds with the same outcome; the next lines are those that hold below it,
down to the first with another outcome: the lines that would decide in its place. The last line is `True`, so there are
no facts without a verdict.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path
from re import fullmatch
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from errors import UserError
from policies.canonical import canonical_json
from policies.conditions import (
    Condition,
    ConditionInvalid,
    Fact,
    FactKind,
    FactValue,
    declared_facts,
    nearest,
    parse_condition,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

F = TypeVar("F", bound="DataclassInstance")

MANDATORY = ("line", "outcome", "when")
TRAVELLING = ("kind", "code", "required", "text")
SETS_HEADER = ("set", "capability")


class VerdictPolicyInvalid(UserError):
    """A verdict policy's file is refused whole: `file` and `row` (the header is row 1) say where."""

    code = "VERDICT_INVALID"

    def __init__(self, problem: str, *, file: str, row: int | None = None, hint: str | None = None) -> None:
        place = file if row is None else f"{file}, row {row}"
        super().__init__(f"{place}: {problem}", hint=hint, path=(file,) if row is None else (file, row))
        self.file = file
        self.row = row


@dataclass(frozen=True, slots=True)
class Vocabulary(Generic[F]):
    """What every version of a family of verdict policies may speak of.

    `facts` is a frozen dataclass with fields declared as `policies.conditions.declared_facts` asks. `sets_of` names the
    set among them that a `.sets.csv` file cuts into named parts. Without `alternatives` no condition may say `or`.
    """

    facts: type[F]
    outcomes: frozenset[str]
    sets_of: str | None = None
    alternatives: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a verdict policy. Columns that the file does not have are empty."""

    number: int
    outcome: str
    when: Condition
    kind: str = ""
    code: str = ""
    required: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A policy's answer: the deciding line, every reason for the outcome, and the lines that would decide next."""

    policy: str
    version: int
    line: Line
    reasons: tuple[Line, ...]
    next_lines: tuple[Line, ...]
    facts: DataclassInstance

    @property
    def policy_name(self) -> str:
        """What the published version is called that answered, such as `seats-2025-03@1`."""
        return published_name(self.policy, self.version)

    @property
    def line_id(self) -> str:
        """The deciding line's public id, such as `seats-2025-03#50`: translations and explanations refer to it."""
        return f"{self.policy}#{self.line.number}"

    @property
    def outcome(self) -> str:
        """What the deciding line says."""
        return self.line.outcome

    @property
    def kind(self) -> str:
        """The deciding line's kind."""
        return self.line.kind

    @property
    def text(self) -> str:
        """The deciding line's sentence for people."""
        return self.line.text

    @property
    def facts_digest(self) -> str:
        """SHA-256 of the canonical JSON of the facts, in hexadecimal: equal facts have equal digests everywhere."""
        values = {field.name: _plain(getattr(self.facts, field.name)) for field in fields(self.facts)}
        return sha256(canonical_json(values)).hexdigest()


@dataclass(frozen=True, slots=True)
class VerdictPolicy(Generic[F]):
    """One published version of a verdict policy: immutable, sorted by line number, closed by a line `True`.

    `digest` is SHA-256 of what the file says (not of its bytes), in hexadecimal: a file that differs from the published
    version of the same number has another digest.
    """

    code: str
    version: int
    facts: type[F]
    outcomes: frozenset[str]
    lines: tuple[Line, ...]
    sets: Mapping[str, frozenset[str]]
    digest: str

    @property
    def name(self) -> str:
        """What the published version is called, such as `seats-2025-03@1`."""
        return published_name(self.code, self.version)

    @property
    def content(self) -> dict[str, Any]:
        """What the files say, as JSON: its digest is `digest`."""
        return _content(self.code, self.version, self.lines, self.sets)

    @property
    def named(self) -> tuple[Fact, ...]:
        """Every fact that some line names, in the order of the lines."""
        return tuple(dict.fromkeys(fact for line in self.lines for fact in line.when.facts))

    def decide(self, facts: F) -> Verdict:
        """Judge the facts."""
        holding = [line for line in self.lines if line.when.holds(facts)]
        deciding = holding[0]
        reasons = tuple(line for line in holding if line.outcome == deciding.outcome)
        return Verdict(self.code, self.version, deciding, reasons, tuple(_next_lines(holding)), facts)

    def outcome(self, facts: F) -> str:
        """The outcome alone, which is cheaper than the whole verdict."""
        return next(line.outcome for line in self.lines if line.when.holds(facts))


def published_name(code: str, version: int) -> str:
    """What a version of a policy is called, here and by its file: `<code>@<version>`."""
    return f"{code}@{version}"


def load_verdict_policy(
    path: Path, vocabulary: Vocabulary[F], *, members: Collection[str] | None = None
) -> VerdictPolicy[F]:
    """Read `<code>@<version>.csv` and, where there is one, the `.sets.csv` beside it.

    `members` are the codes that sets may hold (the catalogue's); None accepts any. Raises VerdictPolicyInvalid naming
    file and row, and OSError for a file that cannot be read.
    """
    beside = path.with_suffix(".sets.csv")
    sets = _decoded(beside) if beside.exists() else None
    return read_verdict_policy(path.stem, _decoded(path), vocabulary=vocabulary, sets=sets, members=members)


def read_verdict_policy(
    name: str,
    text: str,
    *,
    vocabulary: Vocabulary[F],
    sets: str | None = None,
    members: Collection[str] | None = None,
) -> VerdictPolicy[F]:
    """Read a policy called `<code>@<version>` from the text of its file and of its sets file.

    Raises VerdictPolicyInvalid naming file and row.
    """
    code, version = _name_and_version(name)
    named_sets = {} if sets is None else _read_sets(f"{name}.sets.csv", sets, vocabulary, members)
    facts = _facts_with_sets(vocabulary, named_sets)
    lines = _read_lines(f"{name}.csv", text, vocabulary, facts)
    return VerdictPolicy(
        code,
        version,
        vocabulary.facts,
        vocabulary.outcomes,
        lines,
        MappingProxyType(named_sets),
        sha256(canonical_json(_content(code, version, lines, named_sets))).hexdigest(),
    )


def _next_lines(holding: list[Line]) -> Iterator[Line]:
    for line in holding[1:]:
        yield line
        if line.outcome != holding[0].outcome:
            return


def _plain(value: FactValue) -> object:
    match value:
        case frozenset():
            return sorted(value)
        case date():
            return value.isoformat()
        case _:
            return value


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise VerdictPolicyInvalid("the file is not UTF-8", file=path.name, hint="Save it as UTF-8.") from error


def _name_and_version(name: str) -> tuple[str, int]:
    match = fullmatch(r"([a-z][a-z0-9_-]*)@([1-9][0-9]{0,8})", name)
    if match is None:
        raise VerdictPolicyInvalid(
            "the name is not <code>@<version>", file=f"{name}.csv", hint="Name it such as seats-2025-03@1.csv."
        )
    return match[1], int(match[2])


def _table(file: str, text: str) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """The header and the numbered rows below it, each as wide as the header."""
    # Not Casbin's file adapter: it splits on commas inside quotes.
    reader = csv.reader(StringIO(text), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise VerdictPolicyInvalid(f"the row is not CSV ({error})", file=file, row=reader.line_num) from error
    header = tuple(rows[0][1]) if rows else ()
    for row, cells in rows[1:]:
        if len(cells) != len(header):
            raise VerdictPolicyInvalid(
                f"the row has {len(cells)} fields instead of {len(header)}",
                file=file,
                row=row,
                hint=f"Write {', '.join(header)}, and quote a field that contains a comma.",
            )
    return header, rows[1:]


def _read_sets(
    file: str, text: str, vocabulary: Vocabulary[F], members: Collection[str] | None
) -> dict[str, frozenset[str]]:
    if vocabulary.sets_of is None:
        raise VerdictPolicyInvalid("policies of this family have no sets", file=file, hint="Remove the file.")
    header, rows = _table(file, text)
    if header != SETS_HEADER:
        raise VerdictPolicyInvalid("the header is wrong", file=file, row=1, hint=f"Write {','.join(SETS_HEADER)}.")
    taken = declared_facts(vocabulary.facts)
    found: dict[str, set[str]] = {}
    for row, (name, member) in rows:
        if not name.isidentifier() or name in taken:
            raise VerdictPolicyInvalid(f"{name!r} cannot be the name of a set", file=file, row=row)
        if members is not None and member not in members:
            problem = f"there is no capability {member!r}{nearest(member, members)}"
            raise VerdictPolicyInvalid(problem, file=file, row=row)
        if member in found.setdefault(name, set()):
            raise VerdictPolicyInvalid(f"{member!r} is in {name} twice", file=file, row=row, hint="Remove the row.")
        found[name].add(member)
    return {name: frozenset(codes) for name, codes in found.items()}


def _facts_with_sets(vocabulary: Vocabulary[F], sets: Mapping[str, frozenset[str]]) -> dict[str, Fact]:
    facts = declared_facts(vocabulary.facts)
    if vocabulary.sets_of is None:
        return facts
    whole = facts[vocabulary.sets_of]
    if whole.kind is not FactKind.SET:
        raise TypeError(f"{vocabulary.sets_of} is {whole.kind}; sets can be cut from a frozenset[str] only")
    cut = {name: Fact(name, FactKind.SET, whole.changeable, whole.name, members=codes) for name, codes in sets.items()}
    return cut | facts


def _read_lines(file: str, text: str, vocabulary: Vocabulary[F], facts: Mapping[str, Fact]) -> tuple[Line, ...]:
    header, rows = _table(file, text)
    _refuse_header(file, header)
    found: dict[int, tuple[int, Line]] = {}
    for row, cells in rows:
        line = _line(file, row, dict(zip(header, cells, strict=True)), vocabulary=vocabulary, facts=facts)
        if line.number in found:
            raise VerdictPolicyInvalid(
                f"line {line.number} is already in row {found[line.number][0]}", file=file, row=row, hint="Renumber it."
            )
        found[line.number] = row, line
    ordered = [found[number] for number in sorted(found)]
    _refuse_unclosed(file, ordered)
    return tuple(line for _, line in ordered)


def _refuse_header(file: str, header: tuple[str, ...]) -> None:
    missing = [name for name in MANDATORY if name not in header]
    if missing:
        raise VerdictPolicyInvalid(f"the header lacks {', '.join(missing)}", file=file, row=1)
    known = MANDATORY + TRAVELLING
    for name in header:
        if name not in known:
            raise VerdictPolicyInvalid(f"there is no column {name!r}{nearest(name, known)}", file=file, row=1)
    if len(set(header)) != len(header):
        raise VerdictPolicyInvalid("the header names a column twice", file=file, row=1)


def _line(file: str, row: int, cells: dict[str, str], *, vocabulary: Vocabulary[F], facts: Mapping[str, Fact]) -> Line:
    number, outcome, when = (cells.pop(name) for name in MANDATORY)
    if not fullmatch(r"[1-9][0-9]{0,5}", number):
        raise VerdictPolicyInvalid(
            f"{number!r} is no line number", file=file, row=row, hint="Write a whole number such as 10."
        )
    if outcome not in vocabulary.outcomes:
        raise VerdictPolicyInvalid(
            f"there is no outcome {outcome!r}{nearest(outcome, vocabulary.outcomes)}",
            file=file,
            row=row,
            hint=f"Write one of {', '.join(sorted(vocabulary.outcomes))}.",
        )
    try:
        condition = parse_condition(when, facts, alternatives=vocabulary.alternatives)
    except ConditionInvalid as error:
        raise VerdictPolicyInvalid(str(error), file=file, row=row) from error
    return Line(int(number), outcome, condition, **cells)


def _refuse_unclosed(file: str, ordered: list[tuple[int, Line]]) -> None:
    if not ordered or not ordered[-1][1].when.always:
        raise VerdictPolicyInvalid(
            "the last line is not True",
            file=file,
            row=ordered[-1][0] if ordered else 1,
            hint="End the policy with a line whose condition is True, so that no facts are without a verdict.",
        )
    for row, line in ordered[:-1]:
        if line.when.always:
            problem = f"line {line.number} always holds, so the lines after it are dead"
            raise VerdictPolicyInvalid(problem, file=file, row=row)


def _content(code: str, version: int, lines: tuple[Line, ...], sets: Mapping[str, frozenset[str]]) -> dict[str, Any]:
    return {
        "code": code,
        "version": version,
        "lines": [[ln.number, ln.outcome, ln.when.text, ln.kind, ln.code, ln.required, ln.text] for ln in lines],
        "sets": {name: sorted(codes) for name, codes in sets.items()},
    }
