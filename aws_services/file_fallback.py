"""A stored recording heard by another recogniser where that of the settings can't be used."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from models.errors import RecogniserAway, RecogniserClosed, RecogniserRefused
from models.stored_ports import FileListener, FileRecogniser, FileRequest
from models.transcript import Final
from utils.logging import get_logger

log = get_logger("stored")

PAUSES_SECONDS = (5.0, 25.0)
"""A service that does not answer is asked again after each: a hiccup must not cost a recording its better text"""
LOOK_SECONDS = 0.5
"""How often the listener may stop the work meanwhile"""


class FileFallback:
    """The FileRecogniser port over two of them. A service that is only busy is waited for, as without a fallback."""

    def __init__(
        self,
        first: FileRecogniser,
        fallback: FileRecogniser,
        *,
        same_windows: bool,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`same_windows`: both cut a recording in the same way, and keep what a window says all at once."""
        self.name = first.name
        self._same_windows = same_windows
        self._first = first
        self._fallback = fallback
        self._wait = wait

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        """Hear it to its end: what the first has settled stays, the fallback goes on there."""
        heard = _Remembering(listener, request.heard_until)
        try:
            self._ask_first(request, heard)
        except (RecogniserAway, RecogniserRefused) as refusal:
            reason = type(refusal).__name__
            log.warning("recording_fell_back", session_id=request.session_id, reason=reason, second=heard.until)
            rest = replace(request, heard_until=heard.until)
            if not self._same_windows:
                rest = replace(rest, from_seconds=max(request.from_seconds, heard.until))
            self._fallback.recognise(rest, _Labelling(listener, self._fallback.name))

    def _ask_first(self, request: FileRequest, heard: "_Remembering") -> None:
        for pause in PAUSES_SECONDS:
            try:
                self._first.recognise(replace(request, heard_until=heard.until), heard)
                return
            except RecogniserClosed:
                raise
            except RecogniserAway:
                self._pause(pause, heard)
        self._first.recognise(replace(request, heard_until=heard.until), heard)

    def _pause(self, seconds: float, heard: "_Remembering") -> None:
        for _ in range(round(seconds / LOOK_SECONDS)):
            heard.reached(heard.until)
            self._wait(LOOK_SECONDS)


class _Remembering:
    """Passes on, and knows up to which second it is settled."""

    def __init__(self, listener: FileListener, until: float) -> None:
        self._listener = listener
        self.until = until
        self.reached = listener.reached

    def settled(self, finals: Sequence[Final], until: float) -> None:
        self._listener.settled(finals, until)
        self.until = until


class _Labelling:
    """Says of each final who made it."""

    def __init__(self, listener: FileListener, name: str) -> None:
        self._listener = listener
        self._name = name
        self.reached = listener.reached

    def settled(self, finals: Sequence[Final], until: float) -> None:
        self._listener.settled([replace(final, recogniser=self._name) for final in finals], until)
