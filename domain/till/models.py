"""Tables of the topic `till`: what is owed and what was paid, in minor units."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Sale(Model):
    """The document of what is owed; at most one is open for an appointment."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    location_id = fields.UUIDField()
    appointment_id = fields.UUIDField(null=True)
    currency = fields.TextField()
    state = fields.TextField(default="OPEN")
    opened_at = fields.DatetimeField()

    class Meta:
        table = "sales"


class SaleLine(Model):
    """One amount of a sale; a SERVICE line copies an appointment's line."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    sale_id = fields.UUIDField()
    position = fields.IntField()
    kind = fields.TextField()
    appointment_line_id = fields.UUIDField(null=True)
    served_by = fields.UUIDField(null=True)
    amount = fields.BigIntField()

    class Meta:
        table = "sale_lines"


class Payment(Model):
    """Money that came for a sale."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    sale_id = fields.UUIDField()
    method = fields.TextField()
    amount = fields.BigIntField()
    tendered = fields.BigIntField(null=True)
    captured_at = fields.DatetimeField()
    refunded = fields.BigIntField(default=0)
    taken_by = fields.UUIDField()

    class Meta:
        table = "payments"
