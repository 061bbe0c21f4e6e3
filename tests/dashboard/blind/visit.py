"""One whole visit of an expert: everything the page can do, and what goes wrong on the way."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from dashboard.texts import TEXTS
from evals.review.service import close_campaign
from tests.dashboard.blind.house import House
from tests.dashboard.blind.recorder import Recorder
from tests.dashboard.looking import until
from tests.evals.review.drafts import LEAD

__all__ = ["LEAKS", "Visit", "enter_by_invite", "enter_by_login", "whole_visit"]

LEAKS = ("key", "order")

CRITERIA = ("q", "w")
"""Keys that answer both."""

_DESK, _PAGE = ".rv-desk", ".rv-page"

_PATIENCE = 60_000


class Visit:
    """A browser of its own, with all it gets recorded."""

    def __init__(self, house: House, browser: Any) -> None:
        """Open a blank page."""
        self.house = house
        self.context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
        self.recorder = Recorder(self.context, house.url)
        self.page = self.context.new_page()

    def go(self, path: str) -> None:
        """Open one of the server's addresses and wait until it is drawn."""
        self.page.goto(f"{self.house.url}{path}")
        self.page.locator(".a-foot").wait_for(timeout=_PATIENCE)

    def ready(self, what: str = _DESK) -> None:
        """Wait until it is there and nothing is under way any more; keep what is seen."""
        self.page.locator(what).wait_for(timeout=_PATIENCE)
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=_PATIENCE)
        self.recorder.look(self.page)

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self) -> None:
        """Wait until the service has what was filled in."""
        expect(self.page.locator(".rv-saved")).to_have_text("Saved", timeout=_PATIENCE)

    def judge(self, *keys: str, becomes: str = _DESK) -> None:
        """Keys that end a pair; then the next one, or another page."""
        before = self.page.locator(".rv-asked").inner_text()
        self.press(*keys)
        if becomes == _DESK:
            expect(self.page.locator(".rv-asked")).not_to_have_text(before, timeout=_PATIENCE)
        self.ready(becomes)

    def reload(self, what: str = _DESK) -> None:
        """Load the page again."""
        self.page.reload()
        self.ready(what)


def enter_by_invite(visit: Visit) -> None:
    """By the link and its PIN."""
    page, made = visit.page, visit.house.twin.invited
    page.goto(f"{visit.house.url}/invite/{made.code}")
    visit.recorder.look(page)
    page.get_by_label("PIN").fill(made.pin)
    page.get_by_role("button", name="Enter").click()
    page.wait_for_url(f"{visit.house.url}/review*", timeout=_PATIENCE)


def enter_by_login(visit: Visit, subject: str = "expert") -> None:
    """By the provider's page."""
    visit.go("/?lang=en")
    visit.recorder.look(visit.page)
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.get_by_placeholder("sub").fill(subject)
    visit.page.get_by_role("button", name="Authorize").click()
    visit.page.wait_for_url(f"{visit.house.url}/**", timeout=_PATIENCE)
    visit.page.locator(".a-foot").wait_for(timeout=_PATIENCE)


def whole_visit(visit: Visit, campaign: int, leaks: tuple[str, ...] = ()) -> None:
    """From the instructions to the end of the campaign. `leaks` are let out on connections of their own."""
    _first_sitting(visit, leaks)
    _second_sitting(visit, campaign)


def _first_sitting(visit: Visit, leaks: tuple[str, ...]) -> None:
    page = visit.page
    visit.ready(_PAGE)
    page.locator("label.rv-planned").first.click()
    page.get_by_role("button", name="Begin").click()
    visit.ready()
    expect(page.locator(".rv-mark")).to_contain_text("Practice")
    visit.judge(*CRITERIA, "1", "Enter")
    for leak in leaks:
        _leaking(visit, leak)
    _verdict_with_everything(visit)
    _flagged(visit)
    visit.press("s")
    page.get_by_role("dialog").wait_for()
    visit.judge("2")
    visit.press("u")
    expect(page.locator(".rv-mark")).to_contain_text("earlier verdict", timeout=_PATIENCE)
    visit.ready()
    visit.judge("4", "Enter")
    visit.judge(*CRITERIA, "4", "4")
    _last_with_guess(visit)
    visit.press("Shift+Tab", "Enter")
    visit.ready()
    visit.press("1", "Enter")
    visit.ready(_PAGE)
    page.get_by_role("button", name="Close").click()
    page.locator(".rv-totals").wait_for(timeout=_PATIENCE)
    visit.ready(_PAGE)


def _leaking(visit: Visit, leak: str) -> None:
    visit.house.order(leak)
    visit.recorder.order = leak
    visit.reload()
    visit.house.order("")
    visit.recorder.order = ""
    visit.reload()


def _verdict_with_everything(visit: Visit) -> None:
    page = visit.page
    visit.press("1", *CRITERIA, "w", "Shift+1", "Shift+3")
    page.locator("[data-answer=right] p").first.click(click_count=3)
    until(page, "document.getSelection().toString().trim().length > 0")
    visit.press("x")
    expect(page.locator(".rv-critical input")).to_have_value(re.compile("."), timeout=_PATIENCE)
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator(".rv-errors li").wait_for(timeout=_PATIENCE)
    page.locator(_DESK).focus()
    visit.press("c")
    page.keyboard.type("a line of my own")
    visit.press("Escape")
    visit.saved()
    visit.reload()
    expect(page.locator(".rv-comment input")).to_have_value("a line of my own")
    visit.judge("Enter")


def _flagged(visit: Visit) -> None:
    visit.press("f")
    visit.page.get_by_role("dialog").wait_for()
    visit.press("1")
    visit.page.get_by_role("dialog").wait_for(state="detached")
    visit.judge(*CRITERIA, "3", "3")


def _last_with_guess(visit: Visit) -> None:
    """Of the sitting; asked or not by the secret before, and always for the last."""
    visit.press(*CRITERIA, "2", "2")
    visit.page.get_by_role("dialog").wait_for(timeout=_PATIENCE)
    visit.recorder.look(visit.page)
    visit.press("1")
    visit.page.locator(".rv-list").wait_for(timeout=_PATIENCE)
    visit.ready(_PAGE)


def _second_sitting(visit: Visit, campaign: int) -> None:
    page, store = visit.page, visit.house.store
    page.locator(_PAGE).get_by_role("button").first.click()
    page.get_by_role("button", name="Begin").click()
    visit.ready()
    _refused(visit, lambda: store.transaction(_another_token))
    visit.reload()
    _failing(visit)
    _addresses(visit)
    _refused(visit, lambda: close_campaign(store, LEAD, campaign, visit.house.twin.canaries["why it was closed"]))
    visit.reload(_PAGE)
    expect(page.locator(_PAGE)).to_contain_text("over", timeout=_PATIENCE)


def _another_token(transaction: Any) -> None:
    transaction.execute("UPDATE lease SET token = reverse(token) WHERE outcome IS NULL")
    transaction.execute("DELETE FROM draft WHERE token NOT IN (SELECT token FROM lease)")


def _refused(visit: Visit, meanwhile: Callable[[], None]) -> None:
    """What happens meanwhile makes a verdict come to nothing, and the page says so."""
    meanwhile()
    visit.press(*CRITERIA, "1", "1")
    visit.page.locator(".rv-notice:visible").first.wait_for(timeout=_PATIENCE)
    visit.ready(".rv")


def _failing(visit: Visit) -> None:
    """An error of the store, which names its file, and one that nobody foresaw, which says what no expert may know;
    then the server is well again.
    """
    visit.house.order("busy")
    visit.page.reload()
    visit.page.get_by_text(TEXTS["entry.trouble"]["en"]).wait_for(timeout=_PATIENCE)
    visit.ready(".a-notice")
    visit.house.order("trouble")
    visit.page.reload()
    visit.page.locator("[data-testid=stException]").first.wait_for(timeout=_PATIENCE)
    visit.ready("[data-testid=stException]")
    visit.house.order("")
    visit.reload()


def _addresses(visit: Visit) -> None:
    """Pages of others, and none."""
    for path in ("/runs", "/run?run=1", "/campaigns", "/unknown"):
        visit.go(path)
        visit.ready()
        assert visit.page.url.startswith(f"{visit.house.url}/review")
    visit.recorder.ask("/healthz")
    visit.recorder.ask("/_stcore/metrics")
    visit.recorder.ask("/_stcore/health")
