"""Passwords: which are accepted, and how they are kept so that nobody can read them back (Argon2id)."""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.errors import ValidationFailed

SHORTEST = 8
"""Characters. OWASP ASVS 5, 6.2.1"""
LONGEST = 1024
"""Characters, so that nobody can keep the hasher busy with a book"""
MEMORY_KIB = 19_456
"""Kibibytes one hash takes. OWASP's least for Argon2id: sixteen sign-ins at once stay within 300 MB"""
ROUNDS = 2


class Passwords:
    """Makes and checks password hashes. Checking takes the same time whether or not there is a hash to check."""

    def __init__(self, memory_kib: int = MEMORY_KIB, rounds: int = ROUNDS) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self._hash_of_nobody = self._hasher.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """What to store for a new password. Raises ValidationFailed when it can't be accepted."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise ValidationFailed(f"A password must have {SHORTEST} to {LONGEST} characters. Nothing was changed.")
        try:
            return self._hasher.hash(_canonical(password))
        except UnicodeEncodeError:
            raise ValidationFailed("The password is not readable text. Nothing was changed.") from None

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether `stored` was made from `password`. None, for an account that isn't there, takes as long."""
        try:
            right = self._hasher.verify(stored or self._hash_of_nobody, _canonical(password[:LONGEST]))
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
        return right and stored is not None and len(password) <= LONGEST

    def is_outdated(self, stored: str) -> bool:
        """True when `stored` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def _canonical(password: str) -> str:
    # The same keys give different code points on different systems (NIST SP 800-63B, 5.1.1.2).
    return unicodedata.normalize("NFKC", password)
