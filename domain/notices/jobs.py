"""The jobs of the topic `notices`."""

from __future__ import annotations

from uuid import UUID, uuid5

from asyncpg import Record

from audit.entries import Area, EventType
from domain.localtime import zone_named
from domain.notices.operations import Letter, queue_mail
from domain.notices.rules import appointment_mail, appointment_news, language_of
from domain.notices.sending import MAIL_FAILED, MAIL_SENT, SEND_MAIL
from host import Host
from jobs import Job
from work import Task, Work

CLIENT_TOLD = EventType("client.told", Area.DATA_CHANGES)

APPOINTMENT = """
SELECT a.state, a.version, a.starts_at, l.zone, l.name AS location, l.country, n.name AS network, c.email, c.language,
  EXISTS (SELECT FROM appointment_history h WHERE h.network_id = a.network_id AND h.appointment_id = a.id
    AND h.version < a.version AND h.starts_at <> a.starts_at) AS was_moved
FROM appointments a
  JOIN networks n ON n.id = a.network_id
  JOIN locations l ON l.network_id = a.network_id AND l.id = a.location_id
  JOIN clients c ON c.network_id = a.network_id AND c.id = a.client_id
WHERE a.network_id = $1 AND a.id = $2 AND c.email IS NOT NULL
"""


async def tell_client(host: Host, network_id: str, appointment_id: str) -> None:
    """Mail the client how the appointment stands now: booked, moved or cancelled; once for each of its versions.

    Nobody is told without an address, of a visit that has begun, or of one in another state.
    """
    network, appointment = UUID(network_id), UUID(appointment_id)
    letter = await host.perform_as_system(
        network, Task(), lambda work: _letter(work, appointment), name=TELL_CLIENT.name
    )
    if letter is None:
        return

    async def tell(work: Work) -> None:
        await queue_mail(work, letter)
        work.touches("appointment", appointment)

    await host.perform_as_system(network, Task(CLIENT_TOLD), tell, name=TELL_CLIENT.name)


TELL_CLIENT = Job("notices.tell_client", tell_client)

JOBS = (SEND_MAIL, TELL_CLIENT)
EVENTS = (MAIL_SENT, MAIL_FAILED, CLIENT_TOLD)


async def _letter(work: Work, appointment_id: UUID) -> Letter | None:
    row = await work.statements.fetchrow(APPOINTMENT, work.network_id, appointment_id)
    if row is None or row["starts_at"] <= work.at:
        return None
    return _letter_about(row, work.network_id, appointment_id)


def _letter_about(row: Record, network_id: UUID, appointment_id: UUID) -> Letter | None:
    news = appointment_news(row["state"], was_moved=row["was_moved"])
    if news is None:
        return None
    text = appointment_mail(
        language_of(row["language"], country=row["country"]),
        news,
        starts_at=row["starts_at"].astimezone(zone_named(row["zone"])),
        place=f"{row['network']}, {row['location']}",
    )
    letter_id = uuid5(appointment_id, f"told of version {row['version']}")
    return Letter(id=letter_id, kind=f"appointment.{news}", recipient=row["email"], text=text, network_id=network_id)
