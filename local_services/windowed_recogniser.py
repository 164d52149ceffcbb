"""A stored recording heard window by window by a recogniser that was made for live speech."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from local_services.windows import Window, sound, windows, within
from models.errors import RecogniserBusy, RecogniserError, RecogniserFailed
from models.ports import Recogniser, RecogniserStream, StreamRequest
from models.stored_ports import FileListener, FileRequest
from models.transcript import Final, Partial, StreamEnd
from utils.logging import get_logger

log = get_logger("stored")

BLOCK_SECONDS = 1.0
"""Sound that is pushed at once"""
LOOK_SECONDS = 0.25
"""How often the listener hears how far it is"""
SILENT_SECONDS = 60.0
"""A recogniser that says nothing new for so long hangs: it needs some ten seconds for a whole window"""
TRIES = 3
"""Of one window, each with a new stream"""
ROUNDING = 0.001
NO_PLACE = "All transcription places are taken right now. The recording is safe."


def failed(_end: StreamEnd) -> RecogniserError:
    """Whatever ended the stream, the recording may be tried again."""
    return RecogniserFailed()


class WindowedRecogniser:
    """The FileRecogniser port over any Recogniser: one stream at a time for each recording."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Recogniser],
        error_of: Callable[[StreamEnd], RecogniserError] = failed,
        room: Callable[[], AbstractContextManager[object]] = nullcontext,
        *,
        is_shared: bool = False,
    ) -> None:
        """`make` gives a recogniser, which is closed after the recording unless it `is_shared` with others.

        `error_of` says what a stream that ended so means for the recording. `room` is entered while a recording is
        heard, by whoever has something to put away meanwhile.
        """
        self.name = name
        self._make = make
        self._error_of = error_of
        self._room = room
        self._is_shared = is_shared

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        """Hear the recording to its end, in order."""
        with self._room():
            self._recognise(request, listener)

    def _recognise(self, request: FileRequest, listener: FileListener) -> None:
        recogniser = self._make()
        try:
            for window in windows(request.pcm, request.from_seconds):
                if window.start < request.heard_until - ROUNDING:
                    continue  # its finals were kept all at once, so whoever has one of them has them all
                listener.settled(self._hear(recogniser, request, window, listener), window.end)
        finally:
            if not self._is_shared:
                recogniser.close()

    def _hear(
        self, recogniser: Recogniser, request: FileRequest, window: Window, listener: FileListener
    ) -> list[Final]:
        for attempt in range(1, TRIES + 1):
            try:
                finals = self._hear_once(recogniser, request, window, listener)
            except _StreamFailed as failure:
                end = failure.end
                log.warning("window_failed", session_id=request.session_id, second=window.start, reason=end.reason)
                if end.fatal or attempt == TRIES:
                    raise self._error_of(end) from None
                continue
            break
        counted = (within(final, window) for final in finals)
        return [final for final in counted if final is not None]

    def _hear_once(
        self, recogniser: Recogniser, request: FileRequest, window: Window, listener: FileListener
    ) -> list[Final]:
        ear = _Ear()
        stream = _open(recogniser, request, ear)
        try:
            _push(stream, request, window)
            stream.finish()
            while not ear.wait():
                listener.reached(min(window.heard_from + ear.reached, window.end))
        finally:
            stream.cancel()
        return ear.finals


def _open(recogniser: Recogniser, request: FileRequest, ear: "_Ear") -> RecogniserStream:
    asked = StreamRequest(
        request.session_id,
        request.sample_rate,
        language_code=request.language_code,
        specialty=request.specialty,
        audio_type=request.audio_type,
        options=request.options,
    )
    try:
        return recogniser.open(asked, ear)
    except RecogniserBusy as busy:  # its own words are for who was about to speak
        raise RecogniserBusy(NO_PLACE, retry_after=busy.retry_after) from None


def _push(stream: RecogniserStream, request: FileRequest, window: Window) -> None:
    second = window.heard_from
    while second < window.heard_to:
        until = min(second + BLOCK_SECONDS, window.heard_to)
        stream.push(sound(request.pcm, second, until))
        second = until


class _StreamFailed(Exception):
    def __init__(self, end: StreamEnd) -> None:
        self.end = end
        super().__init__(end.reason)


class _Ear:
    """What one window's stream tells. It is told on the recogniser's thread and asked on the job's."""

    def __init__(self) -> None:
        self.finals: list[Final] = []
        self.reached = 0.0
        """Seconds from the window's first sample"""
        self._news = threading.Condition()
        self._end: StreamEnd | None = None
        self._silent_looks = 0

    def __call__(self, said: Partial | Final | StreamEnd) -> None:
        with self._news:
            self._silent_looks = 0
            if isinstance(said, StreamEnd):
                self._end = said
                self._news.notify()
                return
            self.reached = max(self.reached, said.end_time)
            if isinstance(said, Final):
                self.finals.append(said)

    def wait(self) -> bool:
        """True once it ended well; False after LOOK_SECONDS. Raises _StreamFailed."""
        with self._news:
            self._news.wait_for(lambda: self._end is not None, LOOK_SECONDS)
            if self._end is not None:
                if self._end.failed:
                    raise _StreamFailed(self._end)
                return True
            self._silent_looks += 1
            if self._silent_looks * LOOK_SECONDS > SILENT_SECONDS:
                raise _StreamFailed(StreamEnd(failed=True, reason="hangs"))
            return False
