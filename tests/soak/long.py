"""Hours of one dictation, faster than life, over sockets that flap, with pauses and killed servers."""

import asyncio
import random
from pathlib import Path

from benchmarks.proc import rss_bytes
from tests.soak.dictation import Dictation, clock
from tests.soak.faster import CHANGED_FOR_AGE
from tests.soak.figures import Figures, slope
from tests.soak.site import Site
from tests.soak.voice import Voice

BETWEEN_SECONDS = (2.0, 12.0)
"""From one disturbance to the next"""
REST_SECONDS = (0.3, 2.0)
DOWN_SECONDS = (0.2, 3.0)
KILLS_UNTIL = 0.3
"""Share of the dictation after which the server lives on, so that its memory can be watched"""
WARM_AT = 0.4
"""Share of the dictation from which on its memory is counted"""
LEAST_WATCH_SECONDS = 300.0
"""A shorter look says nothing about megabytes an hour"""
MOST_GROWTH_MB_AN_HOUR = 1.0
"""Of dictation: what somebody who speaks as fast as people do would see in an hour"""
SAMPLE_SECONDS = 1.0
LEAST_HOURS_FOR_AGE = 1.0
"""In so long a dictation a stream grows too old now and then"""
MB = 1_000_000
HOUR = 3600


class Long:
    """One long dictation and what happens to it."""

    def __init__(self, site: Site, dictation: Dictation, chance: random.Random) -> None:
        self._site, self._dictation, self._chance = site, dictation, chance
        self.kills = self.cuts = self.rests = 0
        self.recoveries: list[float] = []
        self.memory: list[tuple[float, float]] = []
        """(hours of wall-clock, megabytes) since the server was warm"""

    async def run(self) -> None:
        """Until the receipt."""
        speaking = asyncio.create_task(self._dictation.run())
        watching = asyncio.create_task(self._watch())
        while not speaking.done():
            await asyncio.wait({speaking}, timeout=self._chance.uniform(*BETWEEN_SECONDS))
            if not speaking.done() and self._share < 1.0:
                await self._disturb()
        watching.cancel()
        await speaking

    @property
    def _share(self) -> float:
        return self._dictation.spoken / self._dictation.voice.size

    async def _disturb(self) -> None:
        kinds = [self._flap, self._flap, self._rest] + ([self._kill] if self._share < KILLS_UNTIL else [])
        await self._chance.choice(kinds)()

    async def _flap(self) -> None:
        if self._dictation.line is not None:
            self.cuts += 1
            self._dictation.line.cut()

    async def _rest(self) -> None:
        self.rests += 1
        await self._dictation.rest(self._chance.uniform(*REST_SECONDS))

    async def _kill(self) -> None:
        self.kills += 1
        await asyncio.to_thread(self._site.kill)
        await asyncio.sleep(self._chance.uniform(*DOWN_SECONDS))
        self._dictation.forget_acks()
        await asyncio.to_thread(self._site.start)
        up_at = clock()
        while self._dictation.new_ack_at is None:
            await asyncio.sleep(0.05)
        self.recoveries.append(max(0.0, self._dictation.new_ack_at - up_at))

    async def _watch(self) -> None:
        while self._share < 1.0:
            if self._share > WARM_AT:
                self.memory.append((clock() / HOUR, rss_bytes(self._site.pid) / MB))
            await asyncio.sleep(SAMPLE_SECONDS)


def long(folder: Path, hours: float, speed: float, seed: int) -> Figures:
    """`hours` of dictation at `speed` times real time."""
    figures = Figures(f"{hours:g} h in one dictation at {speed:g} x real time")
    limits = {"max_audio_speed": 3 * speed, "audio_burst_seconds": 30 * speed, "max_recording_seconds": 24 * HOUR}
    site = Site(folder / "site", **limits, max_session_seconds=24 * HOUR)
    site.program = ("-m", "tests.soak.faster", f"{speed}")
    site.start()
    try:
        site.add_people(1)
        chance = random.Random(seed)
        voice = Voice(f"{seed}", hours * HOUR)
        dictation = Dictation(
            site.url, site.cookie(0), voice, check_spool=site.lost_on_disk, speed=speed, chance=chance
        )
        under = Long(site, dictation, chance)
        asyncio.run(under.run())
        site.judge(dictation, 0, figures)
    finally:
        site.stop()
    figures.runs, figures.recoveries = under.kills + under.cuts + under.rests, under.recoveries
    figures.seen = [f"{under.kills} kills, {under.cuts} cuts, {under.rests} pauses, all resumed on one note"]
    changed = site.log.read_text().count(CHANGED_FOR_AGE)
    figures.seen.append(f"{changed} times the recogniser's stream had grown too old and was changed")
    if not changed and hours >= LEAST_HOURS_FOR_AGE:
        figures.missed.append("no stream of the recogniser was changed for its age")
    figures.seen += [f"{n} x {code}" for code, n in dictation.problems.items()]
    _judge_memory(under.memory, speed, figures)
    return figures


def _judge_memory(memory: list[tuple[float, float]], speed: float, figures: Figures) -> None:
    if not memory:
        return
    growth = slope(memory) / speed
    watched = (memory[-1][0] - memory[0][0]) * HOUR
    sizes = [megabytes for _, megabytes in memory]
    figures.seen.append(
        f"memory {min(sizes):.0f} to {max(sizes):.0f} MB, {growth:+.2f} MB an hour of dictation,"
        f" {growth * speed:+.1f} an hour of wall-clock, over {watched:.0f} s"
    )
    if watched >= LEAST_WATCH_SECONDS and growth > MOST_GROWTH_MB_AN_HOUR:
        figures.missed.append(f"memory grows by more than {MOST_GROWTH_MB_AN_HOUR:g} MB an hour of dictation")
