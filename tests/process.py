"""A real server process of the program, on a free port, with an instance folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from local_services.accounts import Accounts
from utils.database import open_engine

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 30.0
EMAIL = "asha@clinic.example"
PASSWORD = "correct horse battery"


class ServerProcess:
    """`python app.py` with ASR_* settings. It can be ended in order, killed, and started again on the same folder."""

    program: tuple[str, ...] = ("app.py",)
    """What Python is asked to run"""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.database_url = str(settings.get("database_url", f"sqlite:///{self.database}"))
        self.environment: dict[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ASR_")},
            "ASR_INSTANCE_DIR": str(folder / "instance"),
            "ASR_PORT": str(self.port),
            "ASR_LOG_FORMAT": "json",  # some tests read it; those of faults meet the default, too
            "ASR_SPOOL_FLOOR_MB": "1",
            **{f"ASR_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.program], cwd=PROJECT, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"The server did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        return self._process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What `flask --app app ...` says on this server's folder."""
        command = [sys.executable, "-m", "flask", "--app", "app", *words]
        run = subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        return run

    def add_user(self, email: str = EMAIL, password: str = PASSWORD, role: str = "clinician") -> str:
        """An account in this server's database; its user id."""
        with self.accounts() as accounts:
            return accounts.add_user(email, role, password).user_id

    @contextmanager
    def accounts(self) -> Iterator[Accounts]:
        """The accounts of this server, as the command line sees them."""
        engine = open_engine(self.database_url)
        try:
            yield Accounts(engine, session_idle=timedelta(minutes=15), session_lifetime=timedelta(hours=12))
        finally:
            engine.dispose()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "instance" / "dictation.sqlite3"

    @property
    def is_running(self) -> bool:
        """False before its start, and once it has ended in any way."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def server_process(folder: Path, **settings: object) -> Iterator[ServerProcess]:
    """A started server with one clinician (EMAIL, PASSWORD), ended afterwards."""
    server = ServerProcess(folder, **settings)
    server.start()
    try:
        server.add_user()
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
