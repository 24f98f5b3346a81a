"""The job queue: jobs are declared once, deferred inside a Work's transaction, and carried out by a worker.

May import `database`, `errors` and `settings`. A deferred job exists if and only if its transaction committed:
there is no second store that could disagree. Arguments are ids only; a job reads the rest when it runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import procrastinate

from database.credentials import Credentials
from database.statements import Statements

QUEUE = "remit"
CONCURRENCY = 4
"""Jobs that one worker carries out at a time."""

KEPT_HOURS = 72
"""How long a job that is done stays in the queue's tables, for whoever asks what happened."""

DEFER = """
SELECT procrastinate_defer_jobs_v1(ARRAY[
  ROW($1::varchar, $2::varchar, 0, NULL, $3::text, $4::jsonb, $5::timestamptz)
]::procrastinate_job_to_defer_v1[])
"""


@dataclass(frozen=True, slots=True)
class Job:
    """Something done after a Work has committed: at least once, so `run` must be idempotent.

    `run(host, **arguments)` gets the arguments that `defer` was given, as strings.
    """

    name: str
    run: Callable[..., Awaitable[None]]
    retries: int = 5


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
        for job in jobs:
            self._register(job, host)
        self._register_forgetting()

    def _register(self, job: Job, host: object) -> None:
        async def run(**arguments: Any) -> None:
            await job.run(host, **arguments)

        retry = procrastinate.RetryStrategy(max_attempts=job.retries, exponential_wait=4)
        self._app.task(name=job.name, queue=QUEUE, retry=retry)(run)

    def _register_forgetting(self) -> None:
        async def forget_done_jobs(timestamp: int) -> None:
            await self._app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)

        task = self._app.task(name="jobs.forget_done", queue=QUEUE)(forget_done_jobs)
        self._app.periodic(cron="17 3 * * *")(task)

    async def run(self, *, until_empty: bool = False) -> None:
        """Work until cancelled; with `until_empty` only until the queue has nothing left to do now."""
        async with self._app.open_async():
            await self._app.run_worker_async(
                queues=[QUEUE],
                concurrency=CONCURRENCY,
                wait=not until_empty,
                install_signal_handlers=False,
                shutdown_graceful_timeout=10,
            )
