"""What pages in a real Chromium count of one job, told and asked: `python -m benchmarks.pages [--seconds 60]`.

The figures are those that administrators see at /admin/connections, over a real server and a real Redis.
"""

import argparse
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from aws_services.job_progress import queued
from aws_services.redis_link import RedisLink
from benchmarks.status import tell_a_job, watched_of
from tests.browser.clinician import Clinician, chromium
from tests.process import ServerProcess, server_process
from tests.sender import Sender
from tests.servers import redis

ADMIN = "admin@clinic.example"
NO_EVENT_SOURCE = "delete window.EventSource"
WATCH = """async ([session, token]) => {
    const { TranscriptionStatus } = await import("/static/js/transcription-status.js");
    const ticket = { status_url: `${session}/status`, stream_url: `${session}/status/stream`,
        health_url: `${session}/connection-health` };
    window.watch = new TranscriptionStatus(ticket, { formToken: () => token });
    watch.start();
}"""
LOOK_MS = 300


def measure(server: ServerProcess, link: RedisLink, browser: Browser, seconds: float) -> list[dict[str, Any]]:
    """Two pages watch one job of so many seconds, one of them without EventSource; what each has reported."""
    server.add_user(ADMIN, role="admin")
    recording = watched_of(server, link)
    assert recording.publisher is not None
    recording.publisher.publish(queued(recording.session_id))
    pages = [page_of(browser, server, script) for script in ("", NO_EVENT_SOURCE)]
    for person in pages:
        token = person.page.locator("[name=csrf_token]").first.get_attribute("value")
        with person.page.expect_response("**/status**"):
            person.page.evaluate(WATCH, [f"/api/v1/sessions/{recording.session_id}", token])
    job = threading.Thread(target=tell_a_job, args=(recording, seconds, {}))
    job.start()
    for person in pages:
        while person.page.evaluate("() => watch.mode") != "stopped":
            person.page.wait_for_timeout(LOOK_MS)
    job.join()
    recording.engine.dispose()
    admin = Sender(server, ADMIN)
    while len(found := admin.get("/api/v1/admin/connection-health").json()["watches"]["items"]) < len(pages):
        pages[0].page.wait_for_timeout(LOOK_MS)
    return list(found)


def page_of(browser: Browser, server: ServerProcess, script: str) -> Clinician:
    """Somebody signed in, in whose pages this script runs first."""
    person = Clinician(browser, server.url)
    person.context.add_init_script(script)
    return person.sign_in()


def figures(watch: dict[str, Any]) -> str:
    """One line of them."""
    way = max(("sse", "polling"), key=lambda one: float(watch["seconds"][one]))
    late = watch["latency"][way]
    return (
        f"{way}: {watch['requests']} requests, {watch['bytes']} bytes (polling would have cost "
        f"{watch['polling_requests']} and {watch['polling_bytes']}); {late['updates']} updates, "
        f"delay p50 {late['p50_ms']:.0f}, p99 {late['p99_ms']:.0f} ms"
    )


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=60.0)
    options = asked.parse_args()
    settings = {"recogniser": "scripted", "job_workers": 0}
    with tempfile.TemporaryDirectory() as name, redis() as bus:
        link = RedisLink(bus.address)
        with (
            server_process(Path(name), redis_url=bus.address, **settings) as server,
            sync_playwright() as playwright,
            chromium(playwright) as browser,
        ):
            for watch in measure(server, link, browser, options.seconds):
                sys.stdout.write(f"{figures(watch)}\n")
        link.close()


if __name__ == "__main__":
    main()
