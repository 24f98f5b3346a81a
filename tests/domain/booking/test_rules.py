"""Golden values: booking.md 3.5, 4.3 (points 3, 4 and 6) and 4.5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.booking.rules import (
    OCCUPYING_STATES,
    TRANSITIONS,
    AppointmentState,
    BufferOverlap,
    BusyKind,
    BusyPart,
    InvalidTransition,
    LineRequest,
    NotMovable,
    ReasonRequired,
    ServiceTiming,
    SubjectKind,
    TooEarly,
    Transition,
    allowed_transitions,
    busy_parts,
    conflicts,
    hindered_specialist,
    is_late,
    is_occupying,
    lay_lines,
    nearest_free_starts,
    pending_expires_at,
    require_attendance_time,
    require_movable,
    searched_span,
    transition,
)
from domain.localtime import Interval, edge_instant
from errors import InvalidInput

S = AppointmentState
BUDAPEST = ZoneInfo("Europe/Budapest")
ANNA, BEA = UUID(int=1), UUID(int=2)
CHAIR = UUID(int=3)
NINE = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


def at(clock: str) -> datetime:
    """An instant of the one day of these tests."""
    return datetime.fromisoformat(f"2026-07-01T{clock}").replace(tzinfo=UTC)


def span(start: str, end: str) -> Interval:
    """`[start, end)` of that day."""
    return Interval(at(start), at(end))


# --- States


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (S.PENDING, {S.CONFIRMED, S.DECLINED, S.EXPIRED, S.CANCELLED, S.ARRIVED, S.NO_SHOW}),
        (S.CONFIRMED, {S.CANCELLED, S.ARRIVED, S.NO_SHOW}),
        (S.ARRIVED, {S.COMPLETED, S.CONFIRMED}),
        (S.COMPLETED, {S.ARRIVED}),
        (S.NO_SHOW, {S.ARRIVED}),
        (S.CANCELLED, set()),
        (S.DECLINED, set()),
        (S.EXPIRED, set()),
    ],
)
def test_allowed_transitions_as_whole_sets(state: S, allowed: set[S]) -> None:
    assert set(allowed_transitions(state)) == allowed
    assert len(allowed_transitions(state)) == len(allowed)


@pytest.mark.parametrize(
    ("capability", "moves"),
    [
        (None, {(S.PENDING, S.EXPIRED)}),
        ("appointments:confirm", {(S.PENDING, S.CONFIRMED), (S.PENDING, S.DECLINED)}),
        ("appointments:cancel", {(S.PENDING, S.CANCELLED), (S.CONFIRMED, S.CANCELLED)}),
        (
            "appointments:attend",
            {
                (S.PENDING, S.ARRIVED),
                (S.CONFIRMED, S.ARRIVED),
                (S.ARRIVED, S.COMPLETED),
                (S.PENDING, S.NO_SHOW),
                (S.CONFIRMED, S.NO_SHOW),
            },
        ),
        ("appointments:correct", {(S.NO_SHOW, S.ARRIVED), (S.ARRIVED, S.CONFIRMED), (S.COMPLETED, S.ARRIVED)}),
    ],
)
def test_moves_of_a_capability_as_whole_sets(capability: str | None, moves: set[tuple[S, S]]) -> None:
    assert {(move.source, move.target) for move in TRANSITIONS if move.capability == capability} == moves


def test_cancelling_and_correcting_need_a_reason_and_nothing_else_does() -> None:
    with_reason = {move.capability for move in TRANSITIONS if move.needs_reason}
    without = {move.capability for move in TRANSITIONS if not move.needs_reason}

    assert with_reason == {"appointments:cancel", "appointments:correct"}
    assert without == {None, "appointments:confirm", "appointments:attend"}


def test_move_of_the_table_is_found() -> None:
    assert transition(S.PENDING, S.CONFIRMED, reason=None) == Transition(S.PENDING, S.CONFIRMED, "appointments:confirm")
    assert transition(S.NO_SHOW, S.ARRIVED, reason="came late").needs_reason


@pytest.mark.parametrize("source", list(S))
@pytest.mark.parametrize("target", list(S))
def test_every_other_move_is_refused_with_the_allowed_ones(source: S, target: S) -> None:
    if target in allowed_transitions(source):
        assert transition(source, target, reason="because").target is target
        return

    with pytest.raises(InvalidTransition) as refusal:
        transition(source, target, reason="because")

    assert refusal.value.code == "INVALID_TRANSITION"
    assert (refusal.value.source, refusal.value.target) == (source, target)
    assert refusal.value.allowed == allowed_transitions(source)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_correction_without_a_reason_is_refused(reason: str | None) -> None:
    with pytest.raises(ReasonRequired) as refusal:
        transition(S.COMPLETED, S.ARRIVED, reason=reason)

    assert (refusal.value.code, refusal.value.path) == ("REASON_REQUIRED", ("input", "reason"))


def test_final_state_says_that_reinstating_is_creating() -> None:
    with pytest.raises(InvalidTransition) as refusal:
        transition(S.CANCELLED, S.CONFIRMED, reason="mistake")

    assert refusal.value.message == "An appointment that is CANCELLED cannot become CONFIRMED."
    assert refusal.value.hint == "Book a new appointment instead."


def test_occupying_states_and_voided_rows() -> None:
    assert {S.PENDING, S.CONFIRMED, S.ARRIVED, S.COMPLETED} == OCCUPYING_STATES
    assert [state for state in S if is_occupying(state, is_voided=False)] == [
        S.PENDING,
        S.CONFIRMED,
        S.ARRIVED,
        S.COMPLETED,
    ]
    assert not any(is_occupying(state, is_voided=True) for state in S)


@pytest.mark.parametrize(
    ("case", "start", "cancelled", "is_in_time"),
    [
        ("exactly the notice", "2026-03-30T10:00", "2026-03-29T10:00", True),
        ("a second less", "2026-03-30T10:00", "2026-03-29T10:00:01", False),
        ("23.5 hours over the spring night", "2026-03-30T01:00", "2026-03-29T00:30", False),
        ("23.5 hours", "2026-10-26T10:00", "2026-10-25T10:30", False),
    ],
)
def test_late_cancellation_goes_by_elapsed_time(case: str, start: str, cancelled: str, is_in_time: bool) -> None:
    starts_at, now = (edge_instant(datetime.fromisoformat(wall), BUDAPEST) for wall in (start, cancelled))

    assert is_late(starts_at, now=now) is not is_in_time


@pytest.mark.parametrize(
    ("case", "target", "hours_before", "earliest"),
    [
        ("arrived at twelve hours", S.ARRIVED, 12, None),
        ("arrived before that", S.ARRIVED, 13, NINE - timedelta(hours=12)),
        ("no-show at the start", S.NO_SHOW, 0, None),
        ("no-show before it", S.NO_SHOW, 1, NINE),
        ("completed", S.COMPLETED, 1, None),
    ],
)
def test_attendance_is_not_recorded_too_early(
    case: str, target: S, hours_before: int, earliest: datetime | None
) -> None:
    def attempt() -> None:
        now = NINE - timedelta(hours=hours_before)
        require_attendance_time(target, starts_at=NINE, now=now, arrive_early=timedelta(hours=12))

    if earliest is None:
        attempt()
        return
    with pytest.raises(TooEarly) as refusal:
        attempt()
    assert (refusal.value.code, refusal.value.earliest) == ("TOO_EARLY", earliest)


@pytest.mark.parametrize(("hours_ahead", "expires_after_hours"), [(48, 24), (5, 5)])
def test_pending_appointment_expires_after_a_day_or_at_its_start(hours_ahead: int, expires_after_hours: int) -> None:
    expires_at = pending_expires_at(NINE, NINE + timedelta(hours=hours_ahead))

    assert expires_at == NINE + timedelta(hours=expires_after_hours)


# --- Lines in time


def test_lines_follow_one_another_from_the_start() -> None:
    first = LineRequest(ServiceTiming(30, buffer_after=10), ANNA)
    second = LineRequest(ServiceTiming(105, processing_from=30, processing_minutes=45, buffer_before=5), BEA)

    lines = lay_lines(NINE, [first, second])

    assert [(line.position, line.request, line.during) for line in lines] == [
        (0, first, span("09:00", "09:30")),
        (1, second, span("09:30", "11:15")),
    ]
    assert lines[0].active == (span("09:00", "09:30"),)
    assert lines[1].active == (span("09:30", "10:00"), span("10:45", "11:15"))


def test_line_over_the_spring_gap_takes_elapsed_minutes() -> None:
    start = edge_instant(datetime.fromisoformat("2026-03-29T01:30"), BUDAPEST)

    (line,) = lay_lines(start, [LineRequest(ServiceTiming(90), ANNA)])

    assert line.during.end.astimezone(BUDAPEST).replace(tzinfo=None) == datetime.fromisoformat("2026-03-29T04:00")


@pytest.mark.parametrize(
    ("case", "fields", "path"),
    [
        ("no time at all", {"duration": 0}, "duration"),
        ("more than a day", {"duration": 1441}, "duration"),
        ("long buffer before", {"duration": 60, "buffer_before": 241}, "bufferBefore"),
        ("negative buffer after", {"duration": 60, "buffer_after": -1}, "bufferAfter"),
        ("processing from the start", {"duration": 60, "processing_minutes": 10}, "processingFrom"),
        ("processing to the end", {"duration": 60, "processing_from": 50, "processing_minutes": 10}, "processingFrom"),
        ("negative processing", {"duration": 60, "processing_from": 50, "processing_minutes": -1}, "processingFrom"),
    ],
)
def test_impossible_timing_is_refused(case: str, fields: dict[str, int], path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ServiceTiming(**fields)

    assert refusal.value.path == ("input", path)


def test_visit_without_a_line_or_beyond_a_day_is_refused() -> None:
    whole_day = LineRequest(ServiceTiming(1440), ANNA)

    assert len(lay_lines(NINE, [whole_day])) == 1
    with pytest.raises(InvalidInput, match="at least one service"):
        lay_lines(NINE, [])
    with pytest.raises(InvalidInput, match="at most 24 hours"):
        lay_lines(NINE, [whole_day, LineRequest(ServiceTiming(1), ANNA)])


# --- What a visit occupies


def rows(parts: tuple[BusyPart, ...]) -> list[tuple[str, UUID, str, Interval, int]]:
    """The parts as rows to compare."""
    return [(part.subject_kind, part.subject_id, part.part, part.during, part.position) for part in parts]


def test_in_the_processing_window_the_specialist_is_free_and_the_unit_is_not() -> None:
    timing = ServiceTiming(105, processing_from=30, processing_minutes=45, buffer_before=5, buffer_after=10)

    parts = busy_parts(lay_lines(NINE, [LineRequest(timing, ANNA, (CHAIR,))]))

    assert rows(parts) == [
        ("specialist", ANNA, "pad", span("08:55", "09:00"), 0),
        ("specialist", ANNA, "core", span("09:00", "09:30"), 0),
        ("specialist", ANNA, "core", span("10:15", "10:45"), 0),
        ("specialist", ANNA, "pad", span("10:45", "10:55"), 0),
        ("unit", CHAIR, "pad", span("08:55", "09:00"), 0),
        ("unit", CHAIR, "core", span("09:00", "10:45"), 0),
        ("unit", CHAIR, "pad", span("10:45", "10:55"), 0),
    ]


def test_between_lines_of_one_specialist_no_pads_are_written() -> None:
    first = LineRequest(ServiceTiming(30, buffer_before=5, buffer_after=10), ANNA)
    second = LineRequest(ServiceTiming(60, buffer_before=15, buffer_after=20), ANNA)

    assert rows(busy_parts(lay_lines(NINE, [first, second]))) == [
        ("specialist", ANNA, "pad", span("08:55", "09:00"), 0),
        ("specialist", ANNA, "core", span("09:00", "09:30"), 0),
        ("specialist", ANNA, "core", span("09:30", "10:30"), 1),
        ("specialist", ANNA, "pad", span("10:30", "10:50"), 1),
    ]


def test_each_specialist_of_a_visit_has_outer_pads_of_their_own() -> None:
    timing = ServiceTiming(30, buffer_before=5, buffer_after=10)
    visit = [LineRequest(timing, specialist) for specialist in (ANNA, BEA, ANNA)]

    assert rows(busy_parts(lay_lines(NINE, visit))) == [
        ("specialist", ANNA, "pad", span("08:55", "09:00"), 0),
        ("specialist", ANNA, "core", span("09:00", "09:30"), 0),
        ("specialist", ANNA, "core", span("10:00", "10:30"), 2),
        ("specialist", ANNA, "pad", span("10:30", "10:40"), 2),
        ("specialist", BEA, "pad", span("09:25", "09:30"), 1),
        ("specialist", BEA, "core", span("09:30", "10:00"), 1),
        ("specialist", BEA, "pad", span("10:00", "10:10"), 1),
    ]


def test_where_buffers_add_up_the_pads_are_written_as_cores() -> None:
    lines = lay_lines(NINE, [LineRequest(ServiceTiming(30, buffer_after=10), ANNA)])

    assert rows(busy_parts(lines, overlap=BufferOverlap.SUM)) == [
        ("specialist", ANNA, "core", span("09:00", "09:30"), 0),
        ("specialist", ANNA, "core", span("09:30", "09:40"), 0),
    ]


def test_no_buffer_makes_no_empty_row() -> None:
    parts = busy_parts(lay_lines(NINE, [LineRequest(ServiceTiming(30), ANNA)]))

    assert [part.part for part in parts] == [BusyKind.CORE]


def anna(part: BusyKind, start: str, end: str) -> BusyPart:
    """Something that Anna already has."""
    return BusyPart(SubjectKind.SPECIALIST, ANNA, part, span(start, end), 0)


@pytest.mark.parametrize(
    ("case", "one", "other", "meet"),
    [
        ("core and core", BusyKind.CORE, BusyKind.CORE, True),
        ("core and pad", BusyKind.CORE, BusyKind.PAD, True),
        ("pad and core", BusyKind.PAD, BusyKind.CORE, True),
        ("pad and pad", BusyKind.PAD, BusyKind.PAD, False),
    ],
)
def test_a_core_meets_everything_and_a_pad_no_other_pad(case: str, one: BusyKind, other: BusyKind, meet: bool) -> None:
    assert conflicts(anna(one, "09:00", "10:00"), anna(other, "09:30", "10:30")) is meet
    assert not conflicts(anna(one, "09:00", "10:00"), anna(other, "10:00", "11:00"))


def test_parts_of_two_subjects_never_meet() -> None:
    mine = anna(BusyKind.CORE, "09:00", "10:00")
    bea_s = BusyPart(SubjectKind.SPECIALIST, BEA, BusyKind.CORE, mine.during, 0)
    same_id = BusyPart(SubjectKind.UNIT, ANNA, BusyKind.CORE, mine.during, 0)

    assert not conflicts(mine, bea_s)
    assert not conflicts(mine, same_id)


def every(minutes: int, first: str, last: str) -> list[str]:
    """Clock times from `first` to `last`, both included."""
    count = (at(last) - at(first)) // timedelta(minutes=minutes) + 1
    return [(at(first) + timedelta(minutes=minutes * step)).strftime("%H:%M") for step in range(count)]


@pytest.mark.parametrize(
    ("case", "schedule", "taken", "timing", "step", "overlap", "offered"),
    [
        (
            "own buffer before, max",
            ("09:00", "12:00"),
            [("core", "09:30", "10:00"), ("pad", "10:00", "10:15")],
            ServiceTiming(60, buffer_before=10),
            5,
            BufferOverlap.MAX,
            every(5, "10:15", "11:00"),
        ),
        (
            "own buffer before, sum",
            ("09:00", "12:00"),
            [("core", "09:30", "10:00"), ("pad", "10:00", "10:15")],
            ServiceTiming(60, buffer_before=10),
            5,
            BufferOverlap.SUM,
            every(5, "10:25", "11:00"),
        ),
        (
            "own buffer after meets a core",
            ("09:00", "11:30"),
            [("core", "11:00", "11:30")],
            ServiceTiming(60, buffer_after=20),
            5,
            BufferOverlap.MAX,
            every(5, "09:00", "09:40"),
        ),
        (
            "pad beyond the schedule",
            ("09:00", "10:30"),
            [],
            ServiceTiming(60, buffer_after=20),
            15,
            BufferOverlap.MAX,
            ["09:00", "09:15", "09:30"],
        ),
        (
            "processing window takes a stranger in",
            ("09:00", "13:00"),
            [("core", "10:00", "10:30")],
            ServiceTiming(105, processing_from=30, processing_minutes=45),
            15,
            BufferOverlap.MAX,
            ["09:15", "09:30", "10:30", "10:45", "11:00", "11:15"],
        ),
        (
            "between two neighbours with pads, max",
            ("09:00", "11:00"),
            [
                ("core", "09:00", "09:30"),
                ("core", "10:30", "11:00"),
                ("pad", "09:30", "09:40"),
                ("pad", "10:25", "10:30"),
            ],
            ServiceTiming(30, buffer_before=5, buffer_after=10),
            5,
            BufferOverlap.MAX,
            ["09:40", "09:45", "09:50"],
        ),
        (
            "between two neighbours with pads, sum",
            ("09:00", "11:00"),
            [
                ("core", "09:00", "09:30"),
                ("core", "10:30", "11:00"),
                ("pad", "09:30", "09:40"),
                ("pad", "10:25", "10:30"),
            ],
            ServiceTiming(30, buffer_before=5, buffer_after=10),
            5,
            BufferOverlap.SUM,
            ["09:45"],
        ),
    ],
)
def test_golden_starts_that_fit_between_what_is_taken(
    case: str,
    schedule: tuple[str, str],
    taken: list[tuple[str, str, str]],
    timing: ServiceTiming,
    step: int,
    overlap: BufferOverlap,
    offered: list[str],
) -> None:
    others = [anna(BusyKind(part), start, end) for part, start, end in taken]

    def fits(clock: str) -> bool:
        lines = lay_lines(at(clock), [LineRequest(timing, ANNA)])
        is_within = lines[-1].during.end <= at(schedule[1])
        own = busy_parts(lines, overlap=overlap)
        return is_within and not any(conflicts(part, other) for part in own for other in others)

    assert [clock for clock in every(step, *schedule) if fits(clock)] == offered


def timings() -> st.SearchStrategy[ServiceTiming]:
    """Any timing, half of them with a processing window."""

    def with_window(duration: int, first: int, length: int, before: int, after: int) -> ServiceTiming:
        is_possible = 0 < first < first + length < duration
        window = (first, length) if is_possible else (0, 0)
        return ServiceTiming(duration, *window, buffer_before=before, buffer_after=after)

    buffers = st.integers(0, 240)
    return st.builds(with_window, st.integers(1, 200), st.integers(1, 100), st.integers(1, 100), buffers, buffers)


requests = st.builds(LineRequest, timings(), st.sampled_from([ANNA, BEA]), st.sampled_from([(), (CHAIR,)]))


@given(st.lists(requests, min_size=1, max_size=6), st.sampled_from(BufferOverlap))
def test_visit_is_contiguous_and_never_meets_itself(visit: list[LineRequest], overlap: BufferOverlap) -> None:
    lines = lay_lines(NINE, visit)
    parts = busy_parts(lines)

    assert lines[0].during.start == NINE
    assert all(one.during.end == other.during.start for one, other in pairwise(lines))
    assert not any(conflicts(one, other) for index, one in enumerate(parts) for other in parts[index + 1 :])
    assert all(part.during.start < part.during.end for part in parts)
    cores = busy_parts(lines, overlap=overlap)
    assert sum((part.during.duration for part in parts), timedelta()) == sum(
        (part.during.duration for part in cores), timedelta()
    )


@given(timings(), timings(), st.integers(0, 600))
def test_gap_between_neighbours_is_the_longer_buffer_or_their_sum(
    first: ServiceTiming, second: ServiceTiming, gap: int
) -> None:
    (line,) = lay_lines(NINE, [LineRequest(first, ANNA)])
    start = line.during.end + timedelta(minutes=gap)
    (next_line,) = lay_lines(start, [LineRequest(second, ANNA)])

    for overlap, needed in (
        (BufferOverlap.MAX, max(first.buffer_after, second.buffer_before)),
        (BufferOverlap.SUM, first.buffer_after + second.buffer_before),
    ):
        one, other = busy_parts([line], overlap=overlap), busy_parts([next_line], overlap=overlap)
        is_free = not any(conflicts(mine, theirs) for mine in one for theirs in other)
        assert is_free == (gap >= needed)


# --- Moving, and what is offered instead


@pytest.mark.parametrize("state", [S.ARRIVED, S.COMPLETED, S.NO_SHOW, S.CANCELLED, S.DECLINED, S.EXPIRED])
def test_what_is_not_to_come_is_not_moved(state: S) -> None:
    with pytest.raises(NotMovable, match=f"An appointment that is {state} cannot be moved.") as refusal:
        require_movable(state)

    assert refusal.value.code == "INVALID_TRANSITION"
    assert (refusal.value.source, refusal.value.target) == (state, state)


@pytest.mark.parametrize("state", [S.PENDING, S.CONFIRMED])
def test_what_is_to_come_is_moved(state: S) -> None:
    require_movable(state)


def core(specialist_id: UUID, start: str, end: str) -> BusyPart:
    """Time of a specialist that is taken by other work."""
    return BusyPart(SubjectKind.SPECIALIST, specialist_id, BusyKind.CORE, span(start, end), position=0)


def test_the_nearest_starts_come_first_the_earlier_of_two_and_none_that_is_past() -> None:
    visit = lay_lines(at("10:00"), [LineRequest(ServiceTiming(30), ANNA)])
    taken = [core(ANNA, "09:50", "10:20")]

    starts = nearest_free_starts(visit, taken, day=span("08:00", "12:00"), now=at("09:00"))

    clocks = ("10:30", "09:15", "10:45", "09:00", "11:00", "11:15", "11:30", "11:45")
    assert starts == tuple(at(clock) for clock in clocks)


def test_what_begins_behind_midnight_is_searched_for_too() -> None:
    visit = lay_lines(at("10:00"), [LineRequest(ServiceTiming(90), ANNA)])

    searched = searched_span(visit, span("00:00", "23:00"))

    assert searched == Interval(at("00:00") - timedelta(hours=4), at("23:00") + timedelta(minutes=90, hours=4))


def test_the_first_specialist_whose_time_is_taken_is_named() -> None:
    visit = lay_lines(at("10:00"), [LineRequest(ServiceTiming(30), ANNA), LineRequest(ServiceTiming(30), BEA)])

    assert hindered_specialist(visit, [core(BEA, "10:45", "11:00")]) == BEA
    assert hindered_specialist(visit, [core(BEA, "10:45", "11:00"), core(ANNA, "10:00", "10:10")]) == ANNA
    assert hindered_specialist(visit, [core(BEA, "10:00", "10:30")]) is None
