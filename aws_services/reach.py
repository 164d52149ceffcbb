"""How far one session's audio has come, in bytes of its PCM: accepted, given to a stream, settled."""

from models.pace import BYTES_PER_SAMPLE
from models.transcript import Final


class Reach:
    """Of one session. accepted >= fed >= settled, unless a disk lost sound that was heard already."""

    def __init__(self, sample_rate: int) -> None:
        """Hertz of the PCM."""
        self._sample_rate = sample_rate
        self.accepted = self.fed = 0
        self.settled = 0
        """What became words, or holds none"""
        self.parted_at: int | None = None
        """Where the next stream began to hear, while the one before it has not told its last words"""
        self._told_until = 0.0
        """Seconds; where the last final ended"""

    def resume_at(self, accepted: int, settled_seconds: float) -> None:
        """The session has `accepted` bytes, and its finals cover `settled_seconds`."""
        self.accepted, self._told_until = accepted, settled_seconds
        self.settled = self.fed = self.bytes_at(settled_seconds)

    def accept(self, pcm: bytes) -> bytes:
        """More was accepted. The part of it that no stream was given, should it come for the second time."""
        self.accepted += len(pcm)
        return pcm[max(len(pcm) - (self.accepted - self.fed), 0) :] if self.accepted > self.fed else b""

    def begin_again(self) -> int:
        """A stream is going to hear everything that is not settled; where that begins."""
        self.fed = self.settled
        self.hand_on()
        return self.settled

    def hand_on(self) -> None:
        """The next stream tells its words from now on. They are new, also where the one before it gave its last words
        a time beyond the sound."""
        self.parted_at = None
        self._told_until = min(self._told_until, self.seconds_of(self.settled))

    def settle(self, final: Final) -> bool:
        """Words became final. False when they were said before."""
        if final.end_time <= self._told_until:
            return False
        self._told_until = final.end_time
        self.settled = max(self.settled, min(self.bytes_at(final.end_time), self.given))
        return True

    def settle_given(self) -> None:
        """What was given became words, or holds none; but for what the disk refused, and will come again."""
        self.settled = max(self.settled, min(self.given, self.accepted))

    @property
    def given(self) -> int:
        """Up to where the stream that tells its words now has been given the audio."""
        return self.fed if self.parted_at is None else self.parted_at

    @property
    def is_all_settled(self) -> bool:
        """True when there is nothing that words could still come from."""
        return self.accepted <= self.settled

    @property
    def settled_seconds(self) -> float:
        """From the session's first sample."""
        return self.seconds_of(min(self.settled, self.accepted))

    @property
    def lag_seconds(self) -> float:
        """Of audio that no stream was given yet."""
        return self.seconds_of(max(self.accepted - self.fed, 0))

    def seconds_of(self, size: int) -> float:
        """How long so many bytes last."""
        return size / BYTES_PER_SAMPLE / self._sample_rate

    def bytes_at(self, seconds: float) -> int:
        """Where that moment of the session is."""
        return round(seconds * self._sample_rate) * BYTES_PER_SAMPLE
