"""Statuses over Redis: published by any process, heard by every process that has watchers.

A message can get lost (Redis keeps none), which costs time and nothing else: each one is numbered and in the log before
it is published, so a watcher that sees a gap, or looks, reads what it lacks from there.
"""

import json
import threading
import time
from typing import Any, Protocol

from redis.client import PubSub

from aws_services.redis_link import IDLE_SECONDS, RedisAway, RedisLink
from models.keeping_errors import DatabaseUnavailable
from models.status import JobStatus
from models.stored_ports import StatusLog, StatusSubscription, Tell
from utils.logging import get_logger

log = get_logger("statuses")

CHANNEL = "transcription:status:"
"""Before the session's id"""
TURN_SECONDS = 0.05
"""How long the listening thread waits for a message before it looks whom else to listen to"""
CONFIRMED_SECONDS = 1.0
"""Longest wait for Redis to say that a channel is listened to; the log is read after that in any case"""
RETRY_SECONDS = 1.0


class LocalStatuses(Protocol):
    """The watchers of this process."""

    def subscribe(self, session_id: str, after_seq: int, tell: Tell) -> StatusSubscription: ...

    def snapshot(self, session_id: str) -> JobStatus | None: ...

    def deliver(self, told: list[JobStatus]) -> None: ...

    def look(self) -> None: ...


class RedisStatusPublisher:
    """The StatusPublisher port: into the log first, then to every process."""

    def __init__(self, statuses: StatusLog, link: RedisLink) -> None:
        self._statuses = statuses
        self._link = link

    def publish(self, status: JobStatus) -> None:
        """Keep it and tell it; while Redis is away, watchers find it in the log."""
        for told in self._statuses.publish(status):
            try:
                self._link.publish(CHANNEL + told.session_id, json.dumps(told.as_dict()))
            except RedisAway:
                return


class RedisStatusSubscriber:
    """The StatusSubscriber port: one connection for all watchers of this process, one channel a watched session."""

    def __init__(self, local: LocalStatuses, link: RedisLink) -> None:
        self._local = local
        self._link = link
        self._lock = threading.Lock()
        self._watchers: dict[str, int] = {}
        """By channel"""
        self._confirmed: dict[str, threading.Event] = {}
        self._wanted = threading.Event()
        """Somebody watches, or it is time to end"""
        self._stopping = self._is_away = False
        self._thread = threading.Thread(target=self._listen, name="statuses", daemon=True)

    def start(self) -> None:
        """Begin to listen. Returns at once."""
        self._thread.start()

    def stop(self, patience_seconds: float = 2.0) -> None:
        """Listen no more."""
        self._stopping = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(patience_seconds)

    def subscribe(self, session_id: str, after_seq: int, tell: Tell) -> StatusSubscription:
        """Watch a session: the channel is listened to before the log is read, so nothing falls between."""
        channel = CHANNEL + session_id
        with self._lock:
            self._watchers[channel] = self._watchers.get(channel, 0) + 1
            confirmed = self._confirmed.setdefault(channel, threading.Event())
            self._wanted.set()
        if not self._is_away:
            confirmed.wait(CONFIRMED_SECONDS)
        try:
            return _Held(self._local.subscribe(session_id, after_seq, tell), self, channel)
        except DatabaseUnavailable:
            self.release(channel)
            raise

    def snapshot(self, session_id: str) -> JobStatus | None:
        """The newest."""
        return self._local.snapshot(session_id)

    def look(self) -> None:
        """Tell what is in the log and did not come by Redis; let go of connections that nobody needs."""
        self._link.close_idle()
        self._local.look()

    def release(self, channel: str) -> None:
        """One watcher less; after the last one the channel is left."""
        with self._lock:
            self._watchers[channel] -= 1
            if not self._watchers[channel]:
                del self._watchers[channel]

    # Runs in the listening thread

    def _listen(self) -> None:
        while not self._stopping:
            self._wanted.wait()
            listener = self._link.listener()
            try:
                self._hear(listener)
            except Exception as error:  # noqa: BLE001 - Redis is away, or whatever it is: watchers have the log
                log.warning("statuses_not_heard", error=error)
                self._is_away = True
                time.sleep(RETRY_SECONDS)
            finally:
                listener.close()

    def _hear(self, listener: PubSub) -> None:
        """Until it is time to end, Redis is lost, or nobody watched for five minutes."""
        heard, needed_at = set[str](), time.monotonic()
        while not self._stopping and time.monotonic() - needed_at < IDLE_SECONDS:
            wanted = self._wanted_of(heard)
            if wanted - heard:
                listener.subscribe(*(wanted - heard))
            if heard - wanted:
                listener.unsubscribe(*(heard - wanted))
            heard = wanted
            if heard:
                needed_at = time.monotonic()
            if listener.connection is None:
                break
            if message := listener.get_message(timeout=TURN_SECONDS):
                self._take(message)
        self._rest()

    def _rest(self) -> None:
        """Until somebody watches."""
        with self._lock:
            if not self._watchers and not self._stopping:
                self._wanted.clear()

    def _wanted_of(self, heard: set[str]) -> set[str]:
        """The channels to listen to. Who comes back to one that is being left waits for it anew."""
        with self._lock:
            wanted = set(self._watchers)
            for channel in heard - wanted:
                self._confirmed.pop(channel, None)
            return wanted

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._is_away = False
            with self._lock:
                confirmed = self._confirmed.get(message["channel"])
            if confirmed is not None:
                confirmed.set()
        elif message["type"] == "message":
            try:
                self._local.deliver([JobStatus(**json.loads(message["data"]))])
            except (ValueError, TypeError) as error:  # of another version: it is in the log too
                log.warning("status_not_understood", error=error)


class _Held:
    """A watcher together with its channel."""

    def __init__(self, watch: StatusSubscription, subscriber: RedisStatusSubscriber, channel: str) -> None:
        self._watch = watch
        self._subscriber = subscriber
        self._channel = channel
        self._lock = threading.Lock()
        self._is_closed = False

    def close(self) -> None:
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
        if not was_closed:
            self._watch.close()
            self._subscriber.release(self._channel)
