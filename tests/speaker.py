"""A program that dictates through the Socket.IO door, as integrators would write it. It remembers all it was told."""

import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests
import socketio

from tests.process import EMAIL, PASSWORD
from tests.schemas import problems_of

PATIENCE_SECONDS = 20.0
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def sign_in(url: str, email: str = EMAIL, password: str = PASSWORD) -> requests.Session:
    """A signed-in browser's cookies."""
    http = requests.Session()
    found = CSRF.search(http.get(f"{url}/login", timeout=10).text)
    assert found is not None
    form = {"email": email, "password": password, "csrf_token": found[1]}
    answer = http.post(f"{url}/login", data=form, timeout=10, allow_redirects=False)
    assert answer.status_code == 303, answer.status_code
    return http


everyone: list["Speaker"] = []
"""Every speaker of the test that runs now; tests/conftest.py sends them home"""


class Speaker:
    """One signed-in client. `told` is every message in the order it came."""

    def __init__(self, url: str, http: requests.Session | None = None, **connecting: Any) -> None:
        self.url = url
        self.http = http or sign_in(url)
        self.session_id = str(uuid.uuid4())
        self.told: list[dict[str, Any]] = []
        self.undescribed: list[str] = []
        """What in these messages is not as docs/asyncapi.yaml says"""
        self.hung_up = threading.Event()
        self._news = threading.Condition()
        self._sent_bytes = 0
        self._seq = 0
        everyone.append(self)
        self.client = socketio.Client(http_session=self.http, reconnection=False)
        self.client.on("*", self._remember)
        self.client.on("disconnect", lambda *_: self.hung_up.set())
        self.client.connect(url, **{"transports": ["websocket"], **connecting})

    def start(self, **fields: Any) -> dict[str, Any]:
        """Ask for a session and wait for its ack (or the error)."""
        before = len(self.told)
        self.send("session_start", self.start_message(**fields))
        return self.wait_for("session_ack", "error", after=before)

    def start_message(self, **fields: Any) -> dict[str, Any]:
        """A session_start that is right, but for the fields given."""
        message = {
            "type": "session_start",
            "session_id": self.session_id,
            "quality": "medium",
            "timestamp": time.time(),
        }
        return message | fields

    def say(self, pcm: bytes, chunk_bytes: int = 8000, seconds_a_chunk: float = 0.0) -> None:
        """Send PCM in chunks, with metadata, as fast as allowed or at a pace."""
        for start in range(0, len(pcm), chunk_bytes):
            chunk = pcm[start : start + chunk_bytes]
            self.send("audio_chunk", (b"\x01" + chunk, self.place()))
            self._sent_bytes += len(chunk)
            self._seq += 1
            time.sleep(seconds_a_chunk)

    def place(self) -> dict[str, Any]:
        """The metadata of the next chunk."""
        return {
            "session_id": self.session_id,
            "seq": self._seq,
            "offset": self._sent_bytes,
            "timestamp": time.time(),
        }

    def resume(self, former: "Speaker", **fields: Any) -> dict[str, Any]:
        """Come back to the dictation of a former socket and send from the durable end on what it had said."""
        self.session_id = former.session_id
        self.resume_token = former.resume_token
        self.after_segment = max((final["segment_index"] for final in former.finals), default=-1)
        coming_back = {"resume_token": self.resume_token, "after_segment": self.after_segment}
        answer = self.start(**coming_back | fields)
        if answer["type"] == "session_ack":
            self._sent_bytes = answer["received_bytes"]
            self._seq = former._seq
        return answer

    @property
    def resume_token(self) -> str:
        """The newest one the server gave."""
        acks = [m for m in self.told if m["type"] == "session_ack"]
        return str(acks[-1]["resume_token"]) if acks else self._resume_token

    @resume_token.setter
    def resume_token(self, token: str) -> None:
        self._resume_token = token

    def end(self) -> dict[str, Any]:
        """End the session and wait for the receipt (or the error)."""
        message = {"session_id": self.session_id, "total_bytes": self._sent_bytes, "timestamp": time.time()}
        before = len(self.told)
        self.send("session_end", {"type": "session_end", **message})
        return self.wait_for("session_complete", "error", after=before)

    def send(self, event: str, arguments: Any = None) -> None:
        """Emit anything."""
        self.client.emit(event, arguments)

    def wait_for(self, *kinds: str, after: int = 0, **fields: Any) -> dict[str, Any]:
        """The first message of one of these types with these fields, past the first `after` messages."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while True:
                for message in self.told[after:]:
                    if message["type"] in kinds and fields.items() <= message.items():
                        return message
                left = deadline - time.monotonic()
                assert left > 0, f"none of {kinds} {fields} among {[message['type'] for message in self.told]}"
                self._news.wait(left)

    def wait_until_kept(self, received_bytes: int) -> None:
        """Wait for the ack that covers so many bytes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while self.kept_bytes < received_bytes:
                left = deadline - time.monotonic()
                assert left > 0, f"kept {self.kept_bytes} of {received_bytes} bytes"
                self._news.wait(left)

    @property
    def kept_bytes(self) -> int:
        """Bytes that the server acknowledged."""
        return max((m["received_bytes"] for m in self.told if m["type"] == "audio_ack"), default=0)

    @property
    def finals(self) -> list[dict[str, Any]]:
        """Every final told."""
        return [m for m in self.told if m["type"] == "transcription_result" and not m["is_partial"]]

    @property
    def partials(self) -> list[dict[str, Any]]:
        """Every partial told."""
        return [m for m in self.told if m["type"] == "transcription_result" and m["is_partial"]]

    def note(self) -> dict[str, Any]:
        """The note of this session, by REST."""
        items = self.http.get(f"{self.url}/api/v1/transcriptions", timeout=10).json()["items"]
        found = next(item for item in items if item["session_id"] == self.session_id)
        note: dict[str, Any] = self.http.get(f"{self.url}/api/v1/transcriptions/{found['id']}", timeout=10).json()
        return note

    def close(self) -> None:
        """Leave for good. P26: every message was as the description says."""
        self.leave()
        self.http.close()
        assert self.undescribed == []

    def leave(self) -> None:
        """Close the socket, as a closed tab would, also when its server is gone. May be called twice."""
        transport = getattr(self.client.eio, "ws", None)
        self.client.disconnect()
        if transport is not None:
            transport.shutdown()

    def _remember(self, event: str, message: dict[str, Any]) -> None:
        with self._news:
            self.undescribed += problems_of(event, message)
            self.told.append(message)
            self._news.notify_all()


def wait_until(reached: Callable[[], object]) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
