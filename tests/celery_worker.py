"""A real Celery worker on a test server's folder and settings, with a process group of its own to be killed whole."""

import os
import signal
import subprocess
import sys

from tests.process import PATIENCE_SECONDS, PROJECT, ServerProcess

COMMAND = (sys.executable, "-m", "celery", "-A", "web.worker", "worker", "--without-gossip", "--without-mingle")


class CeleryWorker:
    """`celery -A web.worker worker`."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. Returns at once: jobs wait until it is there."""
        with (self._server.folder / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(
                COMMAND, cwd=PROJECT, env=self._server.environment, stdout=log, stderr=log, start_new_session=True
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

    @property
    def log(self) -> str:
        """What it said."""
        return (self._server.folder / "worker.log").read_text()
