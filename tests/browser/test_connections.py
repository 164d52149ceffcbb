"""The administrators' page of connections, in a real browser: what a blocked stream did to a watched upload."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clinician import Clinician
from tests.browser.test_page import CONTRASTS, LEAST_CONTRAST, SMALLEST_TOUCH_PX
from tests.process import EMAIL, PASSWORD, ServerProcess, server_process
from tests.watched import Watched

pytestmark = [pytest.mark.browser, pytest.mark.integration]

ADMIN = "admin@clinic.example"
WATCH = """async ([session, token]) => {
    const { TranscriptionStatus } = await import("/static/js/transcription-status.js");
    const ticket = { status_url: `${session}/status`, stream_url: `${session}/status/stream`,
        health_url: `${session}/connection-health` };
    window.modes = [];
    window.watch = new TranscriptionStatus(ticket, { formToken: () => token });
    watch.on("mode", (mode) => modes.push(mode));
    watch.start();
}"""
ONLINE = "() => dispatchEvent(new Event('online'))"
HIDDEN = """() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
LOOKED_AT = "() => void document.dispatchEvent(new Event('visibilitychange'))"
"""The page asks again by itself every 15 s, and when it comes into view"""
Opens = Callable[..., Clinician]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder: Path = tmp_path_factory.mktemp("server")
    with server_process(folder, recogniser="scripted", login_attempts_per_minute=1000) as started:
        started.add_user(ADMIN, role="admin")
        yield started


@pytest.fixture
def admin(browser: Browser, server: ServerProcess) -> Iterator[Opens]:
    """Makes signed-in administrators at their page; each must have met no error in the browser's console."""
    made: list[Clinician] = []

    def make(**context: Any) -> Clinician:
        made.append(Clinician(browser, server.url, **context))
        page = made[-1].page
        page.goto("/login?next=/admin/connections")
        page.get_by_label("Email").fill(ADMIN)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Connections")
        page.wait_for_load_state("load")  # with its style sheet: before that it is not painted, but can be measured
        return made[-1]

    yield make
    for person in made:
        person.context.close()
        assert person.complaints == []


def test_an_administrator_sees_a_blocked_stream_its_return_and_how_late_each_way_was(
    browser: Browser, server: ServerProcess, admin: Opens, tmp_path: Path
) -> None:
    office = admin(viewport={"width": 1280, "height": 900})
    expect(office.page.get_by_role("status")).to_contain_text("Nobody has watched a recording in this time")
    person = Clinician(browser, server.url).sign_in()
    with server.accounts() as accounts:
        recording = Watched(server, accounts.user_id_of(EMAIL) or "")
    recording.tell(5)
    person.page.route("**/status/stream*", lambda route: route.abort())
    secret = person.page.locator("[name=csrf_token]").first.get_attribute("value")
    person.page.evaluate(WATCH, [f"/api/v1/sessions/{recording.session_id}", secret])
    person.until(lambda: person.page.evaluate("() => modes.at(-1)") == "polling")
    with person.page.expect_response("**/connection-health") as reported:
        person.page.evaluate(HIDDEN)
    recording.tell(20)
    assert reported.value.status == 204
    office.page.evaluate(LOOKED_AT)
    expect(office.page.locator("tbody [data-watch=errors]")).to_have_text("3")
    expect(office.page.get_by_text("asking every 3 s", exact=False).first).to_be_visible()
    person.page.unroute("**/status/stream*")
    person.page.evaluate(ONLINE)
    person.until(lambda: person.page.evaluate("() => modes.at(-1)") == "live")
    recording.tell(60)
    with person.page.expect_response("**/connection-health") as reported:
        recording.tell(100, "completed")
    assert reported.value.status == 204
    recording.engine.dispose()
    person.page.goto("/admin/connections")
    expect(person.page.get_by_text("This is for administrators only.")).to_be_visible()
    expect(person.page.get_by_role("link", name="Connections")).to_have_count(0)
    person.context.close()
    office.page.reload()
    row = office.page.locator("tbody[data-part=rows] tr")
    expect(row).to_have_count(1)
    expect(row.locator("[data-watch=reconnected]")).to_have_text("1 (blocked on the way)")
    strip = row.get_by_role("img").get_attribute("aria-label") or ""
    assert re.search(r"live updates .*asking every 3 s .*reconnected after .*blocked on the way", strip), strip
    [watch] = office.fetch("/api/v1/admin/connection-health").json()["watches"]["items"]
    assert [one["mode"] for one in watch["pattern"]] == ["gap", "polling", "sse"]
    assert watch["latency"]["polling"]["updates"] >= 1 and watch["latency"]["sse"]["updates"] >= 2
    assert watch["losses"] == {"network": 0, "server_closed": 0, "refused": 0, "blocked": 3}
    tiles = office.page.locator(".tiles")
    expect(tiles).to_contain_text(re.compile(r"Delay, live\s*[\d.]+ m?s"))
    expect(tiles).to_contain_text(re.compile(r"Delay, asking\s*[\d.]+ m?s"))
    summary = office.page.get_by_text("The same as a table").nth(1)
    summary.click()
    expect(office.page.locator("figure table").nth(1)).to_be_visible()
    office.picture("connections.png", tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_connections_has_enough_contrast_and_fits_a_narrow_phone(
    admin: Opens, scheme: str, tmp_path: Path
) -> None:
    person = admin(color_scheme=scheme, viewport={"width": 320, "height": 640}, has_touch=True)
    page = person.page
    expect(page.get_by_role("heading", name="Watched recordings")).to_be_visible()
    assert [found for found in page.evaluate(CONTRASTS) if found[0] < LEAST_CONTRAST] == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for control in page.locator("button:visible, nav a:visible, select:visible, summary:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= SMALLEST_TOUCH_PX - 1
    person.picture(f"connections-phone-{scheme}.png", tmp_path)
