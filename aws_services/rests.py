"""When to try again what was tried in vain: after a while, then after twice as long, and so on."""

from collections.abc import Collection

FIRST_REST_SECONDS = 15.0
LONGEST_REST_SECONDS = 900.0


class Rests:
    """The sessions of the spool that came back after they were taken over. A new process tries all of them at once."""

    def __init__(self) -> None:
        self._rests: dict[str, tuple[float, float]] = {}
        """When each is due, and how long it rested"""

    def due(self, session_ids: Collection[str], now: float) -> list[str]:
        """Those of these sessions that should be tried now; all others are forgotten."""
        self._rests = {session_id: rest for session_id, rest in self._rests.items() if session_id in session_ids}
        return [session_id for session_id in session_ids if self._rests.get(session_id, (now, 0.0))[0] <= now]

    def tried(self, session_id: str, now: float) -> None:
        """It was taken over; should it come back, it is to rest first."""
        _, rested = self._rests.get(session_id, (now, 0.0))
        rest = min(max(2 * rested, FIRST_REST_SECONDS), LONGEST_REST_SECONDS)
        self._rests[session_id] = (now + rest, rest)
