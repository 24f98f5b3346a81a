"""Tables of the topic `booking`. The lock table `busy` has no model: its ranges are written as SQL."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Appointment(Model):
    """One client's visit at one location. `local_start` is the wall time that was agreed, in `zone`."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    location_id = fields.UUIDField()
    client_id = fields.UUIDField(null=True)
    state = fields.TextField()
    version = fields.IntField(default=1)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    local_start = fields.TextField()
    zone = fields.TextField()
    source = fields.TextField()
    created_by = fields.UUIDField(null=True)
    comment = fields.TextField(default="")
    cancelled_by = fields.TextField(null=True)
    late = fields.BooleanField(null=True)
    reason = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "appointments"


class AppointmentLine(Model):
    """One service of an appointment by one specialist, with a copy of its price (minor units)."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    appointment_id = fields.UUIDField()
    position = fields.IntField()
    service_id = fields.UUIDField()
    specialist_id = fields.UUIDField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    amount = fields.BigIntField()
    currency = fields.TextField()

    class Meta:
        table = "appointment_lines"
