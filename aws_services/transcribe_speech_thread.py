"""The speech thread: one native thread with one asyncio loop for every stream to the service."""

import asyncio
import collections
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
CLOSING_SECONDS = 0.01
"""A socket whose handshake was broken off is closed in one of the loop's next rounds"""


class SpeechThread:
    """Runs coroutines. `post` and `start` may be called on any thread, and never wait."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._posted: collections.deque[tuple[Callable[..., object], tuple[Any, ...]]] = collections.deque()
        self._awake = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="speech", daemon=True)
        self._thread.start()

    def post(self, fn: Callable[..., object], *args: Any) -> None:
        """Have fn(*args) run in the loop soon; calls of one thread keep their order. Nothing after close."""
        self._posted.append((fn, args))
        if not self._awake:
            self._awake = True
            try:
                self._loop.call_soon_threadsafe(self._work_off)
            except RuntimeError:  # the loop is closed, and with it every stream
                self._posted.clear()

    def start(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have the coroutine that `task` makes run until it ends by itself or `close` cancels it."""
        self.post(self._keep, task)

    def close(self, seconds: float) -> None:
        """Cancel what runs, and end the thread once that has ended, or when the time is up."""
        self.post(self._end, seconds)
        self._thread.join(2 * seconds)

    # Runs in the speech thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _work_off(self) -> None:
        self._awake = False  # first: what is posted from here on wakes us again
        while self._posted:
            fn, args = self._posted.popleft()
            fn(*args)

    def _keep(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        running = self._loop.create_task(task())
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    def _end(self, seconds: float) -> None:
        self._ending = self._loop.create_task(self._cancel_all(seconds))

    async def _cancel_all(self, seconds: float) -> None:
        tasks = asyncio.all_tasks() - {self._ending}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        await asyncio.sleep(CLOSING_SECONDS)
        self._loop.stop()


async def in_thread(fn: Callable[..., T], *args: Any) -> T:
    """The result of fn(*args), run in a thread of its own, that nobody waits for when the program ends."""
    loop, result = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if not result.done():
            result.set_exception(error) if error is not None else result.set_result(value)

    def run() -> None:
        try:
            value, error = fn(*args), None
        except Exception as raised:  # noqa: BLE001 - raised again where it is waited for
            value, error = None, raised
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:  # the loop was closed meanwhile
            return

    threading.Thread(target=run, name="credentials", daemon=True).start()
    found: T = await result
    return found
