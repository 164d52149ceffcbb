"""What may come in as a recording: known by its first bytes, never by its name, and refused in plain words."""

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from models.errors import InternalError, RequestError
from models.keeping_errors import KeepingError

HEAD_BYTES = 4096
"""How much of a file is looked at to know its kind"""
MEGABYTE = 1024 * 1024
LONGEST_NAME = 200
"""Characters of a file's name that are kept, to be shown"""

KINDS_IN_WORDS = "WAV, MP3, M4A, AAC, OGG, WebM or FLAC"


class UploadRejected(RequestError):
    """The file can't become a note, and no other try with it would. Made by `rejected`."""

    code: ClassVar[str] = "UPLOAD_REJECTED"
    recoverable: ClassVar[bool] = False
    status: ClassVar[int] = 415


class UploadTooLarge(UploadRejected):
    """A recording, but more of it than is taken."""

    status = 413


class UploadUnreadable(UploadRejected):
    """Nothing can be read in it."""

    status = 422


class UploadCancelled(RequestError):
    """Its owner stopped it. Stands in rows and statuses; no request is answered by it."""

    code: ClassVar[str] = "CANCELLED"
    text = "This was cancelled. What was heard and stored before is kept."
    recoverable: ClassVar[bool] = False
    status: ClassVar[int] = 409


class WorkTooLong(InternalError):
    """A try at turning it into text took more time than one may have. What was heard is kept; the next one goes on."""

    text = "Turning this recording into text takes longer than is allowed here. What was heard and stored is safe."


class RecordingLate(KeepingError):
    """The recording of a live note is still not where it could be heard again, after recording_wait_hours."""

    code: ClassVar[str] = "S3_UPLOAD_FAILED"
    text = (
        "The missing text was not made, because the recording still waits to be stored. It is safe on the server; "
        "ask for the text again once it is stored."
    )
    retryable: ClassVar[bool] = False


REASONS: dict[str, tuple[type[UploadRejected], str]] = {
    "empty": (UploadUnreadable, "The file is empty. Nothing was kept; choose another one."),
    "missing": (UploadUnreadable, "No recording came. Send one file in the field `file`, or as the body."),
    "many": (UploadUnreadable, "Send one recording a request. Nothing was kept."),
    "unknown": (
        UploadRejected,
        f"This file is no recording that can be read here ({KINDS_IN_WORDS}). Nothing was kept.",
    ),
    "playlist": (
        UploadRejected,
        "This file is a list of recordings and holds none. Nothing was kept; send the recording.",
    ),
    "too_large": (
        UploadTooLarge,
        "The file is larger than {limit} MB. Nothing was kept; send it in parts or compressed.",
    ),
    "too_long": (UploadTooLarge, "The recording is longer than {limit} min. Nothing was kept; send it in parts."),
    "unreadable": (
        UploadUnreadable,
        "The file is damaged or holds no sound. Nothing was kept; try to export it again.",
    ),
}
"""Reason -> its class and what people read"""


def rejected(reason: str, limit: float | None = None) -> UploadRejected:
    """The refusal for a key of REASONS; `limit` is what was passed, in megabytes or minutes."""
    refusal, text = REASONS[reason]
    return refusal(text.format(limit=f"{limit:g}" if limit is not None else ""), reason=reason)


@dataclass(frozen=True, slots=True)
class RecordingKind:
    """One of the kinds of files that are taken."""

    name: str
    media_type: str
    demuxer: str
    """ffmpeg's name for the one reader that may touch it"""
    codecs: str
    """ffmpeg's names for the decoders that may be used"""


MP3 = RecordingKind("mp3", "audio/mpeg", "mp3", "mp3,mp3float")
ADTS = RecordingKind("aac", "audio/aac", "aac", "aac")
FLAC = RecordingKind("flac", "audio/flac", "flac", "flac")
OGG = RecordingKind("ogg", "audio/ogg", "ogg", "opus,libopus,vorbis,flac,speex,libspeex")
WEBM = RecordingKind("webm", "audio/webm", "matroska", "opus,libopus,vorbis")
MP4 = RecordingKind("m4a", "audio/mp4", "mov", "aac,alac,mp3,mp3float")
WAV = RecordingKind(
    "wav",
    "audio/wav",
    "wav",
    "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav",
)

PLAYLISTS = (b"#extm3u", b"ffconcat", b"[playlist]", b"<?xml", b"<mpd", b"<asx", b"v=0")


def kind_of(head: bytes, after_tag: bytes = b"") -> RecordingKind:
    """The kind of a file that begins with `head` (HEAD_BYTES of it, or all).

    `after_tag` is what stands at tag_length(head) of it. Raises UploadRejected: empty, playlist, unknown.
    """
    if not head:
        raise rejected("empty")
    kind = _kind(after_tag) if tag_length(head) else _kind(head)
    if kind is not None:
        return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    raise rejected("playlist" if text.startswith(PLAYLISTS) else "unknown")


def tag_length(head: bytes) -> int:
    """Bytes of an ID3 tag (titles, pictures) before the sound, 0 when there is none."""
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    size = 0
    for part in head[6:10]:  # 28 bits in four bytes (ID3v2, section 3.1)
        size = size << 7 | part & 0x7F
    return 10 + size


def _kind(head: bytes) -> RecordingKind | None:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"fLaC":
        return FLAC
    if head[:4] == b"OggS":
        return OGG
    if head[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in head[:64]:
        return WEBM
    if head[4:8] == b"ftyp":
        return MP4
    return _kind_of_frames(head.lstrip(b"\0"))  # encoders leave room behind their tag


def _kind_of_frames(head: bytes) -> RecordingKind | None:
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return ADTS
    version, layer, bitrate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    is_mp3 = head[1] & 0xE0 == 0xE0 and version != 1 and layer in (1, 2) and bitrate not in (0, 15) and rate != 3
    return MP3 if is_mp3 else None


def shown_name(name: str) -> str:
    """What a user called the file, fit to be shown and for nothing else: no folders, no control or invisible marks."""
    last = name.replace("\\", "/").rpartition("/")[2]
    visible = "".join(" " if mark.isspace() else mark for mark in last if mark.isspace() or _is_visible(mark))
    return " ".join(visible.split())[:LONGEST_NAME].strip()


def _is_visible(mark: str) -> bool:
    return not unicodedata.category(mark).startswith("C")
