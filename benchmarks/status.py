"""What watching costs: `python -m benchmarks.status [--watchers 100] [--seconds 60]`.

Over a real Redis and a real server: the time from the moment a worker publishes a status to the moment the last byte of
it is read, for many watchers at once; and requests, bytes and delay of one job, streamed and asked for every 3 s.
It ends with 1, and says why, where that is more than was promised.
"""

import argparse
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from aws_services.job_progress import JobProgress, queued
from aws_services.redis_link import RedisLink
from aws_services.redis_status_bus import RedisStatusPublisher
from benchmarks.proc import open_sockets
from benchmarks.stored import resident
from models.status import JobStatus
from tests.process import EMAIL, ServerProcess, server_process
from tests.sender import Sender
from tests.servers import redis
from tests.watched import Watched
from tests.watcher import Crowd, Watcher

POLL_SECONDS = 3.0
EVENTS = 60
EVENTS_A_SECOND = 10
STEP_SECONDS = 0.2
"""How often a recogniser says how far it is"""
KILOBYTE, MILLISECONDS = 1024, 1000
PROMISED_P99_SECONDS = 0.1
"""From published to received, for a hundred watchers in the default async mode"""
PROMISED_FEWER_REQUESTS, PROMISED_FEWER_BYTES = 95.0, 80.0
"""Percent that streaming a job of a minute saves"""
BROWSER = {
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Cache-Control": "no-cache",
    "Connection": "keep-alive",
    "Referer": "https://dictation.example.org/upload",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
}
"""What Chromium sends with each request, streamed or not"""


@dataclass(frozen=True, slots=True)
class CrowdFigures:
    """How many watchers at once fared."""

    watchers: int
    events: int
    lost: int
    """Of all numbers that a watcher was to hear, those that it did not hear, or not once and in their order"""
    p50: float
    """Seconds from publishing to the last byte read"""
    p99: float
    worst: float
    kilobytes_a_watcher: float
    """Of the server's memory"""
    sockets_left: int
    """That the server still had open after all had gone"""

    def __str__(self) -> str:
        return (
            f"{self.watchers} watchers, {self.events} statuses, {self.lost} lost or doubled: published to received "
            f"p50 {ms(self.p50)}, p99 {ms(self.p99)}, worst {ms(self.worst)} ms; "
            f"{self.kilobytes_a_watcher:.0f} KB a watcher; "
            f"{self.sockets_left} connections left after they had gone"
        )


def watch_in_a_crowd(server: ServerProcess, link: RedisLink, watchers: int, events: int = EVENTS) -> CrowdFigures:
    """Have so many watch the same recording; the server must let one user have that many streams."""
    sender, crowd = Sender(server), Crowd()
    watched = watched_of(server, link)
    who = {"Authorization": str(sender.http.headers["Authorization"]), **BROWSER}
    with crowd:
        warm = crowd.watch(watched.address, who)
        warm.answered()
        warm.leave()
        sockets, memory = open_sockets(server.pid), resident(server.pid)
        all_ = [crowd.watch(watched.address, who) for _ in range(watchers)]
        crowd.until(lambda: all(one.comments for one in all_))
        taken = (resident(server.pid) - memory) * KILOBYTE / watchers
        published = publish_evenly(watched, events)
        crowd.all_heard(all_, max(published))
        for one in all_:
            one.leave()
        left = sockets_above(server, sockets)
    watched.engine.dispose()
    delays = sorted(came - published[seq] for one in all_ for seq, _, came in one.events if seq in published)
    lost = sum(lost_of(one.numbers, max(published)) for one in all_)
    return CrowdFigures(
        watchers, len(published), lost, share(delays, 0.5), share(delays, 0.99), delays[-1], max(taken, 0.0), left
    )


def lost_of(heard: list[int], newest: int) -> int:
    """How many of the numbers from 1 to the newest are missing, came twice, or came after a later one."""
    out_of_step = sum(later <= one for one, later in pairwise(heard))
    return len(set(range(1, newest + 1)) - set(heard)) + out_of_step


def publish_evenly(watched: Watched, events: int) -> dict[int, float]:
    """Tell so many statuses; when each one's publishing began, in seconds of the monotonic clock."""
    published = {}
    for progress in range(events):
        began = time.monotonic()
        published[watched.tell(progress)] = began
        time.sleep(max(0.0, 1 / EVENTS_A_SECOND - (time.monotonic() - began)))
    return published


@dataclass(frozen=True, slots=True)
class JobFigures:
    """What one job cost by one way of watching."""

    way: str
    requests: int
    bytes_moved: int
    """Both directions, heads included"""
    p50: float
    """Seconds from publishing to received"""
    p99: float

    def __str__(self) -> str:
        return (
            f"{self.way}: {self.requests} requests, {self.bytes_moved / KILOBYTE:.1f} KB, "
            f"delay p50 {ms(self.p50)}, p99 {ms(self.p99)} ms"
        )


def compare_ways(
    server: ServerProcess, link: RedisLink, seconds: float, every: float = POLL_SECONDS
) -> tuple[JobFigures, JobFigures]:
    """One job of so many seconds, told as a worker tells it, streamed and polled `every` so many at the same time."""
    sender, watched = Sender(server), watched_of(server, link)
    assert watched.publisher is not None
    who = {"Authorization": str(sender.http.headers["Authorization"]), **BROWSER}
    published: dict[int, float] = {}
    watched.publisher.publish(queued(watched.session_id))
    job = threading.Thread(target=tell_a_job, args=(watched, seconds, published, every / POLL_SECONDS))
    polls: list[Watcher] = []
    with Crowd() as crowd:
        streamed = crowd.watch(watched.address, who)
        streamed.answered()
        job.start()
        while not polls or polls[-1].body["status"] != "completed":
            began = time.monotonic()
            poll = crowd.watch(watched.address.removesuffix("/stream"), who)
            crowd.until(lambda poll=poll: poll.is_over)  # type: ignore[misc]
            polls.append(poll)
            time.sleep(max(0.0, every - (time.monotonic() - began)))
        job.join()
        streamed.ended()
    watched.engine.dispose()
    by_stream = [came - published[seq] for seq, _, came in streamed.events if seq in published]
    return (
        figures("streamed", [streamed], sorted(by_stream)),
        figures("polled each 3 s", polls, sorted(stale(polls, published))),
    )


def tell_a_job(watched: Watched, seconds: float, published: dict[int, float], pace: float = 1.0) -> None:
    """Progress as JobProgress tells it of a recording that takes so long; at a `pace` below 1 it is told more often."""

    def publish(status: JobStatus) -> None:
        began = time.monotonic()
        assert watched.publisher is not None
        watched.publisher.publish(status)
        published[watched.newest] = began

    progress, until = JobProgress(watched.session_id, publish), time.monotonic() + seconds
    progress.reading()
    progress.recognising(0.0, seconds)
    while (left := until - time.monotonic()) > 0:
        progress.heard(seconds - left)
        time.sleep(min(left, STEP_SECONDS * pace))
    progress.done(100)


def stale(polls: list[Watcher], published: dict[int, float]) -> list[float]:
    """For each status that was published, how long until a poll told it or a later one."""
    told = [(poll.body["seq"], poll.came_at) for poll in polls]
    return [min(came for seq, came in told if seq >= number) - began for number, began in published.items()]


def figures(way: str, connections: list[Watcher], delays: list[float]) -> JobFigures:
    """What these connections cost."""
    moved = sum(one.sent_bytes + one.received_bytes for one in connections)
    return JobFigures(way, len(connections), moved, share(delays, 0.5), share(delays, 0.99))


def watched_of(server: ServerProcess, link: RedisLink) -> Watched:
    """A new recording of the server's clinician, told of over Redis."""
    with server.accounts() as accounts:
        watched = Watched(server, accounts.user_id_of(EMAIL) or "")
    watched.publisher = RedisStatusPublisher(watched.statuses, link)
    return watched


def sockets_above(server: ServerProcess, before: int) -> int:
    """How many more sockets than before the server keeps, once it had time to notice."""
    until = time.monotonic() + 20
    while (left := open_sockets(server.pid) - before) > 0 and time.monotonic() < until:
        time.sleep(0.1)
    return max(left, 0)


def share(delays: list[float], part: float) -> float:
    """The delay that this part of them does not exceed; they are sorted."""
    return delays[min(len(delays) - 1, int(part * len(delays)))]


def ms(seconds: float) -> str:
    """In milliseconds."""
    return f"{seconds * MILLISECONDS:.1f}"


def missed(crowd: CrowdFigures, async_mode: str, fewer: tuple[float, float]) -> list[str]:
    """What was promised and not kept; `fewer` requests and bytes, in percent."""
    found = {
        "a status was lost or doubled": crowd.lost > 0,
        "connections were left": crowd.sockets_left > 0,
        "the p99 is over 100 ms": async_mode == "eventlet" and crowd.p99 > PROMISED_P99_SECONDS,
        "fewer than 95 % of the requests are saved": fewer[0] < PROMISED_FEWER_REQUESTS,
        "fewer than 80 % of the bytes are saved": fewer[1] < PROMISED_FEWER_BYTES,
    }
    return [words for words, is_so in found.items() if is_so]


def main() -> int:
    """Measure and print; 1 where a promise is not kept."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--watchers", type=int, default=100)
    asked.add_argument("--seconds", type=float, default=60.0, help="of the job; the promises are of a minute")
    asked.add_argument("--async-mode", choices=("eventlet", "threading"), default="eventlet")
    options = asked.parse_args()
    settings = {"recogniser": "scripted", "job_workers": 0, "async_mode": options.async_mode}
    settings["max_status_streams_per_user"] = options.watchers + 1
    with tempfile.TemporaryDirectory() as name, redis() as bus:
        link = RedisLink(bus.address)
        with server_process(Path(name), redis_url=bus.address, **settings) as server:
            crowd = watch_in_a_crowd(server, link, options.watchers)
            sys.stdout.write(f"{crowd}\n")
            streamed, polled = compare_ways(server, link, options.seconds)
            fewer = (
                100 * (1 - streamed.requests / polled.requests),
                100 * (1 - streamed.bytes_moved / polled.bytes_moved),
            )
            sys.stdout.write(f"A job of {options.seconds:.0f} s\n  {streamed}\n  {polled}\n")
            sys.stdout.write(f"  {fewer[0]:.0f} % fewer requests, {fewer[1]:.0f} % fewer bytes\n")
        link.close()
    problems = missed(crowd, options.async_mode, fewer)
    sys.stdout.write("".join(f"NOT KEPT: {problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
