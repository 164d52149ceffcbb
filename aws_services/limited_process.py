"""A command that works on what strangers sent: bounded in time, memory, files and what it may write, and silent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("limits_launcher.py")
LOOK_SECONDS = 0.1
"""How often it is looked at"""
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take. The kernel keeps all but the wall clock."""

    cpu_seconds: int
    wall_seconds: float
    memory_bytes: int = 768 * MEGABYTE
    """Of address space: libraries and threads' stacks count too, so what is really used is a third of it"""
    file_bytes: int = 0
    """Of one file that it writes"""
    open_files: int = 16


class Exceeded(Exception):
    """It was killed, by the kernel or by us, because it wanted more than it may have."""


def run_limited(
    command: Sequence[str], folder: Path, limits: Limits, keep_going: Callable[[], object] = lambda: None
) -> int:
    """Run it in `folder`, without input, output or our environment, and return its exit code.

    `keep_going` is called every LOOK_SECONDS and may raise to stop it. However this ends, the command's whole process
    group is gone. Raises Exceeded.
    """
    kept = (limits.cpu_seconds, limits.memory_bytes, limits.file_bytes, limits.open_files)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), *map(str, kept), *command],
        cwd=folder,
        env={"MALLOC_ARENA_MAX": "1", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # it quotes titles and names that stand in the file
        start_new_session=True,
    )
    try:
        code = _wait(process, time.monotonic() + limits.wall_seconds, keep_going)
    finally:
        with suppress(ProcessLookupError):  # it may have left others behind, whose group this still is
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code < 0:
        raise Exceeded
    return code


def _wait(process: "subprocess.Popen[bytes]", deadline: float, keep_going: Callable[[], object]) -> int:
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(LOOK_SECONDS)
        keep_going()
    raise Exceeded
