"""The messages between this process and a decoder process: nine bytes of header, then the payload."""

import json
import struct
from dataclasses import asdict
from enum import IntEnum
from typing import Any, BinaryIO, NamedTuple

from models.transcript import Final, Partial, Word

HEADER = struct.Struct("<BII")
"""kind, stream number, payload length in bytes"""
MAX_PAYLOAD_BYTES = 1 << 20
"""More than a chunk of audio or a segment of words can need: a longer one means the pipe is out of step"""


class Kind(IntEnum):
    """What a message is."""

    OPEN = 1
    """to the decoder: a stream begins; payload JSON {sample_rate, stream_id}"""
    AUDIO = 2
    """to the decoder: the stream's next PCM"""
    FINISH = 3
    """to the decoder: no more PCM"""
    CANCEL = 4
    """to the decoder: forget the stream"""
    PARTIAL = 5
    """from the decoder: payload JSON of a Partial"""
    FINAL = 6
    """from the decoder: payload JSON of a Final"""
    DONE = 7
    """from the decoder: the finished or cancelled stream has said everything"""


class Message(NamedTuple):
    """One message; `stream` counts the streams that this decoder has had."""

    kind: Kind
    stream: int
    payload: bytes = b""


class PipeOutOfStep(Exception):
    """What was read is no message: the other end is broken."""


def write_message(pipe: BinaryIO, message: Message) -> None:
    """Write it whole. Raises OSError when the other end is gone."""
    pipe.write(HEADER.pack(message.kind, message.stream, len(message.payload)) + message.payload)
    pipe.flush()


def read_message(pipe: BinaryIO) -> Message | None:
    """The next message, or None when the other end is gone. Raises PipeOutOfStep."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    kind, stream, length = HEADER.unpack(header)
    if length > MAX_PAYLOAD_BYTES or kind not in KINDS:
        raise PipeOutOfStep
    payload = pipe.read(length)
    return Message(Kind(kind), stream, payload) if len(payload) == length else None


def pack_words(stream: int, said: Partial | Final) -> Message:
    """A partial or final as a message."""
    kind = Kind.PARTIAL if isinstance(said, Partial) else Kind.FINAL
    return Message(kind, stream, json.dumps(asdict(said)).encode())


def unpack_words(message: Message) -> Partial | Final:
    """What pack_words packed."""
    fields: dict[str, Any] = json.loads(message.payload)
    if message.kind is Kind.PARTIAL:
        return Partial(**fields)
    return Final(**{**fields, "words": tuple(Word(**word) for word in fields["words"])})


KINDS = frozenset(int(kind) for kind in Kind)
