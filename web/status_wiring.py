"""How statuses get from those who work to those who watch, as the settings say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_services.memory_status_bus import MemoryStatusBus
from models.stored_ports import StatusLog, StatusPublisher, StatusSubscriber
from utils.config import Settings

if TYPE_CHECKING:
    from aws_services.redis_link import RedisLink


@dataclass(frozen=True, slots=True)
class StatusBus:
    """The two ends of the way, in memory or over Redis."""

    publisher: StatusPublisher
    subscriber: StatusSubscriber
    link: "RedisLink | None"
    start: Callable[[], None]
    """Begin to listen. Returns at once"""
    stop: Callable[[], None]
    """Listen no more, and close every connection"""

    @property
    def check(self) -> Callable[[], str | None] | None:
        """Whether Redis answers; None where there is none."""
        return None if self.link is None else self.link.problem


def status_bus_of(settings: Settings, statuses: StatusLog) -> StatusBus:
    """Over Redis where a redis_url is set, else inside this process."""
    local = MemoryStatusBus(statuses)
    if settings.redis_url is None:
        return StatusBus(local, local, None, start=_nothing, stop=_nothing)
    # Here, because they take 0.3 s that nobody else needs.
    from aws_services.redis_link import RedisLink
    from aws_services.redis_status_bus import RedisStatusPublisher, RedisStatusSubscriber

    link = RedisLink(settings.redis_url.get_secret_value())
    subscriber = RedisStatusSubscriber(local, link)

    def stop() -> None:
        subscriber.stop()
        link.close()

    return StatusBus(RedisStatusPublisher(statuses, link), subscriber, link, subscriber.start, stop)


def _nothing() -> None:
    """There is nothing to listen to, and no connection."""
