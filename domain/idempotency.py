"""Repeated requests: the first answer to a creating mutation is kept, and given again to its repetitions.

The row is written in the Work's own transaction, so it exists if and only if the work was done; a repetition that comes
while the first is still running waits for it at the unique index.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from errors import InvalidInput, UserError
from work import Work

KEPT = timedelta(hours=72)

FORGET = "DELETE FROM idempotency WHERE network_id = $1 AND actor_key = $2 AND key = $3 AND created_at < $4"
CLAIM = """
INSERT INTO idempotency (network_id, actor_key, key, operation, request_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING key
"""
FIRST = "SELECT operation, request_hash, result FROM idempotency WHERE network_id = $1 AND actor_key = $2 AND key = $3"
KEEP = "UPDATE idempotency SET result = $4 WHERE network_id = $1 AND actor_key = $2 AND key = $3"


class IdempotencyMismatch(UserError):
    """The key was used before, for something else."""

    code = "IDEMPOTENCY_MISMATCH"
    hint = "Make a fresh key (a random UUID) for each intention of a person."

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request.", path=("input", "idempotencyKey"))


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this Work holds. `first_result` is the answer of an earlier Work, None where this is the first."""

    actor_key: str
    key: str
    first_result: UUID | None

    async def keep(self, work: Work, result: UUID) -> None:
        """Keep the id of what was made, for repetitions of the request."""
        text = orjson.dumps(str(result)).decode()
        await work.statements.execute(KEEP, work.network_id, self.actor_key, self.key, text)


async def claim(work: Work, *, key: str, operation: str, request: Any) -> Claim:
    """Claim the key for this request. Raises InvalidInput for a bad key, IdempotencyMismatch for a used one.

    A repetition counts as `replayed` in the journal: it is an entry of its own, and nothing was done.
    """
    if not 8 <= len(key) <= 64:
        raise InvalidInput(
            "An idempotency key has 8 to 64 characters.",
            hint="A random UUID is a good one.",
            path=("input", "idempotencyKey"),
        )
    actor_key = str(work.viewer.specialist_id)
    digest = sha256(orjson.dumps(request, default=str, option=orjson.OPT_SORT_KEYS)).digest()
    await work.statements.execute(FORGET, work.network_id, actor_key, key, work.at - KEPT)
    if await work.statements.fetchval(CLAIM, work.network_id, actor_key, key, operation, digest, work.at):
        return Claim(actor_key, key, None)
    first = await work.statements.fetchrow(FIRST, work.network_id, actor_key, key)
    if first is None or (first["operation"], first["request_hash"]) != (operation, digest):
        raise IdempotencyMismatch
    work.counts["replayed"] = 1
    return Claim(actor_key, key, UUID(orjson.loads(first["result"])))
