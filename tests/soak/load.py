"""F29 and F31: a client that reads a kilobyte a second, and one that speaks ten times as fast as life."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from benchmarks.proc import PAGE_BYTES, PROC
from tests.proxy import Proxy, proxy
from tests.soak.dictation import Dictation
from tests.soak.figures import Figures, percentile
from tests.soak.site import Site
from tests.soak.voice import Voice

BESIDE = 5
SLOW_BYTES_A_SECOND = 1000
FLOOD_SPEED = 10.0
SECONDS = 60.0
"""How long each of them takes, also the one in a hurry: four times real time is what it may"""
SAMPLE_SECONDS = 0.05
MOST_BEHIND_SECONDS = 2.0
MOST_GROWTH_MB = 30.0
MB = 1_000_000


def load(folder: Path, seed: int) -> list[Figures]:
    """One row for the slow reader, one for the flood."""
    site = Site(folder / "site")
    site.start()
    try:
        site.add_people(BESIDE + 1)
        with proxy(site.port) as line:
            chance = random.Random(seed)

            def slow() -> Dictation:
                return _dictation(site, BESIDE, f"{chance.random()}", line)

            def hasty() -> Dictation:
                return _dictation(site, BESIDE, f"{chance.random()}", speed=FLOOD_SPEED)

            _beside(site, None, f"{chance.random()}", Figures("warm"))
            line.throttle(SLOW_BYTES_A_SECOND, "down")
            rows = [("F29 a client reads 1 KB/s", slow), ("F31 a client speaks 10 x real time", hasty)]
            return [_beside(site, odd, f"{chance.random()}", Figures(fault)) for fault, odd in rows]
    finally:
        site.stop()


def _beside(site: Site, odd: Callable[[], Dictation] | None, seed: str, figures: Figures) -> Figures:
    """Dictations that do nothing unusual, beside one that does."""
    speakers = [_dictation(site, person, f"{seed}/{person}") for person in range(BESIDE)]
    samples = asyncio.run(_run(site, [*speakers, *([odd()] if odd else [])]))
    for person, dictation in enumerate(samples.speakers):
        site.judge(dictation, person, figures)
        figures.seen += [f"{number} x {code}" for code, number in dictation.problems.items()]
    growth = max(samples.megabytes) - samples.megabytes[0]
    figures.runs = len(samples.speakers) - BESIDE
    figures.seen += [
        f"the odd one went through {samples.speakers[-1].lines} sockets",
        f"server memory +{growth:.0f} MB at most",
        f"audio of the others unacknowledged {percentile(samples.behind, 50):.2f} s at p50,"
        f" {percentile(samples.behind, 95):.2f} at p95, {max(samples.behind):.2f} at most",
    ]
    if max(samples.behind) > MOST_BEHIND_SECONDS:
        figures.missed.append(f"others were more than {MOST_BEHIND_SECONDS:.0f} s behind")
    if growth > MOST_GROWTH_MB:
        figures.missed.append(f"memory grew by more than {MOST_GROWTH_MB:.0f} MB")
    return figures


class _Samples:
    def __init__(self, speakers: list[Dictation]) -> None:
        self.speakers = speakers
        self.behind: list[float] = []
        self.megabytes: list[float] = []


async def _run(site: Site, speakers: list[Dictation]) -> _Samples:
    samples = _Samples(speakers)
    running = [asyncio.create_task(dictation.run()) for dictation in speakers]
    while not all(task.done() for task in running):
        samples.behind += [each.behind_seconds for each in speakers[:BESIDE] if each.acked and not each.is_over]
        samples.megabytes.append(_resident_bytes(site.pid) / MB)
        await asyncio.sleep(SAMPLE_SECONDS)
    await asyncio.gather(*running)
    return samples


def _dictation(site: Site, person: int, seed: str, line: Proxy | None = None, speed: float = 1.0) -> Dictation:
    url = line.url if line is not None else site.url
    return Dictation(
        url,
        site.cookie(person),
        Voice(seed, SECONDS * min(speed, 4.0)),
        check_spool=site.lost_on_disk,
        origin=site.url,
        speed=speed,
        chance=random.Random(seed),
    )


def _resident_bytes(pid: int) -> int:
    """Of the server itself: its encoders are other processes."""
    return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE_BYTES
