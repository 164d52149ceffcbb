"""One Chromium and two servers for all browser tests of a worker, and a fresh browser profile for each person."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, StorageState, expect, sync_playwright

from tests.browser.clinician import PATIENCE_MS, Clinician, chromium
from tests.browser.patient_server import PatientServer
from tests.process import ServerProcess, server_process

NewClinician = Callable[..., Clinician]
SignIns = dict[str, StorageState]
"""Address of a server -> the cookies of somebody who stays signed in there"""
SHARED = {"login_attempts_per_minute": 1000, "max_sessions_per_user": 50, "max_upload_mb": 1}

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as started:
        yield started


@pytest.fixture(scope="session")
def sign_ins() -> SignIns:
    return {}


@pytest.fixture(scope="session")
def listening_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder: Path = tmp_path_factory.mktemp("listening")
    with server_process(folder, **SHARED) as started:
        yield started


@pytest.fixture(scope="session")
def scripted_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PatientServer]:
    folder: Path = tmp_path_factory.mktemp("scripted")
    server = PatientServer(folder, recogniser="scripted", scripted_final_every=2, job_lease_seconds=3, **SHARED)
    server.start()
    try:
        server.add_user()
        yield server
    finally:
        server.stop()


@pytest.fixture
def listening(listening_process: ServerProcess) -> ServerProcess:
    """A server whose recogniser really listens."""
    running(listening_process)
    return listening_process


@pytest.fixture
def scripted(scripted_process: PatientServer) -> PatientServer:
    """A server whose recogniser answers at once, with words that were not spoken, and takes its time over recordings.
    It soon takes up what a killed one left. A test may kill it."""
    running(scripted_process)
    return scripted_process


def running(server: ServerProcess) -> None:
    """Start it again if a test that failed has left it dead."""
    if not server.is_running:
        server.start()


@pytest.fixture
def clinician(browser: Browser, scripted: ServerProcess, sign_ins: SignIns) -> Iterator[NewClinician]:
    """Makes signed-in people; each must have met no error in the browser's console, CSP violations included."""
    yield from people(browser, scripted, sign_ins)


@pytest.fixture
def heard(browser: Browser, listening: ServerProcess, sign_ins: SignIns) -> Iterator[NewClinician]:
    """The same, at the server that really listens."""
    yield from people(browser, listening, sign_ins)


def people(browser: Browser, server: ServerProcess, sign_ins: SignIns) -> Iterator[NewClinician]:
    made: list[Clinician] = []

    def make(**context: Any) -> Clinician:
        made.append(arrived(browser, server, sign_ins, **context))
        return made[-1]

    yield make
    for person in made:
        person.context.close()
        assert person.complaints == []


@pytest.fixture
def person(browser: Browser, scripted: ServerProcess, sign_ins: SignIns) -> Iterator[Clinician]:
    """Somebody at the scripted server; the browser may complain of what is broken on purpose."""
    made = arrived(browser, scripted, sign_ins)
    yield made
    made.context.close()


def arrived(browser: Browser, server: ServerProcess, sign_ins: SignIns, **context: Any) -> Clinician:
    """Somebody at the front page, in a profile of its own. The first one signs in; others come with the same cookie."""
    known = sign_ins.get(server.url)
    person = Clinician(browser, server.url, storage_state=known, **context)
    person.page.goto("/")
    if person.page.url != f"{server.url}/":
        person.sign_in()
        sign_ins[server.url] = {**person.context.storage_state(), "origins": []}
    return person
