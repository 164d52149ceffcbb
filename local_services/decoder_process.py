"""A decoder process seen from this side: a native thread that writes to it and one that reads from it."""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from local_services.pocketsphinx_pipe import Kind, Message, PipeOutOfStep, read_message, write_message
from utils.logging import get_logger

log = get_logger("recogniser")

PROJECT = Path(__file__).resolve().parent.parent
JOIN_SECONDS = 5
"""How long join waits for a killed process"""
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "PYTHONPATH")
"""The environment a decoder gets: no setting, so no secret, of ours"""


class DecoderProcess:
    """Starts at once, in its own threads. `send` and `cancel` may be called anywhere and never wait."""

    def __init__(
        self,
        endpointing_ms: int,
        hear: Callable[["DecoderProcess", Message], None],
        ended: Callable[["DecoderProcess"], None],
    ) -> None:
        """`hear` gets every message of the decoder, then `ended` is called once; both on the reading thread."""
        self.is_alive = True
        """False as soon as it is known to be gone"""
        self.cancelled_at: float | None = None
        """Monotonic seconds of a cancel that it has not answered yet"""
        self._command = [sys.executable, "-m", "local_services.pocketsphinx_child", str(endpointing_ms)]
        self._hear = hear
        self._ended = ended
        self._change = threading.Condition()
        self._queue: deque[Message] = deque()
        self._backlog_bytes = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = threading.Thread(target=self._run, name="decoder-reader", daemon=True)
        self._reader.start()

    def send(self, message: Message) -> int:
        """Queue it, and return how many bytes of audio still wait to be taken by the decoder."""
        with self._change:
            if self.is_alive:
                self._queue.append(message)
                self._backlog_bytes += _audio_bytes(message)
                self._change.notify()
            return self._backlog_bytes

    def cancel(self, stream: int) -> None:
        """Forget what waits, and tell the decoder to forget the rest."""
        with self._change:
            self._queue.clear()
            self._backlog_bytes = 0
            self.cancelled_at = time.monotonic()
        self.send(Message(Kind.CANCEL, stream))

    def kill(self) -> None:
        """End it now. `ended` follows on the reading thread."""
        with self._change:
            self.is_alive = False
            self._change.notify()
            if self._process is not None:
                self._process.kill()

    def join(self) -> None:
        """Wait until a killed process and its threads are gone."""
        if threading.current_thread() is not self._reader:
            self._reader.join(JOIN_SECONDS)

    @property
    def pid(self) -> int | None:
        """Of the decoder process, None until it is started."""
        return self._process.pid if self._process else None

    # Runs in the reading thread

    def _run(self) -> None:
        try:
            process = self._start()
        except OSError as error:
            log.error("decoder_not_started", error=error)
            self.is_alive = False
            self._ended(self)
            return
        writer = threading.Thread(target=self._write, args=(process.stdin,), name="decoder-writer", daemon=True)
        writer.start()
        try:
            self._read(cast(BinaryIO, process.stdout))
        finally:
            self.kill()
            log.info("decoder_ended", pid=process.pid, exit_code=process.wait())
            writer.join()
            _close(process)
            self._ended(self)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT,
            # One frame's arithmetic is too small to share: more threads in numpy only cost memory.
            env=environment | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        with self._change:
            self._process = process
            if not self.is_alive:
                process.kill()
        return process

    def _read(self, pipe: BinaryIO) -> None:
        try:
            while (message := read_message(pipe)) is not None:
                if message.kind is Kind.DONE:
                    self.cancelled_at = None
                self._hear(self, message)
        except PipeOutOfStep:
            log.error("decoder_out_of_step")

    # Runs in the writing thread

    def _write(self, pipe: BinaryIO) -> None:
        while (message := self._next()) is not None:
            try:
                write_message(pipe, message)
            except OSError:
                # The reading thread sees the same end and tells of it.
                return
            with self._change:
                self._backlog_bytes = max(0, self._backlog_bytes - _audio_bytes(message))

    def _next(self) -> Message | None:
        with self._change:
            self._change.wait_for(lambda: self._queue or not self.is_alive)
            return self._queue.popleft() if self._queue and self.is_alive else None


def _audio_bytes(message: Message) -> int:
    return len(message.payload) if message.kind is Kind.AUDIO else 0


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout and process.stdin
    process.stdout.close()
    try:
        process.stdin.close()
    except BrokenPipeError:
        # Bytes that were still in its buffer have nobody left to take them.
        return
