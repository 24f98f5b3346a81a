"""The built-in roles: for whom they are. What each may do stands in `policies/roles/<role>.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.catalogue import DomainKind

FOLDER: Final = Path(__file__).parent / "roles"
OWNER: Final = "owner"
"""The role that owns a network."""

OWNERS: Final = frozenset({OWNER, "operator_owner", "partner_owner"})
"""The roles that hold all of their domain; their files alone may say `allow *`."""


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of lines in one kind of domain. `free` claims that no line of it costs a seat; loading proves it."""

    code: str
    title: str
    description: str
    domain: DomainKind
    free: bool = False


BUILT_IN: Final = (
    Role(OWNER, "Owner", "The legal owner; holds everything in the network.", DomainKind.NETWORK),
    Role("manager", "Manager", "Runs the network or a location.", DomainKind.NETWORK),
    Role("administrator", "Administrator", "The front desk: appointments and their payments.", DomainKind.NETWORK),
    Role(
        "call_center", "Call center", "The remote desk: books for many locations, never sees money.", DomainKind.NETWORK
    ),
    Role("specialist", "Specialist", "Own calendar, own clients, own pay slips.", DomainKind.NETWORK, free=True),
    Role("accountant", "Accountant", "Payroll, cash and reports.", DomainKind.NETWORK, free=True),
    Role("marketer", "Marketer", "Messages, segments and reviews.", DomainKind.NETWORK, free=True),
    Role("smm_manager", "SMM manager", "Public pages, message texts and reviews.", DomainKind.NETWORK, free=True),
    Role("viewer", "Viewer", "Reads what is not confidential and changes nothing.", DomainKind.NETWORK, free=True),
    Role("operator_owner", "Operator's owner", "Holds everything at the operator.", DomainKind.OPERATOR, free=True),
    Role("account_manager", "Account manager", "Looks after own customers.", DomainKind.OPERATOR, free=True),
    Role("commercial", "Commercial department", "Contracts, prices and customers.", DomainKind.OPERATOR, free=True),
    Role(
        "certification_officer",
        "Certification officer",
        "Admits partner firms and certifies technicians.",
        DomainKind.OPERATOR,
        free=True,
    ),
    Role("partner_owner", "Partner's owner", "Holds everything in the partner firm.", DomainKind.PARTNER, free=True),
    Role("partner_manager", "Partner's manager", "Runs the firm's work.", DomainKind.PARTNER, free=True),
    Role("technician", "Technician", "Visits customers for the firm.", DomainKind.PARTNER, free=True),
    Role("partner_accountant", "Partner's accountant", "Keeps the firm's accounts.", DomainKind.PARTNER, free=True),
)
