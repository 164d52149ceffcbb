"""What goes over the wire: one event-stream message in each WebSocket message, by the codec of amazon-transcribe."""

import struct
from collections.abc import Sequence
from typing import Any

from amazon_transcribe.deserialize import TranscribeStreamingEventParser
from amazon_transcribe.eventstream import EventStreamBuffer, EventStreamMessageSerializer, ParserError

from aws_services.transcribe_failures import ServiceComplains, StreamFailed

AUDIO_HEADERS = {
    ":message-type": "event",
    ":event-type": "AudioEvent",
    ":content-type": "application/octet-stream",
}
_serializer = EventStreamMessageSerializer()


class _Parser(TranscribeStreamingEventParser):  # type: ignore[misc]  # the library has no types
    """Takes no list for granted: the service's reference has every one of them optional."""

    def _parse_transcript(self, current_node: Any) -> Any:
        return super()._parse_transcript({} if current_node is None else current_node)

    def _parse_result_list(self, current_node: Any) -> Any:
        return super()._parse_result_list(_or_none_of_it(current_node))

    def _parse_alternative_list(self, current_node: Any) -> Any:
        return super()._parse_alternative_list(_or_none_of_it(current_node))

    def _parse_item_list(self, current_node: Any) -> Any:
        return super()._parse_item_list(_or_none_of_it(current_node))


def _or_none_of_it(told: Any) -> Any:
    return [] if told is None else told


_parser = _Parser()


def audio_frame(pcm: bytes) -> bytes:
    """An AudioEvent; without samples it says that no more will come."""
    frame: bytes = _serializer.serialize(AUDIO_HEADERS, pcm)
    return frame


END_OF_AUDIO = audio_frame(b"")


def read_frame(message: bytes | str) -> Sequence[Any]:
    """The results (amazon_transcribe.model.Result) in one message; none for an event that we don't know.

    Raises ServiceComplains for an exception event, and StreamFailed "garbled" for what is no event-stream message.
    """
    frame = _decode(message)
    kind = frame.headers.get(":message-type")
    if kind == "exception":
        raise ServiceComplains(str(frame.headers.get(":exception-type")))
    if kind == "error":
        raise ServiceComplains(str(frame.headers.get(":error-code")))
    if kind != "event" or frame.headers.get(":event-type") != "TranscriptEvent":
        return ()
    try:
        results: Sequence[Any] = _parser.parse(frame).transcript.results
    except (ValueError, TypeError, AttributeError):
        raise StreamFailed("garbled") from None
    return results


def _decode(message: bytes | str) -> Any:
    if isinstance(message, str):
        raise StreamFailed("garbled")
    frames = EventStreamBuffer()
    frames.add_data(message)
    try:
        frame = frames.next()
    except (StopIteration, ParserError, struct.error, KeyError, UnicodeDecodeError):
        raise StreamFailed("garbled") from None
    if frame.prelude.total_length != len(message):
        raise StreamFailed("garbled")
    return frame
