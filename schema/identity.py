"""Types of the topic `identity`: the viewer, accounts, sessions and devices, and the steps of signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.identity import passwords, reads, rules
from domain.team import reads as team
from execution import declaration as remit
from policies.viewer import ViewerKind
from schema.errors import BusyTryAgain, Forbidden, NotFound, UserError
from schema.network import Network
from schema.team import Specialist

strawberry.enum(ViewerKind, description="What somebody is in the domain that they act in.")
strawberry.enum(rules.SignInMethod, description="A second step of signing in.")
strawberry.enum(
    rules.SessionKind,
    description="COOKIE for browsers: the token is set as a cookie that no script can read. BEARER for apps: the token "
    "is in the answer, and goes into `Authorization: Bearer`.",
)


@remit.type(row=reads.AccountRow)
class Account:
    """A person's sign-in identity, across networks; it knows nothing of roles."""

    id: UUID
    email: str
    name: str
    language: str = strawberry.field(description="BCP 47, such as hu.")
    state: str = strawberry.field(description="ACTIVE, DISABLED or ERASED.")
    email_verified_at: datetime | None
    created_at: datetime


@remit.type(row=reads.DeviceRow)
class Device:
    """A browser profile, or an app's installation. What it says of itself is a claim."""

    id: UUID
    device_class: str = remit.attribute(column="class", description="DESKTOP, MOBILE, TABLET, BOT or OTHER.")
    os: str | None
    os_version: str | None
    browser: str | None
    browser_version: str | None
    app: str | None
    app_version: str | None
    model: str | None
    first_seen_at: datetime
    last_seen_at: datetime


@remit.type(row=reads.SessionRow)
class Session:
    """A live sign-in on one device."""

    id: UUID
    kind: str = strawberry.field(description="COOKIE or BEARER.")
    factors: list[str] = strawberry.field(description="What it was signed in with, such as PASSWORD and EMAIL.")
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime = strawberry.field(description="When it is over if it is not used meanwhile.")
    ends_at: datetime = strawberry.field(description="When it is over however much it is used.")
    device: Device | None = remit.relation(reads.devices_by_id, key="device_id", description="Where it was opened.")


@remit.type(row=reads.PlaceRow)
class DomainChoice:
    """A network, a partner firm or the operator, as far as you may act there."""

    domain: str = remit.computed(
        lambda row: str(reads.domain_at(row)), description="The value of the header Remit-Domain that chooses it."
    )
    kind: ViewerKind = remit.computed(lambda row: ViewerKind(row["viewer_kind"]), description="What you are there.")
    network: Network | None = remit.relation(
        reads.networks_by_id, key=reads.network_of, description="Null: a partner firm, or the operator."
    )
    until: datetime | None = strawberry.field(description="When your visit ends; null: you are no visitor.")


@remit.type(row=reads.ViewerRow)
class Viewer:
    """Who is signed in: whose account, in which session, at which place of which domain."""

    account: Account | None = remit.relation(reads.accounts_by_id, key="account_id")
    session: Session | None = remit.relation(
        reads.sessions_by_id, key="session_id", description="The session that this request came with."
    )
    sessions: list[Session] = remit.relation(
        reads.live_sessions_of,
        key="account_id",
        max_items=50,
        description="All live sessions of the account, the last used first.",
    )
    devices: list[Device] = remit.relation(
        reads.devices_of,
        key="account_id",
        max_items=100,
        description="The devices on which this account has signed in.",
    )
    network: Network | None = remit.relation(
        reads.networks_by_id,
        key="network_id",
        description="The network that you act in: of the header Remit-Domain, or your only one.",
    )
    networks: list[Network] = remit.relation(
        reads.networks_of_accounts,
        key="account_id",
        max_items=200,
        description="Every network where you have a place or a visit now.",
    )
    domain: str | None = strawberry.field(
        description="What you act in: network:<id>, partner:<id> or operator. Null: choose one of `domains`."
    )
    domains: list[DomainChoice] = remit.relation(
        reads.places_of_accounts,
        key="account_id",
        max_items=200,
        description="All that you may act in now, networks by name first.",
    )
    specialist: Specialist | None = remit.relation(
        team.specialists_by_id, key="specialist_id", description="Your place in the network that you act in."
    )
    language: str = strawberry.field(description="BCP 47, such as hu.")
    roles: list[str] = strawberry.field(description="Codes of the roles that you hold now in what you act in.")


@remit.type(row=rules.EmailNotSupported)
class EmailNotSupported(UserError):
    """The address is malformed, or has other than English letters before the @."""


@remit.type(row=rules.InvalidCredentials)
class InvalidCredentials(UserError):
    """The address or the password is wrong; which of them is never said."""


@remit.type(row=rules.TooManyAttempts)
class TooManyAttempts(UserError):
    """Nothing was looked at."""

    retry_at: datetime | None = strawberry.field(description="From when on to try again; null: only a reset helps.")


@remit.type(row=passwords.Busy)
class Busy(UserError):
    """Too many people are signing in at this moment."""

    retry_at: datetime


@remit.type(row=rules.AttemptNotFound)
class AttemptNotFound(UserError):
    """There is no such sign-in on this device: keep the device's cookie (or the header Remit-Device) between steps."""


@remit.type(row=rules.AttemptClosed)
class AttemptClosed(UserError):
    """The sign-in is over: done, failed, expired or cancelled."""


@remit.type(row=rules.MethodNotAllowed)
class MethodNotAllowed(UserError):
    """The security rules of a network do not allow this second step."""


@remit.type(row=rules.WrongCode)
class WrongCode(UserError):
    """The code is wrong."""

    tries_left: int = strawberry.field(description="With none left the sign-in has failed.")


@strawberry.input(description="The first step of signing in.")
class StartSignInInput:
    """The first step of signing in."""

    email: str
    password: str


@strawberry.input(description="Which sign-in to send a code for, and how.")
class SendSignInCodeInput:
    """Which sign-in to send a code for, and how."""

    attempt_id: UUID
    method: rules.SignInMethod = rules.SignInMethod.EMAIL


@strawberry.input(description="The second step of signing in.")
class VerifySignInInput:
    """The second step of signing in."""

    attempt_id: UUID
    code: str = strawberry.field(description="As it was typed; spaces and hyphens do not matter.")
    method: rules.SignInMethod = rules.SignInMethod.EMAIL
    kind: rules.SessionKind = strawberry.field(
        default=rules.SessionKind.COOKIE, description="Who keeps the session's token."
    )


@remit.type()
class SignInAttempt:
    """The password was right. Go on with one of the methods, on this device, before it expires."""

    id: UUID
    methods: list[rules.SignInMethod]
    expires_at: datetime
    journal_entry_id: UUID


@remit.type()
class CodeSent:
    """A code is on its way; the one before is void."""

    masked_email: str = strawberry.field(description="Where to, as its owner recognises it, such as a***@example.hu.")
    journal_entry_id: UUID


@remit.type()
class SignedIn:
    """Signed in."""

    account: Account
    access_token: str | None = strawberry.field(
        description="The token of a BEARER session, shown this once; else null."
    )
    expires_at: datetime = strawberry.field(description="When the session is over if it is not used meanwhile.")
    journal_entry_id: UUID


@remit.type()
class SignInCancelled:
    """The sign-in was given up."""

    journal_entry_id: UUID


@remit.type()
class SignedOut:
    """The session is over, and its cookie is taken away."""

    journal_entry_id: UUID


@remit.type()
class SessionsEnded:
    """Sessions are over, at once and everywhere."""

    count: int = strawberry.field(description="How many.")
    journal_entry_id: UUID


StartSignInResult = Annotated[
    SignInAttempt | InvalidCredentials | TooManyAttempts | Busy | EmailNotSupported | NotFound | BusyTryAgain,
    strawberry.union("StartSignInResult", description="What comes next, or why not."),
]
SendSignInCodeResult = Annotated[
    CodeSent | MethodNotAllowed | TooManyAttempts | AttemptClosed | AttemptNotFound | NotFound | BusyTryAgain,
    strawberry.union("SendSignInCodeResult", description="Where the code was sent, or why not."),
]
VerifySignInResult = Annotated[
    SignedIn
    | WrongCode
    | MethodNotAllowed
    | TooManyAttempts
    | AttemptClosed
    | AttemptNotFound
    | NotFound
    | BusyTryAgain,
    strawberry.union("VerifySignInResult", description="The session, or why not."),
]
CancelSignInResult = Annotated[
    SignInCancelled | AttemptClosed | AttemptNotFound | NotFound | BusyTryAgain,
    strawberry.union("CancelSignInResult", description="That it was given up, or why not."),
]
SignOutResult = Annotated[
    SignedOut | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("SignOutResult", description="That the session is over, or why not."),
]
EndSessionsResult = Annotated[
    SessionsEnded | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("EndSessionsResult", description="What was ended, or why nothing."),
]
