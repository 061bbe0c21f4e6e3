"""A pack in a real browser, opened as a file with the network off: judged, kept, saved, imported."""

import hmac
import json
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import expect

import dashboard
from dashboard.hostile import text_on_screen
from dashboard.script_bundle import bundled
from evals.review.unpacking import import_verdicts
from tests.dashboard.packs import LEAD, packed_file

pytestmark = pytest.mark.browser

STATIC = Path(dashboard.__file__).parent / "static"


@pytest.fixture
def packed(root, blank, tmp_path):
    """A store, and a pack of three pairs and one practice pair as a file."""
    return packed_file(root, blank, tmp_path)


@pytest.fixture
def offline(packed, browser):
    """Opens the pack; a script's error, or a request for anything else, fails the test."""
    _, file = packed
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US", accept_downloads=True)
    context.set_offline(True)

    def opened():
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: None if asked.url == file.as_uri() else wrong.append(asked.url))
        page.goto(file.as_uri())
        return page

    yield opened
    context.close()
    # The file that is saved is an address within the page.
    assert [each for each in wrong if not each.startswith("blob:")] == []


def begun(page):
    page.locator(".rv-page").wait_for(timeout=30_000)
    page.keyboard.press("Enter")
    page.locator(".rv-desk").wait_for(timeout=30_000)
    return page


def question(page):
    return page.locator(".rv-asked").inner_text()


def pressed(page, *keys, to_next=True):
    """Press keys; wait until another pair is there."""
    before = question(page)
    for key in keys:
        page.keyboard.press(key)
    if to_next:
        expect(page.locator(".rv-asked")).not_to_have_text(before, timeout=20_000)


def written(page, text):
    """A line of the grader's own."""
    page.keyboard.press("c")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator(".rv-saved")).to_have_text("Saved")


def saved(page, folder):
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the verdict file").click()
    expect(page.locator("h2")).to_have_text("The verdict file is saved")
    file = folder / saving.value.suggested_filename
    saving.value.save_as(file)
    return file


def entered(store):
    """Verdicts with the answer that stood on the left."""
    return store.rows(
        'SELECT v.item, choice, criteria, reasons, comment, final, l."left" FROM verdict v JOIN lease l USING (token) '
        "ORDER BY v.item"
    )


def test_a_pack_is_judged_by_keys_kept_over_a_reload_saved_and_imported_once(packed, offline, tmp_path):
    store, _ = packed
    page = begun(offline())
    expect(page.locator(".rv-mark")).to_have_text("Practice: does not count · the last one")
    pressed(page, "1", "q", "w", "Enter")
    expect(page.locator(".rv-progress")).to_have_text("0 of 3 judged · about 6 min left")
    first = question(page)
    pressed(page, "2", "q", "q", "w", "Shift+1", to_next=False)
    written(page, "clear <b>")
    page.close()
    page = offline()
    page.locator(".rv-desk").wait_for(timeout=30_000)
    assert question(page) == first
    expect(page.locator(".rv-comment input")).to_have_value("clear <b>")
    pressed(page, "Enter")
    pressed(page, "4", "4")
    pressed(page, "3", "q", "w", "Enter", to_next=False)
    page.get_by_role("button", name="I cannot tell").click(timeout=20_000)
    expect(page.locator(".rv-list li")).to_have_count(3, timeout=20_000)
    expect(page.locator(".rv-page > p").first).to_have_text("All are judged. Save the verdict file now.")
    file = saved(page, tmp_path)
    brought = import_verdicts(store, LEAD, file, text_on_screen)
    assert (brought.verdicts, brought.practice, brought.guesses, brought.refused) == (3, 1, 1, ())
    assert import_verdicts(store, LEAD, file, text_on_screen).before
    rows = entered(store)
    right = {"first": "second", "second": "first"}[rows[0]["left"]]
    assert [row["choice"] for row in rows] == [right, "both_bad", "tie"]
    assert (rows[0]["comment"], rows[0]["reasons"]) == ("clear <b>", ["more-accurate"])
    assert json.loads(rows[0]["criteria"]) == {"accurate": "tie", "useful": rows[0]["left"]}
    assert all(row["final"] is not None for row in rows)


def test_a_verdict_can_be_changed_also_after_the_file_was_saved(packed, offline, tmp_path):
    store, _ = packed
    page = begun(offline())
    pressed(page, "1", "q", "w", "Enter")
    for _ in range(2):
        pressed(page, "4", "4")
    page.get_by_role("button", name="Go and save").click()
    saved(page, tmp_path)
    page.get_by_role("button", name="Back to your verdicts").click()
    page.get_by_role("button", name="Open: 1", exact=True).click()
    expect(page.locator(".rv-mark")).to_have_text("Your earlier verdict, open to be changed")
    for key in ("3", "q", "w", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".rv-list li").first).to_contain_text("Tie", timeout=20_000)
    import_verdicts(store, LEAD, saved(page, tmp_path), text_on_screen)
    assert [row["choice"] for row in entered(store)] == ["tie", "both_bad"]


def test_what_is_not_finished_is_saved_as_a_draft_and_skipped_pairs_as_skipped(packed, offline, tmp_path):
    store, _ = packed
    page = begun(offline())
    pressed(page, "1", "q", "w", "Enter")
    pressed(page, "s", "2")
    page.keyboard.press("1")
    written(page, "half")
    page.get_by_role("button", name="Go and save").click()
    brought = import_verdicts(store, LEAD, saved(page, tmp_path), text_on_screen)
    assert (brought.verdicts, brought.practice, brought.skipped, brought.drafts, brought.given_back) == (0, 1, 1, 1, 2)
    assert [json.loads(row["fields"])["comment"] for row in store.rows("SELECT fields FROM draft")] == ["half"]


def test_a_browser_that_keeps_nothing_is_told_of_before_the_first_pair(packed, browser):
    context = browser.new_context(locale="en-US")
    context.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); }")
    page = context.new_page()
    page.goto(packed[1].as_uri())
    expect(page.locator(".rv-rules li").first).to_contain_text("Beware: this browser keeps nothing.")
    begun(page)
    context.close()


@pytest.mark.parametrize("text", ["", "a", "评判 😀", "x" * 55, "x" * 56, "x" * 64, "y" * 100_000])
def test_the_pages_signature_is_that_of_python(browser, text):
    page, key = browser.new_page(), "0f" * 32
    page.add_script_tag(content=bundled(STATIC / "offline" / "sha256.js").replace("return {", "window.made = {"))
    made = page.evaluate("([key, text]) => made.hmac(key, text)", [key, text])
    page.close()
    assert made == hmac.new(bytes.fromhex(key), text.encode(), "sha256").hexdigest()
