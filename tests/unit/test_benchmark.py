"""The benchmark notices what it is there to notice: slowness, lost chunks, words with gaps, notes that aren't whole."""

import dataclasses
import json
import math
import os
import sqlite3
from contextlib import closing

import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.kept import broken_notes
from benchmarks.load import Load
from benchmarks.plan import BYTES_A_SECOND, CHUNK_BYTES, ECHO, Outcome, Plan
from benchmarks.quantiles import buckets_of, p99_ms
from benchmarks.report import Figures, figures_of, median_of, misses, percentile_ms
from benchmarks.status import CrowdFigures, lost_of, missed
from benchmarks.tally import Tally
from tests.alone import alone

CHUNKS = 8


def spoken(chunks=3):
    tally = Tally()
    for number in range(chunks):
        tally.send(CHUNK_BYTES, at=float(number), expects_ack=False)
    return tally


def result(chunks, **fields):
    return {"is_partial": True, "end_time": chunks * CHUNK_BYTES / BYTES_A_SECOND, **fields}


def test_percentiles_of_histograms_are_those_of_the_time_between_two_looks():
    def looked(*counts):
        edges = ("0.01", "0.1", "+Inf")
        lines = [f'asr_x_seconds_bucket{{le="{edge}"}} {count}' for edge, count in zip(edges, counts, strict=True)]
        return buckets_of("\n".join(["# TYPE asr_x_seconds histogram", *lines]), "asr_x_seconds")

    before = looked(5.0, 5.0, 5.0)
    assert p99_ms(before, before) == 0
    assert p99_ms(before, looked(105.0, 105.0, 105.0)) == pytest.approx(9.9)
    assert p99_ms(before, looked(55.0, 105.0, 105.0)) == pytest.approx(10 + 90 * 49 / 50)
    assert p99_ms(before, looked(5.0, 5.0, 105.0)) == math.inf


def test_a_chunk_waits_until_the_first_words_that_cover_its_end():
    tally = spoken()
    tally.hear(result(2), at=1.5)
    tally.hear(result(2), at=9.0)
    assert tally.words.seconds == [1.5, 0.5]
    assert tally.unanswered == 1


def test_a_final_is_as_late_as_its_last_chunk_and_the_one_that_the_end_brings_is_not_counted():
    tally = spoken()
    tally.hear(result(2, is_partial=False, segment_index=0, start_time=0.0), at=1.25)
    tally.has_ended = True
    tally.hear(result(3, is_partial=False, segment_index=1, start_time=0.5), at=9.0)
    assert tally.final_seconds == [0.25]


def test_finals_are_whole_only_when_they_cover_everything_without_gaps():
    tally = spoken()
    tally.hear(result(2, is_partial=False, segment_index=0, start_time=0.0), at=3.0)
    assert not tally.finals_are_whole
    tally.hear(result(3, is_partial=False, segment_index=2, start_time=0.5), at=3.0)
    assert not tally.finals_are_whole
    tally.hear(result(3, is_partial=False, segment_index=1, start_time=0.5), at=3.0)
    del tally.finals[2]
    assert tally.finals_are_whole


def loaded(answers):
    """The outcome of two sessions that speak for two seconds to an echo that does, or doesn't, answer."""

    async def answer(wire: ServerConnection) -> None:
        heard = 0
        async for frame in wire:
            heard += len(frame) - 1
            if answers:
                await wire.send(json.dumps({"is_partial": True, "end_time": heard / BYTES_A_SECOND}))

    async def run() -> Outcome:
        async with serve(answer, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return await Load(Plan(ECHO, url, os.getpid(), 2, CHUNKS, [], False, patience_seconds=1.0)).run()

    return alone(run())


def test_every_chunk_that_is_answered_has_its_time():
    outcome = loaded(answers=True)
    assert (outcome.sent, outcome.lost, outcome.problems) == (2 * CHUNKS, 0, [])
    assert len(outcome.result_seconds) == 2 * CHUNKS
    assert 0 < outcome.window.chunks < 2 * CHUNKS
    assert misses(figures_of("echo", outcome, None, ())) == []


def test_chunks_that_nobody_answers_are_lost():
    outcome = loaded(answers=False)
    assert outcome.lost == 2 * CHUNKS
    assert f"{2 * CHUNKS} chunks were lost" in misses(figures_of("silent", outcome, None, ()))


def test_percentiles_are_values_that_were_measured():
    seconds = [number / 1000 for number in range(1, 101)]
    assert [percentile_ms(seconds, percent) for percent in (50, 99, 100)] == [50.0, 99.0, 100.0]
    assert percentile_ms([], 50) is None


def figures(**changed):
    whole = Figures(
        **{field.name: None for field in dataclasses.fields(Figures)} | {"server": "ours", "problems": (), "lost": 0}
    )
    return dataclasses.replace(whole, **{"sessions": 100, "p99_ms": 5.0, **changed})


def test_the_promised_speed_is_asked_for_up_to_the_promised_sessions():
    assert misses(figures(p99_ms=99.9)) == []
    assert misses(figures(p99_ms=100.0)) != []
    assert misses(figures(p99_ms=100.0, sessions=101)) == []


def test_a_median_hides_no_loss():
    runs = [figures(p99_ms=4.0), figures(p99_ms=9.0, lost=1, problems=("no row",)), figures(p99_ms=5.0)]
    merged = median_of(runs)
    assert (merged.p99_ms, merged.lost, merged.problems) == (5.0, 1, ("no row",))


def test_a_note_that_is_not_whole_in_the_database_is_found(tmp_path):
    database = tmp_path / "notes.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(
            """
            CREATE TABLE transcriptions (id, session_id, status, audio_status, audio_duration_seconds);
            CREATE TABLE segments (transcription_id, segment_index, start_time, end_time);
            INSERT INTO transcriptions VALUES (1, 'whole', 'COMPLETED', 'STORED', 4.0),
                (2, 'short', 'COMPLETED', 'STORED', 4.0), (3, 'failed', 'FAILED', 'STORED', 4.0);
            INSERT INTO segments VALUES (1, 0, 0.0, 2.0), (1, 1, 2.0, 4.0), (2, 0, 0.0, 2.0);
            """
        )
    found = broken_notes(database, ["whole", "short", "failed", "unknown"], 4 * BYTES_A_SECOND)
    assert found == ["segments end early", "row FAILED, recording STORED", "no row"]


# Watching recordings


def test_a_watcher_that_misses_doubles_or_swaps_a_status_has_lost_it() -> None:
    assert lost_of([1, 2, 3], 3) == 0
    assert lost_of([1, 3], 3) == 1
    assert lost_of([1, 2, 2, 3], 3) == 1
    assert lost_of([1, 3, 2], 3) == 1
    assert lost_of([], 3) == 3


def test_a_crowd_that_loses_one_status_or_hears_late_is_named() -> None:
    good = CrowdFigures(100, 60, lost=0, p50=0.01, p99=0.09, worst=0.2, kilobytes_a_watcher=75, sockets_left=0)
    assert missed(good, "eventlet", (95.2, 89.0)) == []
    assert missed(dataclasses.replace(good, lost=1), "eventlet", (95.2, 89.0)) == ["a status was lost or doubled"]
    assert missed(dataclasses.replace(good, p99=0.11), "eventlet", (95.2, 89.0)) == ["the p99 is over 100 ms"]
    assert missed(dataclasses.replace(good, p99=0.11), "threading", (95.2, 89.0)) == []
    assert len(missed(dataclasses.replace(good, sockets_left=1), "eventlet", (94.0, 79.0))) == 3
