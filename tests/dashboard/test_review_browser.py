"""The Review page in a real browser: by keyboard alone, on a phone, and when things go wrong within a word."""

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
    verdicts,
)
from tests.dashboard.review_server import make

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory, blank):
    yield from serving(tmp_path_factory, blank)


@pytest.fixture
def review(server, browser):
    yield from opening(server, browser)


def test_a_whole_sitting_is_judged_without_the_mouse(server, review):
    store = make(server, pairs=6, practice=1, policy='[review]\ncriteria = ["accurate", "useful"]\n')
    page = review()
    page.locator(".rv-page").wait_for(timeout=60_000)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.locator(DESK).wait_for(timeout=30_000)
    expect(page.locator(".rv-mark")).to_have_text("Practice: does not count · the last one")
    before = question(page)
    for key in ("1", "q", "w", "Enter"):
        page.keyboard.press(key)
    next_after(page, before)
    expect(page.locator(".rv-progress")).to_contain_text("0 of 5 tonight · about 10 min left")
    before = question(page)
    for key in ("2", "q", "Enter", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".rv-notice")).to_have_text("Useful is not answered: W goes through A, same and B")
    expect(page.get_by_role("group", name="Useful")).to_be_focused()
    for key in ("w", "w", "Shift+1", "Shift+3", "c"):
        page.keyboard.press(key)
    expect(page.locator(".rv-notice")).to_be_hidden()
    page.keyboard.type("123 safe")
    page.keyboard.press("Enter")
    expect(page.locator(LINE)).not_to_be_focused()
    page.keyboard.press("2")
    next_after(page, before)
    for key in ("3", "4", "1"):
        before = question(page)
        # Where both are unacceptable no criterion is asked for.
        for pressed in (key, *("qw" if key != "4" else ""), key):
            page.keyboard.press(pressed)
        next_after(page, before)
    page.keyboard.press("s")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("1")
    page.get_by_role("heading", name="Your verdicts tonight").wait_for(timeout=20_000)
    assert [row["choice"] for row in verdicts(store)[1:3]] == ["tie", "both_bad"]
    first = verdicts(store)[0]
    assert (first["comment"], first["reasons"]) == ("123 safe", ["clearer", "more-accurate"])
    change_the_last_and_close(page)
    assert store.rows("SELECT count(*) AS n FROM verdict WHERE superseded IS NULL AND final IS NULL")[0]["n"] == 0


def change_the_last_and_close(page):
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.locator(DESK).wait_for(timeout=20_000)
    expect(page.locator(".rv-mark")).to_have_text("Your earlier verdict, open to be changed")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your verdicts tonight").wait_for(timeout=20_000)
    expect(page.locator(".rv-list b")).to_have_text(["B is better", "Tie", "Both unacceptable", "Tie"])
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The sitting is closed").wait_for(timeout=20_000)
    expect(page.locator(".rv-totals dd").first).to_have_text("4")


def test_a_reload_in_the_middle_of_a_word_restores_all_of_it(server, review):
    store = make(server)
    page = review()
    begin(page)
    before = question(page)
    page.keyboard.press("1")
    page.keyboard.press("c")
    page.keyboard.type("half a wo")
    page.reload()
    page.locator(DESK).wait_for(timeout=60_000)
    assert question(page) == before
    expect(page.locator(LINE)).to_have_value("half a wo")
    expect(page.locator(".rv-verdict").first).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".rv-saved")).to_have_text("Saved", timeout=20_000)
    page.evaluate("localStorage.clear()")
    page.locator(LINE).focus()
    page.keyboard.press("End")
    page.keyboard.type("rd")
    page.wait_for_timeout(1500)
    assert '"half a word"' in drafts(store)[0]["fields"]
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.locator(LINE)).to_have_value("half a word", timeout=60_000)
    page.keyboard.press("Enter")
    next_after(page, before)
    assert [row["comment"] for row in verdicts(store)] == ["half a word"]
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('assay.review'))") == []


def test_keys_of_an_input_method_are_letters_and_nothing_composed_is_lost(server, review):
    store = make(server)
    page = review()
    begin(page)
    before = question(page)
    page.keyboard.press("c")
    input_method = page.context.new_cdp_session(page)
    input_method.send("Input.imeSetComposition", {"text": "jiu", "selectionStart": 3, "selectionEnd": 3})
    page.evaluate(
        """keys => keys.forEach(([key, code]) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',
        {key, code, keyCode: 229, isComposing: true, bubbles: true, composed: true, cancelable: true})))""",
        [["1", "Digit1"], ["Enter", "Enter"], ["Escape", "Escape"], ["2", "Digit2"]],
    )
    expect(page.locator(LINE)).to_be_focused()
    page.wait_for_timeout(1000)
    expect(page.locator(LINE)).to_have_value("jiu")
    input_method.send("Input.insertText", {"text": "就诊"})
    expect(page.locator(LINE)).to_have_value("就诊")
    expect(page.locator(".rv-verdict[aria-pressed=true]")).to_have_count(0)
    page.keyboard.type("1")
    page.keyboard.press("Alt+2")
    expect(page.locator(".rv-verdict").nth(1)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    next_after(page, before)
    assert [row["comment"] for row in verdicts(store)] == ["就诊1"]


@pytest.mark.slow
def test_what_is_typed_and_sent_while_the_server_is_gone_arrives_once(server, review):
    store = make(server)
    page = review()
    begin(page)
    before = question(page)
    server.kill()
    page.keyboard.press("c")
    # Slowly: longer than it takes until Streamlit itself has seen that nobody answers.
    page.keyboard.type("written without a server", delay=250)
    expect(page.locator(LINE)).to_have_value("written without a server")
    expect(page.locator(".rv-saved")).to_have_text("Not saved yet, trying again; nothing is lost", timeout=20_000)
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator(".rv-saved")).to_have_text("Not sent yet, trying again; nothing is lost", timeout=20_000)
    server.start()
    expect(page.locator(".rv-asked")).not_to_have_text(before, timeout=90_000)
    assert [row["comment"] for row in verdicts(store)] == ["written without a server"]
    page.keyboard.press("4")
    page.keyboard.press("4")
    expect(page.locator(".rv-progress")).to_contain_text("2 of 10", timeout=30_000)
    assert len(verdicts(store)) == 2


def test_a_verdict_that_was_sent_for_nothing_is_sent_again_after_a_reload(server, review):
    store = make(server)
    page = review()
    begin(page)
    server.kill()
    page.keyboard.press("2")
    page.keyboard.press("2")
    expect(page.locator(".rv-saved")).to_contain_text("Not sent yet", timeout=20_000)
    server.start()
    page.reload()
    expect(page.locator(".rv-progress")).to_contain_text("1 of 10", timeout=60_000)
    assert len(verdicts(store)) == 1


def test_a_double_click_and_a_held_key_give_one_verdict(server, review):
    store = make(server)
    page = review()
    begin(page)
    page.locator(".rv-verdict").first.dblclick()
    expect(page.locator(".rv-progress")).to_contain_text("0 of 10")
    page.locator(".rv-send").dblclick()
    expect(page.locator(".rv-progress")).to_contain_text("1 of 10", timeout=20_000)
    page.keyboard.down("3")
    page.keyboard.down("3")
    page.keyboard.down("3")
    page.keyboard.up("3")
    page.wait_for_timeout(1500)
    expect(page.locator(".rv-progress")).to_contain_text("1 of 10")
    assert len(verdicts(store)) == 1


def test_on_a_phone_both_answers_are_opened_and_the_verdict_is_at_hand(server, review):
    long = " ".join(f"sentence {n}." for n in range(600))
    store = make(server, texts=(f"A {long}", f"B {long}"))
    page = review(viewport=(390, 844))
    begin(page)
    before = page.locator(".rv-asked").text_content()
    shown, other = page.locator("[data-answer]:visible"), page.locator("[role=tab][aria-selected=false]")
    assert shown.count() == 1
    first = shown.get_attribute("data-answer")
    bar = page.locator(".rv-verdicts").bounding_box()
    assert (round(bar["y"] + bar["height"]), round(bar["width"])) == (844, 390)
    assert min(page.locator(".rv-verdict").nth(n).bounding_box()["height"] for n in range(4)) >= 44
    page.locator(".rv-verdict").first.click(force=True)  # it says that it is off, and why when it is pressed
    expect(page.locator(".rv-notice")).to_have_text(re.compile("Open answer [AB] first"))
    shown.evaluate("box => box.scrollTo(0, 300)")
    other.click()
    assert page.locator("[data-answer]:visible").get_attribute("data-answer") != first
    assert page.locator("[data-answer]:visible").evaluate("box => box.scrollTop") == 0
    page.locator("[data-answer]:visible").evaluate("box => box.scrollTo(0, 120)")
    page.locator("[role=tab][aria-selected=false]").click()
    assert page.locator("[data-answer]:visible").evaluate("box => box.scrollTop") == 300
    page.locator(".rv-fold").click()
    expect(page.locator(".rv-asked")).to_be_visible()
    page.locator(".rv-verdict").nth(2).click()
    page.locator(".rv-send").click()
    expect(page.locator(".rv-asked")).not_to_have_text(before, timeout=20_000)
    assert [row["choice"] for row in verdicts(store)] == ["tie"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_was_begun_here_gives_way_to_a_verdict_from_elsewhere(server, review):
    store = make(server)
    page, other = review(), review()
    begin(page)
    page.keyboard.press("1")
    page.keyboard.press("c")
    page.keyboard.type("half a wo")
    expect(page.locator(".rv-saved")).to_have_text("Saved", timeout=20_000)
    other.reload()
    other.locator(DESK).wait_for(timeout=60_000)
    before = question(other)
    other.locator(LINE).fill("from elsewhere")
    other.keyboard.press("Alt+2")
    other.keyboard.press("Alt+2")
    next_after(other, before)
    page.reload()
    page.locator(DESK).wait_for(timeout=60_000)
    page.keyboard.press("u")
    expect(page.locator(".rv-mark")).to_have_text("Your earlier verdict, open to be changed", timeout=20_000)
    expect(page.locator(LINE)).to_have_value("from elsewhere")
    assert [row["comment"] for row in verdicts(store)] == ["from elsewhere"]
