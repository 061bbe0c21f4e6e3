"""The Review page in a real browser: what is marked, refused, guessed and shown there."""

import re

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.dashboard.review_browsing import (
    DESK,
    LINE,
    begin,
    drafts,
    next_after,
    opening,
    question,
    serving,
)
from tests.dashboard.review_server import make

pytestmark = pytest.mark.browser

HOSTILE = (
    "![x](http://evil.example/a.png) <img src=http://evil.example/b.png> [press](http://evil.example/c) "
    "<style>* {display: none}</style> **said**"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory, blank):
    yield from serving(tmp_path_factory, blank)


@pytest.fixture
def review(server, browser):
    yield from opening(server, browser)


def test_a_sentence_marked_in_an_answer_becomes_a_critical_error(server, review):
    store = make(server, texts=("1. bread &amp; salt", "2. salt &amp; bread"))
    page = review()
    begin(page)
    before = question(page)
    page.locator("[data-answer=right] li").click(click_count=3)
    page.keyboard.press("x")
    expect(page.get_by_label("Which kind of error")).to_be_focused()
    marked = page.locator(".rv-critical input").input_value()
    assert marked == page.locator("[data-answer=right]").inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".rv-errors li b")).to_have_text(["B · dangerous advice"])
    page.locator(DESK).focus()
    page.keyboard.press("1")
    page.keyboard.press("1")
    next_after(page, before)
    assert f'"quote": "{marked}"' in store.rows("SELECT errors FROM verdict")[0]["errors"]


def test_what_was_refused_is_said_once_and_not_with_each_answer_of_the_server(server, review):
    store = make(server)
    page = review()
    begin(page)
    page.keyboard.press("x")
    page.locator(".rv-critical [data-side=left]").click()
    page.locator(".rv-critical input").fill("nothing that stands there")
    page.locator(".rv-critical input").press("Enter")
    page.locator(DESK).focus()
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator(".rv-notice")).to_have_text(re.compile("The sentence of a critical error"), timeout=20_000)
    page.keyboard.press("2")
    expect(page.locator(".rv-notice")).to_be_hidden()
    page.wait_for_timeout(1500)
    expect(page.locator(".rv-saved")).to_have_text("Saved", timeout=20_000)
    assert '"choice": "right"' in drafts(store)[0]["fields"]
    expect(page.locator(".rv-notice")).to_be_hidden()


def test_a_mark_counts_though_the_key_comes_before_the_browser_tells_of_it(server, review):
    make(server)
    page = review()
    begin(page)
    page.evaluate(
        """() => {
          const answer = document.querySelector("[data-answer=left]");
          document.getSelection().selectAllChildren(answer);
          answer.dispatchEvent(new KeyboardEvent("keydown", { key: "x", code: "KeyX", bubbles: true, composed: true }));
        }"""
    )
    expect(page.locator(".rv-critical input")).to_have_value(page.locator("[data-answer=left]").inner_text())
    expect(page.get_by_label("Which kind of error")).to_be_focused()


def test_what_someone_else_asks_of_the_page_touches_nothing_that_is_typed(server, review):
    """The language changes in the middle: the words do, what is filled in does not."""
    make(server)
    page = review()
    begin(page)
    page.keyboard.press("1")
    page.keyboard.press("c")
    page.keyboard.type("typed")
    page.get_by_text("中文").click()
    expect(page.locator(".rv-verdict").first).to_have_text(re.compile("A 更好"), timeout=20_000)
    expect(page.locator(LINE)).to_have_value("typed")
    expect(page.locator(".rv-verdict").first).to_have_attribute("aria-pressed", "true")


def test_hostile_answers_fetch_nothing_and_show_as_text(server, review):
    make(server, texts=(HOSTILE, "# big\n\n<script>fetch('http://evil.example')</script>"))
    page = review()
    begin(page)
    page.wait_for_timeout(1000)
    assert page.locator(".rv-text").locator("img, a, style, script, link, iframe").count() == 0
    expect(page.locator(".rv-answers strong")).to_have_text("said")
    assert "![x](http://evil.example/a.png)" in page.locator(".rv-answers").inner_text()
    page.keyboard.press("p")
    assert "**said**" in page.locator(".rv-answers").inner_text()


def test_a_guess_is_asked_after_the_verdict_and_the_next_pair_waits_for_it(server, review):
    store = make(server, pairs=1)
    page = review()
    begin(page)
    # The last pair of a sitting asks; here, of one of a single pair.
    store.transaction(lambda tx: tx.execute("UPDATE sitting SET planned = 1"))
    page.reload()
    page.locator(DESK).wait_for(timeout=60_000)
    page.keyboard.press("1")
    page.keyboard.press("1")
    page.get_by_role("heading", name="Which answer do you think was the newer model's?").wait_for(timeout=20_000)
    page.wait_for_timeout(1500)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("3")
    page.get_by_role("heading", name="Your verdicts tonight").wait_for(timeout=20_000)
    expect(page.locator(".rv-saved")).to_have_text("", timeout=20_000)
    assert store.rows("SELECT choice FROM guess")[0]["choice"] == "unknown"


@pytest.mark.parametrize(("closing", "flags"), [("1", 1), ("Escape", 0)])
def test_a_key_that_follows_a_closed_question_at_once_is_taken(server, review, closing, flags):
    store = make(server)
    page = review()
    begin(page)
    page.keyboard.press("f")
    page.get_by_role("dialog").wait_for()
    assert page.evaluate(IN_ONE_TASK, closing) == "true"
    expect(page.locator(".rv-saved")).to_have_text("Saved", timeout=20_000)
    assert store.rows("SELECT count(*) AS n FROM flag")[0]["n"] == flags


# Keys as fast as no hand and no test presses them: the browser gets to nothing else in between.
IN_ONE_TASK = """
async (closing) => {
    const kind = { bubbles: true, composed: true, cancelable: true };
    const press = (target, key) => target.dispatchEvent(new KeyboardEvent("keydown", { key, ...kind }));
    const dialog = document.querySelector("dialog");
    if (closing === "Escape") dialog.requestClose();
    else press(dialog, closing);
    for (let turn = 0; turn < 20; turn++) await null;
    press(document.querySelector(".rv-desk"), "2");
    return document.querySelectorAll(".rv-verdict")[1].getAttribute("aria-pressed");
}
"""
