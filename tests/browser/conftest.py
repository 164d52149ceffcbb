"""One server and one Chromium for the tests of a file, and a fresh person for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.clinician import PATIENCE_MS, Clinician, chromium
from tests.process import ServerProcess, server_process

NewClinician = Callable[..., Clinician]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose recogniser really listens."""
    folder: Path = tmp_path_factory.mktemp("server")
    with server_process(folder, login_attempts_per_minute=1000, max_sessions_per_user=50) as started:
        yield started


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose recogniser answers at once, with words that were not spoken. A test may kill and start it."""
    folder: Path = tmp_path_factory.mktemp("scripted")
    settings = {"recogniser": "scripted", "scripted_final_every": 2, "max_sessions_per_user": 50}
    with server_process(folder, login_attempts_per_minute=1000, **settings) as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as started:
        yield started


@pytest.fixture
def clinician(browser: Browser, server: ServerProcess) -> Iterator[NewClinician]:
    """Makes signed-in people; each must have met no error in the browser's console, CSP violations included."""
    made: list[Clinician] = []

    def make(**context: Any) -> Clinician:
        made.append(Clinician(browser, server.url, **context))
        return made[-1].sign_in()

    yield make
    for person in made:
        person.context.close()
        assert person.complaints == []


@pytest.fixture
def person(browser: Browser, scripted: ServerProcess) -> Iterator[Clinician]:
    """Somebody signed in at the scripted server; the browser may complain of what is broken on purpose."""
    made = Clinician(browser, scripted.url).sign_in()
    yield made
    made.context.close()
