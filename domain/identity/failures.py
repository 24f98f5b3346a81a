"""Counting failures, each in a small transaction of its own that outlives the refusal of the Work around it.

Order: the failure is counted first and the proof is looked at afterwards; what proves right is taken back. The other
order lets parallel guesses each see a counter that does not wait. A Work comes here before it holds any lock, so that
its second connection never waits for its first.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.identity.rules import FailureCounter, counter_after_failure, failure_bucket, require_no_wait
from work import Work

LOCK_COUNTER = """
INSERT INTO failure_counters AS c (bucket, consecutive, updated_at) VALUES ($1, 0, $2)
ON CONFLICT (bucket) DO UPDATE SET updated_at = c.updated_at RETURNING consecutive, wait_until
"""
SET_COUNTER = "UPDATE failure_counters SET consecutive = $2, wait_until = $3, updated_at = $4 WHERE bucket = $1"
COUNTERS = "SELECT bucket, consecutive, wait_until FROM failure_counters WHERE bucket = ANY ($1)"
# The wait goes only if it is the one that this failure set: another may have been counted meanwhile.
TAKE_BACK = """
UPDATE failure_counters SET consecutive = GREATEST(consecutive - 1, 0),
  wait_until = CASE WHEN consecutive = $2 THEN NULL ELSE wait_until END
WHERE bucket = $1
"""
RESET = "DELETE FROM failure_counters WHERE bucket = $1"


@dataclass(frozen=True, slots=True)
class Buckets:
    """The counters of an address on a device: the device's own where it is known, then that of all unknown devices."""

    names: tuple[bytes, ...]

    @classmethod
    def of(cls, work: Work, email_key: str, *, device_id: UUID, is_known: bool) -> Buckets:
        """The buckets of an e-mail key as this device counts in them."""
        key = work.host.keys.failure_bucket
        unknown = failure_bucket(key, email_key, None)
        return cls((failure_bucket(key, email_key, device_id), unknown) if is_known else (unknown,))


@dataclass(frozen=True, slots=True)
class CountedFailure:
    """A failure as it was counted: in which bucket, as the how many'th in a row."""

    bucket: bytes
    consecutive: int

    async def take_back(self, work: Work) -> None:
        """Uncount it: the proof was right, or nobody came to look at it."""
        async with work.host.database.transaction() as statements:
            await statements.execute(TAKE_BACK, self.bucket, self.consecutive)


async def count_failure(work: Work, buckets: Buckets) -> CountedFailure:
    """Count a failure and commit it. Raises TooManyAttempts, and counts nothing, while the bucket waits.

    A known device whose own counter is closed has become an unknown one.
    """
    async with work.host.database.transaction() as statements:
        for bucket in buckets.names:
            (row,) = await statements.fetch(LOCK_COUNTER, bucket, work.at)
            counter = FailureCounter(row["consecutive"], row["wait_until"])
            if not counter.is_closed:
                break
        require_no_wait(counter, now=work.at)
        counted = counter_after_failure(counter, now=work.at)
        await statements.execute(SET_COUNTER, bucket, counted.consecutive, counted.wait_until, work.at)
    return CountedFailure(bucket, counted.consecutive)


async def require_no_waiting(work: Work, buckets: Buckets) -> None:
    """Refuse while the bucket waits, and count nothing. Raises TooManyAttempts."""
    rows = await work.statements.fetch(COUNTERS, list(buckets.names))
    found = {row["bucket"]: FailureCounter(row["consecutive"], row["wait_until"]) for row in rows}
    counters = [found.get(name, FailureCounter()) for name in buckets.names]
    counter = next((counter for counter in counters if not counter.is_closed), counters[-1])
    require_no_wait(counter, now=work.at)


async def forget_failures(work: Work, buckets: Buckets) -> None:
    """Start the bucket's count anew, within the Work: a full success."""
    await work.statements.execute(RESET, buckets.names[0])
