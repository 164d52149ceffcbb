"""Gives a stream what the spool holds, faster than it was spoken, until it has heard all that was accepted."""

from collections.abc import Callable

from aws_services.reach import Reach
from aws_services.spool_file import Spooled
from aws_services.watched_stream import WatchedStream
from utils.runtime import Runtime

REPLAY_SPEED = 5.0
"""Times real time; the embedded recogniser can do 7"""
REPLAY_BLOCK_SECONDS = 0.5
WAIT_FOR_DISK_SECONDS = 0.03


def replay(
    runtime: Runtime, spooled: Spooled, reach: Reach, stream: WatchedStream, is_heard: Callable[[], bool]
) -> bool:
    """True once it has caught up, False when `is_heard` says that nobody listens to it any more. In a task."""
    while is_heard():
        if reach.fed >= reach.accepted:
            return True
        ready = spooled.received_bytes - reach.fed
        if ready <= 0:
            runtime.sleep(WAIT_FOR_DISK_SECONDS)
            continue
        block = runtime.offload(spooled.read, reach.fed, min(ready, reach.bytes_at(REPLAY_BLOCK_SECONDS)))
        if is_heard():
            reach.fed += len(block)
            stream.push(block)
            runtime.sleep(reach.seconds_of(len(block)) / REPLAY_SPEED)
    return False


def wait_for_disk(runtime: Runtime, spooled: Spooled, reach: Reach, is_wanted: Callable[[], bool]) -> None:
    """Until the disk has all that the stream of now was given, or has refused the rest. In a task."""
    while spooled.received_bytes < min(reach.given, reach.accepted) and is_wanted():
        runtime.sleep(WAIT_FOR_DISK_SECONDS)
