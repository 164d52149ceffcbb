"""F22 to F24: dictations over a network that resets, swallows everything for a while, or is thin."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from tests.proxy import Proxy, proxy
from tests.soak.dictation import Dictation, clock
from tests.soak.figures import Figures
from tests.soak.site import Site
from tests.soak.voice import Voice

SPEAKERS = 3
"""Over the bad network; one more speaks over a good one"""
RESETS = 10
BEFORE_SECONDS = 4.0
BETWEEN_RESETS_SECONDS = (0.5, 4.0)
LONG_OUTAGE_SECONDS = 60.0
"""From this on the line is thin, too"""
THIN_BYTES_A_SECOND = 250_000
"""2 Mbit/s"""
CAUGHT_UP_SECONDS = 1.0
"""Who is no more behind than this is live"""
PATIENCE_SECONDS = 60.0
TICK_SECONDS = 0.02
UNDISTURBED_SECONDS = 2.0
"""The page shows nothing while its oldest audio waits no longer"""


def network(folder: Path, outages: list[float], seed: int) -> list[Figures]:
    """One row for resets, one for each outage."""
    site = Site(folder / "site")
    site.start()
    try:
        site.add_people(SPEAKERS + 1)
        with proxy(site.port) as line:
            chance = random.Random(seed)
            rows = [asyncio.run(Weather(site, line, chance).resets())]
            rows += [asyncio.run(Weather(site, line, chance).outage(seconds)) for seconds in outages]
            return rows
    finally:
        site.stop()


class Weather:
    """One kind of bad network."""

    def __init__(self, site: Site, line: Proxy, chance: random.Random) -> None:
        self._site, self._line, self._chance = site, line, chance
        self._worst_beside = 0.0

    async def resets(self) -> Figures:
        """The connection is cut by a RST again and again."""
        figures = Figures("F22 connection reset")
        seconds = BEFORE_SECONDS + RESETS * (BETWEEN_RESETS_SECONDS[1] + 2.0)
        speakers = self._speakers(seconds)
        running = [asyncio.create_task(dictation.run()) for dictation in speakers]
        await asyncio.sleep(BEFORE_SECONDS)
        for _ in range(RESETS):
            self._forget_acks(speakers)
            await asyncio.to_thread(self._line.reset)
            figures.recoveries += await self._come_back(speakers[:SPEAKERS])
            await asyncio.sleep(self._chance.uniform(*BETWEEN_RESETS_SECONDS))
        figures.runs = RESETS * SPEAKERS
        return await self._end(running, speakers, figures)

    async def outage(self, seconds: float) -> Figures:
        """Nothing passes for so long; then everything does, or on a long outage 2 Mbit/s."""
        is_thin = seconds >= LONG_OUTAGE_SECONDS
        figures = Figures(f"F22-F24 nothing passes for {seconds:g} s" + (", then 2 Mbit/s" if is_thin else ""))
        self._pass(is_thin)
        speakers = self._speakers(BEFORE_SECONDS + 1.3 * seconds + 8.0)
        running = [asyncio.create_task(dictation.run()) for dictation in speakers]
        await asyncio.sleep(BEFORE_SECONDS)
        await asyncio.to_thread(self._line.blackhole)
        await self._watch_beside(speakers[-1], seconds)
        self._forget_acks(speakers)
        self._pass(is_thin)
        came_back = await self._come_back(speakers[:SPEAKERS])
        drained = await self._catch_up(speakers[:SPEAKERS])
        figures.runs, figures.recoveries = SPEAKERS, came_back
        figures.seen.append(f"backlog sent {max(drained):.1f} s after the first ack")
        most_drained = 20.0 if is_thin else 5.0
        if max(drained) > most_drained:
            figures.missed.append(f"a backlog took more than {most_drained:.0f} s")
        if seconds <= 3 and max(came_back) > 2:
            figures.missed.append("text went on more than 2 s after the network was back")
        return await self._end(running, speakers, figures)

    def _speakers(self, seconds: float) -> list[Dictation]:
        """SPEAKERS of them on the bad network, then the one beside it."""
        urls = [self._line.url] * SPEAKERS + [self._site.url]
        return [
            Dictation(
                url,
                self._site.cookie(person),
                Voice(f"{self._chance.random()}", seconds),
                check_spool=self._site.lost_on_disk,
                origin=self._site.url,
                chance=self._chance,
            )
            for person, url in enumerate(urls)
        ]

    def _pass(self, is_thin: bool) -> None:
        self._line.pass_on()
        if is_thin:
            self._line.throttle(THIN_BYTES_A_SECOND)

    def _forget_acks(self, speakers: list[Dictation]) -> None:
        for dictation in speakers:
            dictation.forget_acks()

    async def _come_back(self, speakers: list[Dictation]) -> list[float]:
        """Seconds from now to each one's first new ack."""
        return await self._each(speakers, lambda dictation: dictation.new_ack_at is not None)

    async def _catch_up(self, speakers: list[Dictation]) -> list[float]:
        """Seconds from each one's first new ack until it is live again."""
        first = [dictation.new_ack_at or clock() for dictation in speakers]
        now = clock()
        taken = await self._each(speakers, lambda dictation: dictation.behind_seconds <= CAUGHT_UP_SECONDS)
        return [max(0.0, now + seconds - ack_at) for seconds, ack_at in zip(taken, first, strict=True)]

    async def _each(self, speakers: list[Dictation], reached: Callable[[Dictation], bool]) -> list[float]:
        began, reached_at = clock(), dict.fromkeys(speakers, PATIENCE_SECONDS)
        missing = set(speakers)
        while missing and clock() - began < PATIENCE_SECONDS:
            for dictation in [each for each in missing if reached(each)]:
                reached_at[dictation] = clock() - began
                missing.remove(dictation)
            await asyncio.sleep(TICK_SECONDS)
        return list(reached_at.values())

    async def _watch_beside(self, beside: Dictation, seconds: float) -> None:
        until = clock() + seconds
        while clock() < until:
            self._worst_beside = max(self._worst_beside, beside.behind_seconds)
            await asyncio.sleep(TICK_SECONDS)

    async def _end(self, running: list["asyncio.Task[None]"], speakers: list[Dictation], figures: Figures) -> Figures:
        await asyncio.gather(*running)
        for person, dictation in enumerate(speakers):
            await asyncio.to_thread(self._site.judge, dictation, person, figures)
            figures.seen += [f"{n} x {code}" for code, n in dictation.problems.items()]
        figures.seen.append(f"{sum(each.lines for each in speakers[:SPEAKERS])} sockets for {SPEAKERS} dictations")
        if self._worst_beside > UNDISTURBED_SECONDS:
            figures.missed.append(f"a dictation beside it was {self._worst_beside:.1f} s behind")
        return figures
