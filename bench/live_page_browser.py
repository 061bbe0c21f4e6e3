"""Browsers that look at the dashboard, and what they see: when, and how many bytes it took."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

__all__ = ["CHART", "CHROMIUM", "SIZE", "Frames", "chromium", "first_chart", "opened", "shown_steps", "wait"]

CHART = "[data-testid=stVegaLiteChart] svg"
CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1440, "height": 900}

_WATCH_STEP = """
window.shownSteps = [];
setInterval(() => {
    const found = /step ([\\d,]+)/.exec(document.querySelector('.a-head')?.textContent ?? '');
    const step = found && Number(found[1].replaceAll(',', ''));
    if (step && step !== window.shownSteps.at(-1)?.[0]) window.shownSteps.push([step, Date.now() / 1000]);
}, 20);
"""
"""Writes down when the head of the run's page says which step, to 20 ms."""


class Frames:
    """What a page was sent over its websocket, before compression: when, and how many bytes."""

    def __init__(self, page: Page) -> None:
        """Listen from now on; events arrive while Playwright waits for something."""
        self.received: list[tuple[float, int]] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: self.received.append((time.time(), len(data))))

    def bytes_between(self, begin: float, end: float) -> int:
        """Bytes that came in a stretch of time."""
        return sum(size for moment, size in self.received if begin <= moment < end)


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser just started."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser) -> Generator[Page]:
    """An empty page of a viewer who was never here: nothing is cached."""
    context = browser.new_context(viewport=SIZE, locale="en-US")  # type: ignore[arg-type] - a dict of two ints
    try:
        page = context.new_page()
        page.add_init_script(_WATCH_STEP)
        yield page
    finally:
        context.close()


def first_chart(page: Page, url: str, what: str = CHART) -> float:
    """Open an address; seconds until its first chart (or something else) can be seen."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(what).first.wait_for(timeout=120_000)
    return time.perf_counter() - began


def shown_steps(page: Page) -> list[tuple[int, float]]:
    """Steps that the page has said so far, and when it first did, in seconds since 1970."""
    found: list[Any] = page.evaluate("window.shownSteps")
    return [(int(step), float(moment)) for step, moment in found]


def wait(page: Page, seconds: float) -> None:
    """Let time pass while events of the page are taken in."""
    page.wait_for_timeout(seconds * 1e3)
