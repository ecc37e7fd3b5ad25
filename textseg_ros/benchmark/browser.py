"""A real browser without a window, for what only a browser shows."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Programs that are looked for, in this order."""
# Nothing but the page is asked for: neither updates nor anything else of the maker's.
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def find_browser() -> str | None:
    """Return the path of a browser; None if none of `BROWSERS` is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def open_browser(executable: str) -> Iterator["Browser"]:
    """Start a browser with a new profile, and end it afterwards.

    Args:
        executable: Path of the program.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()
