"""The offline recogniser: PocketSphinx in a bounded pool of decoder processes. Its text is not medical-grade."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local_services.decoder_process import DecoderProcess
from local_services.pocketsphinx_pipe import Kind, Message, unpack_words
from models.errors import RecogniserBusy
from models.ports import StreamRequest, Tell
from models.transcript import Final, Partial, StreamEnd

BUSY_RETRY_SECONDS = 15.0
"""When to try again if every decoder is taken: dictations last minutes, so sooner is rarely of use"""
CANCEL_SECONDS = 3.0
"""A decoder that has not answered a cancel by then hangs, and is replaced when its place is wanted"""
MAX_BACKLOG_SECONDS = 300
"""Audio that may wait for a decoder that can't keep up. Beyond it the stream fails with reason "behind"."""


class PocketSphinxStream:
    """One session's ear. `tell` is called on the reading thread of its decoder, and on no other.

    A `tell` that has already begun when `cancel` is called may still be running when it returns; none begins later.
    """

    is_ready = True

    def __init__(self, number: int, request: StreamRequest, tell: Tell, free: Callable[["PocketSphinxStream"], None]):
        """`free` gives the decoder back, before the end is told."""
        self.number = number
        self._request = request
        self._tell = tell
        self._free = free
        self._lock = threading.Lock()
        self._over = False
        self._takes_audio = True
        self._reason = "DecoderEnded"
        self._decoder: DecoderProcess | None = None

    def attach(self, decoder: DecoderProcess) -> None:
        """Begin to listen with this decoder."""
        self._decoder = decoder
        opening = {"sample_rate": self._request.sample_rate, "stream_id": secrets.token_hex(6)}
        decoder.send(Message(Kind.OPEN, self.number, json.dumps(opening).encode()))

    # Called on the hub

    def push(self, pcm: bytes) -> None:
        """Hear the next whole samples. Never blocks."""
        if not self._takes_audio or self._over or self._decoder is None:
            return
        backlog_bytes = self._decoder.send(Message(Kind.AUDIO, self.number, pcm))
        if backlog_bytes > MAX_BACKLOG_SECONDS * 2 * self._request.sample_rate:
            self._takes_audio = False
            self._reason = "behind"
            self._decoder.kill()

    def finish(self) -> None:
        """No more audio will come."""
        if self._takes_audio and self._decoder is not None:
            self._takes_audio = False
            self._decoder.send(Message(Kind.FINISH, self.number))

    def cancel(self) -> None:
        """Stop and forget."""
        if self._end() and self._decoder is not None:
            self._decoder.cancel(self.number)
            self._free(self)

    # Runs in the decoder's reading thread

    def hear(self, message: Message) -> None:
        """Pass on what the decoder says."""
        if message.kind is Kind.DONE:
            self._told_all(StreamEnd())
        elif not self._over:
            said: Partial | Final = unpack_words(message)
            self._tell(said)

    def fail(self) -> None:
        """The decoder is gone."""
        self._told_all(StreamEnd(failed=True, reason=self._reason))

    def _told_all(self, end: StreamEnd) -> None:
        if self._end():
            self._free(self)
            self._tell(end)

    def _end(self) -> bool:
        """True for the one caller that ends it."""
        with self._lock:
            ended, self._over = not self._over, True
            return ended


class PocketSphinxRecogniser:
    """Makes English words of PCM on this machine, without an account. For trying out and for offline use only."""

    name = "pocketsphinx"
    longest_stream_seconds: float | None = None

    def __init__(self, decoders: int, endpointing_ms: int, vad_threads: int = 1, spare: int = 1) -> None:
        """At most `decoders` processes of about 100 MB, each started when it is wanted; `spare` stay while unused.

        `endpointing_ms` of silence end a segment. `vad_threads` is accepted for the settings' sake and changes
        nothing: see docs/decisions/022. Raises ValueError for a number below 1, `spare` below 0.
        """
        if min(decoders, endpointing_ms, vad_threads, spare + 1) < 1:
            raise ValueError("decoders, endpointing_ms and vad_threads must be at least 1, spare at least 0")
        self._spare = spare
        self._guests = 0
        self._decoders = decoders
        self._endpointing_ms = endpointing_ms
        self._lock = threading.Lock()
        self._streams: dict[DecoderProcess, PocketSphinxStream] = {}
        self._idle: list[DecoderProcess] = []
        self._opened = 0
        self._closed = False

    def warm(self) -> None:
        """Start the first decoder in the background, if there is none."""
        with self._lock:
            if self._spares() and not (self._closed or self._idle or self._streams):
                self._idle.append(self._start())

    @contextmanager
    def making_room(self) -> Iterator[None]:
        """For somebody with a decoder of its own: unused ones are ended, and none stays unused within the block."""
        with self._lock:
            self._guests += 1
            unused, self._idle = self._idle, []
            is_used = bool(unused or self._streams)
        for decoder in unused:
            decoder.kill()
        try:
            yield
        finally:
            with self._lock:
                self._guests -= 1
            if is_used:  # a fallback that nobody needs so far goes on without a decoder
                self.warm()

    def open(self, request: StreamRequest, tell: Tell) -> PocketSphinxStream:
        """Start to listen, without waiting. Raises RecogniserBusy when every decoder is taken."""
        with self._lock:
            if self._closed or len(self._streams) >= self._decoders:
                raise RecogniserBusy(retry_after=BUSY_RETRY_SECONDS)
            decoder = self._take()
            self._opened += 1
            stream = PocketSphinxStream(self._opened, request, tell, self._free)
            self._streams[decoder] = stream
            stream.attach(decoder)
            return stream

    def places_left(self) -> int:
        """How many streams could be opened now."""
        with self._lock:
            return 0 if self._closed else self._decoders - len(self._streams)

    def close(self) -> None:
        """Cancel every stream and end every process. Waits for their ends, which come in milliseconds."""
        with self._lock:
            self._closed = True
            streams = list(self._streams.values())
            decoders = [*self._streams, *self._idle]
        for stream in streams:
            stream.cancel()
        for decoder in decoders:
            decoder.kill()
        for decoder in decoders:
            decoder.join()

    def decoder_pids(self) -> list[int]:
        """The processes that run now, for operators and fault tests."""
        with self._lock:
            return [decoder.pid for decoder in (*self._streams, *self._idle) if decoder.pid is not None]

    def _start(self) -> DecoderProcess:
        return DecoderProcess(self._endpointing_ms, self._hear, self._gone)

    def _take(self) -> DecoderProcess:
        """An idle decoder, best one that has answered its last cancel, or a new one."""
        hung_since = time.monotonic() - CANCEL_SECONDS
        for decoder in self._idle:
            if decoder.cancelled_at is not None and decoder.cancelled_at < hung_since:
                decoder.kill()
        self._idle = [decoder for decoder in self._idle if decoder.is_alive]
        if not self._idle:
            return self._start()
        best = min(self._idle, key=lambda decoder: decoder.cancelled_at or 0.0)
        self._idle.remove(best)
        return best

    def _free(self, stream: PocketSphinxStream) -> None:
        with self._lock:
            decoder = next(decoder for decoder, its in self._streams.items() if its is stream)
            del self._streams[decoder]
            if decoder.is_alive and len(self._idle) < self._spares():
                self._idle.append(decoder)
                return
        decoder.kill()

    def _spares(self) -> int:
        return 0 if self._guests else self._spare

    # Runs in a decoder's reading thread

    def _hear(self, decoder: DecoderProcess, message: Message) -> None:
        with self._lock:
            stream = self._streams.get(decoder)
        if stream is not None and stream.number == message.stream:
            stream.hear(message)

    def _gone(self, decoder: DecoderProcess) -> None:
        with self._lock:
            stream = self._streams.get(decoder)
            self._idle = [one for one in self._idle if one is not decoder]
        if stream is not None:
            stream.fail()
