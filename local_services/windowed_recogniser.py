"""A stored recording heard window by window by a recogniser that was made for live speech."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from local_services.windows import Window, sound, windows, within
from models.errors import RecogniserAway, RecogniserFailed
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
AWAY_SECONDS = 60.0
"""When to ask it again"""
ROUNDING = 0.001


class WindowedRecogniser:
    """The FileRecogniser port over any Recogniser. Each recording gets its own: live dictations keep their places."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Recogniser],
        is_outage: Callable[[str], bool] = lambda reason: False,
        room: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """`make` gives a new recogniser with one place; it is closed after the recording.

        `is_outage` says of the reason of a stream's failure whether it is the recogniser's own and may last: then
        RecogniserAway is raised, for the recording is not to blame. `room` is entered while a recording is heard, by
        whoever has something to put away meanwhile.
        """
        self.name = name
        self._make = make
        self._is_outage = is_outage
        self._room = room

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
            recogniser.close()

    def _hear(
        self, recogniser: Recogniser, request: FileRequest, window: Window, listener: FileListener
    ) -> list[Final]:
        reason = ""
        for attempt in range(1, TRIES + 1):
            try:
                finals = self._hear_once(recogniser, request, window, listener)
            except RecogniserFailed as failure:
                reason = str(failure.context.get("reason", ""))
                log.warning("window_failed", session_id=request.session_id, second=window.start, attempt=attempt)
                continue
            counted = (within(final, window) for final in finals)
            return [final for final in counted if final is not None]
        if self._is_outage(reason):
            raise RecogniserAway(retry_after=AWAY_SECONDS)
        raise RecogniserFailed

    def _hear_once(
        self, recogniser: Recogniser, request: FileRequest, window: Window, listener: FileListener
    ) -> list[Final]:
        ear = _Ear()
        stream = recogniser.open(
            StreamRequest(
                request.session_id,
                request.sample_rate,
                language_code=request.language_code,
                specialty=request.specialty,
                audio_type=request.audio_type,
                options=request.options,
            ),
            ear,
        )
        try:
            _push(stream, request, window)
            stream.finish()
            while not ear.wait():
                listener.reached(min(window.heard_from + ear.reached, window.end))
        finally:
            stream.cancel()
        return ear.finals


def _push(stream: RecogniserStream, request: FileRequest, window: Window) -> None:
    second = window.heard_from
    while second < window.heard_to:
        until = min(second + BLOCK_SECONDS, window.heard_to)
        stream.push(sound(request.pcm, second, until))
        second = until


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
        """True once it ended well; False after LOOK_SECONDS. Raises RecogniserFailed."""
        with self._news:
            if self._news.wait_for(lambda: self._end is not None, LOOK_SECONDS):
                if self._end is None or self._end.failed:
                    raise RecogniserFailed(reason=self._end.reason if self._end is not None else "")
                return True
            self._silent_looks += 1
            if self._silent_looks * LOOK_SECONDS > SILENT_SECONDS:
                raise RecogniserFailed(reason="hangs")
            return False
