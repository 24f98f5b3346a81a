"""Errors that are answers: members of the mutations' result unions."""

from __future__ import annotations

from uuid import UUID

import strawberry

import errors
from domain import idempotency
from execution import declaration as remit
from policies import decisions, reasons
from work import BusyTryAgain as Busy

strawberry.enum(reasons.Reason, name="DecisionReason", description="Why the policy says yes or no.")


@strawberry.interface(description="An expected refusal: a code for programs, sentences for people.")
class UserError:
    """An expected refusal."""

    code: str = strawberry.field(description="Permanent; branch on it, never on the message.")
    message: str = strawberry.field(description="What is wrong, for people.")
    hint: str | None = strawberry.field(description="What to do about it.")

    path: list[str] = strawberry.field(description="Where in the input the cause is.")


@remit.type(row=errors.NotFound)
class NotFound(UserError):
    """There is no such object, or none that you may see: the two are one answer."""


@remit.type(row=errors.InvalidInput)
class InvalidInput(UserError):
    """A value that the types let through and the business does not."""


@remit.type(row=Busy)
class BusyTryAgain(UserError):
    """Others were changing the same things at the same moment; nothing was changed, send it again."""


@remit.type(row=decisions.Forbidden)
class Forbidden(UserError):
    """You may not do this here; the capability says what is missing."""

    capability: str = remit.computed(
        lambda error: error.decision.capability, description="The missing capability, such as `appointments:create`."
    )
    reason: reasons.Reason = remit.computed(lambda error: error.decision.reason)
    decision_id: UUID = remit.computed(
        lambda error: error.decision.id,
        description="The decision's id, which also stands in the journal: the query `decision` shows it.",
    )


@remit.type(row=idempotency.IdempotencyMismatch)
class IdempotencyMismatch(UserError):
    """The idempotency key was used before, for something else."""
