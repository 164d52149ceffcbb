"""This process's connections to Redis: few, short of patience, and none of them open for nothing."""

import threading
import time
from collections.abc import Callable
from typing import Any

from redis import BlockingConnectionPool, ConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from utils.logging import get_logger

log = get_logger("redis")

MOST_CONNECTIONS = 3
"""For orders; the one that listens is another"""
PATIENCE_SECONDS = 1.0
"""For a connection, for an answer, and for a free place in the pool"""
AWAY_SECONDS = 2.0
"""After a failure nobody asks again for so long: a Redis that hangs must not slow down every step of a job"""
IDLE_SECONDS = 300.0
"""An unused connection is closed after this"""
KEEPALIVE_SECONDS = 30
"""How often a connection that only listens is tried"""


class RedisAway(Exception):
    """Redis does not answer. Nothing depends on it: what is told by it is in the database first."""


class RedisLink:
    """Orders to Redis, from any thread but the hub. Raises RedisAway."""

    def __init__(self, address: str, now: Callable[[], float] = time.monotonic) -> None:
        """`address` is redis:// or rediss://, with its password: never log it. Connects on first use."""
        patient = {
            "socket_timeout": PATIENCE_SECONDS,
            "socket_connect_timeout": PATIENCE_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": KEEPALIVE_SECONDS,
            "retry": Retry(NoBackoff(), 1),  # one more try, for a connection that Redis closed meanwhile
            "decode_responses": True,
            "protocol": 2,
        }
        self._pool = BlockingConnectionPool.from_url(
            address, max_connections=MOST_CONNECTIONS, timeout=PATIENCE_SECONDS, **patient
        )
        self._listening_pool = ConnectionPool.from_url(address, max_connections=1, **patient)
        self._redis = Redis(connection_pool=self._pool)
        self._now = now
        self._lock = threading.Lock()
        self._away_until = self._used_at = 0.0

    def publish(self, channel: str, text: str) -> None:
        """Send it to whoever listens to this channel now."""
        self._ask(lambda redis: redis.publish(channel, text))

    def length(self, key: str) -> int:
        """How many entries a list has; 0 when there is none."""
        found: int = self._ask(lambda redis: redis.llen(key))
        return found

    def problem(self) -> str | None:
        """None when Redis answers, else what is wrong, for operators."""
        try:
            self._ask(lambda redis: redis.ping())
        except RedisAway:
            return "does not answer; statuses and jobs take the way through the database, some seconds slower"
        return None

    def listener(self) -> PubSub:
        """Something to listen with. It belongs to the thread that asked."""
        made: PubSub = Redis(connection_pool=self._listening_pool).pubsub()
        return made

    def close_idle(self) -> None:
        """Close the connections that nobody used for five minutes. Call it every now and then."""
        with self._lock:
            is_idle = self._used_at and self._now() - self._used_at > IDLE_SECONDS
            if is_idle:
                self._used_at = 0.0
        if is_idle:
            self._pool.disconnect(inuse_connections=False)

    def close(self) -> None:
        """Close every connection."""
        self._pool.disconnect()
        self._listening_pool.disconnect()

    def _ask(self, order: Callable[[Any], Any]) -> Any:
        with self._lock:
            if self._now() < self._away_until:
                raise RedisAway
            self._used_at = self._now()
        try:
            return order(self._redis)
        except RedisError as error:
            log.warning("redis_away", error=error)
            with self._lock:
                self._away_until = self._now() + AWAY_SECONDS
            raise RedisAway from None
