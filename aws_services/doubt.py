"""Notices that a recogniser takes speech and says nothing, before the speaker wonders or it counts as heard."""

import itertools
import time
from collections.abc import Callable

from models.errors import DictationError
from utils.logging import get_logger
from utils.runtime import Runtime
from utils.voice import has_voice

log = get_logger("doubt")

SILENT_SECONDS = 5.0
"""A stream that was given so much speech since its last word may hang. With the test that follows and the first words
of the next stream it comes to less than ten seconds: tests/faults/test_deaf_peers.py"""
LONGEST_SILENT_SECONDS = 300.0
"""Each doubt that proves wrong doubles the time until the next one, up to this: noise can look like speech"""


JUDGED_SECONDS = 60.0
"""Of a longer stretch without a word its end is judged, in parts of SILENT_SECONDS at most"""
LEAST_STRETCH_SECONDS = 0.5
"""Less than this without a word is what a recogniser needs to say it"""
MARGIN_SECONDS = 2.0
"""Speech may have begun so much before the stretch in which it was noticed"""


class Doubt:
    """One session's doubt about its stream. Belongs to the hub."""

    def __init__(self, runtime: Runtime, sample_rate: int, probe: Callable[[], None]) -> None:
        """`probe` puts the stream to the test; it is called when speech was given and no word came."""
        self._runtime = runtime
        self._sample_rate = sample_rate
        self._probe = probe
        self._patience = SILENT_SECONDS
        self._fed = 0
        self._since = 0.0
        self._looking = self._is_put_to_test = self._was_heard_again = False

    def clear(self, fed: int) -> None:
        """A new stream begins at this byte, or nobody has spoken up to it."""
        self._fed, self._since, self._is_put_to_test = fed, time.monotonic(), False

    def trust(self, fed: int) -> None:
        """Words came: the stream has heard up to this byte."""
        self.clear(fed)
        self._patience, self._was_heard_again = SILENT_SECONDS, False

    def has_stretch(self, fed: int) -> bool:
        """True when no word came for some sound before this byte."""
        return fed - self._fed >= self._bytes(LEAST_STRETCH_SECONDS)

    def hear_again_from(self, fed: int, read: Callable[[int, int], bytes]) -> int | None:
        """Where another stream should begin: this one ended well at byte `fed`, and had no word for speech.

        None where nobody spoke, and where two streams agree: then it was noise that looks like speech. In a task.
        """
        try:
            if not self._is_put_to_test and not self._speaks(fed, read):
                return None
        except (DictationError, OSError) as error:  # whoever hears it again meets the same disk, and counts that
            log.warning("doubt_not_judged", error=error)
        if not self._was_heard_again:
            self._was_heard_again = True
            return max(self._fed - self._bytes(MARGIN_SECONDS), 0)
        self._was_heard_again = False
        if self._is_put_to_test:
            self._patience = min(self._patience * 2, LONGEST_SILENT_SECONDS)
        return None

    def look(self, fed: int, read: Callable[[int, int], bytes]) -> None:
        """Called now and then while the stream should be hearing; `read` gives the spooled audio, in the pool."""
        size = self._bytes(self._patience)
        if not self._looking and fed - self._fed >= size and time.monotonic() - self._since >= self._patience:
            self._looking = True
            self._runtime.spawn(self._judge, fed, read)

    def _judge(self, fed: int, read: Callable[[int, int], bytes]) -> None:
        since = self._since
        try:
            speaks = self._speaks(fed, read)
        finally:
            self._looking = False
        if since != self._since:  # a word came meanwhile
            return
        if speaks:
            self._is_put_to_test = True
            self._probe()
        else:
            self.clear(fed)

    def _speaks(self, fed: int, read: Callable[[int, int], bytes]) -> bool:
        begin = max(self._fed, fed - self._bytes(JUDGED_SECONDS))
        parts = -(-(fed - begin) // self._bytes(SILENT_SECONDS))
        edges = [begin + (fed - begin) // 2 * part // parts * 2 for part in range(parts)] + [fed]
        for start, end in itertools.pairwise(edges):
            sound = self._runtime.offload(read, start, end - start)
            if self._runtime.offload(has_voice, sound, self._sample_rate):
                return True
        return False

    def _bytes(self, seconds: float) -> int:
        return round(seconds * self._sample_rate) * 2
