"""Tables of the topic `clients`."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Client(Model):
    """A person whom the network serves. `name_key` is the name folded for search and sorting."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    name = fields.TextField()
    name_key = fields.TextField()
    phone = fields.TextField(null=True)
    email = fields.TextField(null=True)
    language = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "clients"
