"""What people do on the page that takes recordings."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.clinician import Clinician
from tests.recordings import SPOKEN, made

DROP = """async ([name, bytes]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(bytes)], name));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


def opened(person: Clinician) -> Page:
    person.page.get_by_role("link", name="Upload", exact=True).click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Upload recordings")
    person.page.wait_for_load_state()
    return person.page


def choose(page: Page, *files: Any) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose recordings").click()
    chooser.value.set_files(list(files))


def card(page: Page, name: str) -> Locator:
    """Of that recording; the one sent first, where there are more."""
    return page.get_by_role("article").filter(has_text=name).last


def minutes_of_speech(folder: Path, repeats: int) -> Path:
    return made(folder / f"spoken{repeats}.mp3", "-stream_loop", str(repeats), "-i", str(SPOKEN), "-b:a", "32k")


def percent(page: Page) -> float:
    """How far the bar of the page's one recording is; 0 while there is none."""
    bar = page.get_by_role("progressbar")
    return float(bar.get_attribute("value") or 0) if bar.count() else 0.0


def is_where_it_was(person: Clinician, page: Page, reached: float) -> None:
    """A page that was opened again shows the recording, and no less of it than before."""
    expect(page.get_by_role("article")).to_have_count(1)
    person.until(lambda: percent(page) > 0)
    assert percent(page) >= reached > 0


def drop(page: Page, name: str, content: bytes) -> None:
    """As if it came from a folder on the desktop."""
    page.evaluate(DROP, [name, list(content)])
