"""A process that turns stored recordings into text: `celery -A web.worker worker`.

It has the same settings, database, store and instance folder as the web processes. Importing this file does nothing.
"""

import os
import threading
from contextlib import suppress
from functools import cache
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import setup_logging, worker_init, worker_process_init, worker_shutting_down

from aws_services.celery_jobs import TASK
from aws_services.job_runner import JobRunner
from local_services.sql_job_leases import SqlJobLeases
from local_services.sql_statuses import SqlStatuses
from models.keeping_errors import DatabaseUnavailable
from utils.config import Settings, load_settings
from utils.database import open_engine, upgrade_schema
from utils.logging import configure_logging
from web.adapters import audio_store_of, make_folders
from web.celery_wiring import worker_celery
from web.status_wiring import status_bus_of
from web.stored_wiring import stored_parts_of

LEASES_ONLY = 0
"""Threads that look for work by themselves: here a message says when there is some"""

celery = worker_celery()


@celery.task(name=TASK)
def work() -> None:
    """Do the job that waits longest; nothing when others have them all."""
    job_runner().work_on()


@cache
def ready_settings() -> Settings:
    """The settings, with folders and schema as they say. Raises DatabaseUnavailable."""
    settings = load_settings()
    make_folders(settings)
    upgrade_schema(settings.sqlalchemy_url)
    return settings


@worker_init.connect(weak=False)
def get_ready(**_: Any) -> None:
    """In the main process, so that children, also those in the place of a killed one, can begin at once."""
    with suppress(DatabaseUnavailable):  # each child tries again, with its first job
        ready_settings()


@cache
def job_runner() -> JobRunner:
    """This process's runner, made where the work is done: a database connection must not pass through a fork."""
    settings = ready_settings()
    engine = open_engine(settings.sqlalchemy_url)
    bus = status_bus_of(settings, SqlStatuses(engine))
    parts = stored_parts_of(settings, engine, audio_store_of(settings), bus.publisher)
    leases = SqlJobLeases(engine)
    runner = JobRunner(leases, parts, LEASES_ONLY, settings.job_lease_seconds, too_long=SoftTimeLimitExceeded)
    runner.start()
    return runner


@setup_logging.connect(weak=False)
def log_like_the_program(**_: Any) -> None:
    """Celery's own loggers would write the words of exceptions."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)


class Leash:
    """A pipe that the main process holds and its children feel: when it ends, or is killed, they put their job back.

    Celery itself would wait for the end of the job, which is hours away, or leave it to its lease.
    """

    def __init__(self) -> None:
        self._held: tuple[int, int] | None = None
        self._pid = 0

    def take(self, **_: Any) -> None:
        """In the main process, before it has children."""
        self._held, self._pid = os.pipe(), os.getpid()

    def feel(self, **_: Any) -> None:
        """In a new child."""
        if self._held is not None and self._pid != os.getpid():
            os.close(self._held[1])
            threading.Thread(target=self._wait, args=(self._held[0],), name="leash", daemon=True).start()

    def let_go(self, **_: Any) -> None:
        """In the main process, when it is told to end."""
        if self._held is not None:
            os.close(self._held[1])
            self._held = None

    def _wait(self, end: int) -> None:
        os.read(end, 1)  # returns when nobody holds the other end any more
        job_runner().stop()


leash = Leash()
worker_init.connect(leash.take, weak=False)
worker_process_init.connect(leash.feel, weak=False)
worker_shutting_down.connect(leash.let_go, weak=False)
