"""How pages fare that watch recordings: they report it, administrators read it, and it costs no privacy."""

import copy
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from aws_services.job_progress import queued
from local_services.sql_jobs import SqlJobs
from local_services.sql_statuses import SqlStatuses
from models.status import JobStatus
from models.stored_ports import UPLOAD, StoredJob
from tests.site import Browser, Site, open_site
from utils import metrics
from web.connection_health import LARGEST_REPORT_BYTES, REPORTS_A_MINUTE
from web.watch_reports import read_report

OWNER, OTHER, ADMIN = "owner@example.org", "other@example.org", "admin@example.org"
ADDRESS = "/api/v1/admin/connection-health"
LEAST_MS, MOST_MS = 1300, 20_000
"""For a delay of 1.5 s, whose class begins and ends within 20 % of it"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        for email, role in ((OWNER, "clinician"), (OTHER, "clinician"), (ADMIN, "admin")):
            opened.add(email, role)
        yield opened


@pytest.fixture
def session_id(site: Site) -> str:
    """Of a recording of the owner."""
    made = str(uuid.uuid4())
    owner = site.accounts.user_id_of(OWNER) or ""
    job = StoredJob(str(uuid.uuid4()), made, owner, UPLOAD, "visit", "audio/flac", 10, datetime.now(UTC))
    SqlJobs(site.engine).enqueue(job)
    SqlStatuses(site.engine).publish(queued(made))
    return made


def report(**changed: Any) -> dict[str, Any]:
    """Of a page that was told for 57 s, lost its stream once, and asked for 2 s."""
    told = {
        "watch_id": str(uuid.uuid4()),
        "number": 1,
        "is_over": True,
        "sent_at": time.time(),
        "trip_seconds": 0.0,
        "mode": "sse",
        "seconds": {"sse": 57.0, "polling": 2.0, "gap": 1.0},
        "changes": [[0.0, "gap"], [0.1, "sse"], [30.0, "gap"], [30.9, "polling"], [32.9, "sse"]],
        "connects": 2,
        "disconnects": 1,
        "errors": 1,
        "mode_changes": 2,
        "losses": {"network": 0, "server_closed": 1, "refused": 0, "blocked": 1},
        "reconnections": 1,
        "reconnected": [[32.9, "blocked"]],
        "requests": {"sse": 2, "polling": 1},
        "received_bytes": {"sse": 2400, "polling": 300},
        "first_sample": 0,
        "samples": [[10.0, 0.02, 1], ["sse", 20.0, 0.03, 2, 1], ["polling", 31.0, 1.5, 5, 2]],
    }
    return {**told, **changed}


class Page:
    """A page of one person that reports."""

    def __init__(self, site: Site, email: str) -> None:
        self.browser: Browser = site.browser(email)
        self.secret = self.browser.form_secret()

    def reports(self, session_id: str, told: Any, **headers: str) -> Any:
        address = f"/api/v1/sessions/{session_id}/connection-health"
        return self.browser.send("POST", address, json=told, headers={"X-CSRFToken": self.secret, **headers})


def health(site: Site, **asked: object) -> dict[str, Any]:
    answer = site.browser(ADMIN).get(ADDRESS, query_string=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def test_an_administrator_reads_what_pages_report_beside_what_asking_would_have_cost(
    site: Site, session_id: str
) -> None:
    page = Page(site, OWNER)
    assert page.reports(session_id, report()).status_code == 204
    found = health(site)
    totals = found["totals"]
    assert (totals["watches"], totals["connects"], totals["disconnects"], totals["errors"]) == (1, 2, 1, 1)
    assert totals["losses"] == {"network": 0, "server_closed": 1, "refused": 0, "blocked": 1}
    assert totals["seconds"] == {"sse": 57.0, "polling": 2.0, "gap": 1.0}
    assert (totals["requests"], totals["polling_requests"], totals["reports"]) == (3, 21, 1)
    [watch] = found["watches"]["items"]
    assert watch["pattern"][1:3] == [{"at": 0.1, "mode": "sse"}, {"at": 30.0, "mode": "gap"}]
    assert watch["reconnected"] == [{"at": 32.9, "reason": "blocked"}]
    assert watch["is_watching"] is False
    steps = found["over_time"]
    assert [step["watches"] for step in steps] == [*[0] * 23, 1]
    assert totals["latency"]["sse"]["updates"] == 2 and totals["latency"]["polling"]["updates"] == 1
    assert LEAST_MS <= totals["latency"]["polling"]["p50_ms"] < MOST_MS


def test_what_is_counted_is_what_moves_over_the_wire(site: Site, session_id: str) -> None:
    statuses = SqlStatuses(site.engine)
    for progress in range(10, 60, 5):
        statuses.publish(JobStatus(session_id, "processing", progress, "Turning speech into text.", "recognising"))
    page = Page(site, OWNER)
    nothing = {"changes": [], "reconnected": [], "samples": []}
    asking = {"connects": 0, "requests": {"sse": 0, "polling": 1}, "received_bytes": {"sse": 0, "polling": 300}}
    page.reports(session_id, report(**nothing, **asking))
    polled = page.browser.get(f"/api/v1/sessions/{session_id}/status")
    assert polled.request is not None
    answer_head = weight(f"HTTP/1.1 {polled.status}", polled.headers)
    question = weight(f"GET {polled.request.path} HTTP/1.1", polled.request.headers)
    [watch] = health(site)["watches"]["items"]
    assert watch["bytes"] == pytest.approx(question + answer_head + 300, abs=4)
    assert watch["polling_bytes"] == pytest.approx(21 * (question + answer_head + len(polled.data)), abs=21 * 4)
    events = 2400
    streamed = {"connects": 1, "requests": {"sse": 1, "polling": 0}, "received_bytes": {"sse": events, "polling": 0}}
    for squeezing, most in (("gzip", events / 2), ("identity", events)):
        page.reports(session_id, report(**nothing, **streamed), **{"Accept-Encoding": squeezing})
        [newest, *_] = health(site)["watches"]["items"]
        assert newest["bytes"] - question - answer_head <= most + 300  # a stream's head has a few bytes more


def weight(line: str, headers: Any) -> int:
    return len(line) + 4 + sum(len(name) + len(value) + 4 for name, value in headers.items())


def test_a_page_whose_clock_is_a_day_wrong_reports_the_same_delays(site: Site, session_id: str) -> None:
    day = 86_400.0
    samples = [["polling", 31.0, day + 1.5, 5, 2], ["sse", 40.0, day + 0.05, 6, 5]]
    page = Page(site, OWNER)
    assert page.reports(session_id, report(sent_at=time.time() + day, samples=samples)).status_code == 204
    latency = health(site)["totals"]["latency"]
    # What the report's own way takes, on a slow machine, is added; never a part of the day.
    assert LEAST_MS <= latency["polling"]["p99_ms"] < MOST_MS
    assert 40 <= latency["sse"]["p99_ms"] < MOST_MS


@pytest.mark.parametrize(
    ("trip", "way_up", "fastest", "expected"),
    [
        (0.0, 0.1, 0.01, 0.11),  # nothing is known of the way up: it is added
        (0.2, 0.1, 1.5, 1.5),  # half a trip is the way up
        (0.1, 0.05, 0.05, 0.05),
        (5.0, 0.01, 0.03, 0.02),  # such a trip tells nothing: half of both ways is taken off, not more
    ],
)
def test_no_delay_is_taken_for_less_than_half_of_what_it_was(
    trip: float, way_up: float, fastest: float, expected: float
) -> None:
    ahead, sent_at = 86_400.0, time.time()
    samples = [["sse", 10.0, ahead + fastest, 1, 0], ["sse", 11.0, ahead + fastest + 1, 2, 1]]
    body = json.dumps(report(sent_at=sent_at + ahead, trip_seconds=trip, samples=samples)).encode()
    read = read_report(body, sent_at + way_up)
    first, second = (one.delay - read.clock_ahead for one in read.samples)
    assert (first, second) == (pytest.approx(expected, abs=1e-3), pytest.approx(expected + 1, abs=1e-3))


def test_who_may_not_watch_may_not_report_and_it_looks_like_no_recording(site: Site, session_id: str) -> None:
    page = Page(site, OTHER)
    foreign, unknown = page.reports(session_id, report()), page.reports(str(uuid.uuid4()), report())
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json["message"] == unknown.json["message"]
    assert Page(site, OWNER).reports(session_id, report(), **{"X-CSRFToken": "x"}).status_code == 403
    assert site.browser().send("POST", f"/api/v1/sessions/{session_id}/connection-health").status_code == 401
    assert health(site)["totals"]["watches"] == 0


WRONG: list[tuple[str, Any]] = [
    ("watch_id", "me"),
    ("number", 0),
    ("number", 1.5),
    ("is_over", "yes"),
    ("sent_at", float("nan")),
    ("sent_at", "now"),
    ("trip_seconds", -1),
    ("mode", "telepathy"),
    ("seconds", {"sse": 1.0, "polling": 1.0}),
    ("seconds", {"sse": 1e9, "polling": 1.0, "gap": 0.0}),
    ("changes", [[0.0, "sse"]] * 61),
    ("changes", [[5.0, "sse"], [1.0, "gap"]]),
    ("changes", [[61.5, "sse"]]),
    ("connects", -1),
    ("connects", 10**9),
    ("losses", {"network": 0, "server_closed": 1, "refused": 0, "blocked": 1, "because": 1}),
    ("reconnected", [[1.0, "the patient said so"]]),
    ("samples", [["sse", 1.0, 0.1, 1, 0]] * 201),
    ("samples", [["the patient said so", 0.1, 1]]),
    ("samples", [[61.5, 0.1, 1]]),
    ("note", "free text"),
]


def test_what_is_no_report_is_refused_by_field_and_nothing_is_kept(site: Site, session_id: str) -> None:
    page = Page(site, OWNER)
    for field, value in WRONG:
        refused = page.reports(session_id, report(**{field: value}))
        assert refused.status_code == 422, (field, value)
        assert "Nothing was kept" in refused.json["message"]
        assert "the patient" not in refused.text and "free text" not in refused.text
    assert health(site)["totals"]["watches"] == 0


def test_no_report_is_large_and_no_page_reports_without_end(site: Site, session_id: str) -> None:
    page = Page(site, OWNER)
    assert page.reports(session_id, {"x": "y" * LARGEST_REPORT_BYTES}).status_code == 413
    assert page.reports(session_id, [1]).status_code == 422
    codes = [page.reports(session_id, [1]).status_code for _ in range(REPORTS_A_MINUTE + 1)]
    assert codes[-1] == 429
    assert Page(site, OTHER).reports(session_id, report()).status_code == 404


def test_nobody_but_administrators_sees_it_and_they_are_told_so_in_words(site: Site) -> None:
    clinician, admin = site.browser(OWNER), site.browser(ADMIN)
    for address in (ADDRESS, "/admin/connections", "/api/v1/metrics"):
        refused = clinician.get(address)
        assert refused.status_code == 403
        assert "for administrators only" in refused.text
        assert admin.get(address).status_code == 200
    assert "/admin/connections" in admin.get("/").text
    assert "/admin/connections" not in clinician.get("/").text
    assert len(site.audit_lines("admin_denied")) == 3
    assert [outcome for _, _, outcome in site.audit_lines("connection_health_viewed")] == ["ok"]


def test_the_window_and_the_page_are_bounded(site: Site, session_id: str) -> None:
    page = Page(site, OWNER)
    for _ in range(3):
        page.reports(session_id, report())
    second = health(site, page=2, page_size=2, hours=1)["watches"]
    assert (len(second["items"]), second["total"], second["page"]) == (1, 3, 2)
    for asked in ({"hours": 0}, {"hours": 10**6}, {"page_size": 101}, {"page": "x"}):
        assert site.browser(ADMIN).get(ADDRESS, query_string=asked).status_code == 422


def test_answers_have_the_shape_that_the_document_promises(site: Site, session_id: str) -> None:
    document = site.browser().get("/api/v1/openapi.json").json
    told = report()
    Page(site, OWNER).reports(session_id, told)
    answers = {
        "WatchReport": told,
        "ConnectionHealth": health(site),
        "Metrics": site.browser(ADMIN).get("/api/v1/metrics").json,
    }
    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(answer)


def samples() -> dict[tuple[str, str], float]:
    """Every counter there is, as Prometheus reads it."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {(one.name, ",".join(one.labels.values())): one.value for family in families for one in family.samples}


def test_a_report_counts_once_in_the_metrics_and_an_ended_watch_leaves_one_line_without_a_person(
    site: Site, session_id: str
) -> None:
    page, told, before = Page(site, OWNER), report(is_over=False), samples()
    with capture_logs() as lines:
        page.reports(session_id, told)
        page.reports(session_id, told)
        over = {**copy.deepcopy(told), "number": 2, "is_over": True, "errors": 4}
        page.reports(session_id, over)
        page.reports(session_id, {**over, "number": 3})
    after = samples()
    rise = {key: after[key] - before.get(key, 0.0) for key in after}
    assert rise["asr_sse_client_events_total", "errors"] == 4
    assert rise["asr_sse_client_events_total", "connects"] == 2
    assert rise["asr_sse_client_losses_total", "blocked"] == 1
    assert rise["asr_status_watch_seconds_total", "sse"] == 57.0
    assert rise["asr_status_requests_total", "polling"] == 1
    assert rise["asr_status_update_latency_seconds_count", "sse"] == 2
    [line] = [one for one in lines if one["event"] == "watch_ended"]
    assert (line["session_id"], line["errors"], line["polling_requests"]) == (session_id, 4, 21)
    people = [site.accounts.user_id_of(OWNER), OWNER, told["watch_id"]]
    assert not any(person in str(line) for person in people)
