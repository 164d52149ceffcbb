"""The three kinds of client of the load, each on one WebSocket, speaking its protocol by hand.

No client library of Socket.IO: its own cost would be measured with the server's.
"""

import asyncio
import json
import time
import uuid
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK, WebSocketException

from benchmarks.plan import BYTES_A_SECOND, DICTATION, RELAY, Plan
from benchmarks.tally import Tally, clock

CLOSE_SECONDS = 2
POLL_SECONDS = 0.05
BROKEN = (OSError, WebSocketException, TimeoutError)
"""What a connection may fail with"""


class EchoClient:
    """A binary frame for each chunk, JSON text back."""

    path = "/"
    expects_ack = False

    def __init__(self, plan: Plan, number: int) -> None:
        self.number = number
        self.tally = Tally()
        self.session_id = str(uuid.uuid4())
        self.receipt_seconds: float | None = None
        self._plan = plan
        self._cookie = plan.cookies[number % len(plan.cookies)] if plan.cookies else None
        self._wire: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and be ready to speak."""
        self._wire = await connect(
            self._plan.url.replace("http", "ws", 1) + self.path,
            origin=self._plan.url,  # type: ignore[arg-type]  # a NewType of str
            additional_headers={"Cookie": self._cookie} if self._cookie else None,
            compression="deflate" if self._plan.deflate else None,
            ping_interval=None,
            close_timeout=CLOSE_SECONDS,
            open_timeout=self._plan.patience_seconds,
        )
        self._listening = asyncio.create_task(self._listen())
        await self._introduce()

    async def say(self, frame: bytes, at: float) -> None:
        """Send a chunk (0x01 + PCM); `at` is when it became ready, by this module's clock."""
        offset, seq = self.tally.sent_bytes, self.tally.sent_chunks
        self.tally.send(len(frame) - 1, at, self.expects_ack)
        await self._send_chunk(frame, seq, offset)

    async def end(self) -> None:
        """Everything was said."""

    async def close(self) -> None:
        """Hang up."""
        if self._wire is not None and self._listening is not None:
            await self._wire.close()
            await self._listening

    async def _introduce(self) -> None:
        """What comes between the connection and the first chunk."""

    async def _send_chunk(self, frame: bytes, seq: int, offset: int) -> None:
        await self._send(frame)

    async def _send(self, frame: str | bytes) -> None:
        assert self._wire is not None
        await self._wire.send(frame)

    async def _listen(self) -> None:
        assert self._wire is not None
        try:
            async for frame in self._wire:
                await self._take(str(frame), clock())
        except ConnectionClosedOK:
            return  # a ping crossed our hanging up
        except BROKEN as error:
            self.tally.problems.append(f"connection lost: {type(error).__name__}")

    async def _take(self, frame: str, at: float) -> None:
        self.tally.hear(json.loads(frame), at)


class RelayClient(EchoClient):
    """Socket.IO 5 over Engine.IO 4: each chunk is a mark and a binary frame."""

    path = "/socket.io/?EIO=4&transport=websocket"

    def __init__(self, plan: Plan, number: int) -> None:
        super().__init__(plan, number)
        self._connected = asyncio.Event()

    async def _introduce(self) -> None:
        await self._within(self._connected.wait())

    async def _send_chunk(self, frame: bytes, seq: int, offset: int) -> None:
        place = {"session_id": self.session_id, "seq": seq, "offset": offset, "timestamp": time.time()}
        await self._send(f'451-["audio_chunk",{{"_placeholder":true,"num":0}},{json.dumps(place)}]')
        await self._send(frame)

    async def _take(self, frame: str, at: float) -> None:
        if frame.startswith("42"):
            name, message = json.loads(frame[2:])
            self._hear(name, message, at)
        elif frame.startswith("0"):
            await self._send("40")
        elif frame.startswith("40"):
            self._connected.set()
        elif frame == "2":
            await self._send("3")
        elif frame.startswith("4"):
            self.tally.problems.append("Socket.IO: refused or disconnected")

    def _hear(self, name: str, message: dict[str, Any], at: float) -> None:
        if name == "transcription_result":
            self.tally.hear(message, at)

    async def _within(self, step: Any) -> None:
        async with asyncio.timeout(self._plan.patience_seconds):
            await step


class DictationClient(RelayClient):
    """A whole dictation of this program, from session_start to session_complete."""

    expects_ack = True

    def __init__(self, plan: Plan, number: int) -> None:
        super().__init__(plan, number)
        self._ready = asyncio.Event()
        self._complete = asyncio.Event()
        self._ended_at = 0.0

    async def end(self) -> None:
        self._ended_at = clock()
        self.tally.has_ended = True
        await self._emit("session_end", total_bytes=self.tally.sent_bytes)
        await self._within(self._complete.wait())
        try:
            await self._within(self._last_words())
        except TimeoutError:
            self.tally.problems.append("finals do not cover what was said")

    async def _last_words(self) -> None:
        """The receipt may come before the last words, when the server is very busy."""
        while not self.tally.finals_are_whole:
            await asyncio.sleep(POLL_SECONDS)

    async def _introduce(self) -> None:
        await super()._introduce()
        await self._emit("session_start", quality="medium")
        await self._within(self._ready.wait())

    async def _emit(self, name: str, **fields: object) -> None:
        message = {"type": name, "session_id": self.session_id, "timestamp": time.time(), **fields}
        await self._send("42" + json.dumps([name, message]))

    def _hear(self, name: str, message: dict[str, Any], at: float) -> None:
        super()._hear(name, message, at)
        if name == "audio_ack":
            self.tally.acks.cover(message["received_bytes"], at)
        elif name == "session_ack":
            self._ready.set()
        elif name == "session_complete":
            self.receipt_seconds = at - self._ended_at
            if round(message["total_duration"] * BYTES_A_SECOND) != self.tally.sent_bytes:
                self.tally.problems.append("session_complete tells another duration")
            self._complete.set()
        elif name == "error":
            self.tally.problems.append(f"error {message['error_code']}")


def client_of(plan: Plan, number: int) -> EchoClient:
    """The client for session `number`, counted from 0."""
    kinds = {DICTATION: DictationClient, RELAY: RelayClient}
    return kinds.get(plan.kind, EchoClient)(plan, number)
