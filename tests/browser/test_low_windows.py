"""Windows in which there is hardly room for anything but the words."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewClinician
from tests.browser.test_page import IS_UNCOVERED

pytestmark = [pytest.mark.browser, pytest.mark.integration]


def test_on_a_phone_on_its_side_the_words_are_in_view_while_recording(clinician: NewClinician) -> None:
    person = clinician(viewport={"width": 844, "height": 390}, has_touch=True)
    person.record()
    first = person.page.locator(".segment").first
    expect(first).to_be_in_viewport(ratio=1)
    assert first.evaluate(IS_UNCOVERED)
    person.stop()
