"""A recogniser that answers every chunk at once from a script, for tests and load. It hears nothing."""

import secrets
import threading
from collections.abc import Callable, Sequence

from models.errors import RecogniserBusy
from models.ports import StreamRequest, Tell
from models.transcript import Final, Partial, StreamEnd, Word

BYTES_A_SAMPLE = 2
BUSY_RETRY_SECONDS = 15.0
UNLIMITED_PLACES = 1_000_000
"""What places_left starts from when `places` is left out"""

Script = Callable[[int, bytes], str]
"""The word for a chunk: of its number in the stream, from 0, and its PCM"""


def counted_words(number: int, pcm: bytes) -> str:
    """word0, word1, word2 ... in each stream."""
    return f"word{number}"


def read_aloud(words: Sequence[str]) -> Script:
    """A script that says these words, one a chunk, over and over."""
    return lambda number, pcm: words[number % len(words)]


class ScriptedStream:
    """Tells in the thread that calls push and finish, before they return: don't call them holding a lock
    that `tell` takes."""

    is_ready = True

    def __init__(self, owner: "ScriptedRecogniser", request: StreamRequest, tell: Tell) -> None:
        self._owner = owner
        self._bytes_a_second = BYTES_A_SAMPLE * request.sample_rate
        self._tell = tell
        self._stream_id = secrets.token_hex(6)
        self._heard_bytes = 0
        self._chunks = 0
        self._segments = 0
        self._words: list[Word] = []
        self._text = ""
        self._over = False
        self._hangs = False

    def push(self, pcm: bytes) -> None:
        """Answer with the next word, and each `final_every` chunks with a final over exactly those chunks."""
        if self._over or self._hangs or self._breaks():
            return
        start = self._seconds
        self._heard_bytes += len(pcm)
        word = Word(self._owner.script(self._chunks, pcm), start, self._seconds)
        self._chunks += 1
        self._words.append(word)
        self._text = f"{self._text} {word.text}" if self._text else word.text
        self._tell(Partial(self._segment_id, self._text, self._words[0].start_time, word.end_time))
        if len(self._words) >= self._owner.final_every:
            self._settle()

    def finish(self) -> None:
        """Tell the open final and the end."""
        if not (self._over or self._hangs or self._breaks()):
            self._settle()
            self._end(StreamEnd())

    def cancel(self) -> None:
        """Tell nothing more."""
        if not self._over:
            self._over = True
            self._owner.free(self)

    @property
    def _segment_id(self) -> str:
        return f"{self._stream_id}-{self._segments}"

    @property
    def _seconds(self) -> float:
        return self._heard_bytes / self._bytes_a_second

    def _breaks(self) -> bool:
        """True when it is time for a fault that was asked for."""
        if _reached(self._owner.fail_after, self._seconds):
            self._end(StreamEnd(failed=True, reason="scripted"))
        elif _reached(self._owner.end_early_after, self._seconds):
            self._end(StreamEnd())
        elif _reached(self._owner.hang_after, self._seconds):
            self._hangs = True
        return self._over or self._hangs

    def _settle(self) -> None:
        if self._over or not self._words:
            return
        final = Final(self._segment_id, self._text, self._words[0].start_time, self._seconds, words=tuple(self._words))
        self._segments += 1
        self._words, self._text = [], ""
        for _ in range(2 if self._owner.duplicate_finals else 1):
            self._tell(final)

    def _end(self, end: StreamEnd) -> None:
        if not self._over:
            self._over = True
            self._owner.free(self)
            self._tell(end)


class ScriptedRecogniser:
    """Says a script, one word a chunk. Refused outside tests unless asked for by name."""

    name = "scripted"

    def __init__(
        self,
        final_every: int = 8,
        *,
        script: Script = counted_words,
        places: int = UNLIMITED_PLACES,
        fail_after: float | None = None,
        hang_after: float | None = None,
        end_early_after: float | None = None,
        duplicate_finals: bool = False,
        longest_stream_seconds: float | None = None,
    ) -> None:
        """`final_every` chunks make a segment, and `places` streams may be open at once.

        The three `after` are seconds of audio that each stream hears before it fails, falls silent for good, or ends
        cleanly unasked; the fault comes with the next push or with finish. They may be changed between streams.
        """
        self.final_every = final_every
        self.script = script
        self.fail_after = fail_after
        self.hang_after = hang_after
        self.end_early_after = end_early_after
        self.duplicate_finals = duplicate_finals
        self.longest_stream_seconds = longest_stream_seconds
        self._places = places
        self._lock = threading.Lock()
        self._streams: set[ScriptedStream] = set()
        self._closed = False

    def open(self, request: StreamRequest, tell: Tell) -> ScriptedStream:
        """Begin a stream. Raises RecogniserBusy when every place is taken."""
        with self._lock:
            if self._closed or len(self._streams) >= self._places:
                raise RecogniserBusy(retry_after=BUSY_RETRY_SECONDS)
            stream = ScriptedStream(self, request, tell)
            self._streams.add(stream)
            return stream

    def warm(self) -> None:
        """It is always ready."""

    def places_left(self) -> int:
        """How many streams could be opened now."""
        with self._lock:
            return 0 if self._closed else self._places - len(self._streams)

    def close(self) -> None:
        """Cancel every stream."""
        with self._lock:
            self._closed = True
            streams = list(self._streams)
        for stream in streams:
            stream.cancel()

    def free(self, stream: ScriptedStream) -> None:
        """A stream is over."""
        with self._lock:
            self._streams.discard(stream)


def _reached(limit: float | None, seconds: float) -> bool:
    return limit is not None and seconds >= limit
