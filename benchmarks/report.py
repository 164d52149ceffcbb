"""Figures of a run, their medians over runs, and the table."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from benchmarks.plan import Outcome

SLOWEST_P99_MS = 100.0
"""The promise, chunk to result"""
PROMISED_SESSIONS = 100
"""It is given for this many sessions in one process"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One server under one load. None where there is no such thing."""

    server: str
    sessions: int
    chunks: int
    results: int
    lost: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    final_p50_ms: float | None
    """Its last chunk sent to a final told, whose journal is on disk"""
    final_p99_ms: float | None
    ack_p50_ms: float | None
    ack_p99_ms: float | None
    receipt_max_ms: float | None
    """session_end to session_complete"""
    cpu_us_a_chunk: float | None
    rss_kb_a_session: float
    generator_cpu_percent: float
    """Of one core"""
    generator_late_p99_ms: float | None
    hub_late_ms: float | None
    """The worst; 0 when never above 50"""
    problems: tuple[str, ...]


COLUMNS = {
    "server": "server",
    "sessions": "sessions",
    "chunks sent": "chunks",
    "results": "results",
    "lost": "lost",
    "p50 ms": "p50_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
    "max": "max_ms",
    "final p50": "final_p50_ms",
    "final p99": "final_p99_ms",
    "ack p50": "ack_p50_ms",
    "ack p99": "ack_p99_ms",
    "end to receipt, max": "receipt_max_ms",
    "CPU us/chunk": "cpu_us_a_chunk",
    "KB/session": "rss_kb_a_session",
    "hub late ms": "hub_late_ms",
    "generator CPU %": "generator_cpu_percent",
    "generator late p99": "generator_late_p99_ms",
}
"""Heading of each column, and the figure in it"""


def figures_of(server: str, outcome: Outcome, hub_late_ms: float | None, problems: Sequence[str]) -> Figures:
    """What an outcome comes to."""
    window = outcome.window
    sessions = len(outcome.session_ids)
    return Figures(
        server=server,
        sessions=sessions,
        chunks=outcome.sent,
        results=outcome.results,
        lost=outcome.lost,
        p50_ms=percentile_ms(outcome.result_seconds, 50),
        p95_ms=percentile_ms(outcome.result_seconds, 95),
        p99_ms=percentile_ms(outcome.result_seconds, 99),
        max_ms=percentile_ms(outcome.result_seconds, 100),
        final_p50_ms=percentile_ms(outcome.final_seconds, 50),
        final_p99_ms=percentile_ms(outcome.final_seconds, 99),
        ack_p50_ms=percentile_ms(outcome.ack_seconds, 50),
        ack_p99_ms=percentile_ms(outcome.ack_seconds, 99),
        receipt_max_ms=percentile_ms(outcome.receipt_seconds, 100),
        cpu_us_a_chunk=window.server_cpu_seconds / window.chunks * 1e6 if window.chunks else None,
        rss_kb_a_session=(window.rss_bytes - outcome.rss_idle) / 1024 / sessions,
        generator_cpu_percent=window.generator_cpu_seconds / window.seconds * 100,
        generator_late_p99_ms=percentile_ms(outcome.late_seconds, 99),
        hub_late_ms=hub_late_ms,
        problems=(*outcome.problems, *problems),
    )


def percentile_ms(seconds: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile of sorted seconds, in milliseconds."""
    if not seconds:
        return None
    return seconds[max(math.ceil(len(seconds) * percent / 100) - 1, 0)] * 1000


def median_of(runs: Sequence[Figures]) -> Figures:
    """The median of each figure; but the worst of what must be 0, and every problem."""
    merged = asdict(runs[0])
    for name in (field.name for field in fields(Figures)):
        seen = [value for run in runs if isinstance(value := getattr(run, name), int | float)]
        if seen:
            merged[name] = max(seen) if name in ("lost", "hub_late_ms") else statistics.median(seen)
    merged["problems"] = tuple(problem for run in runs for problem in run.problems)
    return Figures(**merged)


def table(all_figures: Sequence[Figures]) -> str:
    """A Markdown table, one row a server."""
    rows = [[_shown(getattr(figures, name)) for name in COLUMNS.values()] for figures in all_figures]
    lines = [list(COLUMNS), ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ratios(ours: Figures, other: Figures) -> dict[str, float]:
    """Our p50, p99, CPU and memory as multiples of another server's."""
    found = {}
    for name in ("p50_ms", "p99_ms", "cpu_us_a_chunk", "rss_kb_a_session"):
        mine, theirs = getattr(ours, name), getattr(other, name)
        if mine is not None and theirs:
            found[name] = round(mine / theirs, 2)
    return found


def misses(ours: Figures) -> list[str]:
    """What a run of this program did not hold; empty when all is well."""
    found = [f"{ours.problems.count(problem)} x {problem}" for problem in sorted(set(ours.problems))]
    if ours.lost:
        found.append(f"{ours.lost} chunks were lost")
    if ours.sessions <= PROMISED_SESSIONS and (ours.p99_ms is None or ours.p99_ms >= SLOWEST_P99_MS):
        found.append(f"p99 from chunk to result is {_shown(ours.p99_ms)} ms, {SLOWEST_P99_MS:.0f} are allowed")
    return found


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
    return str(value)
