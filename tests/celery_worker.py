"""A real Celery worker on a test server's folder and settings, with a process group of its own to be killed whole."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.process import PATIENCE_SECONDS, PROJECT, ServerProcess

AS_IT_IS, SLOW = "web.worker", "tests.slow_worker"
"""What Celery is asked to run; the slow one takes as long for a second of sound as SLOWNESS says"""
QUIETLY = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class CeleryWorker:
    """`celery -A web.worker worker`."""

    def __init__(self, server: ServerProcess, program: str = AS_IT_IS, **environment: str) -> None:
        self._server = server
        self._command = (sys.executable, "-m", "celery", "-A", program, "worker", *QUIETLY)
        self._environment = server.environment | environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, if it does not run. Returns at once: jobs wait until it is there."""
        if self._process is not None and self._process.poll() is None:
            return
        with (self._server.folder / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=PROJECT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """SIGKILL to it and its children at the same moment, as a power cut would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)

    def terminate(self) -> int:
        """SIGTERM, as a new version is brought out; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def freeze(self, children: list[int], with_main: bool) -> None:
        """Stop them where they are."""
        self._signal(signal.SIGSTOP, children, with_main)

    def thaw(self, children: list[int], with_main: bool) -> None:
        """Have them go on."""
        self._signal(signal.SIGCONT, children, with_main)

    def _signal(self, number: int, children: list[int], with_main: bool) -> None:
        assert self._process is not None
        for pid in [*([self._process.pid] if with_main else []), *children]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    @property
    def children(self) -> list[int]:
        """The processes that do its jobs, but for those that are dead."""
        assert self._process is not None
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [int(pid) for pid in listed if _is_running(pid)]

    @property
    def log(self) -> str:
        """What it said."""
        return (self._server.folder / "worker.log").read_text()


def _is_running(pid: str) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it ended meanwhile
        return False
