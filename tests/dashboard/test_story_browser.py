"""The story of a demo in a real browser, by its bar: the engineer looks, the expert judges, two leads approve, one
releases, the other puts the earlier release back, and the auditor reads who did what.
"""

import re

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.dashboard.conftest import served
from tests.dashboard.storied import storied

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAIT = 60_000


@pytest.fixture
def told(tmp_path, browser):
    """The store, its people, and a page; an error of a script or a fetch from elsewhere fails the test."""
    made, people = storied(tmp_path / "runs")
    wrong = []
    with served(made.store.path, tmp_path) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if _is_own(asked.url, server.url) else wrong.append(asked.url))
        page.goto(f"{server.url}/?lang=en")
        yield made.store, people, page
        wrong += page.locator("[data-testid=stException]").all_inner_texts()
        context.close()
    assert wrong == []


def _is_own(url, own):
    return url.startswith((own, own.replace("http", "ws"), "data:", "blob:"))


def play(page, who):
    """Choose whom to play."""
    page.locator(".st-key-a-story").get_by_role("combobox").click()
    page.get_by_role("option", name=who).click()


def go(page, who):
    """Press the button of the story bar, and wait until the page is that person's."""
    page.get_by_role("button", name=f"Go there as {who}").click(timeout=WAIT)
    expect(page.locator(".st-key-a-story").get_by_role("combobox")).to_have_value(who, timeout=WAIT)


def lit(page, words):
    expect(page.locator("[class*=st-key-a-story-lit-]")).to_have_text(words, timeout=WAIT)


def judge(page, pairs):
    """Practise nothing, and judge so many pairs for the fresh advice by keys; a guess is answered with "unknown"."""
    expect(page.get_by_role("button", name="Begin")).to_be_focused(timeout=WAIT)
    page.keyboard.press("Enter")
    page.locator(".rv-desk").wait_for(timeout=WAIT)
    for _ in range(pairs):
        before = page.locator(".rv-asked").inner_text()
        page.keyboard.press("1" if "Fresh" in page.locator(".rv-answer").first.inner_text() else "2")
        page.keyboard.press("Enter")
        guess = page.get_by_role("dialog")
        moved = page.locator(".rv-asked", has_not_text=before)
        expect(guess.or_(moved).first).to_be_visible(timeout=WAIT)
        if guess.is_visible():
            page.keyboard.press("3")
        expect(page.locator(".rv-asked")).not_to_have_text(before, timeout=WAIT)


def signs(page, button, confirm, said):
    """Press twice, and read what came of it."""
    place = page.locator(".st-key-a-sign")
    place.get_by_role("button", name=button, exact=True).click(timeout=WAIT)
    place.get_by_role("button", name=confirm).click(timeout=WAIT)
    expect(place).to_contain_text(re.compile(said), timeout=WAIT)


def test_three_roles_bring_a_checkpoint_from_the_blind_review_to_its_release_and_back(told):
    store, people, page = told
    lit(page, "blind review")
    play(page, "engineer Chen")
    page.get_by_role("button", name="Judge").wait_for(timeout=WAIT)
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    page.goto(f"{page.url.split('/?')[0]}/release-check?lang=en&run=triage&at=1@600")
    expect(page.locator(".a-head")).to_contain_text("triage@600", timeout=WAIT)

    go(page, "expert Dr Wang")
    judge(page, 3)
    expect(page.locator("body")).not_to_contain_text("triage@600")
    page.get_by_role("button", name="Let the demo panel finish").click(timeout=WAIT)

    go(page, "lead Li")
    lit(page, "approvals")
    signs(page, "Approve", "Sign: approve", "You approved evidence")
    go(page, "lead Zhao")
    signs(page, "Approve", "Sign: approve", "You approved evidence")
    go(page, "lead Li")
    signs(page, "Release", "Release it", "Released as v2")

    go(page, "lead Zhao")
    page.get_by_role("button", name="Put back").click(timeout=WAIT)
    page.get_by_label("Why?").fill("v2 is to be looked at again")
    page.get_by_role("button", name="Put v1 back").click()
    expect(page.locator(".a-head").first).to_contain_text("v1", timeout=WAIT)

    go(page, "auditor Sun")
    for name in ("Dr Wang", "Li", "Zhao"):
        expect(page.locator(".a-who", has_text=name).first).to_be_visible(timeout=WAIT)
    who = {f"user:{one.user}": one.name for one in people.values()}
    rows = store.rows("SELECT kind, version, created_by FROM release WHERE id > 1 ORDER BY id")
    assert [(row["kind"], row["version"], who[row["created_by"]]) for row in rows] == [
        ("release", 2, "Li"), ("restore", 1, "Zhao"),
    ]  # fmt: skip
    signed = store.rows("SELECT user_id, kind, way FROM approval WHERE proposal_id = (SELECT max(id) FROM proposal)")
    assert {(row["user_id"], row["kind"], row["way"]) for row in signed} == {
        (people[key].user, "approve", "persona") for key in ("li", "zhao")
    }
