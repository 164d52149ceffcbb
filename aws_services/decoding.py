"""An uploaded recording made into PCM by an ffmpeg that can read this one file, in this one format, and nothing else.

Why each option stands here is in docs/decisions/040-what-strangers-send.md.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from aws_services.limited_process import Exceeded, Limits, run_limited
from aws_services.mp3 import ffmpeg
from models.keeping_errors import StorageFull
from models.upload import HEAD_BYTES, RecordingKind, kind_of, rejected, tag_length

SAMPLE_RATE = 16_000
"""Hertz of the PCM"""
BYTES_A_SECOND = 2 * SAMPLE_RATE
LARGEST_BLOCK = 64 * 1024 * 1024
"""Bytes that ffmpeg may ask for at once"""
PROBE_SECONDS = 1
PROBE = Limits(cpu_seconds=10, wall_seconds=20, file_bytes=4 * PROBE_SECONDS * BYTES_A_SECOND)
CPU_SECONDS = 60
CPU_SECONDS_AN_HOUR = 120
"""Ten times of what an hour of MP3 takes"""
WALL_FOR_CPU = 4
"""Seconds to wait for a second of CPU: the machine has other things to do"""
LEAST_FREE_BYTES = 1024 * 1024


def kind_of_file(file: Path) -> RecordingKind:
    """What its first bytes say. Raises UploadRejected."""
    with file.open("rb") as recording:
        head = recording.read(HEAD_BYTES)
        recording.seek(tag_length(head))
        return kind_of(head, recording.read(HEAD_BYTES))


def check_readable(recording: Path, kind: RecordingKind) -> None:
    """Decode its first second and forget it. Raises UploadRejected when there is no sound in it."""
    _decode(recording, kind, recording.with_name("probe.pcm"), PROBE_SECONDS, PROBE, lambda: None)
    recording.with_name("probe.pcm").unlink()


def decode(
    recording: Path, kind: RecordingKind, pcm: Path, max_seconds: int, keep_going: Callable[[], object] = lambda: None
) -> float:
    """Write the recording's sound to `pcm` (16 kHz, mono, s16le), whole or not at all, and return its seconds.

    Both lie in one folder that holds nothing else. `keep_going` may raise to stop it. Raises UploadRejected when it is
    damaged or longer than `max_seconds`, StorageFull.
    """
    cpu = CPU_SECONDS + CPU_SECONDS_AN_HOUR * max_seconds // 3600
    room = (max_seconds + 2) * BYTES_A_SECOND
    part = pcm.with_name(f"{pcm.name}.part")
    _decode(recording, kind, part, max_seconds + 1, Limits(cpu, WALL_FOR_CPU * cpu, file_bytes=room), keep_going)
    seconds = part.stat().st_size / BYTES_A_SECOND
    if seconds > max_seconds:
        part.unlink()
        raise rejected("too_long", max_seconds / 60)
    part.replace(pcm)
    return seconds


def _decode(
    recording: Path,
    kind: RecordingKind,
    pcm: Path,
    seconds: int,
    limits: Limits,
    keep_going: Callable[[], object],
) -> None:
    pcm.unlink(missing_ok=True)
    command = _command(recording.name, kind, pcm.name, seconds)
    try:
        code = run_limited(command, recording.parent, limits, keep_going)
    except Exceeded:
        code = 1
    if code == 0 and pcm.exists() and pcm.stat().st_size:
        return
    pcm.unlink(missing_ok=True)
    if shutil.disk_usage(pcm.parent).free < LEAST_FREE_BYTES:
        raise StorageFull("The server's storage is full. The recording is kept and is read again later.")
    raise rejected("unreadable")


def _command(recording: str, kind: RecordingKind, pcm: str, seconds: int) -> list[str]:
    reading = ["-protocol_whitelist", "file", "-format_whitelist", kind.demuxer, "-codec_whitelist", kind.codecs]
    return [
        *(ffmpeg(), "-hide_banner", "-loglevel", "quiet", "-nostdin", "-y", "-max_alloc", str(LARGEST_BLOCK)),
        *(*reading, "-threads", "1", "-f", kind.demuxer, "-i", f"file:{recording}"),
        *("-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-filter_threads", "1"),
        *("-t", str(seconds), "-fs", str(seconds * BYTES_A_SECOND)),
        *("-ac", "1", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_s16le", "-f", "s16le", f"file:{pcm}"),
    ]
