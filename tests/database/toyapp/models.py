"""The toy's only table."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class ToyNote(Model):
    """A note of one network; its key in the table is (network_id, id)."""

    id = fields.UUIDField(primary_key=True)
    network_id = fields.UUIDField()
    text = fields.TextField()

    class Meta:
        table = "toy_notes"
