"""One session's ear at Amazon Transcribe Medical: one WebSocket, in the speech thread, from handshake to close."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from aws_services.transcribe_clock import StreamClock
from aws_services.transcribe_door import Door
from aws_services.transcribe_failures import BAD_REQUEST_IS_OURS_SECONDS, ServiceComplains, StreamFailed, end_of
from aws_services.transcribe_frames import END_OF_AUDIO, audio_frame, read_frame
from aws_services.transcribe_outlet import Outlet
from aws_services.transcribe_speech_thread import SpeechThread
from aws_services.transcribe_words import ResultReader
from models.pace import BYTES_PER_SAMPLE
from models.ports import Tell
from models.transcript import StreamEnd
from utils import metrics
from utils.logging import get_logger

log = get_logger("transcribe")

QUIET_SECONDS = 5.0
"""Without audio for so long, silence is sent: the service ends a stream after 15 s without"""
SILENCE_EVENT_SECONDS = 0.2
"""At the pace of real time, or the service would wait ten times as long with a segment's end"""
MAX_SPEED = 8.0
"""Times real time that a backlog goes out at most"""
BURST_SECONDS = 2.0
"""Audio that may go out at once"""
LEAVE_SECONDS = 1.0


class TranscribeStream:
    """`tell` is called in the speech thread. One that has begun when `cancel` is called may still be running when
    that returns; none begins later."""

    def __init__(
        self,
        session_id: str,
        outlet: Outlet,
        tell: Tell,
        thread: SpeechThread,
        free: Callable[["TranscribeStream"], None],
    ) -> None:
        """`free` gives the place back, before the end is told."""
        self._session_id = session_id
        self._outlet = outlet
        self._tell = tell
        self._thread = thread
        self._free = free
        self._lock = threading.Lock()
        self._over = False
        self._takes_audio = True
        self._clock = StreamClock(outlet.rate)
        self._reader = ResultReader(secrets.token_hex(6), self._clock)
        self._news = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None
        self._failure: StreamEnd | None = None
        self._asked_to_end = False
        self._began = 0.0
        self._ahead_seconds = 0.0
        self._sent_at = 0.0
        self._pushed_at = 0.0
        """When the oldest sound came that is not sent yet, by time.perf_counter; 0 for none"""

    @property
    def is_ready(self) -> bool:
        """True from the end of the handshake on. Any thread."""
        return self._began > 0

    # Called on the hub

    def push(self, pcm: bytes) -> None:
        """Hear the next whole samples. Never blocks."""
        if not self._takes_audio or self._over or not pcm:
            return
        self._pushed_at = self._pushed_at or time.perf_counter()
        if self._outlet.push(pcm):
            self._thread.post(self._news.set)
        else:
            self._takes_audio = False
            self._thread.post(self._give_up, StreamEnd(failed=True, reason="behind"))

    def finish(self) -> None:
        """No more audio will come."""
        if self._takes_audio:
            self._takes_audio = False
            self._thread.post(self._news.set)

    def cancel(self) -> None:
        """Stop and forget."""
        if self._end():
            self._free(self)
            self._thread.post(self._stop)

    # Runs in the speech thread

    async def listen(self, door: Door) -> None:
        """Enter by it, send and hear, and tell the end."""
        self._task = asyncio.current_task()
        try:
            end = self._failure or (StreamEnd() if self._over else await self._listen(door))
        except asyncio.CancelledError:
            end = self._failure or StreamEnd(failed=True, reason="cancelled")
        except Exception as error:  # noqa: BLE001 - whatever it was, the session must hear that its stream is over
            end = self._explain(error)
        if self._end():
            if end.failed:
                log.warning("stream_failed", session_id=self._session_id, reason=end.reason, fatal=end.fatal)
            self._free(self)
            self._tell(end)

    async def _listen(self, door: Door) -> StreamEnd:
        try:
            return await self._converse(await door.enter())
        except ServiceComplains as complaint:
            if not (complaint.is_about_rights and await door.has_other_credentials()):
                raise
            raise StreamFailed(complaint.end.reason) from None  # not fatal: the next stream may be let in

    async def _converse(self, socket: ClientConnection) -> StreamEnd:
        self._began = self._sent_at = time.monotonic()
        speaking = asyncio.create_task(self._speak(socket))
        speaking.add_done_callback(self._spoke)
        try:
            async for message in socket:
                self._hear(message)
        except asyncio.CancelledError:
            await _leave(socket)
            raise
        finally:
            speaking.cancel()
            socket.transport.abort()
        if not self._asked_to_end:
            raise StreamFailed("closed_early")
        if self._reader.has_open_words:
            raise StreamFailed("unfinished")
        return StreamEnd()

    def _hear(self, message: bytes | str) -> None:
        for result in read_frame(message):
            try:
                said = self._reader.read(result)
            except (TypeError, ValueError, OverflowError, AttributeError):
                raise StreamFailed("garbled") from None
            if said is not None and not self._over:
                self._tell(said)

    async def _speak(self, socket: ClientConnection) -> None:
        quiet_seconds = QUIET_SECONDS
        while True:
            is_last = not self._takes_audio
            await self._send_speech(socket, last=is_last)
            if is_last:
                self._asked_to_end = True
                await socket.send(END_OF_AUDIO)
                return
            try:
                async with asyncio.timeout(quiet_seconds):
                    await self._news.wait()
                self._news.clear()
                quiet_seconds = QUIET_SECONDS
            except TimeoutError:
                await self._send_silence(socket)
                quiet_seconds = SILENCE_EVENT_SECONDS

    async def _send_speech(self, socket: ClientConnection, *, all_of_it: bool = False, last: bool = False) -> None:
        """What may go out now; what is too short for an event waits, and its time counts from when it came."""
        pushed_at, self._pushed_at = self._pushed_at, 0.0
        events = self._outlet.take(all_of_it=all_of_it, last=last)
        for pcm in events:
            self._clock.speech_sent(len(pcm) // BYTES_PER_SAMPLE)
            await self._send(socket, pcm)
        if events and pushed_at and not all_of_it:  # who left the rest of an event lying did not wait for it
            metrics.SPEECH_SEND_SECONDS.observe(time.perf_counter() - pushed_at)
        elif not events:
            self._pushed_at = pushed_at

    async def _send_silence(self, socket: ClientConnection) -> None:
        await self._send_speech(socket, all_of_it=True)
        samples = round(self._outlet.rate * SILENCE_EVENT_SECONDS)
        self._clock.silence_sent(samples)
        await self._send(socket, bytes(samples * BYTES_PER_SAMPLE))

    async def _send(self, socket: ClientConnection, pcm: bytes) -> None:
        """Send one event; wait where that is more than MAX_SPEED of real time allows."""
        now = time.monotonic()
        self._ahead_seconds = max(self._ahead_seconds - (now - self._sent_at) * MAX_SPEED, 0.0)
        self._sent_at = now
        self._ahead_seconds += len(pcm) / BYTES_PER_SAMPLE / self._outlet.rate
        if self._ahead_seconds > BURST_SECONDS:
            await asyncio.sleep((self._ahead_seconds - BURST_SECONDS) / MAX_SPEED)
        await socket.send(audio_frame(pcm))

    def _spoke(self, speaking: asyncio.Task[None]) -> None:
        """A lost connection is noticed by who hears; anything else would not be."""
        error = None if speaking.cancelled() else speaking.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionClosed):
            self._give_up(end_of(error))

    def _give_up(self, end: StreamEnd) -> None:
        self._failure = self._failure or end
        self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _explain(self, error: Exception) -> StreamEnd:
        end = end_of(error)
        if isinstance(error, ServiceComplains) and error.is_bad_request and not self._reader.has_heard_words:
            is_ours = time.monotonic() - self._began < BAD_REQUEST_IS_OURS_SECONDS
            return StreamEnd(failed=True, reason=end.reason, fatal=is_ours)
        if end.reason == "internal_error":
            log.error("stream_broke", session_id=self._session_id, error=error)
        return end

    def _end(self) -> bool:
        """True for the one caller that ends it."""
        with self._lock:
            ended, self._over = not self._over, True
            return ended


async def _leave(socket: ClientConnection) -> None:
    """Close it in good manners, for as long as the other end has them."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            await socket.close()
