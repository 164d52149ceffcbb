"""The program with a recogniser that takes its time over recordings, and is away when a test says so."""

import sys
import threading

import app
import aws_services.attempts
import web.adapters
import web.file_recognisers
from local_services.scripted_recogniser import ScriptedRecogniser, ScriptedStream, read_aloud
from models.errors import InternalError
from models.ports import StreamRequest, Tell
from tests.browser.patient_server import AWAY
from utils.config import load_settings

SECONDS_A_SECOND = 0.1
"""What PocketSphinx takes on a quiet machine"""
SAYS = read_aloud(["the", "blood", "pressure", "is", "stable"])
PATIENCE_SECONDS = 2.0
"""With a recogniser that fails again and again; half a minute would keep a test waiting"""
AWAY_FILE = load_settings().instance_dir / AWAY


class OfDictations(ScriptedRecogniser):
    """Answers at once, unless it is away."""

    def __init__(self, final_every: int, places: int) -> None:
        super().__init__(final_every, script=SAYS, places=places)

    @property
    def fail_after(self) -> float | None:
        return 0.0 if AWAY_FILE.exists() else None

    @fail_after.setter
    def fail_after(self, _seconds: float | None) -> None:
        """The file decides."""


class Away(InternalError):
    """Asking again in five seconds would keep a test waiting."""

    retryable = False


class OfRecordings(ScriptedRecogniser):
    """Takes its time, unless it is away."""

    def __init__(self, final_every: int) -> None:
        super().__init__(final_every, script=SAYS)

    def open(self, request: StreamRequest, tell: Tell) -> "SlowStream":
        if AWAY_FILE.exists():
            raise Away
        return SlowStream(super().open(request, tell))


class SlowStream:
    """Hears what it was given in a thread of its own, second by second."""

    is_ready = True

    def __init__(self, inner: ScriptedStream) -> None:
        self._inner = inner
        self._blocks: list[bytes] = []
        self._is_cancelled = threading.Event()

    def push(self, pcm: bytes) -> None:
        self._blocks.append(pcm)

    def finish(self) -> None:
        threading.Thread(target=self._hear, daemon=True).start()

    def cancel(self) -> None:
        self._is_cancelled.set()
        self._inner.cancel()

    def _hear(self) -> None:
        for pcm in self._blocks:
            if self._is_cancelled.wait(SECONDS_A_SECOND):
                return
            self._inner.push(pcm)
        self._inner.finish()


if __name__ == "__main__":
    aws_services.attempts.LEAST_SECONDS = PATIENCE_SECONDS
    web.adapters.ScriptedRecogniser = OfDictations
    web.file_recognisers.ScriptedRecogniser = OfRecordings
    sys.exit(app.main())
