"""Tables of the topic `identity`: accounts and their sessions. Traffic (attempts, counters, devices) has no model."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Account(Model):
    """A person's sign-in identity, across networks."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    email = fields.TextField()
    email_key = fields.TextField()
    email_verified_at = fields.DatetimeField(null=True)
    name = fields.TextField()
    language = fields.TextField(default="en")
    password_hash = fields.TextField(null=True)
    password_changed_at = fields.DatetimeField(null=True)
    state = fields.TextField(default="ACTIVE")
    must_change_password = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "accounts"


class Session(Model):
    """A live sign-in on one device; its token is kept as a hash only."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account_id = fields.UUIDField()
    device_id = fields.UUIDField()
    kind = fields.TextField()
    token_hash = fields.BinaryField()
    factors = ArrayField("text")
    stepped_up_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    idle_until = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    state = fields.TextField(default="ACTIVE")
    ended_at = fields.DatetimeField(null=True)
    ended_reason = fields.TextField(null=True)

    class Meta:
        table = "sessions"
