"""Tables of the topic `catalogue`: services. Dated rows (prices, links) are written as SQL: the ORM has no ranges."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Service(Model):
    """What a network offers; duration and buffers in minutes."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    category = fields.TextField(default="")
    name = fields.TextField()
    duration = fields.IntField()
    buffer_before = fields.IntField(default=0)
    buffer_after = fields.IntField(default=0)
    state = fields.TextField(default="ACTIVE")
    created_at = fields.DatetimeField()

    class Meta:
        table = "services"
