"""A TCP proxy on loopback that behaves like a bad network. It runs in a thread of its own.

    with proxy(server.port) as line:
        Speaker(line.url)
        line.blackhole()

What it does to what passes can be changed at any time, from any thread; every verb returns once it is in force.
Nothing that was sent is ever dropped on a connection that lives on: TCP would send it again.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal

Direction = Literal["up", "down", "both"]
"""up: from the client to the server"""

PIECE_BYTES = 16 * 1024
PIECES_UNDER_WAY = 256
"""Pieces that a delayed line holds before the sender has to wait"""
STEPS_A_SECOND = 20
"""A throttled line lets its bytes through in so many portions a second"""
SMALL_BUFFER_BYTES = 4096
"""Of the kernel, for each side of a connection made on a throttled line, which would swallow a minute otherwise"""
LATE_SECONDS = 0.02
"""A throttled line makes up for waking so much too late, or it would be slower than asked for"""
BUFFERED_SECONDS = 0.25
"""What they hold on a faster line: with too little, the line would be slower than asked for"""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
PATIENCE_SECONDS = 20.0


class Way:
    """One direction of the line, for all its connections."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.delay_seconds = 0.0
        self.bytes_per_second: float | None = None
        self.passed_bytes = 0


class Proxy:
    """Listens on `port`, and carries what comes to 127.0.0.1:`target`, which may be named later by lead_to()."""

    def __init__(self, target: int | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        """Connections made to it so far"""
        self._target = target
        self._ways = {"up": Way(), "down": Way()}
        self._pairs: dict[asyncio.Task[None], tuple[socket.socket, socket.socket]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    # The weather

    def lead_to(self, target: int) -> None:
        """Carry new connections to this port."""
        self._target = target

    def pass_on(self) -> None:
        """Everything passes at once again, also what was held back."""
        self._on_loop(self._pass_on)

    def blackhole(self, direction: Direction = "both") -> None:
        """Nothing passes, not even an end; connections stay open and new ones get no answer."""
        self._for_ways(direction, lambda way: way.open.clear())

    def delay(self, seconds: float, direction: Direction = "both") -> None:
        """Everything comes so much later."""
        self._for_ways(direction, lambda way: setattr(way, "delay_seconds", seconds))

    def throttle(self, bytes_per_second: float, direction: Direction = "both") -> None:
        """So many bytes a second pass on each connection, by small buffers on those that are made from now on."""
        self._for_ways(direction, lambda way: setattr(way, "bytes_per_second", bytes_per_second))

    def reset(self) -> None:
        """Cut every open connection by a RST on both sides. New ones pass."""
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(PATIENCE_SECONDS)

    def passed_bytes(self, direction: Literal["up", "down"]) -> int:
        """What has come through so far."""
        return self._ways[direction].passed_bytes

    def close(self) -> None:
        """Cut everything and end the thread."""
        self.reset()
        self._on_loop(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()

    def _for_ways(self, direction: Direction, change: Callable[[Way], object]) -> None:
        for name, way in self._ways.items():
            if direction in (name, "both"):
                self._on_loop(lambda way=way: change(way))

    def _on_loop(self, change: Callable[[], object]) -> None:
        done = threading.Event()

        def apply() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(apply)
        assert done.wait(PATIENCE_SECONDS)

    def _pass_on(self) -> None:
        for way in self._ways.values():
            way.delay_seconds, way.bytes_per_second = 0.0, None
            way.open.set()

    # In the proxy's thread

    def _run(self) -> None:
        accepting = self._loop.create_task(self._accept())
        self._loop.run_forever()
        accepting.cancel()
        self._loop.run_until_complete(asyncio.gather(accepting, return_exceptions=True))
        self._loop.close()

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            self.connections += 1
            server = socket.socket()
            for side in (client, server):
                self._prepare(side)
            carrying = self._loop.create_task(self._carry(client, server))
            self._pairs[carrying] = (client, server)
            carrying.add_done_callback(self._pairs.pop)

    def _prepare(self, side: socket.socket) -> None:
        side.setblocking(False)
        side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rates = [way.bytes_per_second for way in self._ways.values() if way.bytes_per_second is not None]
        if rates:
            size = max(SMALL_BUFFER_BYTES, int(min(rates) * BUFFERED_SECONDS))
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                side.setsockopt(socket.SOL_SOCKET, option, size)

    async def _carry(self, client: socket.socket, server: socket.socket) -> None:
        up, down = self._ways["up"], self._ways["down"]
        try:
            await self._until_open()
            await self._loop.sock_connect(server, ("127.0.0.1", self._target))
            try:
                await _all_or_none(_pump(up, client, server), _pump(down, server, client))
            except OSError:
                await self._until_open()
                raise
        except (OSError, asyncio.CancelledError):
            for side in (client, server):  # a reset of one side is a reset of the other
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        finally:
            client.close()
            server.close()

    async def _until_open(self) -> None:
        for way in self._ways.values():
            await way.open.wait()

    async def _reset(self) -> None:
        carrying = list(self._pairs)
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)


async def _pump(way: Way, source: socket.socket, sink: socket.socket) -> None:
    """Carry one direction to its end."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES_UNDER_WAY)

    async def take() -> None:
        piece, free_at = b"-", 0.0
        while piece:
            await way.open.wait()
            piece = await loop.sock_recv(source, _portion(way))
            await under_way.put((loop.time() + way.delay_seconds, piece))
            if way.bytes_per_second is not None:
                free_at = max(free_at, loop.time() - LATE_SECONDS) + len(piece) / way.bytes_per_second
                await asyncio.sleep(max(free_at - loop.time(), 0))

    async def give() -> None:
        while True:
            due, piece = await under_way.get()
            await asyncio.sleep(max(due - loop.time(), 0))
            await way.open.wait()
            if not piece:
                with contextlib.suppress(OSError):  # it may have gone already
                    sink.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(sink, piece)
            way.passed_bytes += len(piece)

    await _all_or_none(take(), give())


async def _all_or_none(*parts: Coroutine[Any, Any, None]) -> None:
    """All of them, or, when one fails or this is cancelled, none goes on."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
    except ExceptionGroup as failures:
        if failures.split(OSError)[1] is not None:
            raise
        raise ConnectionResetError from None


def _portion(way: Way) -> int:
    if way.bytes_per_second is None:
        return PIECE_BYTES
    return min(PIECE_BYTES, max(int(way.bytes_per_second / STEPS_A_SECOND), 1))


@contextmanager
def proxy(target: int | None = None) -> Iterator[Proxy]:
    """A proxy in front of a port, gone when the block ends."""
    line = Proxy(target)
    try:
        yield line
    finally:
        line.close()
