"""How fast audio may come in: a burst at once, then a multiple of real time."""

from models.errors import TooFast

BYTES_PER_SAMPLE = 2


class Pace:
    """A bucket of audio seconds that fills at `speed` seconds a second, up to `burst_seconds`."""

    def __init__(self, sample_rate: int, speed: float, burst_seconds: float) -> None:
        self._bytes_per_second = sample_rate * BYTES_PER_SAMPLE
        self._speed = speed
        self._burst_seconds = burst_seconds
        self._room_seconds = burst_seconds
        self._filled_at: float | None = None

    def spend(self, size_bytes: int, now: float) -> None:
        """Take `size_bytes` of PCM at monotonic time `now`, or raise TooFast and take nothing."""
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._speed
            self._room_seconds = max(self._room_seconds, min(self._burst_seconds, self._room_seconds + gained))
        self._filled_at = now
        wanted_seconds = size_bytes / self._bytes_per_second
        if wanted_seconds > self._room_seconds:
            raise TooFast(retry_after=round((wanted_seconds - self._room_seconds) / self._speed, 3))
        self._room_seconds -= wanted_seconds

    def give_back(self, size_bytes: int) -> None:
        """What was spent was not taken after all."""
        self._room_seconds += size_bytes / self._bytes_per_second

    def owe(self, seconds: float) -> None:
        """The client could send nothing for so long: that much more may come at once."""
        self._room_seconds += max(seconds, 0.0)
