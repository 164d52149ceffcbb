"""Programs that watch recordings over Server-Sent Events, byte by byte as EventSource reads them. They remember all."""

import json
import selectors
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 20.0
BLOCK_BYTES = 65536


class Watcher:
    """One connection. `events` holds (id, object, seconds of the monotonic clock at which it came)."""

    def __init__(self, crowd: "Crowd", address: str, headers: dict[str, str]) -> None:
        url = urlsplit(address)
        self._crowd = crowd
        self._buffer = b""
        self._body = b""
        self._unsqueeze: Callable[[bytes], bytes] = bytes
        self.status = 0
        self.headers: dict[str, str] = {}
        self.events: list[tuple[int, dict[str, Any], float]] = []
        self.comments: list[str] = []
        self.received_bytes = 0
        self.came_at = 0.0
        """When something came last, in seconds of the monotonic clock"""
        self.is_over = False
        """The server said that nothing more will come, or closed"""
        self.connection = socket.create_connection((url.hostname or "", url.port or 80), timeout=PATIENCE_SECONDS)
        target = f"{url.path}?{url.query}" if url.query else url.path
        lines = [f"GET {target} HTTP/1.1", f"Host: {url.netloc}", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.sent_bytes = self.connection.send("\r\n".join([*lines, "", ""]).encode())

    def leave(self) -> None:
        """Close the connection, as a page that goes away does."""
        self._crowd.forget(self)

    def answered(self) -> int:
        """The status of the answer, once its head came."""
        self._crowd.until(lambda: self.status > 0)
        return self.status

    def ended(self) -> None:
        """Wait for the end of the stream."""
        self._crowd.until(lambda: self.is_over)

    def heard(self, seq: int) -> dict[str, Any]:
        """Wait for the status of that number."""
        self._crowd.until(lambda: bool(self.events) and self.events[-1][0] >= seq)
        return next(told for number, told, _ in self.events if number == seq)

    @property
    def numbers(self) -> list[int]:
        return [number for number, _, _ in self.events]

    @property
    def body(self) -> dict[str, Any]:
        """Of an answer that is no stream."""
        found: dict[str, Any] = json.loads(self._body)
        return found

    # In the crowd's thread

    def take(self, block: bytes) -> None:
        now = self.came_at = time.monotonic()
        self.received_bytes += len(block)
        self._buffer += block
        if not self.status and b"\r\n\r\n" in self._buffer:
            self._read_head()
        if self.status:
            self._read_chunks()
            if self.headers.get("content-type", "").startswith("text/event-stream"):
                self._read_events(now)

    def _read_head(self) -> None:
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *fields = head.decode().split("\r\n")
        self.headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        self.status = int(first.split()[1])
        self.is_over = self.status == 204
        if self.headers.get("content-encoding") == "gzip":
            self._unsqueeze = zlib.decompressobj(31).decompress

    def _read_chunks(self) -> None:
        if self.headers.get("transfer-encoding") != "chunked":
            self._body, self._buffer = self._body + self._buffer, b""
            self.is_over = self.is_over or len(self._body) >= int(self.headers.get("content-length", "0"))
            return
        while b"\r\n" in self._buffer:
            size, _, rest = self._buffer.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self._body, self._buffer = self._body + self._unsqueeze(rest[:length]), rest[length + 2 :]
            self.is_over = self.is_over or not length

    def _read_events(self, now: float) -> None:
        while b"\n\n" in self._body:
            event, _, self._body = self._body.partition(b"\n\n")
            if event.startswith(b":"):
                self.comments.append(event.decode())
                continue
            fields = dict(line.split(": ", 1) for line in event.decode().split("\n"))
            assert fields["event"] == "status" and set(fields) == {"id", "event", "data"}
            self.events.append((int(fields["id"]), json.loads(fields["data"]), now))


class Crowd:
    """Any number of watchers, read by one thread."""

    def __init__(self) -> None:
        self._watchers: dict[socket.socket, Watcher] = {}
        self._news = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._thread.join()
        for watcher in list(self._watchers.values()):
            self.forget(watcher)
        self._selector.close()

    def watch(self, address: str, headers: dict[str, str], last_event_id: int | None = None) -> Watcher:
        """A new watcher; `headers` say who it is."""
        seen = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        watcher = Watcher(self, address, {**headers, **seen})
        with self._news:
            self._watchers[watcher.connection] = watcher
            self._selector.register(watcher.connection, selectors.EVENT_READ)
        return watcher

    def forget(self, watcher: Watcher) -> None:
        with self._news:
            if self._watchers.pop(watcher.connection, None) is not None:
                self._selector.unregister(watcher.connection)
                watcher.connection.close()

    def until(self, there: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for it; fails when it does not come."""
        with self._news:
            assert self._news.wait_for(there, seconds)

    def all_heard(self, watchers: Iterable[Watcher], seq: int) -> None:
        """Wait until each of them heard that number."""
        all_ = list(watchers)
        self.until(lambda: all(one.events and one.events[-1][0] >= seq for one in all_))

    def _read(self) -> None:
        while not self._stopping:
            with self._news:
                watched = bool(self._watchers)
            if not watched:
                time.sleep(0.01)
                continue
            for key, _ in self._selector.select(0.02):
                self._take(key.fileobj)  # type: ignore[arg-type]

    def _take(self, connection: socket.socket) -> None:
        with self._news:
            watcher = self._watchers.get(connection)
            if watcher is None:
                return
            try:
                block = connection.recv(BLOCK_BYTES)
            except OSError:
                block = b""
            if block:
                watcher.take(block)
            else:
                watcher.is_over = True
                self._watchers.pop(connection)
                self._selector.unregister(connection)
                connection.close()
            self._news.notify_all()
