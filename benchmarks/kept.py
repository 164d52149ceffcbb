"""What must be left after a load: every note whole in the database, and nothing else."""

import json
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from benchmarks.plan import BYTES_A_SECOND
from benchmarks.proc import open_files_under, open_sockets
from tests.process import ServerProcess

CLEAN_SECONDS_A_SESSION = 0.5
"""The recordings are encoded after the last word; on two cores this is ample"""
CLEAN_SECONDS = 30.0
POLL_SECONDS = 0.2
ANSWER_SECONDS = 60.0
"""A server that doesn't say how many sessions it has by then is hanging"""
READY_SECONDS = 5.0

ROW = "SELECT id, status, audio_status, audio_duration_seconds FROM transcriptions WHERE session_id = ?"
SEGMENTS = "SELECT start_time, end_time FROM segments WHERE transcription_id = ? ORDER BY segment_index"


def leftovers(server: ServerProcess, sockets_before: int, sessions: int) -> list[str]:
    """What a running server has not let go of in time: sessions, spool folders, open files, sockets."""
    deadline = time.monotonic() + CLEAN_SECONDS + sessions * CLEAN_SECONDS_A_SESSION
    while (found := _held(server, sockets_before)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return found


def broken_notes(database: Path, session_ids: list[str], sent_bytes: int) -> list[str]:
    """What is wrong with the rows of these sessions, each of which sent so many bytes of PCM."""
    found = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for session_id in session_ids:
            problem = _problem_of(connection, session_id, sent_bytes)
            if problem is not None:
                found.append(problem)
    return found


def hub_late_ms(server: ServerProcess) -> float | None:
    """How late the hub woke at worst in the last 5 s, as /ready tells it: 0 when not above 50 ms.

    None when there was no answer in READY_SECONDS.
    """
    try:
        with urllib.request.urlopen(f"{server.url}/api/v1/ready", timeout=READY_SECONDS) as answer:
            checks = json.load(answer)["checks"]
    except urllib.error.HTTPError as unready:
        with unready:
            checks = json.load(unready)["checks"]
    except OSError:
        return None
    words = str(checks["hub"]).split()
    return float(words[0]) if words[-1] == "late" else 0.0


def _held(server: ServerProcess, sockets_before: int) -> list[str]:
    with urllib.request.urlopen(f"{server.url}/api/v1/health", timeout=ANSWER_SECONDS) as answer:
        sessions = int(json.load(answer)["active_sessions"])
    spool = server.folder / "instance" / "spool"
    counts = {
        "live sessions": sessions,
        "spool folders": sum(1 for _ in spool.iterdir()),
        "open spool files": open_files_under(server.pid, spool.resolve()),
        "sockets": open_sockets(server.pid) - sockets_before,
    }
    return [f"{count} {name} left" for name, count in counts.items() if count > 0]


def _problem_of(connection: sqlite3.Connection, session_id: str, sent_bytes: int) -> str | None:
    row = connection.execute(ROW, (session_id,)).fetchone()
    if row is None:
        return "no row"
    note_id, status, audio_status, seconds = row
    if (status, audio_status) != ("COMPLETED", "STORED"):
        return f"row {status}, recording {audio_status}"
    if round((seconds or 0.0) * BYTES_A_SECOND) != sent_bytes:
        return "row tells another duration"
    reached = 0.0
    for start, end in connection.execute(SEGMENTS, (note_id,)):
        if start != reached:
            return "segments leave a gap"
        reached = end
    return None if round(reached * BYTES_A_SECOND) == sent_bytes else "segments end early"
