"""Opening locations."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from audit.entries import Area, EventType
from database.sqlstate import constraint_of
from domain import idempotency
from domain.localtime import zone_named
from domain.money import currency_of
from domain.network import reads
from domain.network.models import Location
from domain.texts import typed_text
from errors import InvalidInput, UserError
from work import Work

LOCATION_CREATED = EventType("location.created", Area.SETTINGS)

LONGEST_ADDRESS = 500
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
COUNTRY = re.compile(r"[A-Z]{2}")


class CodeTaken(UserError):
    """Another location of the network has this code."""

    code = "CODE_TAKEN"
    hint = "Choose another code."

    def __init__(self) -> None:
        super().__init__("Another location has this code.", path=("input", "code"))


@dataclass(frozen=True, slots=True)
class NewLocation:
    """A place to be opened, with the zone and the currency that it keeps."""

    code: str
    name: str
    zone: str
    country: str
    currency: str
    address: str = ""


async def create_location(work: Work, new: NewLocation, *, idempotency_key: str) -> reads.LocationRow:
    """Open a location. Raises Forbidden, InvalidInput, CodeTaken, IdempotencyMismatch."""
    work.require("locations:create")
    claim = await idempotency.claim(work, key=idempotency_key, operation="createLocation", request=new)
    if claim.first_result is not None:
        return await reads.location(work, claim.first_result)
    _check(new)
    try:
        made = await Location.create(
            network_id=work.network_id,
            code=new.code,
            name=typed_text(new.name, least=1, path=("input", "name")),
            zone=new.zone,
            country=new.country,
            currency=new.currency,
            address=typed_text(new.address, longest=LONGEST_ADDRESS, path=("input", "address")),
            created_at=work.at,
        )
    except IntegrityError as error:
        if constraint_of(error) != "locations_network_id_code_key":
            raise
        raise CodeTaken from error
    await claim.keep(work, made.id)
    work.touches("location", made.id, name=made.name, location_id=made.id)
    return await reads.location(work, made.id)


def _check(new: NewLocation) -> None:
    """Raises InvalidInput where the zone, the currency, the code or the country is none."""
    zone_named(new.zone, path=("input", "zone"))
    currency_of(new.currency, path=("input", "currency"))
    if not CODE.fullmatch(new.code):
        raise InvalidInput(
            "A code has 1 to 40 small letters, digits and hyphens.", hint="Such as budapest-1.", path=("input", "code")
        )
    if not COUNTRY.fullmatch(new.country):
        raise InvalidInput("A country is two capital letters.", hint="See ISO 3166-1.", path=("input", "country"))
