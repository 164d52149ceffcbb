"""Who sends a recording with wait=true is not kept waiting without end: a long one, a busy server, nobody who works."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_services.sql_job_leases import SqlJobLeases
from local_services.sql_jobs import SqlJobs
from tests.recordings import silence
from tests.site import Site, open_site
from tests.speaker import wait_until
from web.uploads import EXTENSION, LONGEST_WAITED_FOR_SECONDS

OWNER = "owner@example.org"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Nobody works on recordings here."""
    with open_site(tmp_path) as opened:
        opened.add(OWNER, "clinician")
        yield opened


def sends_and_waits(site: Site, tmp_path: Path) -> Any:
    browser = site.browser(OWNER)
    headers = {"X-CSRFToken": browser.form_secret(), "Content-Type": "audio/flac"}
    body = silence(tmp_path, 2).read_bytes()
    return browser.send("POST", "/api/v1/transcribe?wait=true", data=body, headers=headers)


def test_a_recording_that_nobody_works_on_is_not_waited_for_without_end(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.uploads.PATIENCE_SECONDS", 0.3)
    places = site.app.extensions[EXTENSION].waiting_places
    answer = sends_and_waits(site, tmp_path)
    assert (answer.status_code, answer.json["existing"]) == (202, False)
    assert "transcript" not in answer.json
    free = 0
    while places.acquire(blocking=False):
        free += 1
    assert free > 0
    with pytest.raises(ValueError):
        places.release(free + 1)  # as many as before: none is kept


def test_a_recording_that_proves_to_be_long_is_no_longer_waited_for(site: Site, tmp_path: Path) -> None:
    leases = SqlJobLeases(site.engine)

    def worker() -> None:
        wait_until(leases.waiting)
        job = leases.claim("worker", 60)
        assert job is not None
        leases.measured(job.id, LONGEST_WAITED_FOR_SECONDS + 1)

    working = threading.Thread(target=worker)
    working.start()
    answer = sends_and_waits(site, tmp_path)
    working.join()
    assert answer.status_code == 202
    assert SqlJobs(site.engine).of_session(answer.json["session_id"]).status == "processing"


def test_when_too_many_wait_already_the_next_one_is_answered_at_once(site: Site, tmp_path: Path) -> None:
    places = site.app.extensions[EXTENSION].waiting_places
    while places.acquire(blocking=False):
        pass
    answer = sends_and_waits(site, tmp_path)
    assert answer.status_code == 202
    assert SqlJobs(site.engine).of_session(answer.json["session_id"]).status == "queued"
