"""Works on stored recordings in threads of this process, with a lease on each job, so that no worker's death loses one.

A job that was interrupted goes on where it was, here or on another worker, once its lease has run out.
"""

import threading
import time

from aws_services.job_progress import JobProgress, queued
from aws_services.stored_parts import StoredParts
from aws_services.stored_work import GIVEN_UP, StoredWork
from aws_services.upload_tidying import UploadTidying
from models.errors import DictationError, InternalError, InvalidSessionState, NotFound, RecogniserBusy
from models.keeping_errors import DatabaseUnavailable, StorageFull, StoreUnavailable
from models.stored_ports import JobLeases, StoredJob
from models.upload import WorkTooLong
from utils.logging import get_logger

log = get_logger("jobs")

MAX_ATTEMPTS = 3
IDLE_SECONDS = 1.0
"""How often an idle worker looks for work that came in elsewhere"""
LONGEST_RENEWAL_SECONDS = 5.0
"""A job that was cancelled stops after this at the latest"""
RETRY_SECONDS = 5.0
OUTAGE_SECONDS = 15.0
OUTAGES = (DatabaseUnavailable, StoreUnavailable, StorageFull, RecogniserBusy)
"""Not the job's fault: it waits until they are over, however often it takes"""


class _Interrupted(Exception):
    """The work stops here; the job is not over."""


class _Held:
    """A job that this process works on."""

    def __init__(self, job: StoredJob, stopping: threading.Event) -> None:
        self.job = job
        self.is_lost = False
        self._stopping = stopping

    def keep_going(self) -> None:
        """Raises when the work has to stop."""
        if self.is_lost or self._stopping.is_set():
            raise _Interrupted


class JobRunner:
    """Claims jobs and does them until it is stopped."""

    def __init__(
        self,
        leases: JobLeases,
        parts: StoredParts,
        workers: int,
        lease_seconds: float,
        work: StoredWork | None = None,
        too_long: type[Exception] | None = None,
    ) -> None:
        """`too_long` is raised into the work from outside when a try has had all the time that it may have."""
        self._leases = leases
        self._parts = parts
        self._work = work or StoredWork(parts, leases.measured)
        self._lease_seconds = lease_seconds
        self._too_long = too_long
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        workers_and_keeper = [(self._do_jobs, f"job-{number}") for number in range(workers)] + [
            (self._keep_leases, "job-leases")
        ]
        self._threads = [threading.Thread(target=run, name=name, daemon=True) for run, name in workers_and_keeper]

    def start(self) -> None:
        """Begin to work. Returns at once."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There may be work. From any thread."""
        self._news.set()

    def stop(self, patience_seconds: float = 5.0) -> None:
        """Put back what is being worked on and end; what does not end in time is found by others by its lease."""
        self._stopping.set()
        self._news.set()
        deadline = time.monotonic() + patience_seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    def work_on(self, job_id: str | None = None) -> bool:
        """Claim the given job, or the one that waits longest, and do it on this thread; False when there is none."""
        job = self._leases.claim(self._parts.worker_id, self._lease_seconds, job_id)
        if job is None:
            return False
        held = _Held(job, self._stopping)
        with self._lock:
            self._held[job.id] = held
        try:
            self._do(held)
        finally:
            with self._lock:
                del self._held[job.id]
        return True

    # Runs in the workers' threads

    def _do_jobs(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._leases.waiting() and self.work_on():
                    continue
            except Exception as error:  # noqa: BLE001 - one bad round must not end the worker
                log.error("job_round_failed", error=error)
            self._news.wait(IDLE_SECONDS)
            self._news.clear()

    def _do(self, held: _Held) -> None:
        job = held.job
        log.info("job_begun", session_id=job.session_id, kind=job.kind, attempt=job.attempts)
        try:
            if job.attempts > MAX_ATTEMPTS:
                raise InternalError(GIVEN_UP)
            self._begin(job)
            self._work.run(job, held.keep_going)
        except _Interrupted:
            self._settle(held, 0.0, counts=False)
        except NotFound:  # its note is in the bin: nobody wants the words
            self._leases.finish(job.id, self._parts.worker_id, "CANCELLED")
        except DictationError as error:
            self._after(held, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must be tried again or end
            if self._too_long is not None and isinstance(error, self._too_long):
                self._after(held, WorkTooLong())
            else:
                self._after(held, InternalError(), error)
        else:
            self._leases.finish(job.id, self._parts.worker_id)
            log.info("job_done", session_id=job.session_id)

    def _begin(self, job: StoredJob) -> None:
        if job.attempts == 1:
            self._parts.publish(queued(job.session_id))

    def _after(self, held: _Held, error: DictationError, cause: Exception | None = None) -> None:
        job = held.job
        self._renew(held)
        if held.is_lost:  # cancelled, and its files are gone; or another has it, because this worker slept
            log.info("job_left", session_id=job.session_id, error=cause or error)
            return
        if cause is not None:
            log.error("job_failed", session_id=job.session_id, error=cause)
        log.warning("job_interrupted", session_id=job.session_id, attempt=job.attempts, error=error)
        is_outage = isinstance(error, OUTAGES)
        can_come_right = error.retryable or isinstance(error, InvalidSessionState)  # others added words to its note
        if is_outage or (can_come_right and job.attempts < MAX_ATTEMPTS):
            JobProgress(job.session_id, self._parts.publish).waiting(error)
            usual = OUTAGE_SECONDS if is_outage else RETRY_SECONDS
            self._settle(held, usual if error.retry_after is None else error.retry_after, counts=not is_outage)
            return
        self._work.give_up(job, error)
        self._leases.finish(job.id, self._parts.worker_id, error.code)

    def _settle(self, held: _Held, after_seconds: float, counts: bool) -> None:
        if held.is_lost:
            return
        try:
            self._leases.put_back(held.job.id, self._parts.worker_id, after_seconds, counts)
        except DatabaseUnavailable:
            log.warning("job_left_to_its_lease", session_id=held.job.session_id)

    # Runs in the keeper's thread

    def _keep_leases(self) -> None:
        tidying = UploadTidying(self._parts.remove_forgotten)
        while not self._stopping.is_set():
            tidying.look()
            self._stopping.wait(min(self._lease_seconds / 3, LONGEST_RENEWAL_SECONDS))
            with self._lock:
                held = list(self._held.values())
            for one in held:
                self._renew(one)

    def _renew(self, held: _Held) -> None:
        try:
            if not self._leases.renew(held.job.id, self._parts.worker_id, self._lease_seconds):
                held.is_lost = True
        except DatabaseUnavailable:
            log.warning("lease_not_renewed", session_id=held.job.session_id)
