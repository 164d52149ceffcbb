"""F01: kill -9 of a live server at random instants, with several dictations under way, up again within 3 s."""

import asyncio
import collections
import random
from pathlib import Path

from tests.conftest import ASYNC_MODES
from tests.soak.dictation import Dictation, clock
from tests.soak.figures import Figures, percentile
from tests.soak.site import Site
from tests.soak.voice import Voice

SPEAKERS = 6
SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 30.0
"""Of a dictation, so that kills also meet beginnings, ends and receipts"""
LIVES_SECONDS = (0.1, 5.0)
"""How long a server lives at least and at most"""
DOWN_SECONDS = (0.2, 3.0)
SLOWEST_RECOVERY_SECONDS = 5.0
"""The promise for the page, from server up to "live" again"""


class Kills:
    """One server of one mode, and what is done to it."""

    def __init__(self, site: Site, chance: random.Random, figures: Figures) -> None:
        self._site, self._chance, self._figures = site, chance, figures
        self._live: dict[int, Dictation] = {}
        self._interrupted: list[Dictation] = []
        self._up_at = 0.0
        self._over = False
        self.dictations = 0
        self.served: list[float] = []
        """Seconds of each recovery that were the server's, from the client's new socket on"""
        self.problems: collections.Counter[str] = collections.Counter()

    async def run(self, kills: int) -> None:
        """Kill so often, then let everybody finish."""
        speakers = [asyncio.create_task(self._dictate(person)) for person in range(SPEAKERS)]
        for number in range(kills):
            await asyncio.sleep(self._chance.uniform(*LIVES_SECONDS))
            await self._kill()
            if number % 10 == 9:
                print(f"  {number + 1} kills, {self.dictations} dictations finished", flush=True)
        self._over = True
        await asyncio.gather(*speakers)
        self._note_recoveries()

    async def _kill(self) -> None:
        self._note_recoveries()
        await asyncio.to_thread(self._site.kill)
        self._interrupted = [dictation for dictation in self._live.values() if not dictation.is_over]
        await asyncio.sleep(self._chance.uniform(*DOWN_SECONDS))
        for dictation in self._interrupted:  # by now each has read the last word of the server that died
            dictation.forget_acks()
        await asyncio.to_thread(self._site.start)
        self._up_at = clock()
        self._figures.runs += 1

    def _note_recoveries(self) -> None:
        """How long each dictation took to come back from the kill before; who has not yet is killed again."""
        for dictation in self._interrupted:
            if dictation.new_ack_at is not None:
                self._figures.recoveries.append(max(0.0, dictation.new_ack_at - self._up_at))
                self.served.append(max(0.0, dictation.new_ack_at - max(self._up_at, dictation.line_at)))

    async def _dictate(self, person: int) -> None:
        judging: set[asyncio.Task[None]] = set()
        while not self._over:
            seconds = self._chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
            voice = Voice(f"{self._chance.random()}", seconds)
            dictation = Dictation(self._site.url, self._site.cookie(person), voice, check_spool=self._site.lost_on_disk)
            self._live[person] = dictation
            await dictation.run()
            self.dictations += 1
            self.problems.update(dictation.problems)
            judging.add(asyncio.create_task(asyncio.to_thread(self._site.judge, dictation, person, self._figures)))
        await asyncio.gather(*judging)


def kills(folder: Path, count: int, seed: int) -> Figures:
    """Half of them in each mode."""
    figures = Figures("F01 kill -9, 6 dictations at once, both modes")
    chance = random.Random(seed)
    seen: collections.Counter[str] = collections.Counter()
    dictations, served = 0, list[float]()
    for mode, share in zip(ASYNC_MODES, (count - count // 2, count // 2), strict=True):
        site = Site(folder / mode, async_mode=mode)
        site.start()
        try:
            site.add_people(SPEAKERS)
            under = Kills(site, chance, figures)
            asyncio.run(under.run(share))
        finally:
            site.stop()
        seen += under.problems
        dictations += under.dictations
        served += under.served
    if percentile(figures.recoveries, 95) > SLOWEST_RECOVERY_SECONDS:
        figures.missed.append(f"p95 of the recoveries is over {SLOWEST_RECOVERY_SECONDS:.0f} s")
    figures.seen = [
        f"{dictations} dictations, each resumed by itself",
        f"from a client's new socket to its ack {percentile(served, 95):.1f} s at p95, the rest is its wait for a try",
        *(f"{number} x {code}" for code, number in seen.items()),
    ]
    return figures
