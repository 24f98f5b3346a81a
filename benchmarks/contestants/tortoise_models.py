"""Tortoise's models of Remit's own tables, with the relations that Remit's models leave out."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class OfNetwork(Model):
    """A row of one network; as in Tortoise's tutorials an id alone is the key."""

    id = fields.UUIDField(primary_key=True)
    network_id = fields.UUIDField()

    class Meta:
        abstract = True


class Client(OfNetwork):
    """A person whom the network serves."""

    name = fields.TextField()
    name_key = fields.TextField()
    language = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "clients"


class Service(OfNetwork):
    """What the network offers."""

    name = fields.TextField()
    duration = fields.IntField()

    class Meta:
        table = "services"


class Specialist(OfNetwork):
    """A person of the network."""

    name = fields.TextField()
    position = fields.TextField()
    state = fields.TextField()

    class Meta:
        table = "specialists"


class Appointment(OfNetwork):
    """One client's visit."""

    state = fields.TextField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    local_start = fields.TextField()
    zone = fields.TextField()
    source = fields.TextField()
    client: fields.ForeignKeyRelation[Client] = fields.ForeignKeyField("bare.Client", related_name="appointments")
    lines: fields.ReverseRelation[AppointmentLine]
    sales: fields.ReverseRelation[Sale]

    class Meta:
        table = "appointments"


class AppointmentLine(OfNetwork):
    """One service of an appointment."""

    position = fields.IntField()
    starts_at = fields.DatetimeField()
    appointment: fields.ForeignKeyRelation[Appointment] = fields.ForeignKeyField(
        "bare.Appointment", related_name="lines"
    )
    service: fields.ForeignKeyRelation[Service] = fields.ForeignKeyField("bare.Service", related_name="lines")
    specialist: fields.ForeignKeyRelation[Specialist] = fields.ForeignKeyField("bare.Specialist", related_name="lines")

    class Meta:
        table = "appointment_lines"


class Sale(OfNetwork):
    """What is owed for an appointment."""

    currency = fields.TextField()
    appointment: fields.ForeignKeyRelation[Appointment] = fields.ForeignKeyField(
        "bare.Appointment", related_name="sales"
    )
    payments: fields.ReverseRelation[Payment]

    class Meta:
        table = "sales"


class Payment(OfNetwork):
    """Money that came for a sale, in minor units."""

    method = fields.TextField()
    amount = fields.BigIntField()
    captured_at = fields.DatetimeField()
    sale: fields.ForeignKeyRelation[Sale] = fields.ForeignKeyField("bare.Sale", related_name="payments")

    class Meta:
        table = "payments"


class JournalEntry(Model):
    """One journaled event."""

    id = fields.UUIDField(primary_key=True)
    chain_id = fields.UUIDField()
    seq = fields.BigIntField()
    recorded_at = fields.DatetimeField()
    code = fields.TextField()
    area = fields.TextField()
    outcome = fields.TextField()

    class Meta:
        table = "journal_entries"
