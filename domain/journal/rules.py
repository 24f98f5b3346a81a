"""Who sees what of the journal, and how an event is told to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from audit.entries import Area

AREA_CAPABILITIES: Final[Mapping[Area, str | None]] = {
    Area.DATA_CHANGES: None,
    Area.EXPORTS: None,
    Area.SETTINGS: None,
    Area.SYSTEM: None,
    Area.SIGN_INS: "sign_ins:read",
    Area.STAFF_CHANGES: "assignments:read",
    Area.BILLING: "billing:read",
    Area.SUPPORT: "support.requests:read",
}
"""What is needed for an area beside `journal:read`: the journal must not tell what its subject would not."""

PERSONAL: Final[Mapping[tuple[str, str], str]] = {
    ("clients", "name"): "clients:read",
    ("clients", "phone"): "clients:read_contacts",
    ("clients", "email"): "clients:read_contacts",
    ("specialists", "name"): "specialists:read",
    ("policy_proposals", "input"): "assignments:read",
    ("accounts", "name"): "sign_ins:read",
    ("accounts", "email"): "sign_ins:read",
    ("accounts", "email_key"): "sign_ins:read",
    ("mails", "recipient"): "clients:read_contacts",
    ("mails", "why"): "clients:read_contacts",
    ("appointments", "comment"): "notes:read",
    ("appointments", "reason"): "appointments:read",
    ("appointment_history", "reason"): "appointments:read",
}
"""The right to read a personal column now; without it the journal shows that it changed, not how."""

SENTENCES: Final[Mapping[str, str]] = {
    "account.signed_in": "{actor} signed in.",
    "account.sign_in_failed": "A sign-in as {actor} failed.",
    "account.signed_out": "{actor} signed out.",
    "appointment.created": "{actor} booked an appointment.",
    "appointment.rescheduled": "{actor} moved an appointment.",
    "appointment.cancelled": "{actor} cancelled an appointment.",
    "client.created": "{actor} entered a client.",
    "payment.created": "{actor} took a payment.",
    "policy.changed": "{actor} changed who may do what.",
    "policy.periods_ended": "Assignments whose period was over were ended.",
    "query.refused": "{actor} asked for something that {actor} may not see.",
    "session.ended": "{actor} ended a session.",
    "visit.requested": "{actor} asked a customer for a visit.",
    "visit.owners_asked": "Somebody from outside asked the owners for a visit.",
}
OUTCOMES: Final[Mapping[str, str]] = {"denied": " It was refused.", "failed": " It failed."}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One column's value before and after, as text; `masked` names the right that its reader lacks."""

    name: str
    old: str | None
    new: str | None
    masked: str | None = None


def readable_areas(can: Callable[[str], bool]) -> tuple[str, ...]:
    """The areas that somebody with these rights may read, beside `journal:read` itself."""
    return tuple(area.value for area, needed in AREA_CAPABILITIES.items() if needed is None or can(needed))


def sentence(code: str, *, actor: str | None, outcome: str) -> str:
    """The event as a sentence for people."""
    subject, _, happened = code.replace("_", " ").partition(".")
    told = SENTENCES.get(code, "{actor}: " + subject + " " + happened + ".")
    return told.format(actor=actor or "Somebody") + OUTCOMES.get(outcome, "")


def field_changes(
    table: str, body: Mapping[str, tuple[object, object]], can: Callable[[str], bool]
) -> tuple[FieldChange, ...]:
    """The columns of one change, sorted; personal ones are masked for who may not read them now."""
    return tuple(_field_change(table, name, old, new, can) for name, (old, new) in sorted(body.items()))


def _field_change(table: str, name: str, old: object, new: object, can: Callable[[str], bool]) -> FieldChange:
    needed = PERSONAL.get((table, name))
    if needed is not None and not can(needed):
        return FieldChange(name, None, None, masked=needed)
    return FieldChange(name, _text(old), _text(new))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
