"""Recordings worked on by real Celery workers over a real Redis: whatever dies, each one becomes one note (F34 to F36).

KILLS=10 in the environment kills ten workers instead of three.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from aws_services.celery_jobs import TASK, celery_options, make_celery
from local_services.file_audio_store import FileAudioStore
from local_services.sql_statuses import SqlStatuses
from models.job import Job
from models.transcription import Segment, Transcription
from tests.celery_worker import CeleryWorker
from tests.process import ServerProcess, server_process
from tests.recordings import silence
from tests.sender import API, Sender
from tests.servers import RedisServer, redis
from tests.speaker import wait_until
from tests.watcher import Crowd
from utils.database import open_engine

pytestmark = [pytest.mark.integration, pytest.mark.faults]

KILLS = int(os.environ.get("KILLS", "3"))
PATIENCE_SECONDS = 60.0
PHASES = ("reading", "storing", "recognising")
LONG_SECONDS = 1500


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with redis() as server:
        yield server


@pytest.fixture(scope="module")
def server(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = Path(tmp_path_factory.mktemp("server"))
    settings = {"recogniser": "scripted", "job_runner": "celery", "job_lease_seconds": 2}
    with server_process(folder, redis_url=redis_server.address, **settings) as running:
        yield running


@pytest.fixture
def worker(server: ServerProcess) -> Iterator[CeleryWorker]:
    made = CeleryWorker(server)
    yield made
    made.stop()


@pytest.fixture
def other_worker(server: ServerProcess) -> Iterator[CeleryWorker]:
    made = CeleryWorker(server)
    yield made
    made.stop()


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


def test_a_worker_killed_in_the_middle_of_a_job_costs_no_recording_and_makes_none_twice(
    server: ServerProcess, worker: CeleryWorker, rows: Rows, tmp_path: Path
) -> None:
    sender = Sender(server)
    tickets = [sender.send(silence(tmp_path, LONG_SECONDS + n), again="true").json() for n in range(KILLS)]
    unharmed = list(tickets)
    for kill in range(KILLS):
        worker.start()
        victim = under_way(rows, unharmed, PHASES[kill % len(PHASES)], worker)
        worker.kill()
        unharmed.remove(victim)
    worker.start()
    for ticket in tickets:
        assert end_of(sender, ticket, worker)["status"] == "completed"
        rows.one_result(ticket)
    interrupted = [ticket for ticket in tickets if rows.job(ticket).attempts >= 2]
    assert len(interrupted) >= KILLS - 1  # a job may be over in the moment in which its worker is killed


def under_way(rows: Rows, tickets: list[dict[str, Any]], phase: str, worker: CeleryWorker) -> dict[str, Any]:
    """One of these whose work has come at least so far, and is not over."""
    places = {name: place for place, name in enumerate(PHASES)}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for ticket in tickets:
            if places.get(rows.phase(ticket), -1) >= places[phase]:
                return ticket
        time.sleep(0.01)
    raise AssertionError(worker.log)


def end_of(sender: Sender, ticket: dict[str, Any], worker: CeleryWorker) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := sender.status(ticket))["status"] not in ("completed", "failed"):
        assert time.monotonic() < deadline, worker.log
        time.sleep(0.05)
    return status


def test_the_same_task_many_times_at_once_makes_one_result(
    server: ServerProcess,
    redis_server: RedisServer,
    worker: CeleryWorker,
    other_worker: CeleryWorker,
    rows: Rows,
    tmp_path: Path,
) -> None:
    ticket = Sender(server).send(silence(tmp_path, 600), again="true").json()
    celery = make_celery(lambda: celery_options(redis_server.address, 1, 60, 90))
    for _ in range(8):
        celery.send_task(TASK)
    celery.close()
    worker.start()
    other_worker.start()
    with Crowd() as crowd:  # what a worker tells comes to a watcher of the web process over Redis
        watching = crowd.watch(f"{server.url}{ticket['stream_url']}", dict(Sender(server).http.headers))
        crowd.until(lambda: watching.is_over, PATIENCE_SECONDS)
        assert watching.events[-1][1]["status"] == "completed"
        assert watching.numbers == list(range(1, len(watching.numbers) + 1))
    rows.one_result(ticket)
    assert rows.job(ticket).attempts == 1


def test_a_recording_that_comes_while_redis_is_away_is_accepted_and_done_when_it_is_back(
    server: ServerProcess, redis_server: RedisServer, worker: CeleryWorker, rows: Rows, tmp_path: Path
) -> None:
    sender = Sender(server)
    worker.start()
    redis_server.kill()
    answer = sender.send(silence(tmp_path, 20), again="true")
    assert answer.status_code == 202
    wait_until(lambda: readiness(server) == (200, "degraded", ["redis"]))  # a busy machine may be late for a moment
    assert sender.status(answer.json())["status"] == "queued"
    redis_server.start()
    assert end_of(sender, answer.json(), worker)["status"] == "completed"
    rows.one_result(answer.json())
    wait_until(lambda: readiness(server) == (200, "ready", []))


def readiness(server: ServerProcess) -> tuple[int, str, list[str]]:
    ready = requests.get(f"{server.url}{API}/ready", timeout=20)
    return ready.status_code, ready.json()["status"], ready.json()["down"]


def test_a_worker_that_is_told_to_end_gives_its_job_back_where_it_was(
    server: ServerProcess, worker: CeleryWorker, rows: Rows, tmp_path: Path
) -> None:
    sender = Sender(server)
    ticket = sender.send(silence(tmp_path, LONG_SECONDS), again="true").json()
    worker.start()
    under_way(rows, [ticket], "reading", worker)
    assert worker.terminate() == 0
    put_back = rows.job(ticket)
    assert (put_back.status, put_back.attempts, put_back.lease_owner) == ("queued", 0, None), worker.log
    worker.start()
    assert end_of(sender, ticket, worker)["status"] == "completed"
    rows.one_result(ticket)
