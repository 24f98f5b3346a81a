"""Appointments: the moves between states, the lines of a visit in time, and what they occupy.

Order of evaluation for a visit: its lines are laid one after the other from the start; each line's active parts
(its duration without the processing window) are cores of its specialist, the whole line is a core of its units; then
each specialist and unit gets a pad before its first core of the visit and one after its last, none between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.localtime import Interval, after, elapsed, in_utc
from errors import InvalidInput, UserError

LONGEST_VISIT = timedelta(hours=24)
LONGEST_AHEAD = timedelta(days=3653)
"""Ten years: nobody means a visit beyond it."""
LONGEST_LINE_MINUTES = 1440
LONGEST_BUFFER_MINUTES = 240
CANCEL_NOTICE_MINUTES = 1440
PENDING_MINUTES = 1440
GRID_STEP = timedelta(minutes=15)


# --- States


class AppointmentState(StrEnum):
    """Where an appointment stands. CANCELLED, DECLINED and EXPIRED are final."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    NO_SHOW = "NO_SHOW"
    CANCELLED = "CANCELLED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"


OCCUPYING_STATES = frozenset(
    {AppointmentState.PENDING, AppointmentState.CONFIRMED, AppointmentState.ARRIVED, AppointmentState.COMPLETED}
)
"""States in which the specialist and the units are not free."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A move that may be made: by whom (`capability`; None: by a job alone), and whether a reason must be given."""

    source: AppointmentState
    target: AppointmentState
    capability: str | None
    needs_reason: bool = False


_S = AppointmentState
TRANSITIONS = (
    Transition(_S.PENDING, _S.CONFIRMED, "appointments:confirm"),
    Transition(_S.PENDING, _S.DECLINED, "appointments:confirm"),
    Transition(_S.PENDING, _S.EXPIRED, None),
    Transition(_S.PENDING, _S.CANCELLED, "appointments:cancel", needs_reason=True),
    Transition(_S.CONFIRMED, _S.CANCELLED, "appointments:cancel", needs_reason=True),
    Transition(_S.PENDING, _S.ARRIVED, "appointments:attend"),
    Transition(_S.CONFIRMED, _S.ARRIVED, "appointments:attend"),
    Transition(_S.ARRIVED, _S.COMPLETED, "appointments:attend"),
    Transition(_S.PENDING, _S.NO_SHOW, "appointments:attend"),
    Transition(_S.CONFIRMED, _S.NO_SHOW, "appointments:attend"),
    Transition(_S.NO_SHOW, _S.ARRIVED, "appointments:correct", needs_reason=True),
    Transition(_S.ARRIVED, _S.CONFIRMED, "appointments:correct", needs_reason=True),
    Transition(_S.COMPLETED, _S.ARRIVED, "appointments:correct", needs_reason=True),
)
"""Every move there is. Reinstating a cancelled appointment is none: it is creating a new one."""


class InvalidTransition(UserError):
    """An appointment in state `source` cannot become `target`, but any of `allowed`."""

    code = "INVALID_TRANSITION"

    def __init__(
        self, source: AppointmentState, target: AppointmentState, allowed: tuple[AppointmentState, ...]
    ) -> None:
        hint = f"Possible now: {', '.join(allowed)}." if allowed else "Book a new appointment instead."
        super().__init__(self._sentence(source, target), hint=hint, path=("input", "appointmentId"))
        self.source = source
        self.target = target
        self.allowed = allowed

    def _sentence(self, source: AppointmentState, target: AppointmentState) -> str:
        return f"An appointment that is {source} cannot become {target}."


class NotMovable(InvalidTransition):
    """An appointment whose visit has begun, is over or will not be cannot be moved to another time."""

    def _sentence(self, source: AppointmentState, target: AppointmentState) -> str:
        return f"An appointment that is {source} cannot be moved."


class ReasonRequired(UserError):
    """The move falsifies the record unless it says why."""

    code = "REASON_REQUIRED"
    hint = "Say why in a few words."

    def __init__(self, *, path: tuple[str | int, ...] = ("input", "reason")) -> None:
        super().__init__("This change needs a reason.", path=path)


class TooEarly(UserError):
    """Attendance cannot be recorded yet. Trying again helps from `earliest` on."""

    code = "TOO_EARLY"

    def __init__(self, earliest: datetime) -> None:
        super().__init__("It is too early to record this.", hint="Record it when the visit is due.")
        self.earliest = earliest


def allowed_transitions(state: AppointmentState) -> tuple[AppointmentState, ...]:
    """The states that an appointment in `state` may be moved to by people or jobs, in the table's order."""
    return tuple(move.target for move in TRANSITIONS if move.source is state)


def transition(source: AppointmentState, target: AppointmentState, *, reason: str | None) -> Transition:
    """The move from `source` to `target`. Raises InvalidTransition, or ReasonRequired where `reason` is blank."""
    move = next((move for move in TRANSITIONS if (move.source, move.target) == (source, target)), None)
    if move is None:
        raise InvalidTransition(source, target, allowed_transitions(source))
    if move.needs_reason and not (reason or "").strip():
        raise ReasonRequired
    return move


def require_movable(state: AppointmentState) -> None:
    """Refuse to move what is not still to come. Raises NotMovable."""
    if state not in (AppointmentState.PENDING, AppointmentState.CONFIRMED):
        raise NotMovable(state, state, allowed_transitions(state))


def is_occupying(state: AppointmentState, *, is_voided: bool) -> bool:
    """Whether the appointment's time is taken; one that was entered in error takes none."""
    return state in OCCUPYING_STATES and not is_voided


def require_attendance_time(
    target: AppointmentState, *, starts_at: datetime, now: datetime, arrive_early: timedelta
) -> None:
    """Refuse an arrival long before the start, and a no-show before the start. Raises TooEarly."""
    earliest = in_utc(starts_at)
    if target is AppointmentState.ARRIVED:
        earliest = after(starts_at, -arrive_early)
    if target in {AppointmentState.ARRIVED, AppointmentState.NO_SHOW} and now < earliest:
        raise TooEarly(earliest)


def is_late(starts_at: datetime, *, now: datetime, notice_minutes: int = CANCEL_NOTICE_MINUTES) -> bool:
    """Whether a cancellation at `now` comes late: less than the notice has to pass; exactly the notice is in time."""
    return elapsed(now, starts_at) < timedelta(minutes=notice_minutes)


def pending_expires_at(
    created_at: datetime, starts_at: datetime, *, pending_minutes: int = PENDING_MINUTES
) -> datetime:
    """When an appointment that nobody confirms expires: never after its own start."""
    return min(after(created_at, timedelta(minutes=pending_minutes)), in_utc(starts_at))


# --- Lines in time


@dataclass(frozen=True, slots=True)
class ServiceTiming:
    """How long a service takes, in whole minutes; in its processing window the specialist is free, the unit is not.

    Raises InvalidInput unless the duration is 1 to 1440, each buffer 0 to 240, and a processing window lies inside
    the duration with work before and after it.
    """

    duration: int
    processing_from: int = 0
    processing_minutes: int = 0
    buffer_before: int = 0
    buffer_after: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.duration <= LONGEST_LINE_MINUTES:
            raise InvalidInput("A service takes 1 to 1440 minutes.", hint="Give minutes.", path=("input", "duration"))
        for name, minutes in (("bufferBefore", self.buffer_before), ("bufferAfter", self.buffer_after)):
            if not 0 <= minutes <= LONGEST_BUFFER_MINUTES:
                raise InvalidInput("A buffer takes 0 to 240 minutes.", hint="Give minutes.", path=("input", name))
        if self.processing_minutes == 0:
            return
        if not 0 < self.processing_from < self.processing_from + self.processing_minutes < self.duration:
            raise InvalidInput(
                "A processing window needs work before and after it.",
                hint="Let it begin after the start and end before the end.",
                path=("input", "processingFrom"),
            )


@dataclass(frozen=True, slots=True)
class LineRequest:
    """One service of a visit, by a specialist, on named units."""

    timing: ServiceTiming
    specialist_id: UUID
    unit_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class LaidLine:
    """A line in its place: `during` is what the client sees, `active` when the specialist works."""

    position: int
    request: LineRequest
    during: Interval
    active: tuple[Interval, ...]


def lay_lines(starts_at: datetime, requests: Sequence[LineRequest]) -> tuple[LaidLine, ...]:
    """The lines one after the other without gaps. Raises InvalidInput without a line, or beyond 24 hours in all."""
    if not requests:
        raise InvalidInput(
            "A visit has at least one service.", hint="Name a service and who does it.", path=("input", "lines")
        )
    lines: list[LaidLine] = []
    line_start = in_utc(starts_at)
    for position, request in enumerate(requests):
        line = _laid(position, request, line_start)
        lines.append(line)
        line_start = line.during.end
    if elapsed(starts_at, line_start) > LONGEST_VISIT:
        raise InvalidInput("A visit takes at most 24 hours.", hint="Book two visits.", path=("input", "lines"))
    return tuple(lines)


def _laid(position: int, request: LineRequest, start: datetime) -> LaidLine:
    timing = request.timing
    during = _minutes_of(start, 0, timing.duration)
    if timing.processing_minutes == 0:
        return LaidLine(position, request, during, active=(during,))
    processing_end = timing.processing_from + timing.processing_minutes
    work_before = _minutes_of(start, 0, timing.processing_from)
    work_after = _minutes_of(start, processing_end, timing.duration)
    return LaidLine(position, request, during, active=(work_before, work_after))


def _minutes_of(start: datetime, first: int, end: int) -> Interval:
    return Interval(after(start, timedelta(minutes=first)), after(start, timedelta(minutes=end)))


# --- What a visit occupies


class SubjectKind(StrEnum):
    """What can be busy."""

    SPECIALIST = "specialist"
    UNIT = "unit"


class BusyKind(StrEnum):
    """The work itself, or the buffer before or after it."""

    CORE = "core"
    PAD = "pad"


class BufferOverlap(StrEnum):
    """How the buffers of two neighbours add up: the gap is the longer of the two, or both."""

    MAX = "max"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class BusyPart:
    """One piece of time that a specialist or a unit is not free, for the line at `position`."""

    subject_kind: SubjectKind
    subject_id: UUID
    part: BusyKind
    during: Interval
    position: int


def busy_parts(lines: Sequence[LaidLine], *, overlap: BufferOverlap = BufferOverlap.MAX) -> tuple[BusyPart, ...]:
    """Everything that a visit occupies, sorted as it is written: by kind, subject, start.

    With SUM the buffers are written as cores, so that a neighbour's buffer meets them.
    """
    cores = [core for line in lines for core in _cores(line)]
    subjects = dict.fromkeys((core.subject_kind, core.subject_id) for core in cores)
    pad_kind = BusyKind.PAD if overlap is BufferOverlap.MAX else BusyKind.CORE
    pads = [pad for subject in subjects for pad in _outer_pads(_cores_of(subject, cores), lines, pad_kind)]
    return tuple(sorted([*cores, *pads], key=lambda part: (part.subject_kind, part.subject_id, part.during.start)))


def conflicts(one: BusyPart, other: BusyPart) -> bool:
    """Whether two parts cannot both be: of one subject, at one time, and not both pads (`busy_no_overlap`)."""
    if (one.subject_kind, one.subject_id) != (other.subject_kind, other.subject_id):
        return False
    if one.part is BusyKind.PAD and other.part is BusyKind.PAD:
        return False
    return one.during.overlaps(other.during)


def nearest_free_starts(
    lines: Sequence[LaidLine], taken: Sequence[BusyPart], *, day: Interval, now: datetime, step: timedelta = GRID_STEP
) -> tuple[datetime, ...]:
    """The starts of the day's grid at which the visit would meet nothing that is taken, the nearest to its own first.

    Of two that are equally near the earlier comes first; the past is not offered.
    """
    wanted = lines[0].during.start
    starts = [day.start + step * n for n in range(int(day.duration / step))]
    fitting = [start for start in starts if start >= now and _fits(lines, start - wanted, taken)]
    return tuple(sorted(fitting, key=lambda start: (abs(start - wanted), start)))


def hindered_specialist(lines: Sequence[LaidLine], taken: Sequence[BusyPart]) -> UUID | None:
    """Whose time is taken: the first of the visit's specialists that meets something, in the order of the lines."""
    parts = sorted(busy_parts(lines), key=lambda part: part.position)
    met = (part for part in parts if any(conflicts(part, other) for other in taken))
    return next((part.subject_id for part in met if part.subject_kind is SubjectKind.SPECIALIST), None)


def searched_span(lines: Sequence[LaidLine], day: Interval) -> Interval:
    """The span in which something taken could meet the visit, wherever on the day it starts."""
    length = lines[-1].during.end - lines[0].during.start
    buffer = timedelta(minutes=LONGEST_BUFFER_MINUTES)
    return Interval(after(day.start, -buffer), after(day.end, length + buffer))


def _fits(lines: Sequence[LaidLine], shift: timedelta, taken: Sequence[BusyPart]) -> bool:
    parts = [
        replace(part, during=Interval(part.during.start + shift, part.during.end + shift)) for part in busy_parts(lines)
    ]
    return not any(conflicts(part, other) for part in parts for other in taken)


def _cores(line: LaidLine) -> Iterable[BusyPart]:
    specialist_id = line.request.specialist_id
    for active in line.active:
        yield BusyPart(SubjectKind.SPECIALIST, specialist_id, BusyKind.CORE, active, line.position)
    for unit_id in line.request.unit_ids:
        yield BusyPart(SubjectKind.UNIT, unit_id, BusyKind.CORE, line.during, line.position)


def _cores_of(subject: tuple[SubjectKind, UUID], cores: Iterable[BusyPart]) -> list[BusyPart]:
    return [core for core in cores if (core.subject_kind, core.subject_id) == subject]


def _outer_pads(cores: Sequence[BusyPart], lines: Sequence[LaidLine], pad_kind: BusyKind) -> Iterable[BusyPart]:
    first, last = cores[0], cores[-1]
    before = timedelta(minutes=lines[first.position].request.timing.buffer_before)
    after_it = timedelta(minutes=lines[last.position].request.timing.buffer_after)
    start, end = first.during.start, last.during.end
    if before:
        yield replace(first, part=pad_kind, during=Interval(start - before, start))
    if after_it:
        yield replace(last, part=pad_kind, during=Interval(end, end + after_it))
