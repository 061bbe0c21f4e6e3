"""The Review page in a real browser, opened and gone through, for its tests."""

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.dashboard.review_server import Server

DESK = ".rv-desk"
LINE = ".rv-comment input"


def serving(tmp_path_factory, blank):
    """One for all tests of a module; its store begins anew with each of them."""
    made = Server(tmp_path_factory.mktemp("review"), blank)
    yield made
    made.kill()


def opening(server, browser):
    """Open the page; what it fetches from elsewhere, and errors of scripts, fail the test."""
    contexts, wrong = [], []

    def open_page(*, viewport=(1440, 900), language="en"):
        if server.process.poll() is not None:
            server.start()
        context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]}, locale="en-US")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(server.url) else wrong.append(asked.url))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{server.url}/review?lang={language}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def begin(page):
    """From the instructions into the first pair, by the one key that is offered."""
    page.locator(".rv-page").wait_for(timeout=60_000)
    expect(page.get_by_role("button", name="Begin")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(DESK).wait_for(timeout=30_000)


def question(page):
    return page.locator(".rv-asked").inner_text()


def next_after(page, before):
    """Wait until another pair is before the grader."""
    expect(page.locator(".rv-asked")).not_to_have_text(before, timeout=20_000)


def verdicts(store):
    return store.rows(
        "SELECT item, choice, comment, reasons, criteria FROM verdict WHERE superseded IS NULL ORDER BY id"
    )


def drafts(store):
    return store.rows("SELECT fields FROM draft")
