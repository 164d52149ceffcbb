"""Whether nobody speaks just now, by the sound itself: the moment to go from one stream to the next."""

from collections.abc import Callable

from aws_services.spool_file import Spooled
from models.errors import DictationError
from models.pace import BYTES_PER_SAMPLE
from utils.logging import get_logger
from utils.runtime import Runtime
from utils.voice import ends_quietly

log = get_logger("pauses")

LOOK_SECONDS = 4.0
"""The room and the voice are judged by so much of the latest sound"""


class Pauses:
    """One session's. Belongs to the hub."""

    def __init__(self, runtime: Runtime, sample_rate: int, found: Callable[[], None]) -> None:
        """`found` is called when nobody speaks."""
        self._runtime = runtime
        self._sample_rate = sample_rate
        self._found = found
        self._looking = False

    def look(self, spooled: Spooled) -> None:
        """Judge what the disk has; that takes some milliseconds."""
        if not self._looking:
            self._looking = True
            self._runtime.spawn(self._judge, spooled)

    def _judge(self, spooled: Spooled) -> None:
        size = round(LOOK_SECONDS * self._sample_rate) * BYTES_PER_SAMPLE
        begin = max(spooled.received_bytes - size, 0)
        try:
            sound = self._runtime.offload(spooled.read, begin, spooled.received_bytes - begin)
            is_quiet = self._runtime.offload(ends_quietly, sound, self._sample_rate)
        except (DictationError, OSError) as error:  # a disk that can't be read is met by who must read it
            log.warning("pause_not_judged", error=error)
            return
        finally:
            self._looking = False
        if is_quiet:
            self._found()
