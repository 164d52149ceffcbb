"""How pages fared that watched, on SQLite and PostgreSQL: each report once, the newest counts, for a while."""

import dataclasses
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from local_services.sql_watches import MOST_WATCHES, SqlWatches
from models.errors import RateLimited
from models.watch import GAP, POLLING, SSE, Sample, WatchReport, Weights
from tests.dictating import START, Clock

WEIGHTS = Weights(500, answer_bytes=1500, answer_head_bytes=1200, stream_head_bytes=1300, stream_share=0.25)
NO_TIMES: dict[int, float] = {}
ALL_TIME = START - timedelta(days=365)


@pytest.fixture
def watches(engine: Engine, clock: Clock) -> SqlWatches:
    return SqlWatches(engine, clock)


def report(number: int = 1, watch_id: str = "", **changed: object) -> WatchReport:
    """Of a page that was told two things over a stream, and asked for one."""
    made = WatchReport(
        watch_id=watch_id or str(uuid.uuid4()),
        number=number,
        is_over=False,
        mode=POLLING,
        seconds={SSE: 20.0, POLLING: 9.0, GAP: 1.0},
        changes=((0.0, GAP), (0.5, SSE), (20.5, GAP), (21.0, POLLING)),
        connects=1,
        disconnects=1,
        errors=3,
        mode_changes=2,
        losses={"network": 0, "server_closed": 1, "refused": 0, "blocked": 3},
        reconnections=0,
        reconnected=(),
        requests={SSE: 4, POLLING: 3},
        received_bytes={SSE: 600, POLLING: 900},
        clock_ahead=100.0,
        first_sample=0,
        samples=(Sample(SSE, 1.0, 100.01), Sample(SSE, 2.0, 100.02), Sample(POLLING, 24.0, 102.5)),
    )
    return dataclasses.replace(made, **changed)  # type: ignore[arg-type]


def of(watches: SqlWatches, session_id: str) -> list[object]:
    return [one for one in watches.since(ALL_TIME, 1000) if one.session_id == session_id]


def test_a_report_is_read_as_it_was_with_the_heads_of_its_answers_and_the_clock_set_right(watches: SqlWatches) -> None:
    session_id = str(uuid.uuid4())
    kept = watches.keep(session_id, report(), WEIGHTS, NO_TIMES)
    assert kept is not None
    [found] = of(watches, session_id)
    assert found == kept.after
    assert found.changes == report().changes and found.losses["blocked"] == 3
    assert found.moved_bytes == {SSE: 4 * 500 + 150 + 1300, POLLING: 900 + 3 * 1700}
    assert [(mode, round(delay, 3)) for mode, delay in kept.delays] == [(SSE, 0.01), (SSE, 0.02), (POLLING, 2.5)]
    assert sum(found.delays[SSE].values()) == 2 and sum(found.delays[POLLING].values()) == 1
    assert (found.polling_requests, found.polling_bytes) == (11, 11 * 2000)


def test_a_later_report_takes_the_place_of_the_one_before_and_an_earlier_one_changes_nothing(
    watches: SqlWatches,
) -> None:
    session_id, first = str(uuid.uuid4()), report(number=2)
    watches.keep(session_id, first, WEIGHTS, NO_TIMES)
    assert watches.keep(session_id, first, WEIGHTS, NO_TIMES) is None
    later = dataclasses.replace(first, number=3, is_over=True, errors=5)
    kept = watches.keep(session_id, later, WEIGHTS, NO_TIMES)
    assert kept is not None and kept.is_new_ending and kept.before is not None
    assert watches.keep(session_id, report(1, first.watch_id, errors=99), WEIGHTS, NO_TIMES) is None
    [found] = of(watches, session_id)
    assert (found.errors, found.is_over, found.number) == (5, True, 3)
    once_more = watches.keep(session_id, dataclasses.replace(later, number=4), WEIGHTS, NO_TIMES)
    assert once_more is not None and not once_more.is_new_ending


def test_an_update_that_is_reported_twice_counts_once(watches: SqlWatches) -> None:
    session_id, first = str(uuid.uuid4()), report()
    watches.keep(session_id, first, WEIGHTS, NO_TIMES)
    again = dataclasses.replace(first, number=2, samples=(*first.samples, Sample(POLLING, 27.0, 101.0)))
    kept = watches.keep(session_id, again, WEIGHTS, NO_TIMES)
    assert kept is not None and kept.delays == [(POLLING, 1.0)]
    behind = dataclasses.replace(first, number=3, first_sample=4, samples=(Sample(SSE, 28.0, 100.1),))
    kept = watches.keep(session_id, behind, WEIGHTS, NO_TIMES)
    assert kept is not None and len(kept.delays) == 1
    [found] = of(watches, session_id)
    assert (sum(found.delays[SSE].values()), sum(found.delays[POLLING].values())) == (3, 2)


def test_what_was_told_before_the_page_watched_was_not_late(watches: SqlWatches) -> None:
    old = Sample(SSE, 0.2, 100.0 + 60.0)
    kept = watches.keep(str(uuid.uuid4()), report(samples=(old, Sample(SSE, 0.3, 100.05))), WEIGHTS, NO_TIMES)
    assert kept is not None and [round(delay, 3) for _, delay in kept.delays] == [0.05]


def test_what_was_told_between_two_questions_was_as_late_as_the_answer_that_skipped_it(watches: SqlWatches) -> None:
    made_at = {1: 1000.0, 2: 1010.0, 3: 1011.0, 4: 1012.5, 5: 1013.0}
    asked = (Sample(POLLING, 20.0, 100.5, seq=5, after_seq=2), Sample(POLLING, 23.0, 101.0, seq=9, after_seq=5))
    kept = watches.keep(str(uuid.uuid4()), report(samples=asked), WEIGHTS, made_at)
    assert kept is not None and [round(delay, 3) for _, delay in kept.delays] == [0.5, 2.5, 1.0, 1.0]


def test_a_page_that_says_each_time_that_it_knew_nothing_counts_each_status_once(watches: SqlWatches) -> None:
    made_at = {seq: 1000.0 + seq / 1000 for seq in range(1, 1001)}
    forgetful = tuple(Sample(POLLING, 25.0, 100.0, seq=seq, after_seq=0) for seq in range(801, 1001))
    kept = watches.keep(str(uuid.uuid4()), report(samples=forgetful), WEIGHTS, made_at)
    assert kept is not None and len(kept.delays) == 1000


def test_each_page_has_its_own_line_and_one_recording_has_a_bounded_number(watches: SqlWatches) -> None:
    session_id = str(uuid.uuid4())
    for _ in range(MOST_WATCHES):
        watches.keep(session_id, report(), WEIGHTS, NO_TIMES)
    with pytest.raises(RateLimited):
        watches.keep(session_id, report(), WEIGHTS, NO_TIMES)
    assert len(of(watches, session_id)) == MOST_WATCHES


def test_what_is_older_than_the_days_it_is_kept_is_forgotten(watches: SqlWatches, clock: Clock) -> None:
    session_id = str(uuid.uuid4())
    watches.keep(session_id, report(), WEIGHTS, NO_TIMES)
    clock.time += timedelta(days=29)
    watches.forget(days=30)
    assert len(of(watches, session_id)) == 1
    clock.time += timedelta(days=2)
    assert watches.forget(days=30) >= 1
    assert of(watches, session_id) == []
