"""The same browser, servers and people as in tests/browser."""

from tests.browser.conftest import browser, person, playwright, scripted

__all__ = ["browser", "person", "playwright", "scripted"]
