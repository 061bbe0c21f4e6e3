"""Experts in Chromium for `bench.review_page`: they judge by keys, and each page says how long its next pair took."""

import heapq
import random
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from bench.live_page_browser import SIZE
from store.invites import Invitation

__all__ = ["Turn", "at_work", "opened_by_invite", "until"]

LEAST_PAUSE = 1.0
CRITERIA = "qwe"
"""Keys of the criteria that the policy asks for; once is the left answer."""

ENTER_AFTER = (0.3, 1.5)
"""Seconds between choosing and sending."""

_WATCH_TURNS = """
window.turns = [];
(() => {
    let pressed = null, before = null, asked = false;
    const question = () => document.querySelector('.rv-asked')?.textContent ?? null;
    window.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || pressed !== null) return;
        [pressed, before, asked] = [performance.now(), question(), false];
    }, true);
    new MutationObserver(() => {
        if (pressed === null) return;
        if (document.querySelector('dialog.rv-dialog')) asked = true;
        const now = question();
        if (now === null || now === before) return;
        const turn = { from: pressed, asked };
        pressed = null;
        requestAnimationFrame(() => requestAnimationFrame(() => {
            window.turns.push({ ms: performance.now() - turn.from, asked: turn.asked });
        }));
    }).observe(document, { subtree: true, childList: true, characterData: true });
})();
"""
"""From the key until another question has been drawn; two frames, as what is written before one is seen after it."""


class Turn(NamedTuple):
    """One pair judged in a page."""

    ms: float
    """From Enter until the next pair was on screen."""

    asked: bool
    """Whether a guess was asked for in between, which a person answers."""


@contextmanager
def opened_by_invite(browser: Browser, url: str, invites: Sequence[Invitation]) -> Generator[list[Page]]:
    """Pages of experts, each with a cookie of its own, with a pair before them."""
    contexts = [browser.new_context(viewport=SIZE, locale="en-US") for _ in invites]  # type: ignore[arg-type] - a dict of two ints
    pages: list[Page] = []
    try:
        for context, made in zip(contexts, invites, strict=True):
            context.request.post(f"{url}/invite/{made.code}", form={"pin": made.pin})
            page = context.new_page()
            page.add_init_script(_WATCH_TURNS)
            page.goto(f"{url}/review?lang=en")
            page.locator(".rv-desk").wait_for(timeout=120_000)
            pages.append(page)
        yield pages
    finally:
        for context in contexts:
            context.close()


def until(page: Page, script: str, argument: Any, seconds: float = 30) -> None:
    """Ask the page until its answer is true: Playwright's own waiting evaluates there, which the page's policy bars.

    Raises:
        TimeoutError: It was not within so many seconds.
    """
    ends = time.monotonic() + seconds
    while not page.evaluate(script, argument):
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {seconds} s: {script}")
        page.wait_for_timeout(50)


def at_work(pages: Sequence[Page], pause: float, seconds: float) -> list[Turn]:
    """Let all judge for so long, each pair after a pause of its own, exponential with this mean; what they saw."""
    chance = random.Random(1)
    until = time.monotonic() + seconds
    due = [(time.monotonic() + _pause(chance, pause), number, "choose") for number in range(len(pages))]
    heapq.heapify(due)
    while due and due[0][0] < until:
        moment, number, what = heapq.heappop(due)
        _wait(pages[0], moment - time.monotonic())
        heapq.heappush(due, _act(pages[number], number, what, chance, pause))
    _wait(pages[0], 5)
    return [Turn(**turn) for page in pages for turn in page.evaluate("window.turns")]


def _act(page: Page, number: int, what: str, chance: random.Random, pause: float) -> tuple[float, int, str]:
    """One press of a key; when this expert presses the next one."""
    state: dict[str, Any] = page.evaluate(_STATE)
    now = time.monotonic()
    if state["asking"]:
        page.keyboard.press("3")
        return now + 0.2, number, "choose"
    if state["locked"]:
        return now + 0.2, number, what
    if what == "choose":
        for key in (chance.choice("123"), *CRITERIA):
            page.keyboard.press(key)
        return now + chance.uniform(*ENTER_AFTER), number, "send"
    page.keyboard.press("Enter")
    return now + _pause(chance, pause), number, "choose"


def _pause(chance: random.Random, mean: float) -> float:
    return LEAST_PAUSE + chance.expovariate(1 / (mean - LEAST_PAUSE))


def _wait(page: Page, seconds: float) -> None:
    if seconds > 0:
        page.wait_for_timeout(1e3 * seconds)


_STATE = """
() => ({
    asking: Boolean(document.querySelector('dialog.rv-dialog')),
    locked: document.querySelector('.rv-desk')?.dataset.locked === 'true',
})
"""
