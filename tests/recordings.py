"""Recordings that people send: the spoken fixture in every kind of file, long silence, and files that are none."""

import struct
import subprocess
from pathlib import Path

from aws_services.mp3 import ffmpeg

SPOKEN = Path(__file__).resolve().parent / "speech" / "dictation.wav"
SPOKEN_SECONDS = 12.26

FORMATS = {
    "wav": ["-c:a", "pcm_s24le", "-ar", "44100", "-ac", "2"],
    "mp3": [],
    "aac": [],
    "m4a": ["-movflags", "+faststart"],
    "ogg": ["-c:a", "libopus"],
    "webm": ["-c:a", "libopus"],
    "flac": [],
}
"""Ending -> how ffmpeg is to write it"""


def spoken(folder: Path, ending: str) -> Path:
    """The spoken fixture as a file of that kind."""
    return made(folder / f"spoken.{ending}", "-i", str(SPOKEN), *FORMATS[ending])


def silence(folder: Path, seconds: float, ending: str = "flac") -> Path:
    """A recording in which nothing is said; a FLAC of it has some 800 bytes a second."""
    return made(folder / f"silence.{ending}", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", str(seconds))


def noise(folder: Path, seconds: float = 5) -> Path:
    """A recording of which no second is silent."""
    return made(folder / "noise.flac", "-f", "lavfi", "-i", "sine=sample_rate=16000", "-t", str(seconds))


def made(target: Path, *how: str) -> Path:
    """What ffmpeg makes."""
    subprocess.run([ffmpeg(), "-loglevel", "error", "-nostdin", "-y", *how, str(target)], check=True)
    return target


def lying_wav(sound: bytes, claimed_bytes: int = 0xFFFFFFF0) -> bytes:
    """A WAV whose header claims far more sound than there is."""
    chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", claimed_bytes)
        + b"WAVE"
        + chunk
        + struct.pack("<4sI", b"data", claimed_bytes)
        + sound
    )


HOSTILE = {
    "ffconcat": (b"ffconcat version 1.0\nfile neighbour.wav\n", 415, "playlist"),
    "m3u8": (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nneighbour.wav\n#EXT-X-ENDLIST\n", 415, "playlist"),
    "dash": (b'<?xml version="1.0"?><MPD><Period/></MPD>', 415, "playlist"),
    "sdp": (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 0\r\n", 415, "playlist"),
    "html": (b"<!DOCTYPE html><html><script>alert(1)</script></html>", 415, "unknown"),
    "zip": (b"PK\x03\x04" + b"\0" * 200, 415, "unknown"),
    "tagged ffconcat": (b"ID3\x04\0\0\0\0\0\0ffconcat version 1.0\nfile neighbour.wav\n", 415, "unknown"),
    "empty": (b"", 422, "empty"),
    "only a header": (b"fLaC" + b"\0" * 60, 422, "unreadable"),
    "noise behind a good beginning": (b"OggS" + bytes(range(256)) * 40, 422, "unreadable"),
    "no sound behind its claim": (lying_wav(b""), 422, "unreadable"),
}
"""What -> (bytes, HTTP status, reason of the refusal)"""
