"""Tables of the topic `team`: specialists, and the policy rows that say what they may do."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7


class Specialist(Model):
    """A person's place in one network (or a service account's)."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    kind = fields.TextField(default="HUMAN")
    account_id = fields.UUIDField(null=True)
    name = fields.TextField()
    position = fields.TextField(default="")
    state = fields.TextField(default="ACTIVE")
    created_at = fields.DatetimeField()

    class Meta:
        table = "specialists"


class Role(Model):
    """A network's own role; built-in ones are files of `policies/roles`."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    code = fields.TextField()
    title = fields.TextField()
    description = fields.TextField(default="")
    based_on = fields.TextField(null=True)
    state = fields.TextField(default="ACTIVE")
    version = fields.IntField(default=1)

    class Meta:
        table = "roles"


class RoleLine(Model):
    """One line of a network's own role. Ended once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    role_id = fields.UUIDField()
    capability = fields.TextField()
    effect = fields.TextField()
    limits: dict[str, object] = fields.JSONField(default=dict)
    created_epoch = fields.BigIntField()
    ended_epoch = fields.BigIntField(null=True)

    class Meta:
        table = "role_lines"


class Assignment(Model):
    """A role given to a holder at a scope, with limits and a period. Ended once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField(null=True)
    partner_id = fields.UUIDField(null=True)
    location_id = fields.UUIDField(null=True)
    role_code = fields.TextField(null=True)
    role_id = fields.UUIDField(null=True)
    specialist_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    limits: dict[str, object] = fields.JSONField(default=dict)
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    created_epoch = fields.BigIntField()
    ended_epoch = fields.BigIntField(null=True)
    reason = fields.TextField(default="")

    class Meta:
        table = "assignments"


class PolicyChange(Model):
    """What changed a domain's policy, with its delta and consequences. Append-only."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField(null=True)
    partner_id = fields.UUIDField(null=True)
    epoch = fields.BigIntField()
    made_at = fields.DatetimeField()
    journal_id = fields.UUIDField()
    origin = fields.TextField()
    changes: list[object] = fields.JSONField()
    delta: list[object] = fields.JSONField()
    consequences: list[object] = fields.JSONField()
    consent = fields.TextField(null=True)

    class Meta:
        table = "policy_changes"


class PolicyProposal(Model):
    """A change that waits for somebody who holds `capability` at `scope` (null: the network)."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    operation = fields.TextField()
    input: dict[str, object] = fields.JSONField()
    preview: dict[str, object] = fields.JSONField()
    capability = fields.TextField()
    scope = fields.UUIDField(null=True)
    proposed_by = fields.UUIDField()
    proposed_at = fields.DatetimeField()
    state = fields.TextField(default="PROPOSED")
    expires_at = fields.DatetimeField()
    decided_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "policy_proposals"


class AccessTest(Model):
    """A network's own rule about who may what. Ended once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    network_id = fields.UUIDField()
    title = fields.TextField()
    who: dict[str, object] = fields.JSONField()
    quantifier = fields.TextField()
    number = fields.IntField(default=0)
    predicate: dict[str, object] = fields.JSONField()
    scope = fields.UUIDField(null=True)
    mode = fields.TextField()
    created_epoch = fields.BigIntField()
    ended_epoch = fields.BigIntField(null=True)

    class Meta:
        table = "access_tests"


class VisitRequest(Model):
    """What a member of the operator (without `partner_id`) or of a partner firm asks of a customer: to be let in."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    partner_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField()
    customer_id = fields.UUIDField()
    location_id = fields.UUIDField(null=True)
    role_code = fields.TextField()
    hours = fields.IntField()
    reason = fields.TextField()
    asked_at = fields.DatetimeField()

    class Meta:
        table = "visit_requests"
