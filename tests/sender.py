"""A program that sends recordings to a real server and watches them become text."""

import time
from pathlib import Path
from typing import Any

import requests

from tests.process import EMAIL, ServerProcess

API = "/api/v1"
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.05
REQUEST_SECONDS = 120.0


class Sender:
    """Has a token of its own."""

    def __init__(self, server: ServerProcess, email: str = EMAIL) -> None:
        self.server = server
        self.http = requests.Session()
        with server.accounts() as accounts:
            self.http.headers["Authorization"] = f"Bearer {accounts.create_token(email, 'importer')}"

    def send(self, recording: Path | bytes, name: str = "visit.bin", **asked: Any) -> requests.Response:
        """As a form, the way a page does it."""
        content = recording if isinstance(recording, bytes) else recording.read_bytes()
        url = f"{self.server.url}{API}/transcribe"
        return self.http.post(url, params=asked, files={"file": (name, content)}, timeout=REQUEST_SECONDS)

    def get(self, path: str) -> requests.Response:
        return self.http.get(f"{self.server.url}{path}", timeout=REQUEST_SECONDS)

    def cancel(self, session_id: str) -> requests.Response:
        return self.http.delete(f"{self.server.url}{API}/transcribe/{session_id}", timeout=REQUEST_SECONDS)

    def status(self, ticket: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(ticket["status_url"]).json()
        return answer

    def end_of(self, ticket: dict[str, Any]) -> dict[str, Any]:
        """The status that ends it, once it came; progress never goes back on the way."""
        seen, deadline = [self.status(ticket)], time.monotonic() + PATIENCE_SECONDS
        while seen[-1]["status"] not in ("completed", "failed"):
            assert time.monotonic() < deadline, seen[-1]
            time.sleep(LOOK_SECONDS)
            seen.append(self.status(ticket))
        progress = [one["progress"] for one in seen]
        assert progress == sorted(progress)
        return seen[-1]

    def note(self, ticket: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(f"{API}/transcriptions/{ticket['transcription_id']}").json()
        return answer


def left_over(server: ServerProcess) -> list[str]:
    """What lies in the folders of uploads and of requests."""
    folders = (server.folder / "instance" / name for name in ("uploads", "tmp"))
    return [entry.name for folder in folders for entry in folder.iterdir()]
