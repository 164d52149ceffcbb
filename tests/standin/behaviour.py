"""How one connection of the stand-in goes wrong."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """`fault` happens once `at_seconds` of audio were heard. Without one, all is well.

    The name of any exception: told as an event, then closed; "unknown_exception": one that nobody documents. "reset":
    the TCP connection is reset. "close": closed cleanly, unasked. "hang": audio is taken, nothing is said any more, not
    even at the end. "deaf": the same, but the end is answered. "stop_reading": not even audio is taken. "vanish": not
    even acknowledged, as behind a cable that was cut. "garbage", "wrong_checksum", "text": a message that cannot be
    read. "unknown_event": an event of a type that nobody knows, then on as usual. "repeat_finals": each final twice,
    and its partial after it. "limit": the session limit is reached. "no_last_words": the end is answered by a clean
    close at once. "forget_words": finals come without text, as for noise that was taken for speech.
    """

    fault: str | None = None
    at_seconds: float = 0.0
    refuse: int | None = None
    """HTTP status of the answer to the handshake"""
    delay_seconds: float = 0.0
    """Each answer comes so much later"""
    open_delay_seconds: float = 0.0
    """The first audio is taken so much later"""


GOOD = Behaviour()
