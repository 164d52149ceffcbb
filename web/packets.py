"""Socket.IO packets with bounds: what a client may make the server hold is one event with one attachment.

python-socketio lets one client announce a hundred thousand attachments, raise inside the server with half a packet, or
name its event "connect". Here each of these becomes an event `malformed`, which is answered and counted.
"""

from typing import Any

from socketio import packet

MALFORMED = "malformed"
RESERVED_EVENTS = frozenset({"connect", "disconnect"})
"""Names that would reach the handlers of the connection itself"""
MAX_ATTACHMENTS = 1
READABLE = (packet.CONNECT, packet.DISCONNECT, packet.EVENT, packet.ACK, packet.BINARY_EVENT)


class BoundedPacket(packet.Packet):
    """A Socket.IO packet that never raises while it is read."""

    def __init__(self, *arguments: Any, encoded_packet: Any = None, **named: Any) -> None:
        super().__init__(*arguments, encoded_packet=encoded_packet, **named)
        if encoded_packet is not None and not encoded_packet:  # an empty frame is not decoded at all
            self._become_malformed()

    def decode(self, encoded_packet: Any) -> int:
        """Read a text frame; the number of binary frames that follow, 0 or 1."""
        try:
            attachments: int = super().decode(_text(encoded_packet))
            self._check(attachments)
        except (ValueError, TypeError, RecursionError):
            self._become_malformed()
            return 0
        return attachments

    def add_attachment(self, attachment: Any) -> bool:
        """Take the binary frame; True, for there is only one."""
        try:
            complete: bool = super().add_attachment(attachment)
        except (IndexError, TypeError, ValueError, RecursionError):
            self._become_malformed(packet.BINARY_EVENT)
            return True
        return complete

    def _check(self, attachments: int) -> None:
        if self.packet_type not in READABLE:
            raise ValueError("unknown packet type")
        if attachments != (MAX_ATTACHMENTS if self.packet_type == packet.BINARY_EVENT else 0):
            raise ValueError("wrong number of attachments")
        if self.packet_type in (packet.EVENT, packet.BINARY_EVENT) and not _is_event(self.data):
            raise ValueError("not an event")

    def _become_malformed(self, packet_type: int = packet.EVENT) -> None:
        self.packet_type, self.namespace, self.id, self.data = packet_type, "/", None, [MALFORMED]


def _text(encoded_packet: Any) -> str:
    if not isinstance(encoded_packet, str):
        raise ValueError("a binary frame that nothing announced")
    return encoded_packet


def _is_event(content: Any) -> bool:
    return (
        isinstance(content, list)
        and bool(content)
        and isinstance(content[0], str)
        and content[0] not in RESERVED_EVENTS
    )
