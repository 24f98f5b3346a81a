"""Root fields of the topic `identity`: who is signed in, signing in and out."""

from __future__ import annotations

from uuid import UUID

from domain.identity import operations, reads
from domain.identity.rules import SessionKind
from domain.identity.sessions import OpenedSession
from execution.declaration import mutation, query
from schema.credentials import SESSION_COOKIE
from schema.identity import (
    CancelSignInResult,
    CodeSent,
    EndSessionsResult,
    SendSignInCodeInput,
    SendSignInCodeResult,
    SessionsEnded,
    SignedIn,
    SignedOut,
    SignInAttempt,
    SignInCancelled,
    SignOutResult,
    StartSignInInput,
    StartSignInResult,
    VerifySignInInput,
    VerifySignInResult,
    Viewer,
)
from work import ResponseCookie, Work

SIGNING_IN = "signing in is how a person becomes somebody"


@query(signed_in=True)
async def viewer(work: Work) -> Viewer:
    """Who is signed in."""
    return reads.viewer(work)  # type: ignore[return-value]  # rows stand for their type


@mutation(event=operations.SIGN_IN_STARTED, public=SIGNING_IN, alone=True)
async def start_sign_in(work: Work, *, input: StartSignInInput) -> StartSignInResult:
    """Begin to sign in with address and password; the answer says which second steps there are."""
    attempt = await operations.start_sign_in(work, email=input.email, password=input.password)
    return SignInAttempt(
        id=attempt.id,
        methods=list(attempt.methods),
        expires_at=attempt.expires_at,
        journal_entry_id=work.entry_id,
    )


@mutation(event=operations.SIGN_IN_CODE_SENT, public=SIGNING_IN, alone=True)
async def send_sign_in_code(work: Work, *, input: SendSignInCodeInput) -> SendSignInCodeResult:
    """Mail a code for the second step: three times at the most, with a minute between them."""
    masked = await operations.send_sign_in_code(work, input.attempt_id, method=input.method)
    return CodeSent(masked_email=masked, journal_entry_id=work.entry_id)


@mutation(event=operations.SIGNED_IN, public=SIGNING_IN, alone=True)
async def verify_sign_in(work: Work, *, input: VerifySignInInput) -> VerifySignInResult:
    """Finish signing in with the code that was sent: five tries, by all methods together."""
    signed_in = await operations.verify_sign_in(
        work, input.attempt_id, method=input.method, code=input.code, kind=input.kind
    )
    session = signed_in.session
    return SignedIn(
        account=signed_in.account,  # type: ignore[arg-type]  # rows stand for their type
        access_token=_handed_over(work, session),
        expires_at=session.expires_at,
        journal_entry_id=work.entry_id,
    )


@mutation(event=operations.SIGN_IN_CANCELLED, public=SIGNING_IN, alone=True)
async def cancel_sign_in(work: Work, *, attempt_id: UUID) -> CancelSignInResult:
    """Give a sign-in up."""
    await operations.cancel_sign_in(work, attempt_id)
    return SignInCancelled(journal_entry_id=work.entry_id)


@mutation(event=operations.SIGNED_OUT, signed_in=True)
async def sign_out(work: Work) -> SignOutResult:
    """End the session that this request came with."""
    await operations.sign_out(work)
    if work.caller.is_cookie:
        work.cookies.append(ResponseCookie(SESSION_COOKIE, None, 0))
    return SignedOut(journal_entry_id=work.entry_id)


@mutation(event=operations.SESSION_ENDED, signed_in=True)
async def end_session(work: Work, *, id: UUID) -> EndSessionsResult:
    """End one of your own sessions, such as that of a lost phone."""
    await operations.end_session(work, id)
    return SessionsEnded(count=1, journal_entry_id=work.entry_id)


@mutation(event=operations.SESSION_ENDED, signed_in=True)
async def end_other_sessions(work: Work) -> EndSessionsResult:
    """End all of your sessions but this one."""
    count = await operations.end_other_sessions(work)
    return SessionsEnded(count=count, journal_entry_id=work.entry_id)


def _handed_over(work: Work, session: OpenedSession) -> str | None:
    """Hand the token to whom it is for: to the browser as a cookie, or to the app in the answer."""
    if session.kind is SessionKind.BEARER:
        return session.token
    work.cookies.append(ResponseCookie(SESSION_COOKIE, session.token, session.lives_seconds))
    return None
