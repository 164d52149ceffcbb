"""Measures the live path over Transcribe: this program, the stand-in for the service and the load, each a process.

    python -m benchmarks.speech_service --sessions 100 --seconds 15

Exit code 1 when anything was lost or left behind, or P6 (50 ms to the service's socket), P7 (100 ms from a result to
its client) or the cost of an idle stream (2 % of a core) was missed.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.clients import client_of
from benchmarks.contenders import Contender, contender, signed_in_cookies
from benchmarks.kept import broken_notes, leftovers
from benchmarks.live import allow_files, machine, under_load
from benchmarks.load import counted_frames
from benchmarks.plan import CHUNK_BYTES, CHUNK_SECONDS, DICTATION, Outcome, Plan
from benchmarks.proc import cpu_seconds, open_sockets, threads
from benchmarks.quantiles import Buckets, buckets_of, p99_ms
from benchmarks.report import percentile_ms
from benchmarks.tally import clock
from tests.process import PROJECT, ServerProcess
from tests.standin.account import an_account

FORWARD, SENT, RELAY = "asr_chunk_forward_seconds", "asr_speech_send_seconds", "asr_result_relay_seconds"
P6_MS, P7_MS, IDLE_PERCENT = 50.0, 100.0, 2.0
PATIENCE_SECONDS = 20.0
SETTLE_SECONDS, IDLE_SECONDS = 7.0, 10.0
"""After its last sound a stream is kept alive with silence; for so long that is measured"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to."""

    sessions: int
    chunks: int
    lost: int
    forward_p99_ms: float
    """Chunk received to recogniser, on the hub"""
    sent_p99_ms: float
    """Recogniser to the service's socket, in the speech thread"""
    relay_p99_ms: float
    """Result heard to result told; finals with their journal on disk"""
    chunk_to_words_p50_ms: float | None
    chunk_to_words_p99_ms: float | None
    """At the client, with the way to the service and back"""
    core_percent: float
    """CPU of the program while all speak"""
    threads: int
    kb_a_stream: float
    """Memory, with the session around it"""
    idle_stream_percent: float
    """CPU of one core of the whole program, with one live stream whose client is silent"""
    generator_late_p99_ms: float | None
    """How late chunks were sent: where it is high the machine was busy with something else, and no time here is ours"""
    service_core_percent: float
    """CPU of the stand-in: where it is near 100, times are its own"""
    problems: tuple[str, ...]

    def misses(self) -> list[str]:
        """What was promised and not held."""
        judged = {
            f"P6: {self.forward_p99_ms + self.sent_p99_ms:.1f} ms to the socket": (
                self.forward_p99_ms + self.sent_p99_ms < P6_MS
            ),
            f"P7: {self.relay_p99_ms:.1f} ms from result to client": self.relay_p99_ms < P7_MS,
            f"an idle stream costs {self.idle_stream_percent:.1f} %": self.idle_stream_percent < IDLE_PERCENT,
            f"{self.lost} chunks were lost": not self.lost,
        }
        return [missed for missed, held in judged.items() if not held] + sorted(set(self.problems))


def main() -> int:
    """Run, print, judge; the exit code."""
    wish = _wish()
    allow_files(wish.sessions)
    figures = measured(wish)
    for name, value in asdict(figures).items():
        shown = round(value, 2) if isinstance(value, float) else value
        print(f"{name:<24} {shown}")
    missed = figures.misses()
    print("\n".join(missed) or "All was held.")
    if wish.json is not None:
        content = {"machine": machine(), "figures": asdict(figures), "missed": missed}
        wish.json.write_text(json.dumps(content, indent=2) + "\n")
    return 1 if missed else 0


def measured(wish: argparse.Namespace) -> Figures:
    """One run."""
    with an_account(), _stand_in() as (service, url):
        settings = {
            "recogniser": "aws",
            "transcribe_endpoint_url": url,
            "max_recogniser_streams": wish.sessions + 1,
            "recogniser_starts_per_second": 1000,
            "metrics_from": "loopback",
        }
        with contender(DICTATION, wish.sessions + 1, wish.async_mode, **settings) as server:
            assert server.program is not None
            cookies = signed_in_cookies(server.program)
            idle_percent = asyncio.run(_idle_percent(server, cookies))
            return _under_load(server, server.program, cookies, wish, service, idle_percent)


def _under_load(
    server: Contender,
    program: ServerProcess,
    cookies: list[str],
    wish: argparse.Namespace,
    service: int,
    idle_percent: float,
) -> Figures:
    sockets = open_sockets(server.pid)
    before, service_before, began = _histograms(program), cpu_seconds(service), time.monotonic()
    outcome, _ = under_load(server, cookies, wish, counts=True)
    service_percent = (cpu_seconds(service) - service_before) / (time.monotonic() - began) * 100
    after, thread_count = _histograms(program), threads(server.pid)
    problems = [*outcome.problems, *leftovers(program, sockets, wish.sessions)]
    program.terminate()
    sent_bytes = int(wish.seconds / CHUNK_SECONDS) * CHUNK_BYTES
    problems += broken_notes(program.database, outcome.session_ids, sent_bytes)
    forward, sent, relay = (p99_ms(before[name], after[name]) for name in (FORWARD, SENT, RELAY))
    return _figures(outcome, (forward, sent, relay), thread_count, idle_percent, service_percent, problems)


def _figures(
    outcome: Outcome,
    p99s: tuple[float, float, float],
    thread_count: int,
    idle_percent: float,
    service_percent: float,
    problems: list[str],
) -> Figures:
    window, sessions = outcome.window, len(outcome.session_ids)
    return Figures(
        sessions=sessions,
        chunks=outcome.sent,
        lost=outcome.lost,
        forward_p99_ms=p99s[0],
        sent_p99_ms=p99s[1],
        relay_p99_ms=p99s[2],
        chunk_to_words_p50_ms=percentile_ms(outcome.result_seconds, 50),
        chunk_to_words_p99_ms=percentile_ms(outcome.result_seconds, 99),
        core_percent=window.server_cpu_seconds / window.seconds * 100,
        threads=thread_count,
        kb_a_stream=(window.rss_bytes - outcome.rss_idle) / 1024 / sessions,
        idle_stream_percent=idle_percent,
        generator_late_p99_ms=percentile_ms(outcome.late_seconds, 99),
        service_core_percent=service_percent,
        problems=tuple(problems),
    )


async def _idle_percent(server: Contender, cookies: list[str]) -> float:
    """One client spoke for a second and is silent since."""
    client = client_of(Plan(server.kind, server.url, server.pid, 1, 4, cookies, False, PATIENCE_SECONDS), 0)
    await client.open()
    for frame in counted_frames()[:4]:
        await client.say(frame, clock())
    await asyncio.sleep(SETTLE_SECONDS)
    before = cpu_seconds(server.pid)
    await asyncio.sleep(IDLE_SECONDS)
    percent = (cpu_seconds(server.pid) - before) / IDLE_SECONDS * 100
    await client.end()
    await client.close()
    return percent


def _histograms(program: ServerProcess) -> dict[str, Buckets]:
    with urllib.request.urlopen(f"{program.url}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {name: buckets_of(text, name) for name in (FORWARD, SENT, RELAY)}


@contextmanager
def _stand_in() -> Iterator[tuple[int, str]]:
    """The process of the stand-in, and its address."""
    command = [sys.executable, "-m", "tests.standin"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.kill()


def _wish() -> argparse.Namespace:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speech_service", description=summary)
    parser.add_argument("--sessions", type=int, default=100, help="live sessions, all speaking at once")
    parser.add_argument("--seconds", type=int, default=15, help="how long each speaks")
    parser.add_argument("--async-mode", choices=("eventlet", "threading"), default="eventlet")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    wish = parser.parse_args()
    if wish.sessions < 1 or wish.seconds < 3:
        parser.error("at least 1 session and 3 seconds are needed")
    wish.deflate = False
    return wish


if __name__ == "__main__":
    sys.exit(main())
