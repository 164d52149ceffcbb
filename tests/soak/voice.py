"""What a soak dictation says: any amount of PCM, the same again for the same seed, and none of it kept in memory."""

import hashlib
from pathlib import Path
from typing import BinaryIO

BYTES_A_SECOND = 32_000
"""PCM at 16 kHz, quality medium"""
BLOCK_BYTES = 8_000
READ_BYTES = 1 << 20


class Voice:
    """A speaker who says `size` bytes that nobody else says."""

    def __init__(self, seed: str, seconds: float) -> None:
        self.seed = seed
        self.size = int(seconds * BYTES_A_SECOND / 2) * 2
        """Bytes of PCM"""

    @property
    def seconds(self) -> float:
        """How long it lasts when it is not sped up."""
        return self.size / BYTES_A_SECOND

    def pcm(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`."""
        first = start // BLOCK_BYTES
        blocks = b"".join(self._block(number) for number in range(first, (end - 1) // BLOCK_BYTES + 1))
        return blocks[start - first * BLOCK_BYTES : end - first * BLOCK_BYTES]

    def sha256(self) -> str:
        """Of all of it, lower-case hex."""
        whole = hashlib.sha256()
        for start in range(0, self.size, READ_BYTES):
            whole.update(self.pcm(start, min(start + READ_BYTES, self.size)))
        return whole.hexdigest()

    def lost_in(self, recording: Path) -> int:
        """Bytes from the first wrong or missing one on in a file of PCM; 0 when its SHA-256 is that of the voice."""
        if not recording.exists():
            return self.size
        with recording.open("rb") as kept:
            if hashlib.file_digest(kept, "sha256").hexdigest() == self.sha256():
                return 0
            kept.seek(0)
            return self.size - self._same_bytes(kept)

    def _same_bytes(self, kept: BinaryIO) -> int:
        same = 0
        while same < self.size:
            spoken = self.pcm(same, min(same + READ_BYTES, self.size))
            found = kept.read(len(spoken))
            if found != spoken:
                pairs = zip(found, spoken, strict=False)
                return same + next((at for at, (one, other) in enumerate(pairs) if one != other), len(found))
            same += len(spoken)
        return same

    def _block(self, number: int) -> bytes:
        return hashlib.shake_256(f"{self.seed}/{number}".encode()).digest(BLOCK_BYTES)
