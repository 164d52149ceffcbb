"""Watchers of recordings while servers die, Redis goes away, and a hundred of them come at once (F37).

`python -m benchmarks.status` holds the same crowd to 100 ms, on a machine that does nothing else.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws_services.redis_link import RedisLink
from benchmarks.status import compare_ways, watch_in_a_crowd, watched_of
from tests.process import ServerProcess, server_process
from tests.recordings import silence
from tests.sender import Sender
from tests.servers import RedisServer, redis
from tests.watched import Watched
from tests.watcher import Crowd

pytestmark = [pytest.mark.integration, pytest.mark.faults]

WATCHERS = 100
LONGEST_SECONDS = 1.0
"""From publishing to received, for 99 of 100, however busy the machine is; on a quiet one it is some 20 ms"""
MOST_KILOBYTES = 400.0


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with redis() as server:
        yield server


@pytest.fixture
def link(redis_server: RedisServer) -> Iterator[RedisLink]:
    made = RedisLink(redis_server.address)
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"recogniser": "scripted", "job_workers": 0, "max_status_streams_per_user": WATCHERS + 1}
    with server_process(tmp_path_factory.mktemp("server"), redis_url=redis_server.address, **settings) as started:
        yield started


def who(sender: Sender) -> dict[str, str]:
    return {"Authorization": str(sender.http.headers["Authorization"])}


def test_a_crowd_of_watchers_hears_everything_soon_and_leaves_nothing_behind(
    server: ServerProcess, link: RedisLink, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = watch_in_a_crowd(server, link, WATCHERS, events=25)
    with capsys.disabled():
        print(f"\n{figures}", file=sys.stderr)  # pytest's workers have no standard output
    assert figures.lost == 0
    assert figures.p99 < LONGEST_SECONDS
    assert figures.kilobytes_a_watcher < MOST_KILOBYTES
    assert figures.sockets_left == 0


def test_a_stream_of_a_minute_is_one_request_and_a_fifth_of_the_bytes_that_asking_would_be(
    server: ServerProcess, link: RedisLink
) -> None:
    """A minute in three seconds: as many statuses, and as many questions; a machine too busy for all of those asks less
    often, so they are counted by the size of one."""
    questions = 60 // 3 + 1
    streamed, polled = compare_ways(server, link, seconds=3, every=3 / 20)
    assert streamed.requests == 1
    assert streamed.bytes_moved < 0.2 * questions * polled.bytes_moved / polled.requests


def test_f37_a_watcher_of_a_killed_server_goes_on_where_it_was(link: RedisLink, tmp_path: Path) -> None:
    settings = {"recogniser": "scripted", "job_lease_seconds": 1}
    with server_process(tmp_path, **settings) as server, Crowd() as crowd:
        sender = Sender(server)
        ticket = sender.send(silence(tmp_path, 1500), again="true").json()
        address = f"{server.url}{ticket['stream_url']}"
        before = crowd.watch(address, who(sender))
        before.heard(2)
        server.kill()
        before.ended()
        assert before.events[-1][1]["status"] != "completed"
        server.start()
        after = crowd.watch(address, who(sender), last_event_id=before.numbers[-1])
        after.ended()
        heard = before.events + after.events
        assert [number for number, _, _ in heard] == list(range(1, len(heard) + 1))
        progress = [told["progress"] for _, told, _ in heard]
        assert progress == sorted(progress)
        assert heard[-1][1] == sender.status(ticket)
        assert (heard[-1][1]["status"], heard[-1][1]["progress"]) == ("completed", 100)


def test_watchers_hear_everything_while_redis_is_away_and_when_it_is_back(
    redis_server: RedisServer, link: RedisLink, tmp_path: Path
) -> None:
    settings = {"recogniser": "scripted", "job_workers": 0}
    with server_process(tmp_path, redis_url=redis_server.address, **settings) as server, Crowd() as crowd:
        sender, watched = Sender(server), watched_of(server, link)
        there = crowd.watch(watched.address, who(sender))
        there.heard(watched.tell(1))
        redis_server.kill()
        there.heard(watched.tell(2))
        newcomer = crowd.watch(watched.address, who(sender), last_event_id=1)
        crowd.all_heard([there, newcomer], watched.tell(3))
        redis_server.start()
        crowd.all_heard([there, newcomer], ended(watched))
        there.ended()
        assert there.numbers == list(range(1, watched.newest + 1))
        assert newcomer.numbers == there.numbers[1:]
        watched.engine.dispose()


def ended(watched: Watched) -> int:
    return watched.tell(100, "completed")
