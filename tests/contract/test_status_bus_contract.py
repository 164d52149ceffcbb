"""How statuses get to watchers, in memory and over a real Redis: all of them, in order, once, and nobody else's."""

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from aws_services.redis_link import IDLE_SECONDS, MOST_CONNECTIONS, RedisLink
from aws_services.redis_status_bus import CHANNEL, RedisStatusPublisher, RedisStatusSubscriber
from local_services.memory_status_bus import MemoryStatusBus
from local_services.sql_statuses import SqlStatuses
from models.status import JobStatus
from models.stored_ports import StatusPublisher, StatusSubscriber
from tests.servers import RedisServer, redis
from utils.database import open_engine, upgrade_schema

PATIENCE_SECONDS = 20.0


class Watching:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[JobStatus] = []
        self._change = threading.Condition()

    def __call__(self, told: list[JobStatus]) -> None:
        with self._change:
            self.told += told
            self._change.notify_all()

    def until(self, enough: Callable[[list[JobStatus]], bool]) -> list[JobStatus]:
        with self._change:
            assert self._change.wait_for(lambda: enough(self.told), PATIENCE_SECONDS), self.numbers
            return list(self.told)

    def numbered(self, last: int) -> None:
        """Wait for that number; everything up to it came in order and once."""
        told = self.until(lambda all_: bool(all_) and all_[-1].seq >= last)
        assert [one.seq for one in told] == list(range(told[0].seq, last + 1))

    @property
    def numbers(self) -> list[int]:
        return [one.seq for one in self.told]


class Bus:
    """The two ends over one database; a publisher of another process too."""

    def __init__(self, publisher: StatusPublisher, subscriber: StatusSubscriber, elsewhere: StatusPublisher) -> None:
        self.publisher, self.subscriber, self.elsewhere = publisher, subscriber, elsewhere


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with redis() as server:
        yield server


@pytest.fixture
def log_engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/statuses.sqlite3")
    upgrade_schema(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
def bus(request: pytest.FixtureRequest, log_engine: Engine) -> Iterator[Bus]:
    statuses = SqlStatuses(log_engine)
    local = MemoryStatusBus(statuses)
    if request.param == "memory":
        yield Bus(local, local, MemoryStatusBus(statuses))
        return
    with OverRedis(request.getfixturevalue("redis_server"), local, statuses) as made:
        yield made


class OverRedis:
    """Both ends over this Redis, in one process, and a publisher with connections of its own."""

    def __init__(self, server: RedisServer, local: MemoryStatusBus, statuses: SqlStatuses) -> None:
        self.link, self.other = RedisLink(server.address), RedisLink(server.address)
        self.subscriber = RedisStatusSubscriber(local, self.link)
        self.bus = Bus(
            RedisStatusPublisher(statuses, self.link), self.subscriber, RedisStatusPublisher(statuses, self.other)
        )

    def __enter__(self) -> Bus:
        self.subscriber.start()
        return self.bus

    def __exit__(self, *_: object) -> None:
        self.subscriber.stop()
        self.link.close()
        self.other.close()


def moment(session_id: str, progress: int, status: str = "processing", message: str | None = None) -> JobStatus:
    return JobStatus(session_id, status, progress, message or f"{progress} percent", "recognising")


def test_a_watcher_hears_everything_that_is_published_while_it_watches(bus: Bus) -> None:
    session_id, watching = str(uuid.uuid4()), Watching()
    bus.subscriber.subscribe(session_id, 0, watching)
    for progress in range(0, 60, 2):
        bus.publisher.publish(moment(session_id, progress))
    newest = bus.subscriber.snapshot(session_id)
    assert newest is not None and newest.progress == 58
    watching.numbered(newest.seq)
    assert watching.told[-1] == newest


def test_a_late_watcher_is_told_first_what_it_missed_and_before_it_returns(bus: Bus) -> None:
    session_id, all_, rest = str(uuid.uuid4()), Watching(), Watching()
    for progress in (1, 2, 3, 4):
        bus.publisher.publish(moment(session_id, progress))
    bus.subscriber.subscribe(session_id, 0, all_)
    bus.subscriber.subscribe(session_id, 3, rest)
    assert (all_.numbers, rest.numbers) == ([1, 2, 3, 4], [4])
    bus.publisher.publish(moment(session_id, 5))
    all_.numbered(5)
    rest.numbered(5)


def test_who_says_a_number_that_was_never_told_hears_everything(bus: Bus) -> None:
    session_id, watching = str(uuid.uuid4()), Watching()
    bus.publisher.publish(moment(session_id, 1))
    bus.subscriber.subscribe(session_id, 99, watching)
    assert watching.numbers == [1]


def test_nothing_falls_between_what_is_read_and_what_comes(bus: Bus) -> None:
    session_id, stop = str(uuid.uuid4()), threading.Event()

    def publish() -> None:
        for progress in range(90):
            bus.publisher.publish(moment(session_id, progress))
        stop.set()

    publishing = threading.Thread(target=publish)
    publishing.start()
    watchers = []
    while not stop.is_set():
        watchers.append(Watching())
        bus.subscriber.subscribe(session_id, 0, watchers[-1])
    publishing.join()
    newest = bus.subscriber.snapshot(session_id)
    assert newest is not None
    for watching in watchers:
        watching.numbered(newest.seq)
        assert watching.told[0].seq == 1


def test_another_session_is_not_heard(bus: Bus) -> None:
    mine, foreign, watching = str(uuid.uuid4()), str(uuid.uuid4()), Watching()
    bus.subscriber.subscribe(mine, 0, watching)
    bus.publisher.publish(moment(foreign, 10))
    bus.publisher.publish(moment(mine, 10))
    watching.until(bool)
    assert {one.session_id for one in watching.told} == {mine}


def test_who_has_left_hears_no_more_and_the_others_go_on(bus: Bus) -> None:
    session_id, leaving, staying = str(uuid.uuid4()), Watching(), Watching()
    held = bus.subscriber.subscribe(session_id, 0, leaving)
    bus.subscriber.subscribe(session_id, 0, staying)
    bus.publisher.publish(moment(session_id, 1))
    leaving.numbered(1)
    held.close()
    held.close()
    bus.publisher.publish(moment(session_id, 2))
    staying.numbered(2)
    assert leaving.numbers == [1]


def test_what_another_process_tells_is_heard_at_the_next_look_at_the_latest(bus: Bus) -> None:
    session_id, watching = str(uuid.uuid4()), Watching()
    bus.subscriber.subscribe(session_id, 0, watching)
    for progress in (1, 2, 3):
        bus.elsewhere.publish(moment(session_id, progress))
    bus.subscriber.look()
    watching.numbered(3)
    bus.publisher.publish(moment(session_id, 4))
    watching.numbered(4)


@pytest.mark.integration
def test_what_was_told_while_redis_was_away_is_found_in_the_log(redis_server: RedisServer, log_engine: Engine) -> None:
    statuses = SqlStatuses(log_engine)
    session_id, watching = str(uuid.uuid4()), Watching()
    with OverRedis(redis_server, MemoryStatusBus(statuses), statuses) as bus:
        bus.subscriber.subscribe(session_id, 0, watching)
        redis_server.kill()
        began = time.monotonic()
        for progress in range(1, 9):
            bus.publisher.publish(moment(session_id, progress))
        assert time.monotonic() - began < PATIENCE_SECONDS / 2, "a Redis that is away slows the work down"
        assert watching.numbers == []
        bus.subscriber.look()
        watching.numbered(8)
        newcomer = Watching()
        bus.subscriber.subscribe(session_id, 6, newcomer)
        assert newcomer.numbers == [7, 8]
        redis_server.start()
        news = itertools.count()  # the same status again would not be told

        def comes_by_itself() -> bool:
            bus.elsewhere.publish(
                moment(session_id, 9, message=f"news {next(news)}")
            )  # what was said is not said again
            return watching.numbers[-1] > 8

        wait_until(comes_by_itself)
        newest = bus.subscriber.snapshot(session_id)
        bus.subscriber.look()
        watching.numbered(newest.seq if newest is not None else 0)


@pytest.mark.integration
def test_a_channel_is_left_when_its_last_watcher_leaves(redis_server: RedisServer, log_engine: Engine) -> None:
    statuses, session_id = SqlStatuses(log_engine), str(uuid.uuid4())
    looking = Redis.from_url(redis_server.address, decode_responses=True)
    with OverRedis(redis_server, MemoryStatusBus(statuses), statuses) as bus:
        held = [bus.subscriber.subscribe(session_id, 0, Watching()) for _ in range(3)]
        assert looking.pubsub_channels() == [CHANNEL + session_id]
        assert dict(looking.pubsub_numsub(CHANNEL + session_id)) == {CHANNEL + session_id: 1}
        for one in held:
            one.close()
        wait_until(lambda: looking.pubsub_channels() == [])
        again = Watching()
        bus.subscriber.subscribe(session_id, 0, again)
        bus.publisher.publish(moment(session_id, 1))
        again.numbered(1)
    wait_until(lambda: len(looking.client_list()) == 1)
    looking.close()


@pytest.mark.integration
def test_many_workers_at_once_use_three_connections_and_unused_ones_are_closed(redis_server: RedisServer) -> None:
    clock = [1000.0]
    link, looking = RedisLink(redis_server.address, now=lambda: clock[0]), Redis.from_url(redis_server.address)
    before = len(looking.client_list())
    threads = [threading.Thread(target=link.publish, args=("c", "t")) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(looking.client_list()) - before <= MOST_CONNECTIONS
    clock[0] += IDLE_SECONDS - 1
    link.close_idle()
    assert len(looking.client_list()) > before
    clock[0] += 2
    link.close_idle()
    wait_until(lambda: len(looking.client_list()) == before)
    link.publish("c", "t")
    link.close()
    looking.close()


@pytest.mark.integration
def test_a_redis_that_hangs_costs_one_short_wait_and_is_named(redis_server: RedisServer) -> None:
    link = RedisLink(redis_server.address)
    assert link.problem() is None
    redis_server.freeze()
    try:
        assert "does not answer" in str(link.problem())
        began = time.monotonic()
        assert link.problem() is not None
        assert time.monotonic() - began < 0.5
    finally:
        redis_server.freeze(False)
    wait_until(lambda: link.problem() is None)
    link.close()


def wait_until(there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not there():
        assert time.monotonic() < until
        time.sleep(0.02)
