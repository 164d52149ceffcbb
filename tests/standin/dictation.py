"""A recogniser that has an account with a stand-in, and one-line dictations to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws_services.transcribe_stream import TranscribeStream
from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from models.ports import StreamRequest
from models.transcript import Final, Partial, StreamEnd
from tests.speech.hearing import Ear, in_chunks
from tests.standin.account import an_account
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import REGION, TranscribeStandIn

REQUEST = StreamRequest("a-session", 16000)


class Listener(Ear):
    """An ear, and the numbers it was told in finals."""

    @property
    def numbers(self) -> list[int]:
        return numbers_in(self.text)

    def wait_for_final(self) -> None:
        self._wait(lambda: bool(self.finals))


@contextmanager
def recogniser_of(service: TranscribeStandIn, **options: Any) -> Iterator[TranscribeStreamingManager]:
    """With its account in the environment; closed at the end."""
    with an_account():
        made = TranscribeStreamingManager(REGION, **{"endpoint_url": service.url, "starts_per_second": 1000} | options)
        yield made
        made.close()


def say(stream: TranscribeStream, first: int, count: int, sample_rate: int = 16000) -> None:
    """Numbers, one a second, in chunks as a page sends them."""
    for chunk in in_chunks(spoken(first, count, sample_rate=sample_rate), sample_rate):
        stream.push(chunk)


def dictate(
    recogniser: TranscribeStreamingManager, seconds: int, request: StreamRequest = REQUEST, *, finish: bool = True
) -> tuple[Listener, StreamEnd]:
    """Count from 0, a number a second; what was heard, up to the end. Without `finish` the service has to end it."""
    ear = Listener()
    stream = recogniser.open(request, ear)
    say(stream, 0, seconds, request.sample_rate)
    if finish:
        stream.finish()
    return ear, ear.wait_for_end()


def is_told_once(told: list[Partial | Final | StreamEnd]) -> bool:
    """True when exactly one end was told, as the last thing."""
    ends = [said for said in told if isinstance(said, StreamEnd)]
    return len(ends) == 1 and told[-1] is ends[0]
