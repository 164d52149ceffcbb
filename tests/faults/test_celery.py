"""Recordings worked on by real Celery workers over a real Redis: whatever dies, each one becomes one note (F34 to F36).

KILLS=50 in the environment kills fifty instead of ten.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from aws_services.celery_jobs import TASK, celery_options, make_celery
from aws_services.stored_work import GIVEN_UP
from models.job import Job
from models.upload import WorkTooLong
from tests.celery_worker import SLOW, CeleryWorker
from tests.job_rows import Rows
from tests.process import ServerProcess, server_process
from tests.recordings import noise, silence
from tests.sender import API, Sender
from tests.servers import RedisServer, redis
from tests.speaker import Speaker, wait_until
from tests.watcher import Crowd

pytestmark = [pytest.mark.integration, pytest.mark.faults]

KILLS = int(os.environ.get("KILLS", "10"))
KILLS_A_WORKER = 5
"""So many times one of its children is killed; the next time the whole worker is"""
PATIENCE_SECONDS = 60.0 + 2 * KILLS
JOBS_AT_HAND = 5
PHASES = ("reading", "storing", "recognising")
SECONDS = 100
SECOND_OF_SOUND = 32_000


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


@pytest.fixture(scope="module")
def both(server: ServerProcess) -> Iterator[tuple[CeleryWorker, CeleryWorker]]:
    made = (CeleryWorker(server, SLOW, SLOWNESS="0.01"), CeleryWorker(server, SLOW, SLOWNESS="0.01"))
    yield made
    for worker in made:
        worker.stop()


@pytest.fixture
def workers(both: tuple[CeleryWorker, CeleryWorker]) -> tuple[CeleryWorker, CeleryWorker]:
    """Two slow ones, of two children each, so that there is time to kill something in the middle of a job."""
    for worker in both:
        worker.start()
    return both


@pytest.fixture
def rows(server: ServerProcess) -> Iterator[Rows]:
    made = Rows(server)
    yield made
    made.engine.dispose()


class Killer:
    """Kills whoever is in the middle of a job, and makes sure that it is."""

    def __init__(self, rows: Rows, workers: tuple[CeleryWorker, CeleryWorker], send: Callable[[], None]) -> None:
        self.rows, self.workers, self.send = rows, workers, send
        self.phases: list[str] = []
        """How far the job of each killed one was told to be"""

    def kill_one(self, phase: str, whole_worker: bool) -> None:
        """SIGKILL to a child, or to a worker with all its children, whose job has come at least so far."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            waiting, begun = self.rows.unfinished()
            if len(waiting) + len(begun) < JOBS_AT_HAND:
                self.send()
            for job in begun:
                worker = next((one for one in self.workers if pid_of(job) in one.children), None)
                if worker is not None and self._kills(worker, job, phase, whole_worker):
                    return
            time.sleep(0.01)
        raise AssertionError(self.workers[0].log)

    def _kills(self, worker: CeleryWorker, job: Job, phase: str, whole_worker: bool) -> bool:
        """It is stopped before it is looked at, so that it is where it was seen to be."""
        theirs = worker.children if whole_worker else [pid_of(job)]
        worker.freeze(theirs, with_main=whole_worker)
        at, (_, begun) = self.rows.phase(job.session_id), self.rows.unfinished()
        hit = [one for one in begun if pid_of(one) in theirs]
        may_die = all(one.attempts <= 2 for one in hit)  # whose workers died three times is given up
        if not may_die or job.id not in [one.id for one in hit] or at not in PHASES[PHASES.index(phase) :]:
            worker.thaw(theirs, with_main=whole_worker)
            return False
        if whole_worker:
            worker.kill()
            worker.start()
        else:
            os.kill(pid_of(job), signal.SIGKILL)
            wait_until(lambda: pid_of(job) not in worker.children)
        self.phases.append(at)
        return True


def pid_of(job: Job) -> int:
    """Of the process that has its lease."""
    return int((job.lease_owner or "").split("-")[-2])


def test_f35_workers_killed_in_the_middle_of_a_job_cost_no_recording_and_make_none_twice(
    server: ServerProcess, workers: tuple[CeleryWorker, CeleryWorker], rows: Rows, tmp_path: Path
) -> None:
    sender, recording, began = Sender(server), silence(tmp_path, SECONDS), time.monotonic()
    tickets: list[dict[str, Any]] = []
    killer = Killer(rows, workers, lambda: tickets.append(sender.send(recording, again="true").json()))
    for kill in range(1, KILLS + 1):
        killer.kill_one(PHASES[kill % len(PHASES)], whole_worker=kill % KILLS_A_WORKER == 0)
    for ticket in tickets:
        assert end_of(sender, ticket, workers[0])["status"] == "completed"
        rows.one_result(ticket)
    interrupted = sum(rows.job(ticket).attempts - 1 for ticket in tickets)
    assert len(killer.phases) == KILLS <= interrupted  # whoever kills a whole worker hits its other jobs too
    print(
        f"\n{KILLS} kills ({', '.join(f'{killer.phases.count(phase)} {phase}' for phase in PHASES)}; "
        f"{KILLS // KILLS_A_WORKER} of whole workers), {interrupted} tries interrupted, {len(tickets)} recordings, "
        f"{len(tickets)} results, 0 lost, 0 doubled, {time.monotonic() - began:.1f} s"
    )


def end_of(sender: Sender, ticket: dict[str, Any], worker: CeleryWorker) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := sender.status(ticket))["status"] not in ("completed", "failed"):
        assert time.monotonic() < deadline, worker.log
        time.sleep(0.05)
    return status


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return os.mkdir, (self.folder,)


def test_f36_the_same_task_many_times_at_once_makes_one_result(
    server: ServerProcess,
    redis_server: RedisServer,
    workers: tuple[CeleryWorker, CeleryWorker],
    rows: Rows,
    tmp_path: Path,
) -> None:
    ticket = Sender(server).send(silence(tmp_path, SECONDS), again="true").json()
    celery, bomb = make_celery(lambda: celery_options(redis_server.address, 1, 60, 90)), tmp_path / "bomb"
    celery.send_task(TASK, args=[Bomb(bomb)], serializer="pickle")  # as somebody would who got into Redis
    for _ in range(8):
        celery.send_task(TASK)
    celery.close()
    with Crowd() as crowd:  # what a worker tells comes to a watcher of the web process over Redis
        watching = crowd.watch(f"{server.url}{ticket['stream_url']}", dict(Sender(server).http.headers))
        crowd.until(lambda: watching.is_over, PATIENCE_SECONDS)
        assert watching.events[-1][1]["status"] == "completed"
        assert watching.numbers == list(range(1, len(watching.numbers) + 1))
    rows.one_result(ticket)
    assert rows.job(ticket).attempts == 1
    wait_until(lambda: "ContentDisallowed" in workers[0].log)
    assert not bomb.exists()


def test_f34_a_recording_that_comes_while_redis_is_away_is_accepted_and_done_when_it_is_back(
    server: ServerProcess,
    redis_server: RedisServer,
    workers: tuple[CeleryWorker, CeleryWorker],
    rows: Rows,
    tmp_path: Path,
) -> None:
    sender, speaker = Sender(server), Speaker(server.url)
    speaker.start()
    speaker.say(bytes(SECOND_OF_SOUND))
    redis_server.kill()
    speaker.say(bytes(SECOND_OF_SOUND))
    assert speaker.end()["total_duration"] == pytest.approx(2.0)  # who dictates notices nothing
    answer = sender.send(silence(tmp_path, 20), again="true")
    assert answer.status_code == 202
    wait_until(lambda: "redis" in down(server))
    assert sender.status(answer.json())["status"] == "queued"
    redis_server.start()
    returned = time.monotonic()
    assert end_of(sender, answer.json(), workers[0])["status"] == "completed"
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


def test_f35_a_worker_that_is_told_to_end_gives_its_job_back_where_it_was(
    server: ServerProcess, workers: tuple[CeleryWorker, CeleryWorker], rows: Rows, tmp_path: Path
) -> None:
    sender = Sender(server)
    ticket = sender.send(silence(tmp_path, 3 * SECONDS), again="true").json()
    wait_until(lambda: rows.phase(ticket["session_id"]) == "recognising")
    begun = rows.job(ticket)
    old, new = workers if pid_of(begun) in workers[0].children else (workers[1], workers[0])
    assert old.terminate() == 0
    assert rows.job(ticket).lease_owner != begun.lease_owner, old.log
    assert end_of(sender, ticket, new)["status"] == "completed"
    rows.one_result(ticket)
    assert rows.job(ticket).attempts == 1  # an ending in order is no failed try


# With limits of their own


def test_a_try_that_takes_too_long_ends_in_order_or_is_killed_and_no_job_begins_for_ever(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    settings = {"job_soft_limit_seconds": 4, "job_hard_limit_seconds": 6, "job_workers": 3, "job_runner": "celery"}
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
            wait_until(lambda: f"{WorkTooLong.text} This goes on by itself." in rows.messages(once))
            given_up = end_of(sender, deaf, worker)
            assert rows.job(once).failure_code is None
        finally:
            worker.stop()
            rows.engine.dispose()
        assert (told_too_long["status"], told_too_long["message"]) == ("failed", WorkTooLong.text)
        assert (given_up["status"], given_up["message"]) == ("failed", GIVEN_UP)
        for ticket in (last, deaf):
            note = sender.note(ticket)
            assert (note["status"], note["audio_status"]) == ("FAILED", "STORED")
