"""A recording put into the store under its own key, though an earlier try may have got through unnoticed."""

from pathlib import Path

from models.keeping_errors import RecordingExists
from models.ports import AudioStore, StoredRecording

SAME_LENGTH_BYTES = 2048
"""Another version of the encoder makes other bytes of the same sound, and about as many: 0.3 s at 64 kbit/s"""


def store_once(store: AudioStore, key: str, mp3: Path) -> StoredRecording:
    """What the store has, for good. In the blocking pool; raises like AudioStore.put.

    RecordingExists is raised where the key holds less or more than this recording: then the only copy of what is
    missing there is here, and must not go.
    """
    try:
        return store.put(key, mp3)
    except RecordingExists:
        found = store.stat(key)
        if abs(found.size_bytes - mp3.stat().st_size) > SAME_LENGTH_BYTES:
            raise
        return found
