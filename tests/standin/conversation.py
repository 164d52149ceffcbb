"""One stream of the stand-in, from its first frame to its end."""

import asyncio
import ctypes
import json
import socket
import struct
import time
from collections.abc import Iterable
from typing import Any

from websockets.asyncio.server import ServerConnection

from tests.standin import frames
from tests.standin.behaviour import Behaviour
from tests.standin.hearing import Result, ServiceEar

LARGEST_EVENT_BYTES = 32_000
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset"""
SO_ATTACH_FILTER = 26
TAKE_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A classic BPF program of one instruction: return 0, so the kernel drops every packet unseen"""


class Conversation:
    """What was asked for, heard and said. Read it from other threads at will."""

    def __init__(
        self,
        connection: ServerConnection,
        given: dict[str, str],
        behaviour: Behaviour,
        silence_limit_seconds: float,
        longest_segment_seconds: float,
        longest_stream_seconds: float,
    ) -> None:
        self.given = given
        """The query's parameters"""
        self.pcm = bytearray()
        """All audio heard"""
        self.event_bytes: list[int] = []
        """The size of each AudioEvent"""
        self.event_times: list[float] = []
        """When each came, by time.monotonic"""
        self.asked_at: float = connection.asked_at  # type: ignore[attr-defined]
        """When the handshake came, by time.monotonic"""
        self.was_finished = False
        """Whether the client said that no more will come"""
        self.ended = ""
        """How: an exception's name, "reset", "closed", "left" ..., "" while it goes on"""
        self.misbehaved = ""
        """The fault that happened, if one did"""
        self.said: list[Result] = []
        self._connection = connection
        self._behaviour = behaviour
        self._silence_limit_seconds = silence_limit_seconds
        rate = given.get("sample-rate", "16000")
        self._ear = ServiceEar(int(rate) if rate.isdecimal() else 16000, longest_segment_seconds)
        self._ear.show_speakers = given.get("show-speaker-label") == "true"
        self._ear.marks_phi = given.get("content-identification-type") == "PHI"
        self._fault = behaviour.fault
        self._ends_at = time.monotonic() + longest_stream_seconds

    @property
    def is_over(self) -> bool:
        return bool(self.ended)

    @property
    def heard_seconds(self) -> float:
        return self._ear.seconds

    async def listen(self) -> None:
        """Hear audio and answer, until the end."""
        await asyncio.sleep(self._behaviour.open_delay_seconds)
        while not self.is_over:
            try:
                async with asyncio.timeout(self._silence_limit_seconds):
                    message = await self._connection.recv()
            except TimeoutError:
                await self.complain("BadRequestException")
                return
            if not await self._take(message):
                return

    async def complain(self, exception: str) -> None:
        """End the stream by an exception event."""
        self.ended = exception
        headers = {":message-type": "exception", ":exception-type": exception, ":content-type": "application/json"}
        await self._connection.send(frames.encode(headers, b'{"Message":"As rehearsed: secret patient words."}'))
        await self._connection.close()

    def hang_up(self) -> None:
        """Cut the connection, whatever it waits for."""
        self._connection.transport.abort()

    async def _take(self, message: str | bytes) -> bool:
        """One message; False when the stream is over."""
        try:
            pcm = _audio(message)
        except frames.FrameError:
            await self.complain("BadRequestException")
            return False
        if not pcm:
            self.was_finished = True
            return await self._finish()
        if len(pcm) % 2 or len(pcm) > LARGEST_EVENT_BYTES:
            await self.complain("BadRequestException")
            return False
        if time.monotonic() > self._ends_at:
            self.misbehaved = "limit"
            await self.complain("LimitExceededException")
            return False
        self.pcm += pcm
        self.event_bytes.append(len(pcm))
        self.event_times.append(time.monotonic())
        return await self._answer(self._ear.hear(pcm)) and await self._misbehave()

    async def _finish(self) -> bool:
        if self._fault == "hang" and self._is_time:
            await self._connection.wait_closed()
        elif self._fault == "no_last_words":
            self.misbehaved = self._fault
        elif not (self._fault == "deaf" and self._is_time):
            await self._answer(self._ear.finish())
        self.ended = self.ended or "closed"
        await self._connection.close()
        return False

    async def _answer(self, results: Iterable[Result]) -> bool:
        if self._fault in ("hang", "deaf") and self._is_time:
            self.misbehaved = self._fault
            return True
        for result in results:
            await asyncio.sleep(self._behaviour.delay_seconds)
            if self._fault == "forget_words" and not result["IsPartial"]:
                result = result | {"Alternatives": [{"Transcript": "", "Items": []}]}
            await self._tell(result)
            if self._fault == "repeat_finals" and not result["IsPartial"]:
                await self._tell(result)
                await self._tell(result | {"IsPartial": True})
        return True

    async def _tell(self, result: Result) -> None:
        self.said.append(result)
        await self._event("TranscriptEvent", {"Transcript": {"Results": [result]}})

    async def _event(self, kind: str, body: Any) -> None:
        headers = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
        await self._connection.send(frames.encode(headers, json.dumps(body).encode()))

    @property
    def _is_time(self) -> bool:
        return self._ear.seconds >= self._behaviour.at_seconds

    async def _misbehave(self) -> bool:
        """Do what was asked for, when it is time; False when the stream is over by it."""
        if self._fault is None or not self._is_time:
            return True
        self.misbehaved = self._fault
        if self._fault.endswith("Exception"):
            await self.complain(self._fault)
        elif self._fault == "unknown_exception":
            await self.complain("FutureException")
        elif self._fault == "limit":
            await self.complain("LimitExceededException")
        elif self._fault == "reset":
            self._reset()
        elif self._fault == "close":
            self.ended = "closed"
            await self._connection.close()
        elif self._fault == "stop_reading":
            self._connection.transport.pause_reading()
            await self._connection.wait_closed()
        elif self._fault == "vanish":
            self._vanish()
            await self._connection.wait_closed()
        elif self._fault in UNREADABLE:
            await self._connection.send(UNREADABLE[self._fault])
            await self._connection.wait_closed()
        elif self._fault == "unknown_event":
            self._fault = None
            await self._event("UtteranceEvent", {"Utterance": "of another operation"})
            await self._connection.send(frames.encode({":message-type": "event", ":event-type": "Blob"}, b"\x00\x01"))
        return not self.is_over

    def _vanish(self) -> None:
        instructions = ctypes.create_string_buffer(TAKE_NOTHING)
        program = struct.pack("HL", 1, ctypes.addressof(instructions))
        self._connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    def _reset(self) -> None:
        self.ended = "reset"
        carrier = self._connection.transport.get_extra_info("socket")
        carrier.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._connection.transport.abort()


def _audio(message: str | bytes) -> bytes:
    """The PCM of an AudioEvent, or of one inside a signed message; none for the end. Raises FrameError."""
    if isinstance(message, str):
        raise frames.FrameError("text")
    if not message:
        return b""  # how the official JavaScript client says that no more will come
    headers, payload = frames.decode(message)
    if ":chunk-signature" in headers:
        return _audio(payload)
    if headers.get(":message-type") != "event" or headers.get(":event-type") != "AudioEvent":
        raise frames.FrameError("no AudioEvent")
    if headers.get(":content-type") != "application/octet-stream":
        raise frames.FrameError("content type")
    return payload


def _spoilt() -> bytes:
    whole = bytearray(frames.encode({":message-type": "event", ":event-type": "TranscriptEvent"}, b"{}"))
    whole[-1] ^= 0xFF
    return bytes(whole)


UNREADABLE: dict[str, str | bytes] = {
    "garbage": b"\x00no event stream\xff",
    "wrong_checksum": _spoilt(),
    "text": "a text message",
}
