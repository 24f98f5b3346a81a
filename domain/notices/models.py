"""Tables of the topic `notices`."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Mail(Model):
    """An outgoing mail. Its text is sealed (it may carry a code) and dropped once it is sent."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    recipient = fields.TextField()
    kind = fields.TextField()
    sealed = fields.BinaryField(null=True)
    state = fields.TextField(default="QUEUED")
    why = fields.TextField(null=True)
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "mails"
