"""Where on the session's clock something is that the service tells by its own."""

from collections.abc import Iterator


class StreamClock:
    """The service counts all it was sent, and that holds silence of ours: this takes it out again.

    Counted in samples at the rate that is sent. Runs in the speech thread.
    """

    def __init__(self, sample_rate: int) -> None:
        """Hertz as sent."""
        self._rate = sample_rate
        self._sent = 0
        self._silence = 0
        self._gaps: list[tuple[int, int]] = []
        """(where it began on the service's clock, how long it is); silence without speech between is one gap"""

    def speech_sent(self, samples: int) -> None:
        """The next samples that were pushed."""
        self._sent += samples

    def silence_sent(self, samples: int) -> None:
        """The next samples that nobody pushed."""
        if self._gaps and sum(self._gaps[-1]) == self._sent:
            began, length = self._gaps.pop()
        else:
            began, length = self._sent, 0
        self._gaps.append((began, length + samples))
        self._sent += samples
        self._silence += samples

    def pushed_at(self, service_seconds: float) -> float:
        """Seconds of pushed audio before that moment of the service's clock; within a gap, those before the gap."""
        at = min(max(round(service_seconds * self._rate), 0), self._sent)
        return round((at - sum(self._gap_before(at))) / self._rate, 3)

    def _gap_before(self, at: int) -> Iterator[int]:
        return (min(at - began, length) for began, length in self._gaps if began < at)
