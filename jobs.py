"""The job queue: jobs are declared once, deferred inside a Work's transaction, and carried out by a worker.

May import `database`, `errors` and `settings`. A deferred job exists if and only if its transaction committed:
there is no second store that could disagree. Arguments are ids only; a job reads the rest when it runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import procrastinate
import structlog
from croniter import croniter
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job as StoredJob
from procrastinate.jobs import Status

from database.credentials import Credentials
from database.statements import Statements

QUEUE = "remit"
CONCURRENCY = 4
"""Jobs that one worker carries out at a time."""

KEPT_HOURS = 72
"""How long a job that is done stays in the queue's tables, for whoever asks what happened."""

log = structlog.get_logger(__name__)

DEFER = """
SELECT procrastinate_defer_jobs_v1(ARRAY[
  ROW($1::varchar, $2::varchar, 0, NULL, $3::text, $4::jsonb, $5::timestamptz)
]::procrastinate_job_to_defer_v1[])
"""


class MisdeclaredJob(ValueError):
    """A job is declared with a schedule that is none: a fault of the code, never of a person."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something done after a Work has committed: at least once, so `run` must be idempotent.

    `run(host, **arguments)` gets the arguments that `defer` was given, as strings. A job with a `cron` (its five fields
    are read in UTC) is also deferred at each of those instants, once for all workers and without arguments. An instant
    at which no worker ran is not made up for after ten minutes, so `run` does whatever has been left undone.
    Raises MisdeclaredJob for a schedule that cannot be read.
    """

    name: str
    run: Callable[..., Awaitable[None]]
    retries: int = 5
    cron: str | None = None

    def __post_init__(self) -> None:
        if self.cron is not None and not croniter.is_valid(self.cron):
            raise MisdeclaredJob(f'the job {self.name} has a schedule that cannot be read: "{self.cron}"')


async def defer(
    statements: Statements,
    job: Job,
    *,
    arguments: dict[str, UUID],
    queueing_lock: str | None = None,
    at: datetime | None = None,
) -> None:
    """Add a job to the queue within the transaction of `statements`; `at` is the earliest instant of its run."""
    text = orjson.dumps(arguments, default=str).decode()
    await statements.execute(DEFER, QUEUE, job.name, queueing_lock, text, at)


class Worker:
    """Carries out deferred jobs until it is stopped; several workers share one queue."""

    def __init__(self, credentials: Credentials, jobs: Iterable[Job], host: object) -> None:
        connector = procrastinate.PsycopgConnector(
            conninfo=credentials.conninfo(), min_size=1, max_size=CONCURRENCY + 1
        )
        self._app = procrastinate.App(connector=connector)
        self._retries: dict[str, int] = {}
        for job in jobs:
            self._register(job, host)
        self._register_forgetting()
        self._register_taking_up()

    def _register(self, job: Job, host: object) -> None:
        async def run(timestamp: int | None = None, **arguments: Any) -> None:  # the instant of its schedule
            await job.run(host, **arguments)

        self._retries[job.name] = job.retries
        retry = procrastinate.RetryStrategy(max_attempts=job.retries, exponential_wait=4)
        task = self._app.task(name=job.name, queue=QUEUE, retry=retry)(run)
        if job.cron is not None:
            self._app.periodic(cron=job.cron)(task)

    def _register_forgetting(self) -> None:
        async def forget_done_jobs(timestamp: int) -> None:
            await self._app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)

        task = self._app.task(name="jobs.forget_done", queue=QUEUE)(forget_done_jobs)
        self._app.periodic(cron="17 3 * * *")(task)

    def _register_taking_up(self) -> None:
        async def take_up_stalled(timestamp: int) -> None:
            await self._take_up_stalled()

        task = self._app.task(name="jobs.take_up_stalled", queue=QUEUE)(take_up_stalled)
        self._app.periodic(cron="* * * * *")(task)

    async def _take_up_stalled(self) -> None:
        """Give back to the queue what workers that were killed had in hand: the library leaves it so for ever."""
        for job in await self._app.job_manager.get_stalled_jobs(queue=QUEUE):
            log.warning("job_stalled", job=job.task_name, attempts=job.attempts)
            await self._take_up(job)

    async def _take_up(self, job: StoredJob) -> None:
        manager = self._app.job_manager
        if job.attempts >= self._retries.get(job.task_name, 0):  # it may be what kills them
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            return
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # by the queueing lock: one like it waits, and will do the same
            await manager.finish_job(job, Status.FAILED, delete_job=False)

    async def run(self, *, until_empty: bool = False) -> None:
        """Work until cancelled; with `until_empty` only until the queue has nothing left to do now."""
        async with self._app.open_async():
            await self._take_up_stalled()
            await self._work(wait=not until_empty)
            waiting = await self._due()
            while waiting:  # what the last jobs deferred: the library is done when it has nothing more to fetch
                await self._work(wait=False)
                before, waiting = waiting, await self._due()
                if waiting == before:  # others have them in hand, or hold their locks
                    return

    async def _work(self, *, wait: bool) -> None:
        await self._app.run_worker_async(
            queues=[QUEUE],
            concurrency=CONCURRENCY,
            wait=wait,
            install_signal_handlers=False,
            shutdown_graceful_timeout=10,
        )

    async def _due(self) -> set[int | None]:
        """The jobs that could be begun now."""
        found = await self._app.job_manager.list_jobs_async(queue=QUEUE, status=Status.TODO.value)
        now = datetime.now(UTC)
        return {job.id for job in found if job.scheduled_at is None or job.scheduled_at <= now}
