"""What a part of the soak comes to: one line when it ends, one row in the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.soak.told import Words

COLUMNS = (
    "fault",
    "runs",
    "bytes kept",
    "bytes lost",
    "finals",
    "lost",
    "doubled",
    "recovery p50",
    "p95",
    "max",
    "seen",
)


@dataclass
class Figures:
    """One fault, done to some dictations."""

    fault: str
    runs: int = 0
    """Kills, interruptions, or whatever the fault counts"""
    bytes_kept: int = 0
    bytes_lost: int = 0
    words: Words = field(default_factory=Words)
    recoveries: list[float] = field(default_factory=list)
    """Seconds, each from when the fault was over to the first new ack"""
    seen: list[str] = field(default_factory=list)
    """What a user would notice, and the part's further figures"""
    missed: list[str] = field(default_factory=list)
    """Bounds that did not hold"""

    @property
    def is_whole(self) -> bool:
        """True when nothing was lost or doubled and every bound held."""
        return not (self.bytes_lost or self.words.lost or self.words.doubled or self.missed)

    def cells(self) -> tuple[str, ...]:
        """One cell a column."""
        times = [f"{percentile(self.recoveries, share):.1f} s" if self.recoveries else "-" for share in (50, 95, 100)]
        words = [str(count) for count in (self.words.told, self.words.lost, self.words.doubled)]
        sizes = [f"{self.bytes_kept:,}", str(self.bytes_lost)]
        return self.fault, str(self.runs), *sizes, *words, *times, "; ".join(self.seen)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` percent of them do not exceed; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share / 100 * len(ordered) + 0.5) - 1))]


def table(rows: Sequence[Figures]) -> str:
    """A table in Markdown, and what was missed."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(row.cells() for row in rows)]
    missed = [f"MISSED {row.fault}: {what}" for row in rows for what in row.missed]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + missed)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How fast y grows with x, by least squares; 0 for fewer than two points."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
