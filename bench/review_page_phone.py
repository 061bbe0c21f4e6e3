"""An expert on a phone for `bench.review_page`: from the link to the first verdict that counts."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from bench.review_page_browser import until
from store.invites import Invitation

__all__ = ["BEFORE_PAIRS", "Walk", "walked"]

BEFORE_PAIRS = 3
"""Parts of a walk before its first pair."""

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class Walk(NamedTuple):
    """What it took."""

    seconds: dict[str, float]
    """Machine time by part: nobody reads, and every tap follows as soon as the page takes it."""

    words: dict[str, int]
    """Words that a person reads by part."""


def walked(browser: Browser, url: str, made: Invitation, practice: int) -> Walk:
    """Follow the link, practise, and give the first verdict that counts."""
    context = browser.new_context(**PHONE, device_scale_factor=3, locale="en-US")
    seconds, words = dict[str, float](), dict[str, int]()
    try:
        page = context.new_page()
        with _told(seconds, "link to PIN"):
            page.goto(f"{url}/invite/{made.code}?lang=en")
            page.locator("#pin").wait_for()
        with _told(seconds, "PIN to instructions"):
            page.locator("#pin").fill(made.pin)
            page.locator("button").tap()
            page.locator(".rv-page").wait_for(timeout=120_000)
        words["instructions"] = _words(page, ".rv-instructions, .rv-rules li:visible")
        with _told(seconds, "instructions to first pair"):
            page.locator(".rv-page .rv-send").tap()
            page.locator(".rv-desk").wait_for(timeout=120_000)
        for number in range(practice + 1):
            words[f"pair {number + 1}"] = _words(page, ".rv-asked, [data-answer]")
            with _told(seconds, f"verdict on pair {number + 1}"):
                _judge(page)
    finally:
        context.close()
    return Walk(seconds, words)


def _judge(page: Page) -> None:
    before = page.locator(".rv-asked").text_content() or ""
    page.locator("[role=tab][aria-selected=false]").tap()
    for criterion in page.locator(".rv-criterion").all():
        criterion.locator(".rv-choice").first.tap()
    page.locator(".rv-verdict").first.tap()
    page.locator(".rv-verdicts .rv-send").tap()
    until(page, _NEXT, before, 60)


@contextmanager
def _told(seconds: dict[str, float], name: str) -> Generator[None]:
    begin = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - begin


def _words(page: Page, what: str) -> int:
    """Words in what is on the page, also behind a tab: each is opened."""
    return sum(len((text or "").split()) for text in page.locator(what).all_text_contents())


# A question asked over the page is answered with what is not known, as its key is on no phone.
_NEXT = """
(before) => {
    document.querySelector('dialog.rv-dialog .rv-options button:last-child')?.click();
    const asked = document.querySelector('.rv-asked');
    return !asked || asked.textContent !== before;
}
"""
