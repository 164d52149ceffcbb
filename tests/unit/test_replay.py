"""What a stream missed goes to it faster than it was spoken, and never faster than REPLAY_SPEED allows."""

from dataclasses import dataclass, field
from typing import Any, cast

from aws_services.reach import Reach
from aws_services.replay import REPLAY_BLOCK_SECONDS, REPLAY_SPEED, replay
from aws_services.spool_file import Spooled
from aws_services.watched_stream import WatchedStream
from utils.runtime import Runtime

SECOND = 32_000
BEHIND_SECONDS = 60


@dataclass
class World:
    """A clock that passes by sleeping alone, a speaker who speaks on meanwhile, and a stream that is given sound."""

    speaks_on: bool
    reach: Reach = field(default_factory=lambda: Reach(16000))
    now: float = 0.0
    given: list[tuple[float, int]] = field(default_factory=list)
    """When, and how many bytes so far"""

    def __post_init__(self) -> None:
        self.reach.accepted = BEHIND_SECONDS * SECOND

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.speaks_on:
            self.reach.accepted = round((BEHIND_SECONDS + self.now) * SECOND / 2) * 2

    def offload(self, read: Any, *place: int) -> bytes:
        return cast(bytes, read(*place))

    @property
    def received_bytes(self) -> int:
        return self.reach.accepted

    def read(self, start: int, size: int) -> bytes:
        return bytes(min(size, self.reach.accepted - start))

    def push(self, pcm: bytes) -> None:
        self.given.append((self.now, (self.given[-1][1] if self.given else 0) + len(pcm)))

    def replay(self) -> bool:
        runtime, spooled, stream = cast(Runtime, self), cast(Spooled, self), cast(WatchedStream, self)
        return replay(runtime, spooled, self.reach, stream, lambda: True)


def test_a_replay_goes_at_a_bounded_multiple_of_real_time_from_its_first_block_to_its_last() -> None:
    world = World(speaks_on=False)
    assert world.replay()
    assert world.given[-1][1] == BEHIND_SECONDS * SECOND
    assert all(size / SECOND <= REPLAY_SPEED * at + REPLAY_BLOCK_SECONDS + 1e-6 for at, size in world.given)
    assert abs(world.now - BEHIND_SECONDS / 5) < 0.01


def test_who_speaks_on_is_caught_up_with_in_a_quarter_of_what_was_missed() -> None:
    world = World(speaks_on=True)
    assert world.replay()
    assert world.given[-1][1] == world.reach.accepted
    assert abs(world.now - BEHIND_SECONDS / 4) < 0.2
