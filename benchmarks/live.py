"""Measures the live path beside a bare Flask-SocketIO relay and a raw WebSocket echo, in one run.

    python -m benchmarks.live --sessions 100 --seconds 15

Exit code 1 when anything was lost or left behind, or when the promised speed was missed.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.contenders import Contender, contender, signed_in_cookies
from benchmarks.kept import broken_notes, hub_late_ms, leftovers
from benchmarks.plan import CHUNK_BYTES, CHUNK_SECONDS, DICTATION, ECHO, RELAY, Outcome, Plan, Window
from benchmarks.proc import open_sockets
from benchmarks.report import Figures, figures_of, median_of, misses, ratios, table
from tests.process import PROJECT

PATIENCE_SECONDS = 20.0
"""A step of one session takes this long at most, and longer with very many sessions"""
SETTING_UP_SECONDS_A_SESSION = 0.2
FILES_A_SESSION = 4
"""A socket, the audio, the journal, and one to spare"""
LOOK_SECONDS = 4.0
"""How often the hub's lateness is asked for; it is the worst of 5 s"""


def main() -> int:
    """Run, print, judge; the exit code."""
    wish = _wish()
    allow_files(wish.sessions)
    kinds = [wish.only] if wish.only else [ECHO, RELAY, DICTATION]
    rounds = [{kind: _measured(kind, wish) for kind in kinds} for _ in range(wish.repeat)]
    found = {kind: median_of([measured[kind] for measured in rounds]) for kind in kinds}
    compared = {kind: ratios(found[DICTATION], found[kind]) for kind in kinds if kind != DICTATION and not wish.only}
    print(table(list(found.values())))
    for kind, ratio in compared.items():
        multiples = ", ".join(f"{name} x {value}" for name, value in ratio.items())
        print(f"{found[DICTATION].server} against {found[kind].server}: {multiples}")
    missed = misses(found[DICTATION]) if DICTATION in found else []
    print("\n".join(missed) or "Nothing was lost, nothing was left behind.")
    if wish.json is not None:
        figures = {kind: asdict(measured) for kind, measured in found.items()}
        content = {"machine": machine(), "figures": figures, "ratios": compared, "missed": missed}
        wish.json.write_text(json.dumps(content, indent=2) + "\n")
    return 1 if missed else 0


def _measured(kind: str, wish: argparse.Namespace) -> Figures:
    """One server, started, loaded, looked over and ended."""
    print(f"{kind}: {wish.sessions} sessions, {wish.seconds} s ...", file=sys.stderr, flush=True)
    with contender(kind, wish.sessions, wish.async_mode) as server:
        cookies = signed_in_cookies(server.program) if server.program else []
        sockets = open_sockets(server.pid)
        outcome, hub_late = under_load(server, cookies, wish)
        if server.program is None:
            return figures_of({RELAY: "Flask-SocketIO relay", ECHO: "raw echo"}[kind], outcome, None, ())
        problems = ["/ready did not answer"] * hub_late.count(None)
        problems += leftovers(server.program, sockets, wish.sessions)
        if server.program.terminate() != 0:
            problems.append("the server did not end in order")
        sent_bytes = _chunks(wish) * CHUNK_BYTES
        problems += broken_notes(server.program.database, outcome.session_ids, sent_bytes)
        worst_late = max((late for late in hub_late if late is not None), default=None)
        return figures_of(f"this program, {wish.async_mode}", outcome, worst_late, problems)


def under_load(
    server: Contender, cookies: list[str], wish: argparse.Namespace, counts: bool = False
) -> tuple[Outcome, list[float | None]]:
    """The outcome of the load, and each answer to how late the hub was meanwhile."""
    setting_up = wish.sessions * SETTING_UP_SECONDS_A_SESSION
    patience = PATIENCE_SECONDS + setting_up
    plan = Plan(
        server.kind, server.url, server.pid, wish.sessions, _chunks(wish), cookies, wish.deflate, patience, counts
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    asked: str | None = json.dumps(asdict(plan))
    deadline = time.monotonic() + wish.seconds + 4 * patience
    hub_late: list[float | None] = []
    while True:
        try:
            told, _ = process.communicate(asked, timeout=LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            asked = None
        if server.program is not None:
            hub_late.append(hub_late_ms(server.program))
        if time.monotonic() > deadline:
            process.kill()
            process.communicate()
            raise TimeoutError("The load did not end in time.")
    if process.returncode != 0:
        raise RuntimeError("The load generator failed; its own words are above.")
    outcome = json.loads(told)
    return Outcome(**{**outcome, "window": Window(**outcome["window"])}), hub_late


def _chunks(wish: argparse.Namespace) -> int:
    return int(wish.seconds / CHUNK_SECONDS)


def allow_files(sessions: int) -> None:
    """Raise this process's limit of open files, which the others inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sessions * FILES_A_SESSION + 256
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"{sessions} sessions need {wanted} open files, and this machine allows {hard}.")
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def machine() -> dict[str, object]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
    }


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=100, help="live sessions, all speaking at once")
    parser.add_argument("--seconds", type=int, default=15, help="how long each speaks")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each server; the medians are told")
    parser.add_argument("--async-mode", choices=("eventlet", "threading"), default="eventlet", help="of this program")
    parser.add_argument("--deflate", action="store_true", help="offer permessage-deflate, as browsers do")
    parser.add_argument("--only", choices=(DICTATION, RELAY, ECHO), help="measure one server alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    wish = parser.parse_args()
    if wish.sessions < 1 or wish.seconds < 3 or wish.repeat < 1:
        parser.error("at least 1 session, 3 seconds and 1 run are needed")
    return wish


if __name__ == "__main__":
    sys.exit(main())
