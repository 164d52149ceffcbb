"""Connections that have not said who they are: how long, and how many of them, are put up with."""

from collections.abc import Collection


class Strangers:
    """Called on the hub, every now and then."""

    def __init__(self, longest_seconds: float, most: int) -> None:
        self._longest_seconds = longest_seconds
        self._most = most
        self._since: dict[str, float] = {}
        """When each was first seen, the longest waiting first"""

    def overdue(self, transports: Collection[str], known: Collection[str], now: float) -> list[str]:
        """Those of the open `transports` that are not `known` and should be closed, at monotonic time `now`."""
        unknown = set(transports) - set(known)
        waiting = {transport: since for transport, since in self._since.items() if transport in unknown}
        self._since = waiting | dict.fromkeys(unknown - waiting.keys(), now)
        too_many = max(len(self._since) - self._most, 0)
        return [
            transport
            for place, (transport, since) in enumerate(self._since.items())
            if place < too_many or now - since >= self._longest_seconds
        ]
