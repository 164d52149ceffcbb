"""One WebSocket of the Socket.IO door, spoken by hand: hundreds of them come and go in one thread."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 1.0
PATH = "/socket.io/?EIO=4&transport=websocket"


class LineLost(Exception):
    """There is no line, or no longer."""


class Line:
    """A connected socket. Everything raises LineLost once it is gone."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire

    @classmethod
    async def open(cls, url: str, cookie: str, origin: str) -> "Line":
        """Connect and be let in. `url` may be a proxy's; `origin` is the program's own."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                wire = await connect(
                    url.replace("http", "ws", 1) + PATH,
                    origin=origin,  # type: ignore[arg-type]
                    additional_headers={"Cookie": cookie},
                    compression=None,
                    ping_interval=None,
                    close_timeout=CLOSE_SECONDS,
                )
                line = cls(wire)
                await line._introduce()
                return line
        except (OSError, WebSocketException, TimeoutError) as error:
            raise LineLost(type(error).__name__) from None

    async def say(self, event: str, message: dict[str, Any]) -> None:
        """Emit an event."""
        await self._send("42" + json.dumps([event, message]))

    async def send_audio(self, pcm: bytes, place: dict[str, Any]) -> None:
        """Emit audio_chunk."""
        await self._send(f'451-["audio_chunk",{{"_placeholder":true,"num":0}},{json.dumps(place)}]')
        await self._send(b"\x01" + pcm)

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Every message, until the line is lost."""
        while True:
            frame = await self._receive()
            if frame == "2":
                await self._send("3")
            elif frame.startswith("42"):
                yield json.loads(frame[2:])[1]
            elif frame.startswith(("1", "41", "44")):
                raise LineLost("hung up")

    async def hang_up(self) -> None:
        """Close the socket, with the goodbye of WebSocket when the other side answers."""
        with contextlib.suppress(OSError, WebSocketException):
            await self._wire.close()

    def cut(self) -> None:
        """Reset the TCP connection, as a router would."""
        self._wire.transport.abort()

    async def _introduce(self) -> None:
        while not (frame := await self._receive()).startswith("40"):
            if frame.startswith("0"):
                await self._send("40")
            elif frame.startswith("44"):
                raise LineLost("refused")

    async def _send(self, frame: str | bytes) -> None:
        try:
            await self._wire.send(frame)
        except (OSError, WebSocketException) as error:
            raise LineLost(type(error).__name__) from None

    async def _receive(self) -> str:
        try:
            return str(await self._wire.recv())
        except (OSError, WebSocketException) as error:
            raise LineLost(type(error).__name__) from None
