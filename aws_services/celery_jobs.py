"""Has stored recordings worked on by Celery's workers, with the database as the queue that counts.

A message says no more than "there is work": the row's lease decides who does which job. So a message that is lost, late
or delivered twice changes nothing, and a job is never in two places that could disagree. Every web process looks how
many jobs wait (new ones, and those of workers that died) and sees to it that there are as many messages.
"""

import threading
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection
from kombu.exceptions import KombuError

from aws_services.redis_link import RedisAway, RedisLink
from aws_services.upload_tidying import UploadTidying
from models.keeping_errors import DatabaseUnavailable
from models.stored_ports import JobLeases
from utils.logging import get_logger

log = get_logger("jobs")

QUEUE = "transcription:jobs"
"""Redis keeps the messages in a list of this name"""
TASK = "transcription.work"
LOST_SECONDS = 1.0
"""A message whose child process died is given back after this: nobody waits for results, and leases keep the order"""
SOCKET_SECONDS = 15
CONNECT_SECONDS = 2
RECONNECT_SECONDS = 5
LATE_SECONDS = 60
"""After the hard limit a message that nobody confirmed is delivered again"""


def celery_options(
    redis_address: str, workers: int, soft_limit_seconds: int, hard_limit_seconds: int
) -> dict[str, Any]:
    """Celery's settings: JSON only, one job at a time and process, confirmed when it is done, no results."""
    return {
        "broker_url": redis_address,
        "broker_pool_limit": 1,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": hard_limit_seconds + LATE_SECONDS,
            "socket_timeout": SOCKET_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_keepalive": True,
        },
        "task_default_queue": QUEUE,
        "task_serializer": "json",
        "result_serializer": "json",
        "event_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_lost_wait": LOST_SECONDS,
        "task_soft_time_limit": soft_limit_seconds,
        "task_time_limit": hard_limit_seconds,
        "worker_concurrency": workers,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
    }


class _Connection(Connection):  # type: ignore[misc]
    """Looks often for a Redis that is away: by itself a worker would come to wait for half a minute."""

    def ensure_connection(self, *given: Any, **named: Any) -> Connection:
        """Wait until there is one."""
        return super().ensure_connection(
            *given, **{**named, "interval_start": 1, "interval_step": 1, "interval_max": RECONNECT_SECONDS}
        )


class _Messages(AMQP):  # type: ignore[misc]
    Connection = _Connection


def make_celery(options: Callable[[], dict[str, Any]]) -> Celery:
    """A Celery application; `options` is asked when it is first used."""
    made = Celery("transcription", set_as_current=False, amqp=_Messages)
    made.add_defaults(options)
    return made


class JobSender:
    """Keeps as many messages in the queue as there are jobs that wait. For processes that do none themselves.

    It tidies up among the uploads too: a worker's child does so only from its first job on.
    """

    def __init__(
        self, celery: Celery, link: RedisLink, leases: JobLeases, sweep_seconds: float, tidying: UploadTidying
    ) -> None:
        """The number of messages is made right every `sweep_seconds`; a new upload does it at once."""
        self._celery = celery
        self._link = link
        self._leases = leases
        self._sweep_seconds = sweep_seconds
        self._tidying = tidying
        self._stopping = False
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._sweep, name="job-sender", daemon=True)

    def start(self) -> None:
        """Begin to look. Returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """There may be work. From any thread."""
        self._news.set()

    def stop(self, patience_seconds: float = 5.0) -> None:
        """Look no more; what was not sent is sent by whoever looks next."""
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(patience_seconds)
        self._celery.close()

    # Runs in its own thread

    def _sweep(self) -> None:
        while not self._stopping:
            try:
                self._tidying.look()
                self._send_missing()
            except (RedisAway, DatabaseUnavailable, KombuError, OSError) as error:
                log.warning("jobs_wait_to_be_sent", error=error)
            except Exception as error:  # noqa: BLE001 - one bad round must not end the sending
                log.error("sweep_failed", error=error)
            self._news.wait(self._sweep_seconds)
            self._news.clear()

    def _send_missing(self) -> None:
        waiting = len(self._leases.waiting())
        missing = waiting - self._link.length(QUEUE) if waiting else 0
        for _ in range(missing):
            self._celery.send_task(TASK, retry=False)
        if missing > 0:
            log.info("jobs_sent", count=missing)
