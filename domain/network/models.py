"""Tables of the topic `network`: the tenant and its places."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Network(Model):
    """A customer: one legal business, the tenant."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    name = fields.TextField()
    legal_name = fields.TextField()
    country = fields.TextField()
    currency = fields.TextField()
    zone = fields.TextField()
    state = fields.TextField(default="ACTIVE")
    created_at = fields.DatetimeField()

    class Meta:
        table = "networks"


class Location(Model):
    """A place of a network, with a zone of its own."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    code = fields.TextField()
    name = fields.TextField()
    zone = fields.TextField()
    country = fields.TextField()
    currency = fields.TextField()
    address = fields.TextField(default="")
    phone = fields.TextField(null=True)
    state = fields.TextField(default="OPEN")
    call_center = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "locations"
