"""A server that takes its time over recordings, without the work; and whose recogniser may be away."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.process import ServerProcess

AWAY = "recogniser-away"


class PatientServer(ServerProcess):
    """Says "the blood pressure is stable", over and over."""

    program = ("-m", "tests.browser.patient_program")

    @contextmanager
    def recogniser_away(self) -> Iterator[None]:
        """Nothing is heard meanwhile, neither live nor of what is stored."""
        away = self.folder / "instance" / AWAY
        away.touch()
        try:
            yield
        finally:
            away.unlink()
