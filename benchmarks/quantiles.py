"""What histograms in Prometheus text say of the time between two looks at them."""

import math
import re

Buckets = list[tuple[float, float]]
"""(upper edge in seconds, how many are not above it), in order; the last edge is infinity"""


def buckets_of(text: str, name: str) -> Buckets:
    """The buckets of one histogram without labels."""
    found = re.findall(rf'^{re.escape(name)}_bucket{{le="([^"]+)"}} (\S+)$', text, re.MULTILINE)
    return [(math.inf if edge == "+Inf" else float(edge), float(count)) for edge, count in found]


def p99_ms(before: Buckets, after: Buckets) -> float:
    """The 99th percentile of what came between, in milliseconds: within its bucket as if all were spread evenly.

    0 where nothing came, infinity where it lies above the last edge.
    """
    counts = [(edge, late - early) for (edge, late), (_, early) in zip(after, before, strict=True)]
    wanted = counts[-1][1] * 0.99
    lower_edge = lower_count = 0.0
    for edge, count in counts:
        if wanted and count >= wanted:
            share = (wanted - lower_count) / (count - lower_count)
            return math.inf if math.isinf(edge) else (lower_edge + (edge - lower_edge) * share) * 1000
        lower_edge, lower_count = edge, count
    return 0.0
