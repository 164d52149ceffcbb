"""Event-stream messages, from the published layout: lengths, headers, payload and two CRC-32 sums."""

import struct
import zlib

PRELUDE = struct.Struct("!II")
CRC = struct.Struct("!I")
AROUND = PRELUDE.size + 2 * CRC.size
"""Bytes of a message that are neither headers nor payload"""
STRING = 7
FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Header type -> bytes of its value; 6 (bytes) and 7 (string) carry their length"""

Headers = dict[str, str | bytes]


class FrameError(Exception):
    """The bytes are no event-stream message."""


def encode(headers: dict[str, str], payload: bytes) -> bytes:
    """One message with these string headers."""
    packed = b"".join(_packed("!B", name) + bytes([STRING]) + _packed("!H", value) for name, value in headers.items())
    prelude = PRELUDE.pack(AROUND + len(packed) + len(payload), len(packed))
    prelude += CRC.pack(zlib.crc32(prelude))
    body = prelude + packed + payload
    return body + CRC.pack(zlib.crc32(body))


def decode(message: bytes) -> tuple[Headers, bytes]:
    """Headers and payload of exactly one message. Raises FrameError."""
    if len(message) < AROUND:
        raise FrameError("too short")
    total, headers_length = PRELUDE.unpack_from(message)
    if total != len(message):
        raise FrameError("length")
    if CRC.unpack_from(message, PRELUDE.size)[0] != zlib.crc32(message[: PRELUDE.size]):
        raise FrameError("prelude checksum")
    if CRC.unpack_from(message, total - CRC.size)[0] != zlib.crc32(message[: -CRC.size]):
        raise FrameError("message checksum")
    start = PRELUDE.size + CRC.size
    end = start + headers_length
    if end > total - CRC.size:
        raise FrameError("headers length")
    return _headers(message[start:end]), message[end : -CRC.size]


def _packed(length_format: str, text: str) -> bytes:
    return struct.pack(length_format, len(text.encode())) + text.encode()


def _headers(packed: bytes) -> Headers:
    headers: Headers = {}
    at = 0
    try:
        while at < len(packed):
            name_end = at + 1 + packed[at]
            name = packed[at + 1 : name_end].decode()
            kind = packed[name_end]
            at = name_end + 1
            size = FIXED_SIZES.get(kind)
            if size is None:
                size = struct.unpack_from("!H", packed, at)[0]
                at += 2
            value = packed[at : at + size]
            headers[name] = value.decode() if kind == STRING else value
            at += size
    except (IndexError, struct.error, UnicodeDecodeError):
        raise FrameError("headers") from None
    return headers
