"""Recordings worked on by real Celery workers over a real Redis: whatever dies, each one becomes one note (F34 to F36).

KILLS=50 in the environment kills fifty instead of ten.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aws_services.celery_jobs import TASK, celery_options, make_celery
from aws_services.stored_work import GIVEN_UP
from local_services.file_audio_store import FileAudioStore
from local_services.sql_statuses import SqlStatuses
from models.job import Job
from models.transcription import Segment, Transcription
from models.upload import WorkTooLong
from tests.celery_worker import SLOW, CeleryWorker
from tests.process import ServerProcess, server_process
from tests.recordings import noise, silence
from tests.sender import API, Sender
from tests.servers import RedisServer, redis
from tests.speaker import wait_until
from tests.watcher import Crowd
from utils.database import open_engine

pytestmark = [pytest.mark.integration, pytest.mark.faults]

KILLS = int(os.environ.get("KILLS", "10"))
KILLS_A_WORKER = 5
"""So many times one of its children is killed; the next time the whole worker is"""
PATIENCE_SECONDS = 60.0 + 2 * KILLS
PHASES = ("reading", "storing", "recognising")
SECONDS = 100


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with redis() as server:
        yield server


@pytest.fixture(scope="module")
def server(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = Path(tmp_path_factory.mktemp("server"))
    settings = {"recogniser": "scripted", "job_runner": "celery", "job_lease_seconds": 1, "job_sweep_seconds": 0.5}
    with server_process(folder, redis_url=redis_server.address, job_workers=2, max_jobs_per_user=99, **settings) as one:
        yield one


@pytest.fixture
def workers(server: ServerProcess) -> Iterator[tuple[CeleryWorker, CeleryWorker]]:
    """Two slow ones, of two children each, so that there is time to kill something in the middle of a job."""
    made = (CeleryWorker(server, SLOW, SLOWNESS="0.01"), CeleryWorker(server, SLOW, SLOWNESS="0.01"))
    yield made
    for worker in made:
        worker.stop()


@pytest.fixture
def rows(server: ServerProcess) -> Iterator["Rows"]:
    made = Rows(server)
    yield made
    made.engine.dispose()


class Rows:
    """What the database and the store hold."""

    def __init__(self, server: ServerProcess) -> None:
        self.engine = open_engine(server.database_url)
        self.statuses = SqlStatuses(self.engine)
        self.store = FileAudioStore(server.folder / "instance" / "recordings")

    def job(self, ticket: dict[str, Any]) -> Job:
        with Session(self.engine) as rows:
            return rows.scalars(select(Job).where(Job.session_id == ticket["session_id"])).one()

    def failed_before(self, ticket: dict[str, Any], times: int) -> None:
        """As if somebody had begun it so often."""
        with Session(self.engine) as rows, rows.begin():
            rows.execute(update(Job).where(Job.session_id == ticket["session_id"]).values(attempts=times))

    def phase(self, ticket: dict[str, Any]) -> str:
        newest = self.statuses.snapshot(ticket["session_id"])
        return "" if newest is None else newest.phase

    def one_result(self, ticket: dict[str, Any]) -> None:
        """One note with every word once, one recording, told to its end once."""
        with Session(self.engine) as rows:
            note = rows.scalars(select(Transcription).where(Transcription.session_id == ticket["session_id"])).one()
            segments = rows.scalars(
                select(Segment).where(Segment.transcription_id == note.id).order_by(Segment.segment_index)
            ).all()
        assert (note.status, note.audio_status) == ("COMPLETED", "STORED")
        assert [one.segment_index for one in segments] == list(range(len(segments)))
        starts = [one.start_time for one in segments]
        assert starts == sorted(set(starts))
        assert note.recognised_seconds == pytest.approx(note.audio_duration_seconds, abs=0.1)
        assert self.store.stat(note.audio_s3_key).size_bytes == note.audio_bytes
        told = self.statuses.after(ticket["session_id"], 0)
        assert [one.seq for one in told] == list(range(1, len(told) + 1))
        assert [one.status for one in told].count("completed") == 1
        progress = [one.progress for one in told]
        assert progress == sorted(progress)


class Killer:
    """Kills whoever is in the middle of a job, and makes sure that it was."""

    def __init__(self, rows: Rows, tickets: list[dict[str, Any]], workers: tuple[CeleryWorker, CeleryWorker]) -> None:
        self.rows, self.tickets, self.workers = rows, tickets, workers
        self.killed: set[int] = set()
        self.phases: list[str] = []
        """In which phase each killed one was"""

    def kill_one(self, phase: str, whole_worker: bool) -> None:
        """SIGKILL to a child, or to a worker with all its children, whose job has come at least so far."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for ticket in self.tickets:
                if self._kills(ticket, phase, whole_worker):
                    return
            time.sleep(0.01)
        raise AssertionError(self.workers[0].log)

    def _kills(self, ticket: dict[str, Any], phase: str, whole_worker: bool) -> bool:
        job, at = self.rows.job(ticket), self.rows.phase(ticket)
        if job.status != "processing" or job.attempts > 2 or at not in PHASES[PHASES.index(phase) :]:
            return False  # a job that its worker's death was to blame for three times would be given up
        owner, pid = job.lease_owner, int((job.lease_owner or "").split("-")[-2])
        theirs = [worker for worker in self.workers if worker.has(pid)]
        if not theirs or pid in self.killed:  # its lease still runs
            return False
        self.killed.add(pid)
        if whole_worker:
            theirs[0].kill()
            theirs[0].start()
        else:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        after = self.rows.job(ticket)
        was_in_the_middle = (after.status, after.lease_owner) == ("processing", owner)
        if was_in_the_middle:
            self.phases.append(at)
        return was_in_the_middle


def test_workers_killed_in_the_middle_of_a_job_cost_no_recording_and_make_none_twice(
    server: ServerProcess, workers: tuple[CeleryWorker, CeleryWorker], rows: Rows, tmp_path: Path
) -> None:
    for worker in workers:
        worker.start()
    sender, began = Sender(server), time.monotonic()
    recording = silence(tmp_path, SECONDS)
    tickets = [sender.send(recording, again="true").json() for _ in range(KILLS * 2 // 3 + 1)]
    killer = Killer(rows, tickets, workers)
    for kill in range(1, KILLS + 1):
        killer.kill_one(PHASES[kill % len(PHASES)], whole_worker=kill % KILLS_A_WORKER == 0)
    for ticket in tickets:
        assert end_of(sender, ticket, workers[0])["status"] == "completed"
        rows.one_result(ticket)
    interrupted = sum(rows.job(ticket).attempts - 1 for ticket in tickets)
    assert len(killer.phases) == KILLS <= interrupted  # whoever kills a whole worker hits its other jobs too
    print(
        f"{KILLS} kills ({', '.join(f'{killer.phases.count(phase)} {phase}' for phase in PHASES)}; "
        f"{KILLS // KILLS_A_WORKER} of whole workers), {interrupted} tries interrupted, {len(tickets)} recordings, "
        f"{len(tickets)} results, 0 lost, 0 doubled, {time.monotonic() - began:.1f} s"
    )


def end_of(sender: Sender, ticket: dict[str, Any], worker: CeleryWorker) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := sender.status(ticket))["status"] not in ("completed", "failed"):
        assert time.monotonic() < deadline, worker.log
        time.sleep(0.05)
    return status


def test_the_same_task_many_times_at_once_makes_one_result(
    server: ServerProcess,
    redis_server: RedisServer,
    workers: tuple[CeleryWorker, CeleryWorker],
    rows: Rows,
    tmp_path: Path,
) -> None:
    ticket = Sender(server).send(silence(tmp_path, SECONDS), again="true").json()
    celery = make_celery(lambda: celery_options(redis_server.address, 1, 60, 90))
    for _ in range(8):
        celery.send_task(TASK)
    celery.close()
    for worker in workers:
        worker.start()
    with Crowd() as crowd:  # what a worker tells comes to a watcher of the web process over Redis
        watching = crowd.watch(f"{server.url}{ticket['stream_url']}", dict(Sender(server).http.headers))
        crowd.until(lambda: watching.is_over, PATIENCE_SECONDS)
        assert watching.events[-1][1]["status"] == "completed"
        assert watching.numbers == list(range(1, len(watching.numbers) + 1))
    rows.one_result(ticket)
    assert rows.job(ticket).attempts == 1


def test_a_recording_that_comes_while_redis_is_away_is_accepted_and_done_when_it_is_back(
    server: ServerProcess,
    redis_server: RedisServer,
    workers: tuple[CeleryWorker, CeleryWorker],
    rows: Rows,
    tmp_path: Path,
) -> None:
    sender, worker = Sender(server), workers[0]
    worker.start()
    redis_server.kill()
    answer = sender.send(silence(tmp_path, 20), again="true")
    assert answer.status_code == 202
    wait_until(lambda: "redis" in down(server))
    assert sender.status(answer.json())["status"] == "queued"
    redis_server.start()
    returned = time.monotonic()
    assert end_of(sender, answer.json(), worker)["status"] == "completed"
    assert time.monotonic() - returned < 30
    rows.one_result(answer.json())
    wait_until(lambda: "redis" not in down(server))


def down(server: ServerProcess) -> list[str]:
    """What /ready names. A busy machine's hub may be late for a moment; Redis alone takes nobody out of service."""
    ready = requests.get(f"{server.url}{API}/ready", timeout=20)
    named: list[str] = ready.json()["down"]
    if set(named) <= {"redis"}:
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded" if named else "ready")
    return named


def test_a_worker_that_is_told_to_end_gives_its_job_back_where_it_was(
    server: ServerProcess, workers: tuple[CeleryWorker, CeleryWorker], rows: Rows, tmp_path: Path
) -> None:
    old, new = workers
    old.start()
    sender = Sender(server)
    ticket = sender.send(silence(tmp_path, 4 * SECONDS), again="true").json()
    wait_until(lambda: rows.phase(ticket) == "recognising")
    owner = rows.job(ticket).lease_owner
    new.start()
    assert old.terminate() == 0
    assert rows.job(ticket).lease_owner != owner, old.log
    assert end_of(sender, ticket, new)["status"] == "completed"
    rows.one_result(ticket)
    assert rows.job(ticket).attempts == 1  # an ending in order is no failed try


# With limits of their own


def test_a_try_that_takes_too_long_ends_in_order_or_is_killed_and_no_job_begins_for_ever(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    settings = {"job_soft_limit_seconds": 3, "job_hard_limit_seconds": 5, "job_workers": 3, "job_runner": "celery"}
    with server_process(
        tmp_path,
        recogniser="scripted",
        job_lease_seconds=1,
        job_sweep_seconds=0.5,
        redis_url=redis_server.address,
        **settings,
    ) as server:
        sender, rows, worker = Sender(server), Rows(server), CeleryWorker(server, SLOW, SLOWNESS="10")
        once, last, deaf = (
            sender.send(one, again="true").json()
            for one in (silence(tmp_path, 5), silence(tmp_path, 6), noise(tmp_path))
        )
        for ticket in (last, deaf):
            rows.failed_before(ticket, 2)
        worker.start()
        try:
            told_too_long = end_of(sender, last, worker)
            wait_until(lambda: rows.phase(once) == "waiting")
            given_up = end_of(sender, deaf, worker)
        finally:
            worker.stop()
            rows.engine.dispose()
        assert sender.status(once)["message"] == f"{WorkTooLong.text} This goes on by itself."
        assert (rows.job(once).status, rows.job(once).attempts) == ("queued", 1)
        assert (told_too_long["status"], told_too_long["message"]) == ("failed", WorkTooLong.text)
        assert (given_up["status"], given_up["message"]) == ("failed", GIVEN_UP)
        for ticket in (last, deaf):
            note = sender.note(ticket)
            assert (note["status"], note["audio_status"]) == ("FAILED", "STORED")
