"""Who holds roles: specialists in a network, accounts at the operator and at partner firms, and on a visit."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.identity.rules import EmailNotSupported, email_key
from domain.team import reads
from errors import InvalidInput, NotFound
from policies.catalogue import DomainKind
from work import Work

ACCOUNT_OF = "SELECT id, name, is_member FROM account_of($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody to be given a role: a specialist, or an account that has no place in the network."""

    name: str
    specialist_id: UUID | None = None
    account_id: UUID | None = None
    is_service: bool = False


@dataclass(frozen=True, slots=True)
class AccountFound:
    """An active account; `is_member` while it works for the operator or a partner firm."""

    id: UUID
    name: str
    is_member: bool

    @property
    def holder(self) -> Holder:
        """The account as a holder."""
        return Holder(self.name, account_id=self.id)


async def holder(work: Work, holder_id: UUID, *, path: tuple[str | int, ...]) -> Holder:
    """A specialist of the network; elsewhere an account. Raises NotFound."""
    if work.domain.kind is DomainKind.NETWORK:
        row = await reads.specialist(work, holder_id, path=path)
        return Holder(row["name"], specialist_id=row["id"], is_service=row["kind"] == "SERVICE")
    return (await account(work, account_id=holder_id, path=path)).holder


async def account(
    work: Work, *, account_id: UUID | None = None, email: str | None = None, path: tuple[str | int, ...] = ()
) -> AccountFound:
    """An active account by its id or its address. Raises NotFound, InvalidInput."""
    key = _key(email, path) if email is not None else None
    row = await work.statements.fetchrow(ACCOUNT_OF, account_id, key, work.at)
    if row is None:
        raise NotFound(path=path)
    return AccountFound(row["id"], row["name"], row["is_member"])


def _key(email: str, path: tuple[str | int, ...]) -> str:
    try:
        return email_key(email)
    except EmailNotSupported as error:
        raise InvalidInput(error.message, hint=error.hint, path=path) from error
