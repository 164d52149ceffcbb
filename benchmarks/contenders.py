"""The servers that are measured, each as a process of its own that ends with its block."""

import http.cookiejar
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.plan import DICTATION, ECHO, RELAY
from tests.process import PASSWORD, PROJECT, ServerProcess, free_port

SIGN_INS = 10
"""Clinicians that the sessions are spread over"""
START_SECONDS = 20.0
STOP_SECONDS = 10.0
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
MODULES = {RELAY: "benchmarks.relay", ECHO: "benchmarks.echo"}


class Contender:
    """A server that listens."""

    def __init__(self, kind: str, url: str, pid: int, program: ServerProcess | None = None) -> None:
        self.kind = kind
        self.url = url
        self.pid = pid
        self.program = program
        """This program's process; None for the servers beside it"""


@contextmanager
def contender(kind: str, sessions: int, async_mode: str, **settings: object) -> Iterator[Contender]:
    """A started server of this kind; `settings` are further ones of this program."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        if kind == DICTATION:
            yield from _program(Path(folder), sessions, async_mode, settings)
        else:
            yield from _module(kind, Path(folder) / "server.log")


def _program(folder: Path, sessions: int, async_mode: str, settings: dict[str, object]) -> Iterator[Contender]:
    usual = {
        "recogniser": "scripted",
        "async_mode": async_mode,
        "max_sessions_per_worker": sessions,
        "max_sessions_per_user": sessions,
    }
    server = ServerProcess(folder, **{**usual, **settings})
    server.start()
    try:
        yield Contender(DICTATION, server.url, server.pid, server)
    finally:
        server.stop()


def _module(kind: str, log: Path) -> Iterator[Contender]:
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULES[kind], str(port)], cwd=PROJECT, stdout=output, stderr=output
        )
    try:
        _wait_for(port, process)
        yield Contender(kind, f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("A server of the benchmark did not start.") from None
            time.sleep(0.05)


def signed_in_cookies(server: ServerProcess) -> list[str]:
    """Cookie headers of newly made clinicians, each signed in through the form."""
    return [_sign_in(server, f"clinician{number}@clinic.example") for number in range(SIGN_INS)]


def _sign_in(server: ServerProcess, email: str) -> str:
    server.add_user(email, PASSWORD)
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    page = browser.open(f"{server.url}/login", timeout=START_SECONDS).read().decode()
    found = CSRF.search(page)
    if found is None:
        raise RuntimeError("The sign-in page has no form.")
    form = urllib.parse.urlencode({"email": email, "password": PASSWORD, "csrf_token": found[1]}).encode()
    with browser.open(f"{server.url}/login", form, timeout=START_SECONDS) as answer:
        if answer.url.endswith("/login"):
            raise RuntimeError("A clinician of the benchmark could not sign in.")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
