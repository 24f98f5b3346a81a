"""Suite `policies`: may somebody do this? The compiled policy beside Casbin's `Enforcer`, on the same lines.

A network of 3 locations and 10 to 1,000 specialists, the built-in roles in turn. Both sides have everything in memory.
Casbin answers one `enforce` a question; the capabilities that a question requires are asked of ours only, which makes
Casbin's part lighter than it would be. `FastEnforcer` looks lines up by equal words, so its lines are written without
wildcards: one for each capability that they name.

Further questions are timed in `single_questions.py`, changes of policy in `large_network.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import casbin
from casbin.model import FastModel

from benchmarks import large_network, single_questions
from benchmarks.measure import AnswersDiffer, Comparison, compare
from policies.capabilities import CORE
from policies.catalogue import Catalogue, DomainKind, Level, names
from policies.compile import Assignment, DomainPolicy, build_policy
from policies.delta import delta_between
from policies.limit_syntax import limits_to_words
from policies.limits import NO_LIMITS, Place
from policies.lines import Line
from policies.oracle import MODEL, covers
from policies.release import Release, assemble_release, core_lines
from policies.scopes import network
from policies.viewer import Viewer, ViewerKind, viewer_in

SIZES: Final = (10, 100, 1000)
NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NETWORK: Final = UUID(int=1)
ZONE: Final = ZoneInfo("Europe/Athens")
LOCATIONS: Final = tuple(uuid5(NETWORK, f"location {number}") for number in range(3))
CHECK_SECONDS: Final = 1e-6
CAPABILITY_COLUMN: Final = 1
"""Of a policy line, and of a request: both name the capability second."""

SCOPED_LINK: Final = "_, _, _"
"""How `access.conf` defines both relations: holder, role, scope."""

QUESTIONS: Final = (("allowed", "owner", "appointments:create"), ("refused", "call_center", "cash_shifts:read"))


def comparisons() -> Iterator[Comparison]:
    """One comparison a question and size. Raises AnswersDiffer."""
    release = assemble_release(Catalogue(CORE), lines=core_lines())
    for size in SIZES:
        policy = _policy(release, size)
        yield from _checks(policy, f"{size:,}")
        yield compare(
            "new epoch",
            f"{size:,}",
            partial(viewer_of_new_epoch, policy),
            {"Enforcer": partial(_enforcer, policy)},
        )
    yield _delta(_policy(release, SIZES[0]))
    yield from single_questions.comparisons(release)
    yield from large_network.comparisons(release)


def _checks(policy: DomainPolicy, size: str) -> Iterator[Comparison]:
    enforcers = {"Enforcer": _enforcer(policy), "FastEnforcer": _fast_enforcer(policy)}
    for name, role, code in QUESTIONS:
        held = next(one for one in _held(policy) if one.role.code == role)
        at = held.location_id or LOCATIONS[0]
        ours = partial(_viewer(policy, held.holder_id).can, code, at=at)
        asked = (f"holder:{held.holder_id}", code, policy.domain.scope(at), "object")
        theirs = {rival: partial(enforcer.enforce, *asked) for rival, enforcer in enforcers.items()}
        answers = {"Remit": ours(), **{rival: answer() for rival, answer in theirs.items()}}
        if set(answers.values()) != {name == "allowed"}:
            raise AnswersDiffer(f"{role}, {code}: {answers}")
        yield compare(name, size, ours, theirs, goal=CHECK_SECONDS)


def _delta(before: DomainPolicy) -> Comparison:
    """Who gains what in the whole network when somebody becomes its manager: Casbin must ask for everybody, twice.

    SHARED capabilities are left out: that they count everywhere, Casbin is told by other links than these.
    """
    marketer = next(one for one in _held(before) if one.role.code == "marketer")
    given = replace(marketer, id=NETWORK, role=before.release.closed["manager"], location_id=None)
    after = _rebuilt(before, [*_held(before), given])
    codes = [one.code for one in before.release.catalogue if one.level in (Level.LOCATION, Level.NETWORK)]

    def ours() -> set[tuple[UUID, str]]:
        entries = delta_between(before, after, now=NOW).entries
        return {(one.holder_id, one.capability) for one in entries if one.location_id is None} & questions

    def theirs(enforcers: tuple[casbin.Enforcer, casbin.Enforcer]) -> set[tuple[UUID, str]]:
        return {
            (holder, code) for holder, code in questions if len({_asked(one, holder, code) for one in enforcers}) > 1
        }

    questions = {(holder, code) for holder in before.assignments for code in codes}
    rivals = {
        "Enforcer": partial(theirs, (_enforcer(before), _enforcer(after))),
        "FastEnforcer": partial(theirs, (_fast_enforcer(before), _fast_enforcer(after))),
    }
    if any(rival() != ours() for rival in rivals.values()):
        raise AnswersDiffer("the deltas differ")
    return compare("delta of an assignment", str(len(before.assignments)), ours, rivals)


def _asked(enforcer: casbin.Enforcer, holder_id: UUID, code: str) -> bool:
    return bool(enforcer.enforce(f"holder:{holder_id}", code, str(network(NETWORK)), "object"))


def viewer_of_new_epoch(policy: DomainPolicy) -> Viewer:
    """What the first request after a change of policy pays for, after its rows are read."""
    rows = _held(policy)
    return _viewer(_rebuilt(policy, rows), rows[0].holder_id)


def _held(policy: DomainPolicy) -> list[Assignment]:
    return [one for assignments in policy.assignments.values() for one in assignments]


def _rebuilt(policy: DomainPolicy, rows: list[Assignment]) -> DomainPolicy:
    return build_policy(
        policy.domain, epoch=2, release=policy.release, zone=ZONE, locations=policy.locations, assignments=rows
    )


def _policy(release: Release, size: int) -> DomainPolicy:
    roles = [release.closed[code] for code, role in release.roles.items() if role.domain is DomainKind.NETWORK]
    places = cycle((None, *LOCATIONS))
    assignments = [
        Assignment(
            id=uuid5(NETWORK, f"assignment {number}"),
            holder_id=uuid5(NETWORK, f"holder {number}"),
            role=role,
            location_id=place,
            limits=NO_LIMITS,
            valid_from=NOW,
            valid_until=None,
        )
        for number, (role, place) in enumerate(islice(zip(cycle(roles), places, strict=False), size))
    ]
    locations = [Place(location, ZONE) for location in LOCATIONS]
    return build_policy(
        network(NETWORK), epoch=1, release=release, zone=ZONE, locations=locations, assignments=assignments
    )


def _viewer(policy: DomainPolicy, holder_id: UUID) -> Viewer:
    return viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=holder_id, now=NOW)


def _enforcer(policy: DomainPolicy) -> casbin.Enforcer:
    """One enforcer with all lines as they are written."""
    return _filled(casbin.Enforcer(casbin.Enforcer.new_model(str(MODEL))), policy, _written)


def _fast_enforcer(policy: DomainPolicy) -> casbin.FastEnforcer:
    """One that finds lines by the asked capability, so each line names one."""
    # Twice the same column: pycasbin 2.8 counts its lines by two keys, whatever their number.
    key = [CAPABILITY_COLUMN, CAPABILITY_COLUMN]
    model = FastModel(key)
    model.load_model(str(MODEL))
    model.add_def("g", "g2", SCOPED_LINK)  # its loader stops after the first definition of a section
    enforcer = casbin.FastEnforcer(model, cache_key_order=key)
    catalogue = policy.release.catalogue
    return _filled(enforcer, policy, lambda line: catalogue.named_by(line.capability))


def _written(line: Line) -> Iterable[str]:
    return (line.capability,)


def _filled(enforcer: casbin.Enforcer, policy: DomainPolicy, named: Callable[[Line], Iterable[str]]) -> casbin.Enforcer:
    """The enforcer with all lines and all assignments; the lines of these roles have no limits to be met."""
    enforcer.add_function("names", names)
    enforcer.add_function("within", lambda _object, words: words == "none")
    held = _held(policy)
    lines = {
        (f"role:{line.role}", code, str(line.effect), limits_to_words(line.limits))
        for one in held
        for line in one.role.lines
        for code in named(line)
    }
    enforcer.add_policies([list(line) for line in sorted(lines)])
    for relation in ("g", "g2"):
        enforcer.add_named_domain_matching_func(relation, covers)
        enforcer.add_named_grouping_policies(relation, [_link(policy, one) for one in held])
    return enforcer


def _link(policy: DomainPolicy, one: Assignment) -> list[str]:
    return [f"holder:{one.holder_id}", f"role:{one.role.code}", policy.domain.scope(one.location_id)]
