"""The same browser, server and people as in tests/browser."""

from tests.browser.conftest import browser, person, playwright, scripted, scripted_process, sign_ins

__all__ = ["browser", "person", "playwright", "scripted", "scripted_process", "sign_ins"]
