"""Whether nobody speaks just now, by the sound itself: the moment to go from one stream to the next."""

from collections.abc import Callable

from aws_services.reach import Reach
from aws_services.spool_file import Spooled
from models.errors import DictationError
from models.pace import BYTES_PER_SAMPLE
from utils.logging import get_logger
from utils.runtime import Runtime
from utils.voice import ends_quietly

log = get_logger("pauses")

LOOK_SECONDS = 4.0
"""The room and the voice are judged by so much of the latest sound"""
UNJUDGED_SECONDS = 1.0
"""Sound that came meanwhile, or that the disk has not kept yet. In more of it somebody may have begun to speak"""


class Pauses:
    """One session's. Belongs to the hub."""

    def __init__(self, runtime: Runtime, sample_rate: int, reach: Reach, found: Callable[[], None]) -> None:
        """`found` is called when nobody speaks."""
        self._runtime = runtime
        self._sample_rate = sample_rate
        self._reach = reach
        self._found = found
        self._looking = False

    def look(self, spooled: Spooled) -> None:
        """Judge what the disk has; that takes some milliseconds."""
        if not self._looking:
            self._looking = True
            self._runtime.spawn(self._judge, spooled)

    def _judge(self, spooled: Spooled) -> None:
        size = round(LOOK_SECONDS * self._sample_rate) * BYTES_PER_SAMPLE
        end = spooled.received_bytes
        begin = max(end - size, 0)
        try:
            sound = self._runtime.offload(spooled.read, begin, end - begin)
            is_quiet = self._runtime.offload(ends_quietly, sound, self._sample_rate)
        except (DictationError, OSError) as error:  # a disk that can't be read is met by who must read it
            log.warning("pause_not_judged", error=error)
            return
        finally:
            self._looking = False
        if is_quiet and self._reach.fed - end <= self._reach.bytes_at(UNJUDGED_SECONDS):
            self._found()
