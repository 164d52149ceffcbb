"""The load generator, a process of its own: reads a Plan as JSON from stdin, writes an Outcome as JSON to stdout.

A chunk's time counts from the moment it is handed to the socket, or from the moment it was due when the generator was
still held up by the chunk before it: a server that reads slowly doesn't look fast because less was asked of it.
"""

import asyncio
import contextlib
import gc
import json
import sys
import time
import wave
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks.clients import BROKEN, EchoClient, client_of
from benchmarks.plan import AUDIO_MARK, CHUNK_BYTES, CHUNK_SECONDS, Outcome, Plan, Window
from benchmarks.proc import cpu_seconds, rss_bytes
from benchmarks.tally import clock
from tests.standin.numbers import spoken

SPEECH = Path(__file__).resolve().parent.parent / "tests" / "speech" / "dictation.wav"
"""16 kHz mono; real speech, so that compression and encoding cost what they cost"""
CONNECTING_AT_ONCE = 20
BREATH_SECONDS = 1.0
"""Between the last session_start and the first chunk, and between the first chunk and the window"""
ANSWER_SECONDS = 30.0
"""A chunk that has no answer so long after the last one was sent is lost"""
POLL_SECONDS = 0.05


class Load:
    """One plan, carried out."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._clients = [client_of(plan, number) for number in range(plan.sessions)]
        self._frames = counted_frames() if plan.counts else speech_frames()
        self._late: list[float] = []

    async def run(self) -> Outcome:
        """Connect all, speak all at once, end all, hang up."""
        rss_idle = rss_bytes(self._plan.pid)
        await self._all("open", lambda client: client.open(), CONNECTING_AT_ONCE)
        began = clock() + BREATH_SECONDS
        watching = asyncio.create_task(self._watch(began))
        await self._all("speak", lambda client: self._speak(client, began), self._plan.sessions)
        window = await watching
        await self._wait_for_answers()
        lost = sum(client.tally.unanswered for client in self._clients)
        await self._all("end", lambda client: client.end(), self._plan.sessions)
        await asyncio.gather(*(client.close() for client in self._clients))
        return self._outcome(rss_idle, lost, window)

    async def _all(self, name: str, step: Callable[[EchoClient], Awaitable[None]], at_once: int) -> None:
        """Take this step with every client that has met no problem; what fails is that client's problem."""
        turn = asyncio.Semaphore(at_once)

        async def guarded(client: EchoClient) -> None:
            async with turn:
                if client.tally.problems:
                    return
                try:
                    await step(client)
                except BROKEN as error:
                    client.tally.problems.append(f"{name}: {type(error).__name__}")

        await asyncio.gather(*(guarded(client) for client in self._clients))

    async def _speak(self, client: EchoClient, began: float) -> None:
        """Every chunk at its time; the sessions' times are spread evenly over the length of a chunk."""
        phase = client.number / self._plan.sessions * CHUNK_SECONDS
        for chunk in range(self._plan.chunks):
            due = began + phase + chunk * CHUNK_SECONDS
            held_up = clock() > due
            if not held_up:
                await asyncio.sleep(due - clock())
            now = clock()
            self._late.append(now - due)
            await client.say(self._frames[(client.number + chunk) % len(self._frames)], due if held_up else now)

    async def _watch(self, began: float) -> Window:
        """Read the clocks at both ends of the window."""
        await asyncio.sleep(began + BREATH_SECONDS - clock())
        first = self._window()
        await asyncio.sleep(began + self._plan.chunks * CHUNK_SECONDS - clock())
        last = self._window()
        return Window(
            seconds=last.seconds - first.seconds,
            chunks=last.chunks - first.chunks,
            server_cpu_seconds=last.server_cpu_seconds - first.server_cpu_seconds,
            generator_cpu_seconds=last.generator_cpu_seconds - first.generator_cpu_seconds,
            rss_bytes=last.rss_bytes,
        )

    def _window(self) -> Window:
        answered = sum(len(client.tally.words.seconds) for client in self._clients)
        return Window(clock(), answered, cpu_seconds(self._plan.pid), time.process_time(), rss_bytes(self._plan.pid))

    async def _wait_for_answers(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(ANSWER_SECONDS, self._plan.patience_seconds)):
                while any(client.tally.unanswered for client in self._clients):
                    await asyncio.sleep(POLL_SECONDS)

    def _outcome(self, rss_idle: int, lost: int, window: Window) -> Outcome:
        tallies = [client.tally for client in self._clients]
        planned = self._plan.sessions * self._plan.chunks
        sent = sum(tally.sent_chunks for tally in tallies)
        return Outcome(
            session_ids=[client.session_id for client in self._clients],
            sent=sent,
            results=sum(tally.results for tally in tallies),
            lost=lost + planned - sent,
            problems=[problem for tally in tallies for problem in tally.problems],
            result_seconds=sorted(seconds for tally in tallies for seconds in tally.words.seconds),
            final_seconds=sorted(seconds for tally in tallies for seconds in tally.final_seconds),
            ack_seconds=sorted(seconds for tally in tallies for seconds in tally.acks.seconds),
            receipt_seconds=sorted(c.receipt_seconds for c in self._clients if c.receipt_seconds is not None),
            late_seconds=sorted(self._late),
            rss_idle=rss_idle,
            window=window,
        )


def speech_frames() -> list[bytes]:
    """Audio frames (0x01 + PCM) of one chunk each."""
    with wave.open(str(SPEECH)) as speech:
        pcm = speech.readframes(speech.getnframes())
    whole = len(pcm) // CHUNK_BYTES * CHUNK_BYTES
    return [AUDIO_MARK + pcm[start : start + CHUNK_BYTES] for start in range(0, whole, CHUNK_BYTES)]


def counted_frames() -> list[bytes]:
    """The same of numbers, one a second, from 0 to 59."""
    pcm = spoken(0, 60)
    return [AUDIO_MARK + pcm[start : start + CHUNK_BYTES] for start in range(0, len(pcm), CHUNK_BYTES)]


def main() -> None:
    """The generator's process."""
    plan = Plan(**json.load(sys.stdin))
    gc.disable()  # the process is short; its pauses are not the server's
    json.dump(asdict(asyncio.run(Load(plan).run())), sys.stdout)


if __name__ == "__main__":
    main()
