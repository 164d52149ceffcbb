"""What the load generator is asked for, what it answers, and the audio that every server gets."""

from dataclasses import dataclass

SAMPLE_RATE = 16_000
"""Hertz; quality medium"""
BYTES_A_SECOND = SAMPLE_RATE * 2
CHUNK_SECONDS = 0.25
CHUNK_BYTES = int(BYTES_A_SECOND * CHUNK_SECONDS)
AUDIO_MARK = b"\x01"
"""Byte 0 of every audio frame"""

DICTATION, RELAY, ECHO = "dictation", "relay", "echo"
"""How a server is spoken to"""


@dataclass(frozen=True, slots=True)
class Plan:
    """One load: so many sessions that speak for so long, all at once, each in real time."""

    kind: str
    """DICTATION, RELAY or ECHO"""
    url: str
    """http://host:port"""
    pid: int
    """The server's process, whose CPU and memory are read"""
    sessions: int
    chunks: int
    """Chunks that each session speaks"""
    cookies: list[str]
    """Cookie headers of signed-in users; sessions take turns. Empty where nobody signs in"""
    deflate: bool
    """Offer permessage-deflate, as browsers do"""
    patience_seconds: float
    """How long a session may wait for one step, such as connecting"""
    counts: bool = False
    """Speak numbers that the stand-in for Transcribe knows, instead of real speech"""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which every session speaks, without its first second."""

    seconds: float
    chunks: int
    """Answered in it"""
    server_cpu_seconds: float
    """With child processes"""
    generator_cpu_seconds: float
    rss_bytes: int
    """Of the server, at its end"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the load met."""

    session_ids: list[str]
    sent: int
    """Chunks"""
    results: int
    """Messages of words that came back"""
    lost: int
    """Chunks not sent, without words, or (where the server acknowledges) without an ack"""
    problems: list[str]
    """What went wrong, in codes and class names"""
    result_seconds: list[float]
    """Of each chunk, from being sent to the first words that cover it; sorted"""
    final_seconds: list[float]
    """Of each final but the last of a session, from its last chunk being sent; sorted"""
    ack_seconds: list[float]
    """Of each chunk, from being sent to the ack that covers it; sorted"""
    receipt_seconds: list[float]
    """Of each session, session_end to session_complete; sorted"""
    late_seconds: list[float]
    """Of each chunk, how long after it was due it was sent; sorted"""
    rss_idle: int
    """Bytes, before the first connection"""
    window: Window
