"""How many wrong passwords an account, and a network address, may send in a minute."""

import hashlib
import ipaddress
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from models.errors import RateLimited

IPV6_PREFIX = 64
"""Bits of an IPv6 address that belong to one connection; the rest its owner can change at will"""


class LoginLimit:
    """Counts every try before the password is looked at, and takes the right ones off again.

    Counting first means that many tries at once can't slip through together.
    """

    def __init__(self, attempts_per_minute: int) -> None:
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._rate = RateLimitItemPerMinute(attempts_per_minute)

    def take(self, email: str, address: str | None) -> None:
        """Count a try. Raises RateLimited, with retry_after, when the account or the address has none left."""
        for key in _keys(email, address):
            if not self._limiter.hit(self._rate, key):
                reset = self._limiter.get_window_stats(self._rate, key).reset_time
                raise RateLimited(
                    "Too many tries to sign in. Please wait a moment and try again.",
                    retry_after=max(1, math.ceil(reset - time.time())),
                )

    def give_back(self, email: str, address: str | None) -> None:
        """The password was right: the try doesn't count, so that a whole ward can sign in from one address."""
        for key in _keys(email, address):
            self._storage.decr(self._rate.key_for(key))


def _keys(email: str, address: str | None) -> tuple[str, str]:
    # Hashed: whatever is typed into the field, a password by mistake included, is not kept.
    account = hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
    return f"address:{_network(address)}", f"account:{account}"


def _network(address: str | None) -> str:
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((known, IPV6_PREFIX), strict=False)) if known.version == 6 else str(known)
