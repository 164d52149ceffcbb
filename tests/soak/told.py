"""The finals that a dictation was told, and how they compare with its note."""

from dataclasses import dataclass, field
from typing import Any

NEAR_SECONDS = 0.001
"""Times that differ by less are the same"""


@dataclass
class Words:
    """What became of the finals of some dictations."""

    told: int = 0
    """To the clients"""
    in_notes: int = 0
    lost: int = 0
    """Told and not in the note as told, or a piece of the audio that no final covers"""
    doubled: int = 0
    """In the note and covering audio that the one before covers too"""

    def add(self, other: "Words") -> None:
        """Sum up."""
        self.told += other.told
        self.in_notes += other.in_notes
        self.lost += other.lost
        self.doubled += other.doubled


@dataclass
class Told:
    """One dictation's finals by index, as they reached its client over all of its sockets."""

    finals: dict[int, dict[str, Any]] = field(default_factory=dict)
    changed: int = 0
    """Finals told a second time, and differently"""

    def take(self, final: dict[str, Any]) -> None:
        """A final was told, live or when the client came back."""
        known = self.finals.setdefault(final["segment_index"], final)
        self.changed += _essence(known) != _essence(final)

    @property
    def after_segment(self) -> int:
        """The index up to which there is no gap, -1 for none."""
        index = -1
        while index + 1 in self.finals:
            index += 1
        return index

    def compared(self, note: dict[str, Any], seconds: float) -> Words:
        """What the note of a dictation that lasted `seconds` makes of them."""
        segments = note["segments"]
        in_note = {segment["segment_index"]: _essence(segment) for segment in segments}
        lost = sum(in_note.get(index) != _essence(final) for index, final in self.finals.items())
        gaps, overlaps = _seams(segments, seconds)
        return Words(len(self.finals), len(segments), lost + gaps + self.changed, overlaps + _repeats(segments))


def _essence(final: dict[str, Any]) -> tuple[Any, ...]:
    return final["segment_id"], final["text"], round(final["start_time"], 3), round(final["end_time"], 3)


def _seams(segments: list[dict[str, Any]], seconds: float) -> tuple[int, int]:
    """How often audio lies between two finals that neither covers, and how often both cover some."""
    ends = [0.0, *(segment["end_time"] for segment in segments)]
    starts = [*(segment["start_time"] for segment in segments), seconds]
    gaps = sum(start - end > NEAR_SECONDS for end, start in zip(ends, starts, strict=True))
    overlaps = sum(end - start > NEAR_SECONDS for end, start in zip(ends, starts, strict=True))
    return gaps, overlaps


def _repeats(segments: list[dict[str, Any]]) -> int:
    return len(segments) - len({segment["segment_index"] for segment in segments})
