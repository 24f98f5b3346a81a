"""Mail from the queue to a mail server (and its refusals), and what clients are told: booking.md 4.11."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import aiosmtplib
import orjson
import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from domain.notices.jobs import JOBS, TELL_CLIENT
from domain.notices.operations import Letter, queue_mail
from domain.notices.reads import ReadableMail, recent_mails
from domain.notices.rules import MailText
from domain.notices.sealing import open_text
from domain.notices.sending import SEND_MAIL, NoMailServer, server_of
from host import Host
from tests.domain.identity.people import entries, person, rows
from tests.installation import Clock
from work import Task, Work

WRITTEN = Task(EventType("mail.written", Area.SYSTEM))
BOOKED = Task(EventType("appointment.created", Area.DATA_CHANGES))
TEXT = MailText("Időpont", "Kedd, 10 óra.\n")


@dataclass(slots=True)
class MailServer:
    """An SMTP server that takes or refuses: `answers` by command, where it is not the usual one."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[MailServer]:
        """Listen on a free port of this machine."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        recipient = ""
        while line := await reader.readline():
            command = line.decode().split()[0].upper()
            if command == "RCPT":
                recipient = line.decode().split("<")[1].split(">")[0]
            usual = {"DATA": "354 go on", "QUIT": "221 bye"}.get(command, "250 ok")
            answer = self.answers.get(command, usual)
            writer.write(f"{answer}\r\n".encode())
            if command == "DATA" and answer.startswith("354"):
                text = await reader.readuntil(b"\r\n.\r\n")
                self.taken.append((recipient, text.removesuffix(b".\r\n")))
                writer.write(f"{self.answers.get('TEXT', '250 taken')}\r\n".encode())
        writer.close()


def with_server(host: Host, server: MailServer) -> Host:
    """The host, no demo, that sends through this server."""
    url = SecretStr(f"smtp://127.0.0.1:{server.port}")
    return replace(host, is_demo=False, settings=host.settings.model_copy(update={"mail_url": url}))


async def queued(host: Host, recipient: str = "anna@example.hu") -> str:
    """A queued mail's id, as a job gets it."""
    mail_id = uuid7()
    letter = Letter(id=mail_id, kind="test", recipient=recipient, text=TEXT)
    await host.perform_as_system(None, WRITTEN, lambda work: queue_mail(work, letter))
    return str(mail_id)


async def mail_row(host: Host, mail_id: str) -> tuple[str, bool, str | None]:
    """State, whether the text is still there, and why it failed."""
    (row,) = await rows(host, "SELECT state, sealed, why FROM mails WHERE id = $1", UUID(mail_id))
    return row["state"], row["sealed"] is not None, row["why"]


async def jobs_for(host: Host, mail_id: str) -> int:
    """How many jobs wait to send this mail."""
    found = await rows(host, "SELECT count(*) FROM procrastinate_jobs WHERE args ->> 'mail_id' = $1", mail_id)
    return int(found[0]["count"])


async def test_a_demo_s_mail_counts_as_sent_and_can_still_be_read(host: Host, clock: Clock) -> None:
    clock.pass_by(days=3650)  # the newest of all mails in this database
    mail_id = await queued(host)

    await SEND_MAIL.run(host, mail_id=mail_id)

    assert await mail_row(host, mail_id) == ("SENT", True, None)
    assert (await recent_mails(host))[0] == ReadableMail("anna@example.hu", TEXT.subject, TEXT.body, clock.now)


async def test_a_mail_goes_out_whole_and_its_text_is_dropped(host: Host) -> None:
    mail_id = await queued(host, "Anna@PÉLDA.hu")

    async with MailServer().running() as server:
        await SEND_MAIL.run(with_server(host, server), mail_id=mail_id)
        await SEND_MAIL.run(with_server(host, server), mail_id=mail_id)

    ((recipient, raw),) = server.taken
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert recipient == "Anna@xn--plda-bpa.hu"
    assert message["Subject"] == "Időpont"
    assert message["From"] == "Remit <no-reply@localhost>"
    assert message["Message-ID"] == f"<{mail_id}@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == "Kedd, 10 óra.\n"
    assert await mail_row(host, mail_id) == ("SENT", False, None)


@pytest.mark.parametrize(
    ("case", "answers", "why"),
    [
        ("no such mailbox", {"RCPT": "550 no such user"}, "550 no such user"),
        ("a sender it does not take", {"MAIL": "553 not allowed"}, "553 not allowed"),
        ("a text it does not take", {"TEXT": "554 spam"}, "554 spam"),
    ],
)
async def test_a_refusal_for_good_fails_the_mail(host: Host, case: str, answers: dict[str, str], why: str) -> None:
    mail_id = await queued(host)

    async with MailServer(answers).running() as server:
        await SEND_MAIL.run(with_server(host, server), mail_id=mail_id)

    assert await mail_row(host, mail_id) == ("FAILED", False, why)


@pytest.mark.parametrize(
    ("case", "answers"),
    [
        ("a mailbox that is full for now", {"RCPT": "452 full"}),
        ("greylisting", {"MAIL": "451 later"}),
        ("too busy for the text", {"TEXT": "421 busy"}),
    ],
)
async def test_a_refusal_for_now_is_left_to_the_queue_s_next_try(
    host: Host, case: str, answers: dict[str, str]
) -> None:
    mail_id = await queued(host)

    async with MailServer(answers).running() as server:
        with pytest.raises(aiosmtplib.SMTPException):
            await SEND_MAIL.run(with_server(host, server), mail_id=mail_id)

    assert await mail_row(host, mail_id) == ("QUEUED", True, None)


async def test_a_mail_server_that_is_away_is_left_to_the_queue_s_next_try(host: Host) -> None:
    mail_id = await queued(host)
    async with MailServer().running() as server:
        away = with_server(host, server)

    with pytest.raises(aiosmtplib.SMTPConnectError):
        await SEND_MAIL.run(away, mail_id=mail_id)

    assert await mail_row(host, mail_id) == ("QUEUED", True, None)


async def test_without_a_mail_server_mail_waits_unless_it_is_a_demo(host: Host) -> None:
    mail_id = await queued(host)

    with pytest.raises(NoMailServer, match="REMIT_MAIL_URL"):
        await SEND_MAIL.run(replace(host, is_demo=False), mail_id=mail_id)

    assert await mail_row(host, mail_id) == ("QUEUED", True, None)


async def test_a_letter_with_an_id_goes_out_once(host: Host) -> None:
    letter = Letter(id=uuid7(), kind="test", recipient="anna@example.hu", text=TEXT)

    first = await host.perform_as_system(None, WRITTEN, lambda work: queue_mail(work, letter))
    second = await host.perform_as_system(None, WRITTEN, lambda work: queue_mail(work, letter))

    assert (first, second) == (True, False)
    assert await jobs_for(host, str(letter.id)) == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, False, None, None)),
        ("smtp://mail.example.com:2525", ("mail.example.com", 2525, False, None, None)),
        ("smtps://remit:p%40ss@mail.example.com", ("mail.example.com", 465, True, "remit", "p@ss")),
    ],
)
def test_the_mail_server_s_address(url: str, expected: tuple[object, ...]) -> None:
    server = server_of(url)

    assert (server["hostname"], server["port"], server["use_tls"], server["username"], server["password"]) == expected


def test_jobs_have_names_of_their_own() -> None:
    assert [job.name for job in JOBS] == ["notices.send_mail", "notices.tell_client"]


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment of a client in a network."""

    network_id: UUID
    appointment_id: UUID

    async def tell(self, host: Host) -> None:
        """Run the job."""
        await TELL_CLIENT.run(host, network_id=str(self.network_id), appointment_id=str(self.appointment_id))

    async def letters(self, host: Host) -> list[tuple[str, str, str]]:
        """Kind, recipient and subject of the network's mails, oldest first."""
        found = await rows(
            host,
            "SELECT id, kind, recipient, sealed FROM mails WHERE network_id = $1 ORDER BY created_at",
            self.network_id,
        )
        return [
            (row["kind"], row["recipient"], open_text(host.keys, row["id"], row["sealed"]).subject) for row in found
        ]


STARTS = datetime(2026, 3, 30, 8, 0, tzinfo=UTC)
"""10:00 in Budapest, a day after its clocks went forward."""


async def visit(host: Host, *, email: str | None = "bela@example.hu", language: str | None = None) -> Visit:
    """A new network with one location, one client and a confirmed appointment of his."""
    network_id = (await person(host)).networks[0]
    location_id, client_id, appointment_id = uuid7(), uuid7(), uuid7()

    async def book(work: Work) -> None:
        await work.statements.execute(
            "INSERT INTO locations (network_id, id, code, name, zone, country, currency)"
            " VALUES ($1, $2, 'centre', 'Centre', 'Europe/Budapest', 'HU', 'HUF')",
            network_id,
            location_id,
        )
        await work.statements.execute(
            "INSERT INTO clients (network_id, id, name, name_key, email, language)"
            " VALUES ($1, $2, 'Nagy Béla', 'nagy bela', $3, $4)",
            network_id,
            client_id,
            email,
            language,
        )
        await work.statements.execute(
            "INSERT INTO appointments (network_id, id, location_id, client_id, state, starts_at, ends_at, local_start,"
            " zone, source, created_at)"
            " VALUES ($1, $2, $3, $4, 'CONFIRMED', $5, $6, '2026-03-30T10:00', 'Europe/Budapest', 'STAFF', $7)",
            network_id,
            appointment_id,
            location_id,
            client_id,
            STARTS,
            STARTS + timedelta(hours=1),
            work.at,
        )
        await remember(work, network_id, appointment_id)

    await host.perform_as_system(network_id, BOOKED, book)
    return Visit(network_id, appointment_id)


async def remember(work: Work, network_id: UUID, appointment_id: UUID) -> None:
    """Write the appointment's version into its history."""
    await work.statements.execute(
        "INSERT INTO appointment_history (network_id, appointment_id, version, id, recorded_at, state, starts_at,"
        " ends_at, lines) SELECT network_id, id, version, $3, $4, state, starts_at, ends_at, $5 FROM appointments"
        " WHERE network_id = $1 AND id = $2",
        network_id,
        appointment_id,
        uuid7(),
        work.at,
        orjson.dumps([]).decode(),
    )


async def change(host: Host, of: Visit, sql: str, *values: object) -> None:
    """Change the appointment to its next version."""

    async def apply(work: Work) -> None:
        await work.statements.execute(
            f"UPDATE appointments SET version = version + 1, {sql} WHERE network_id = $1 AND id = $2",
            of.network_id,
            of.appointment_id,
            *values,
        )
        await remember(work, of.network_id, of.appointment_id)

    await host.perform_as_system(of.network_id, BOOKED, apply)


async def test_a_client_is_told_of_booking_move_and_cancellation_once_each(host: Host, clock: Clock) -> None:
    clock.now = STARTS - timedelta(days=7)
    his = await visit(host)

    await his.tell(host)
    await his.tell(host)
    clock.pass_by(minutes=1)
    await change(host, his, "starts_at = $3, ends_at = $4", STARTS + timedelta(hours=2), STARTS + timedelta(hours=3))
    await his.tell(host)
    clock.pass_by(minutes=1)
    await change(host, his, "state = 'CANCELLED', cancelled_by = 'CLIENT'")
    await his.tell(host)

    assert await his.letters(host) == [
        ("appointment.booked", "bela@example.hu", "Foglalt időpontja: 2026. március 30., hétfő, 10:00"),
        ("appointment.moved", "bela@example.hu", "Megváltozott az időpontja: 2026. március 30., hétfő, 12:00"),
        ("appointment.cancelled", "bela@example.hu", "Lemondott időpont: 2026. március 30., hétfő, 12:00"),
    ]


async def test_what_is_told_is_how_the_appointment_stands_when_the_job_runs(host: Host, clock: Clock) -> None:
    clock.now = STARTS - timedelta(days=6)
    his = await visit(host, language="el")
    await change(host, his, "state = 'CANCELLED', cancelled_by = 'BUSINESS'")

    await his.tell(host)
    await his.tell(host)

    assert await his.letters(host) == [
        ("appointment.cancelled", "bela@example.hu", "Το ραντεβού σας ακυρώθηκε: Δευτέρα 30 Μαρτίου 2026, 10:00")
    ]


@pytest.mark.parametrize(
    ("case", "email", "state", "until_start"),
    [
        ("no address", None, None, timedelta(days=5)),
        ("arrived", "bela@example.hu", "state = 'ARRIVED'", timedelta(days=5)),
        ("begun", "bela@example.hu", None, timedelta(0)),
    ],
)
async def test_nobody_is_told_where_there_is_nothing_to_tell(
    host: Host, clock: Clock, case: str, email: str | None, state: str | None, until_start: timedelta
) -> None:
    clock.now = STARTS - until_start
    his = await visit(host, email=email)
    if state is not None:
        await change(host, his, state)
    before = await entries(host, his.network_id)

    await his.tell(host)

    assert await his.letters(host) == []
    assert await entries(host, his.network_id) == before


async def test_telling_is_journaled_in_the_network_as_the_system_s(host: Host, clock: Clock) -> None:
    clock.now = STARTS - timedelta(days=4)
    his = await visit(host)

    await his.tell(host)

    assert (await entries(host, his.network_id))[-1] == ("client.told", "ok", 1)
    (row,) = await host.perform_as_system(
        his.network_id,
        Task(),
        lambda work: work.statements.fetch(
            "SELECT actor_type, actor_id FROM journal_entries WHERE chain_id = $1 ORDER BY seq DESC LIMIT 1",
            his.network_id,
        ),
    )
    assert tuple(row) == ("system", "notices.tell_client")


async def test_an_appointment_of_another_network_is_nobody_s_to_tell(host: Host, clock: Clock) -> None:
    clock.now = STARTS - timedelta(days=3)
    his, other = await visit(host), await visit(host)

    await Visit(other.network_id, his.appointment_id).tell(host)

    assert await his.letters(host) == []
    assert await other.letters(host) == []
