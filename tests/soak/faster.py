"""The program at the pace of a soak: `python -m tests.soak.faster 20`.

Its replay is as much faster than usual as the soak speaks, or whoever speaks twenty times as fast as people would never
be caught up with. The recogniser's streams grow old within STREAM_SECONDS of dictation and have to be changed.
"""

import sys
import time

from app import main
from aws_services import listening, replay
from local_services.scripted_recogniser import ScriptedRecogniser, ScriptedStream
from models.ports import StreamRequest, Tell
from utils.logging import get_logger
from web import adapters

log = get_logger("soak")

STREAM_SECONDS = 300.0
"""The longest life of a recogniser's stream, as the speaker's clock has it"""
CHANGED_FOR_AGE = "stream_changed_for_age"
"""What the log says of one whose time was up; the soak counts them"""


class ShortLived(ScriptedRecogniser):
    """A recogniser whose streams may not live for long."""

    speed = 1.0

    def __init__(self, final_every: int, places: int) -> None:
        super().__init__(final_every, places=places)
        self._began: dict[ScriptedStream, float] = {}

    def open(self, request: StreamRequest, tell: Tell) -> ScriptedStream:
        """Begin a stream, and remember when."""
        self.longest_stream_seconds = STREAM_SECONDS / self.speed
        stream = super().open(request, tell)
        self._began[stream] = time.monotonic()
        return stream

    def free(self, stream: ScriptedStream) -> None:
        """A stream is over: was it for its age?"""
        super().free(stream)
        began = self._began.pop(stream, None)
        oldest = listening.ROTATE_AT * STREAM_SECONDS / self.speed
        if began is not None and time.monotonic() - began >= oldest:
            log.info(CHANGED_FOR_AGE)


if __name__ == "__main__":
    ShortLived.speed = float(sys.argv[1])
    replay.REPLAY_SPEED *= ShortLived.speed
    adapters.ScriptedRecogniser = ShortLived  # type: ignore[misc]
    sys.exit(main())
