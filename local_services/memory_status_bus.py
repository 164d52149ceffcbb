"""Statuses for those who watch in this process: the publisher and the subscriber of an installation without Redis.

What another process publishes is found by `look`; Redis (aws_services/redis_status_bus.py) brings it at once.
"""

import threading
from collections.abc import Callable

from models.keeping_errors import DatabaseUnavailable
from models.status import JobStatus
from models.stored_ports import StatusLog, Tell
from utils.logging import get_logger

log = get_logger("statuses")


class MemoryStatusBus:
    """The StatusPublisher and StatusSubscriber ports over the log, inside one process."""

    def __init__(self, statuses: StatusLog) -> None:
        self._statuses = statuses
        self._watches: dict[str, list[_Watch]] = {}
        self._lock = threading.Lock()

    def publish(self, status: JobStatus) -> None:
        """Keep it and tell every watcher of this process."""
        self.deliver(self._statuses.publish(status))

    def subscribe(self, session_id: str, after_seq: int, tell: Tell) -> "_Watch":
        """Watch a session. It is put down first and the log read second, so nothing falls between."""
        watch = _Watch(session_id, self._statuses, tell, self._forget)
        try:
            watch.begin(after_seq, self._put_down)
        except DatabaseUnavailable:
            watch.close()
            raise
        return watch

    def snapshot(self, session_id: str) -> JobStatus | None:
        """The newest."""
        return self._statuses.snapshot(session_id)

    def deliver(self, told: list[JobStatus]) -> None:
        """Tell the watchers of a session what is in the log now. On any thread but the hub."""
        for watch in self._of(told[0].session_id) if told else []:
            try:
                watch.offer(told)
            except DatabaseUnavailable:  # it lacks what came before, and will find all of it when it looks
                log.warning("watcher_waits_for_the_log", session_id=watch.session_id)

    def look(self) -> None:
        """Tell what did not come by itself: published elsewhere, or when the log could not be read."""
        with self._lock:
            reached = {session_id: min(watch.seq for watch in all_) for session_id, all_ in self._watches.items()}
        for session_id, newest in self._statuses.newest(reached).items():
            if newest > reached[session_id]:
                self.deliver(self._statuses.after(session_id, reached[session_id]))

    def _of(self, session_id: str) -> "list[_Watch]":
        with self._lock:
            return list(self._watches.get(session_id, ()))

    def _put_down(self, watch: "_Watch") -> None:
        with self._lock:
            self._watches.setdefault(watch.session_id, []).append(watch)

    def _forget(self, watch: "_Watch") -> None:
        with self._lock:
            left = [other for other in self._watches.pop(watch.session_id, []) if other is not watch]
            if left:
                self._watches[watch.session_id] = left


class _Watch:
    """One watcher and the last number it was told."""

    def __init__(self, session_id: str, statuses: StatusLog, tell: Tell, forget: "Callable[[_Watch], None]") -> None:
        self.session_id = session_id
        self.seq = 0
        self._statuses = statuses
        self._tell = tell
        self._forget = forget
        self._turn = threading.Lock()
        """Never taken on the hub: who has it may wait for the database"""

    def close(self) -> None:
        """Hear no more."""
        self._forget(self)

    def begin(self, after_seq: int, put_down: "Callable[[_Watch], None]") -> None:
        """Be told everything behind that number. What comes meanwhile waits for its turn."""
        with self._turn:
            put_down(self)
            if after_seq <= self._statuses.newest([self.session_id]).get(self.session_id, 0):
                self.seq = after_seq
            self._tell_all(self._statuses.after(self.session_id, self.seq))

    def offer(self, told: list[JobStatus]) -> None:
        """Be told those of them that are new, and what is missing before them."""
        with self._turn:
            new = [status for status in told if status.seq > self.seq]
            if new and new[0].seq > self.seq + 1:
                new = self._statuses.after(self.session_id, self.seq)
            self._tell_all(new)

    def _tell_all(self, new: list[JobStatus]) -> None:
        if new:
            self.seq = new[-1].seq
            self._tell(new)
