"""A decoder process: PCM in on stdin, words out on stdout. Ends by itself when either pipe closes.

PocketSphinx holds the GIL while it decodes and wants about 100 MB, so it lives here and not beside the hub.
Run as `python -m local_services.pocketsphinx_child ENDPOINTING_MS`; nothing it hears is ever printed or logged.
"""

import json
import os
import signal
import sys
from typing import BinaryIO

from local_services.pocketsphinx_listener import Listener, load_decoder
from local_services.pocketsphinx_pipe import Kind, Message, pack_words, read_message, write_message
from models.transcript import Final, Partial


class DecoderChild:
    """One decoder and the one stream it listens to."""

    def __init__(self, endpointing_ms: int, outbox: BinaryIO) -> None:
        self._endpointing_ms = endpointing_ms
        self._outbox = outbox
        self._decoder = load_decoder()
        self._average_voice = self._decoder.get_cmn()
        self._listener: Listener | None = None
        self._stream = 0

    def obey(self, message: Message) -> None:
        """Do what the message asks. Raises OSError when nobody is there to hear the words."""
        match message.kind:
            case Kind.OPEN:
                self._open(message)
            case Kind.AUDIO if self._listener:
                self._listener.hear(message.payload)
            case Kind.FINISH if self._listener:
                self._listener.finish()
                self._done(message)
            case Kind.CANCEL:
                if self._listener:
                    self._listener.drop()
                self._done(message)

    def _open(self, message: Message) -> None:
        request = json.loads(message.payload)
        self._stream = message.stream
        # What was learned of the former speaker's voice must not colour the next one's words.
        self._decoder.set_cmn(self._average_voice)
        self._listener = Listener(
            self._decoder, request["sample_rate"], self._endpointing_ms, request["stream_id"], self._tell
        )

    def _tell(self, said: Partial | Final) -> None:
        write_message(self._outbox, pack_words(self._stream, said))

    def _done(self, message: Message) -> None:
        self._listener = None
        write_message(self._outbox, Message(Kind.DONE, message.stream))


def main() -> None:
    """Listen until the parent is gone."""
    # Ctrl-C and a service manager's SIGTERM reach the whole group; the parent still wants its last words.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as outbox:
        # A library that prints must not speak into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        child = DecoderChild(int(sys.argv[1]), outbox)
        while (message := read_message(sys.stdin.buffer)) is not None:
            child.obey(message)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The parent is gone, so there is nobody to tell.
        os._exit(0)
