"""One watcher's stream in both async modes: what it sends, when it ends, and what it leaves behind."""

import time
import zlib

import pytest

from models.status import JobStatus
from utils.runtime import Runtime
from web.squeezed import Squeezed
from web.status_stream import HEARTBEAT, MOST_WAITING, OPENED, StatusStream, event


class Closed:
    """Remembers why streams were over."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def __call__(self, _stream: StatusStream, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture
def closed() -> Closed:
    return Closed()


def stream_of(runtime: Runtime, closed: Closed, heartbeat: float = 60.0, idle: float = 60.0) -> StatusStream:
    return StatusStream(runtime, heartbeat, idle, closed)


def moment(seq: int, status: str = "processing") -> JobStatus:
    return JobStatus("s", status, min(seq, 100), "words", "recognising", seq=seq)


def test_an_event_is_what_eventsource_reads() -> None:
    told = JobStatus("s", "failed", 40, "two\nlines", "done", error={"error_code": "X", "message": "m"}, seq=7)
    lines = event(told).decode().split("\n")
    assert lines[:2] == ["id: 7", "event: status"]
    assert lines[2].startswith('data: {"session_id":"s","status":"failed","progress":40,"message":"two\\nlines"')
    assert lines[3:] == ["", ""]


def test_what_is_told_is_sent_in_order_and_the_ending_is_the_last(runtime: Runtime, closed: Closed) -> None:
    stream = stream_of(runtime, closed)
    stream.tell([moment(1), moment(2)])
    assert next(stream) == OPENED
    sent = next(stream)
    stream.tell([moment(3, "completed")])
    sent += b"".join(stream)
    assert sent == b"".join([event(moment(1)), event(moment(2)), event(moment(3, "completed"))])
    stream.close()
    stream.close()
    assert closed.reasons == ["ended"]


def test_an_ending_that_something_follows_ends_nothing(runtime: Runtime, closed: Closed) -> None:
    stream = stream_of(runtime, closed, heartbeat=0.02)
    stream.tell([moment(1, "completed"), moment(2, "queued")])
    assert next(stream) == OPENED
    assert next(stream) == event(moment(1, "completed")) + event(moment(2, "queued"))
    assert next(stream) == HEARTBEAT


def test_without_any_status_it_beats_and_then_ends(runtime: Runtime, closed: Closed) -> None:
    began = time.monotonic()
    stream = stream_of(runtime, closed, heartbeat=0.05, idle=0.5)
    blocks = list(stream)
    assert blocks[0] == OPENED
    assert 1 <= blocks.count(HEARTBEAT) == len(blocks) - 1 <= 10
    assert time.monotonic() - began >= 0.5
    stream.close()
    assert closed.reasons == ["idle"]


def test_nothing_is_sent_once_the_sign_in_is_over(runtime: Runtime, closed: Closed) -> None:
    stream = stream_of(runtime, closed)
    stream.tell([moment(1)])
    stream.end("signed_out")
    stream.tell([moment(2)])
    sent = list(stream)
    assert event(moment(2)) not in sent
    stream.close()
    assert closed.reasons == ["signed_out"]


def test_a_client_that_takes_nothing_is_closed_and_keeps_no_memory(runtime: Runtime, closed: Closed) -> None:
    stream = stream_of(runtime, closed)
    assert next(stream) == OPENED
    stream.tell([moment(seq) for seq in range(1, MOST_WAITING + 2)])
    assert list(stream) == []
    stream.close()
    assert closed.reasons == ["too_slow"]


def test_a_client_that_goes_before_the_first_byte_leaves_nothing(runtime: Runtime, closed: Closed) -> None:
    stream = stream_of(runtime, closed)
    stream.close()
    assert closed.reasons == ["gone"]


def test_squeezed_each_status_can_be_read_at_once_and_the_whole_is_complete(runtime: Runtime, closed: Closed) -> None:
    stream = stream_of(runtime, closed)
    squeezed, reader = Squeezed(stream), zlib.decompressobj(31)
    assert reader.decompress(next(squeezed)) == OPENED
    sizes = []
    for seq in range(1, 20):
        stream.tell([moment(seq)])
        block = next(squeezed)
        sizes.append(len(block))
        assert reader.decompress(block) == event(moment(seq))
    assert max(sizes[1:]) < len(event(moment(19))) / 2
    stream.tell([moment(20, "completed")])
    assert reader.decompress(b"".join(squeezed)) == event(moment(20, "completed"))
    assert reader.eof
    squeezed.close()
    assert closed.reasons == ["ended"]
