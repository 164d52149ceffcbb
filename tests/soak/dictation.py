"""A client that dictates to the end, whatever happens to its line or its server, as patiently as the page does."""

import asyncio
import collections
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.soak.line import Line, LineLost
from tests.soak.told import Told
from tests.soak.voice import BYTES_A_SECOND, Voice

CHUNK_BYTES = 8_000
"""A quarter of a second"""
SLICE_BYTES, WINDOW_BYTES = 32_768, 8 * 32_768
"""One message of a backlog, and how much may be without an ack: the page's own figures"""
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 4.0
"""The page's own, half to one and a quarter times"""
STALLED_SECONDS = 8.0
"""A line that gives no ack for so long is dead: the page's own"""
ANSWER_SECONDS = 15.0
REWIND_SECONDS = 0.5
TICK_SECONDS = 0.05

clock: Callable[[], float] = time.monotonic


class Dictation:
    """One dictation. `run` returns when it is over; then `problems` says what should not have happened."""

    def __init__(
        self,
        url: str,
        cookie: str,
        voice: Voice,
        *,
        check_spool: Callable[["Dictation"], int],
        origin: str | None = None,
        speed: float = 1.0,
        chance: random.Random | None = None,
    ) -> None:
        """`check_spool` returns how many bytes are missing on the server's disk, all of them being acknowledged."""
        self.voice = voice
        self.told = Told()
        self.problems: collections.Counter[str] = collections.Counter()
        self.session_id = str(uuid.uuid4())
        self.transcription_id: int | None = None
        self.lost_bytes = 0
        self.acked = 0
        self.lines = 0
        """Sockets that this dictation went through"""
        self.new_ack_at: float | None = None
        """When bytes were acknowledged for the first time since forget_acks"""
        self.line: Line | None = None
        self.line_at = 0.0
        """When the last line was begun"""
        self._url, self._cookie, self._origin = url, cookie, origin or url
        self._check_spool, self._chance = check_spool, chance or random.Random()
        self._speed = speed
        self._token: str | None = None
        self._began = clock()
        self._rests_since: float | None = None
        self._sent = self._seq = self._tries = 0
        self._hold_until = self._moved_at = 0.0
        self._news = asyncio.Event()
        self._is_ready = self._is_checked = self.is_over = False

    async def run(self) -> None:
        """Speak, come back as often as needed, end, and get the receipt."""
        while not self.is_over:
            try:
                self.line_at = clock()
                self.line = await Line.open(self._url, self._cookie, self._origin)
                self.lines += 1
                await self._on_a_line(self.line)
            except LineLost:
                await self._wait_for_next_try()

    @property
    def spoken(self) -> int:
        """Bytes said so far, heard or not."""
        until = clock() if self._rests_since is None else self._rests_since
        said = int((until - self._began) * self._speed * BYTES_A_SECOND / 2) * 2
        return min(said, self.voice.size)

    @property
    def behind_seconds(self) -> float:
        """How much of what was said is not acknowledged."""
        return (self.spoken - self.acked) / BYTES_A_SECOND

    def forget_acks(self) -> None:
        """The next new ack counts as the first."""
        self.new_ack_at = None

    async def rest(self, seconds: float) -> None:
        """Say nothing for a while, and tell the server so."""
        self._rests_since = clock()
        await self._mention("session_pause")
        await asyncio.sleep(seconds)
        await self._mention("session_resume")
        self._began += clock() - self._rests_since
        self._rests_since = None

    # A line, from its first message to its last

    async def _on_a_line(self, line: Line) -> None:
        self._is_ready = False
        tasks = {asyncio.create_task(self._listen(line)), asyncio.create_task(self._speak(line))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.line = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await line.hang_up()

    async def _listen(self, line: Line) -> None:
        async for message in line.messages():
            self._take(message)
            self._news.set()
            if self.is_over:
                return

    async def _speak(self, line: Line) -> None:
        await self._introduce(line)
        while self.acked < self.voice.size:
            await self._send_what_is_due(line)
        if not self._is_checked:
            self.lost_bytes += await asyncio.to_thread(self._check_spool, self)
            self._is_checked = True
        await line.say("session_end", self._message("session_end", total_bytes=self.voice.size))
        await self._until(lambda: self.is_over)

    async def _introduce(self, line: Line) -> None:
        coming_back = {"resume_token": self._token, "after_segment": self.told.after_segment} if self._token else {}
        await line.say("session_start", self._message("session_start", quality="medium", **coming_back))
        await self._until(lambda: self._is_ready)

    async def _send_what_is_due(self, line: Line) -> None:
        due = min(self.spoken - self._sent, SLICE_BYTES, WINDOW_BYTES - (self._sent - self.acked))
        is_last = self._sent + due == self.voice.size
        if clock() >= self._hold_until and (due >= CHUNK_BYTES or (is_last and due > 0)):
            if self._sent == self.acked:
                self._moved_at = clock()
            place = {"session_id": self.session_id, "seq": self._seq, "offset": self._sent, "timestamp": time.time()}
            pcm = self.voice.pcm(self._sent, self._sent + due)
            self._sent, self._seq = self._sent + due, self._seq + 1
            await line.send_audio(pcm, place)
            return
        if self._sent > self.acked and clock() - max(self._moved_at, self._hold_until) > STALLED_SECONDS:
            raise LineLost("stalled")
        await self._some_news(TICK_SECONDS)

    # What is told

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "session_ack":
            self._welcome(message)
        elif kind == "audio_ack":
            self._acknowledge(message["received_bytes"])
        elif kind == "transcription_result" and not message["is_partial"]:
            self.told.take(message)
        elif kind == "session_complete":
            self._over(message["transcription_id"])
        elif kind == "error":
            self._refused(message)

    def _welcome(self, ack: dict[str, Any]) -> None:
        self.lost_bytes += max(0, self.acked - ack["received_bytes"])
        self._token, self._tries = ack["resume_token"], 0
        self.acked = self._sent = ack["received_bytes"]
        for final in ack.get("segments", ()):
            self.told.take(final)
        self._is_ready = True

    def _acknowledge(self, received_bytes: int) -> None:
        if received_bytes > self.acked:
            self.acked, self._moved_at = received_bytes, clock()
            self._sent = max(self._sent, received_bytes)
            self.new_ack_at = self.new_ack_at or clock()

    def _refused(self, error: dict[str, Any]) -> None:
        code, context = error["error_code"], error["context"]
        if context.get("finished"):
            self.lost_bytes += max(0, self.acked - context["received_bytes"])
            self._over(context["transcription_id"])
            return
        self.problems[code] += 1
        if code in ("TOO_FAST", "AUDIO_GAP"):
            self._hold_until = clock() + max(error.get("retry_after") or 0.0, REWIND_SECONDS)
            self._sent = context.get("expected_offset", self.acked)
            return
        if code == "INVALID_SESSION_STATE" and self.acked == 0 and not self.told.finals:
            self.session_id, self._token = str(uuid.uuid4()), None  # nothing of it was accepted
        raise LineLost(code)

    def _over(self, transcription_id: int) -> None:
        self.transcription_id = transcription_id
        self.is_over = True

    # Waiting

    async def _wait_for_next_try(self) -> None:
        mean = min(FIRST_RETRY_SECONDS * 2**self._tries, LONGEST_RETRY_SECONDS)
        self._tries += 1
        await asyncio.sleep(mean * self._chance.uniform(0.5, 1.25))

    async def _until(self, reached: Callable[[], bool]) -> None:
        give_up_at = clock() + ANSWER_SECONDS
        while not reached():
            if clock() > give_up_at:
                raise LineLost("no answer")
            await self._some_news(give_up_at - clock())

    async def _some_news(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _mention(self, event: str) -> None:
        """Say it if there is a line; who comes back later says it by speaking or by not speaking."""
        if self.line is not None and self._is_ready:
            try:
                await self.line.say(event, {"session_id": self.session_id})
            except LineLost:
                return

    def _message(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": kind, "session_id": self.session_id, "timestamp": time.time(), **fields}
