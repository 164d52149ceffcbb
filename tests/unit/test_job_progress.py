"""What is told of a job on its way: the remaining time comes from what was measured, not before that says something."""

from aws_services.job_progress import JobProgress
from models.status import JobStatus


class Told:
    """A job of 100 seconds whose clock the test sets; remembers what was told."""

    def __init__(self, first: float = 0.0) -> None:
        self.clock = 1000.0
        self.statuses: list[JobStatus] = []
        self.progress = JobProgress("s", self.statuses.append, lambda: self.clock)
        self.progress.recognising(first, 100.0)

    def remaining(self, second: float, after: float) -> float | None:
        """What is told when that second is reached so long after the beginning."""
        self.clock = 1000.0 + after
        before = len(self.statuses)
        self.progress.heard(second)
        assert len(self.statuses) == before + 1
        return self.statuses[-1].estimated_seconds_remaining


def test_before_a_second_of_work_nobody_knows_how_long_it_takes() -> None:
    told = Told()
    assert told.statuses[0].estimated_seconds_remaining is None
    assert told.remaining(20.0, after=0.5) is None
    assert told.remaining(30.0, after=0.99) is None


def test_then_the_rest_takes_as_long_for_each_second_as_what_is_done_and_a_second_for_the_end() -> None:
    told = Told()
    assert told.remaining(20.0, after=2.0) == 80 * 2 / 20 + 1
    assert told.remaining(50.0, after=10.0) == 50 * 10 / 50 + 1  # it became slower
    assert told.remaining(100.0, after=11.0) == 1.0


def test_a_job_that_goes_on_in_the_middle_counts_only_what_it_did_itself() -> None:
    told = Told(first=60.0)
    assert told.remaining(80.0, after=4.0) == 20 * 4 / 20 + 1


def test_at_the_end_nothing_remains() -> None:
    told = Told()
    told.progress.done(3)
    assert told.statuses[-1].estimated_seconds_remaining == 0.0
