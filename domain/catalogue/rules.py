"""Which price a service has for whom, where and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.localtime import DateRange
from domain.money import Money
from errors import UserError


class PriceMissing(UserError):
    """No price of the service is valid on the service date."""

    code = "PRICE_MISSING"
    hint = "Set a price that is valid on this date."

    def __init__(self, on: date, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(f"The service has no price on {on.isoformat()}.", path=path)


@dataclass(frozen=True, slots=True)
class ServicePrice:
    """A dated price of one service; without a specialist for all of them, without a location for the whole network."""

    amount: Money
    valid: DateRange
    location_id: UUID | None = None
    specialist_id: UUID | None = None


def price_of_line(
    prices: Iterable[ServicePrice],
    *,
    location_id: UUID,
    specialist_id: UUID,
    service_date: date,
    path: tuple[str | int, ...] = (),
) -> ServicePrice:
    """The price of a service on the service date. Raises PriceMissing.

    Specialist at location, else specialist, else location, else network: the first with a valid row.
    """
    valid = {(row.specialist_id, row.location_id): row for row in prices if service_date in row.valid}
    for reach in (
        (specialist_id, location_id),
        (specialist_id, None),
        (None, location_id),
        (None, None),
    ):
        if reach in valid:
            return valid[reach]
    raise PriceMissing(service_date, path=path)
