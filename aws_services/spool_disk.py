"""What the spool asks of the disk, in whole steps. Every verb raises OSError and none runs on the hub."""

import os
import zlib
from pathlib import Path

PIECE_BYTES = 1024 * 1024


def write_whole(descriptor: int, block: bytes) -> None:
    """Write all of it at the descriptor's place; after an OSError a part of it may be written."""
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def prove(path: Path) -> tuple[int, int]:
    """Make what a former process left in the file durable: its length and its CRC-32.

    What lies in a file was perhaps only ever in the kernel's memory.
    """
    size = checksum = 0
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while piece := os.read(descriptor, PIECE_BYTES):
            size, checksum = size + len(piece), zlib.crc32(piece, checksum)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    return size, checksum


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
