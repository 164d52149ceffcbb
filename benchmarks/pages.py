"""What pages in a real Chromium count of one job, told and asked: `python -m benchmarks.pages [--seconds 60]`.

The figures are those that administrators see at /admin/connections, over a real server and a real Redis; beside them
what the browser itself says that it sent and received, the pages' reports to administrators included.
"""

import argparse
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

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
REPORT = "/connection-health"


class Wire:
    """What the browser moved for one recording, by its own account (Chrome DevTools Protocol, domain Network)."""

    def __init__(self, page: Page, session_id: str) -> None:
        self._session_id = session_id
        self._addresses: dict[str, str] = {}
        self._bytes: dict[str, int] = {}
        """Both by the browser's id of the request"""
        devtools = page.context.new_cdp_session(page)
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.requestWillBeSentExtraInfo", self._sent)
        devtools.on("Network.responseReceived", lambda told: self._moved(told, told["response"]["encodedDataLength"]))
        devtools.on("Network.dataReceived", lambda told: self._moved(told, told["encodedDataLength"]))
        devtools.send("Network.enable")

    def _asked(self, told: dict[str, Any]) -> None:
        if self._session_id in told["request"]["url"]:
            self._addresses[told["requestId"]] = told["request"]["url"]
            line = f"{told['request']['method']} {urlsplit(told['request']['url']).path} HTTP/1.1"
            self._moved(told, len(line) + 2 * LINE_END + len(told["request"].get("postData", "")))

    def _sent(self, told: dict[str, Any]) -> None:
        lines = [f"{name}: {value}" for name, value in told["headers"].items()]
        self._moved(told, sum(len(line) + LINE_END for line in lines))

    def _moved(self, told: dict[str, Any], number: int) -> None:
        """Of whichever request it is: the browser may tell of the headers first."""
        self._bytes[told["requestId"]] = self._bytes.get(told["requestId"], 0) + number

    def cost(self, of_reports: bool) -> tuple[int, int]:
        """How many requests, and how many bytes both ways."""
        found = [one for one, address in self._addresses.items() if address.endswith(REPORT) == of_reports]
        return len(found), sum(self._bytes[one] for one in found)

    def __str__(self) -> str:
        (requests, moved), (reports, more) = self.cost(of_reports=False), self.cost(of_reports=True)
        return f"the browser's own account: {requests} requests, {moved} bytes; and {reports} reports, {more} bytes"


LINE_END = 2


def measure(
    server: ServerProcess, link: RedisLink, browser: Browser, seconds: float
) -> tuple[list[dict[str, Any]], list[Wire]]:
    """Two pages watch one job of so many seconds, one of them without EventSource; what each reported, and moved."""
    server.add_user(ADMIN, role="admin")
    recording = watched_of(server, link)
    assert recording.publisher is not None
    recording.publisher.publish(queued(recording.session_id))
    pages = [page_of(browser, server, script) for script in ("", NO_EVENT_SOURCE)]
    wires = [Wire(person.page, recording.session_id) for person in pages]
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
    while len(found := [one for one in watches(admin) if not one["is_watching"]]) < len(pages):
        pages[0].page.wait_for_timeout(LOOK_MS)
    return sorted(found, key=lambda one: int(one["requests"])), wires


def watches(admin: Sender) -> list[dict[str, Any]]:
    """As the administrators' page is told of them."""
    return list(admin.get("/api/v1/admin/connection-health").json()["watches"]["items"])


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
            found, (told, asked_for) = measure(server, link, browser, options.seconds)
            for watch, wire in zip(found, (told, asked_for), strict=True):
                sys.stdout.write(f"{figures(watch)}\n  {wire}\n")
        link.close()


if __name__ == "__main__":
    main()
