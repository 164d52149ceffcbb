"""The name a recording is stored under: `audio/{user_key}/{YYYYMMDD_HHMMSS}_{uuid4}.mp3`."""

import hashlib
import re
import uuid
from datetime import UTC, datetime

USER_KEY_LENGTH = 32
"""Hex digits of the opaque part that stands for the user"""

RECORDING_KEY = re.compile(
    r"audio/[0-9a-f]{32}/[0-9]{8}_[0-9]{6}_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.mp3"
)


def recording_key(user_id: str, started_at: datetime, recording_id: uuid.UUID) -> str:
    """A new recording's key. `started_at` must carry a zone; `recording_id` must be a version 4 UUID."""
    if recording_id.version != 4:
        raise ValueError("recording_id must be a version 4 UUID")
    return f"audio/{user_key(user_id)}/{started_at.astimezone(UTC):%Y%m%d_%H%M%S}_{recording_id}.mp3"


def user_key(user_id: str) -> str:
    """An opaque, path-safe stand-in for a user, the same each time, from which the user can't be read."""
    return hashlib.sha256(b"recording-key:" + user_id.encode("utf-8", "surrogatepass")).hexdigest()[:USER_KEY_LENGTH]


def is_recording_key(key: str) -> bool:
    """True for exactly the keys that recording_key makes. Stores refuse every other one."""
    return RECORDING_KEY.fullmatch(key) is not None
