"""What a long recording costs on its way to text: `python -m benchmarks.stored --minutes 119 --recogniser scripted`.

Sends the spoken fixture, over and over, as one MP3 to a server of its own, and prints how long it took and the most
memory that the server, its decoder and its ffmpeg had at the same time.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.process import server_process
from tests.recordings import SPOKEN, made
from tests.sender import Sender

LOOK_SECONDS = 0.2


def main() -> None:
    """Measure once and print one line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=int, default=120)
    asked.add_argument("--recogniser", choices=("scripted", "pocketsphinx"), default="scripted")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = str(options.minutes * 60 - 1)
        recording = made(folder / "long.mp3", *("-stream_loop", "-1", "-i", str(SPOKEN), "-t", seconds, "-b:a", "64k"))
        with server_process(folder, recogniser=options.recogniser) as server:
            sender = Sender(server)
            at_rest, began = memory_of(server.pid), time.monotonic()
            ticket, most, own = sender.send(recording).json(), at_rest, 0.0
            answered = time.monotonic() - began
            while sender.status(ticket)["status"] not in ("completed", "failed"):
                most, own = max(most, memory_of(server.pid)), max(own, resident(server.pid))
                time.sleep(LOOK_SECONDS)
            end = sender.status(ticket)
            print(
                f"{options.minutes} min as MP3 ({recording.stat().st_size / 1e6:.0f} MB), {options.recogniser}: "
                f"{end['status']}, accepted in {answered:.1f} s, done in {time.monotonic() - began:.0f} s, "
                f"at rest {at_rest:.0f} MB, most {most:.0f} MB (the server alone {own:.0f} MB)",
                file=sys.stdout,
            )


def memory_of(pid: int) -> float:
    """Megabytes that the process and its children have for themselves."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return resident(pid) + sum(memory_of(int(child)) for file in children for child in read(file).split())


def resident(pid: int) -> float:
    """Megabytes of a process that no file stands behind; 0 when it is gone."""
    for line in read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it ended meanwhile
        return ""


if __name__ == "__main__":
    main()
