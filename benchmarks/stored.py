"""What a long recording costs on its way to text: `python -m benchmarks.stored --minutes 120 --kind mp3`.

Sends the spoken fixture, over and over, as one recording to a server of its own, and prints how long it took and the
most memory that the server, its decoders and its ffmpeg had at the same moment: PSS (memory that several processes
share counts once) and beside it RSS (it counts for each of them), as /proc/*/smaps_rollup tells them.
"""

import argparse
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.process import server_process
from tests.recordings import SPOKEN, made
from tests.sender import Sender

LOOK_SECONDS = 0.1
KINDS = {"mp3": ("-b:a", "64k"), "wav": ("-ar", "16000", "-ac", "1")}
MOST_MB = 300
LARGEST_MB = 400
"""Two hours of WAV have 230 MB"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process and its descendants have at one moment, in megabytes."""

    pss: float = 0.0
    rss: float = 0.0
    parts: tuple[tuple[str, float], ...] = ()
    """Each process's program and PSS"""

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {size:.0f}" for name, size in self.parts)
        return f"{self.pss:.0f} MB PSS, {self.rss:.0f} MB RSS ({parts})"


class Watch:
    """Looks at a process and its descendants for as long as its block lasts, and remembers when they had most."""

    def __init__(self, pid: int) -> None:
        self.most = Memory()
        self.looks = 0
        self._pid = pid
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory-watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self.most = max(self.most, memory_of(self._pid), key=lambda memory: memory.pss)
            self.looks += 1


def main() -> int:
    """Measure once and print what it was. Exit code 1 when it is not well, or took more than MOST_MB of PSS."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=int, default=120)
    asked.add_argument("--kind", choices=tuple(KINDS), default="mp3")
    asked.add_argument("--recogniser", choices=("scripted", "pocketsphinx"), default="pocketsphinx")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        what, is_well = measured(Path(name), options.minutes * 60 - 1, options.kind, options.recogniser)
    print(what)
    return 0 if is_well else 1


def measured(folder: Path, seconds: int, kind: str, recogniser: str) -> tuple[str, bool]:
    """One recording through one server, in words, and whether all went well."""
    again = ("-stream_loop", "-1", "-i", str(SPOKEN), "-t", str(seconds))
    recording = made(folder / f"long.{kind}", *again, *KINDS[kind])
    settings = {"recogniser": recogniser, "max_upload_mb": LARGEST_MB}
    with server_process(folder, **settings) as server:
        sender, at_rest, began = Sender(server), memory_of(server.pid), time.monotonic()
        with Watch(server.pid) as watch:
            ticket = sender.send(recording).json()
            answered = time.monotonic() - began
            while (end := sender.status(ticket))["status"] not in ("completed", "failed"):
                time.sleep(LOOK_SECONDS)
        took, words = time.monotonic() - began, sender.note(ticket)["word_count"]
    what = (
        f"{seconds / 60:.0f} min of speech as {kind} ({recording.stat().st_size / 1e6:.0f} MB), {recogniser}: "
        f"{end['status']}, {words} words, accepted in {answered:.1f} s, done in {took:.0f} s "
        f"({took / seconds:.2f} of real time)\nat rest {at_rest}\nmost {watch.most}, {watch.looks} looks"
    )
    return what, end["status"] == "completed" and watch.most.pss < MOST_MB


def memory_of(pid: int) -> Memory:
    """Of the process and its descendants, now."""
    found = [_one(each) for each in _family(pid)]
    parts = tuple(sorted(((name, pss) for name, pss, _ in found if pss), key=lambda part: -part[1]))
    return Memory(sum(pss for _, pss, _ in found), sum(rss for _, _, rss in found), parts)


def resident(pid: int) -> float:
    """Megabytes of one process that no file stands behind; 0 when it is gone."""
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _family(pid: int) -> list[int]:
    children = [int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in _read(file).split()]
    return [pid, *(one for child in children for one in _family(child))]


def _one(pid: int) -> tuple[str, float, float]:
    sizes = {"Pss:": 0.0, "Rss:": 0.0}
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        name, *value = line.split()
        if name in sizes:
            sizes[name] = int(value[0]) / 1024
    return _program(_read(Path(f"/proc/{pid}/cmdline")).split("\0")), sizes["Pss:"], sizes["Rss:"]


def _program(words: list[str]) -> str:
    for mark, name in (("app.py", "server"), ("pocketsphinx_child", "decoder"), ("ffmpeg", "ffmpeg")):
        if any(mark in word for word in words):
            return name
    return "other"


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it ended meanwhile
        return ""


if __name__ == "__main__":
    sys.exit(main())
