"""What a booking is refused for, beyond the moves between states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.money import Money, format_money
from errors import UserError


@dataclass(frozen=True, slots=True)
class FreeStart:
    """A start at which the same visit would fit: its instant, and the wall time in the location's zone."""

    starts_at: datetime
    local_start: str


class TooSoon(UserError):
    """The visit would lie in the past; `capability` allows to enter it all the same."""

    code = "TOO_SOON"
    capability = "appointments:override"
    hint = f"Choose a later start, or let somebody enter it who has {capability}."

    def __init__(self) -> None:
        super().__init__("This start has passed.", path=("input", "startsAt"))


class TooFar(UserError):
    """The visit would lie further ahead than any calendar is kept."""

    code = "TOO_FAR"
    hint = "Check the year."

    def __init__(self, latest: datetime) -> None:
        super().__init__(f"Visits are booked until {latest.date().isoformat()}.", path=("input", "startsAt"))


class SettlementRequired(UserError):
    """Money was taken for the visit, so it cannot be cancelled as if none had been."""

    code = "SETTLEMENT_REQUIRED"
    hint = "Move it to another time instead; what was paid stays with it."

    def __init__(self, paid: Money) -> None:
        message = f"{format_money(paid, 'en')} has been paid for this appointment."
        super().__init__(message, path=("input", "appointmentId"))
        self.paid = paid


class SlotTaken(UserError):
    """The specialist is not free for all of the visit; `alternatives` are the nearest starts that fit."""

    code = "SLOT_TAKEN"

    def __init__(self, specialist_id: UUID | None, alternatives: tuple[FreeStart, ...]) -> None:
        nearest = f" The nearest free start is {alternatives[0].local_start.replace('T', ' ')}." if alternatives else ""
        super().__init__(
            "This time is already taken." + nearest,
            hint="Choose one of the alternatives." if alternatives else "Choose another day or specialist.",
            path=("input", "startsAt"),
        )
        self.specialist_id = specialist_id
        self.alternatives = alternatives


class NotProvided(UserError):
    """A specialist does not provide a service at this location on this day: no seat is paid for it."""

    code = "NOT_PROVIDED"
    hint = "Choose a specialist who provides it there, or let a manager set the service link."

    def __init__(self, position: int, *, path: tuple[str | int, ...]) -> None:
        super().__init__("This specialist does not provide this service at this location on this day.", path=path)
        self.position = position


class StaleVersion(UserError):
    """The object was changed since it was read; `current` is its version now."""

    code = "STALE_VERSION"
    hint = "Read it again and decide anew."

    def __init__(self, current: int) -> None:
        super().__init__("Somebody else has changed this meanwhile.", path=("input", "expectedVersion"))
        self.current = current
