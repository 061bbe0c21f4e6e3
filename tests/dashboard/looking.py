"""What the browser tests do with an open page: follow it, drag across charts, count what it sends and replaces."""

import re
import time

from playwright.sync_api import expect

CHART = "[data-testid=stVegaLiteChart]"

_WATCH = """chart => {
    window.replaced = 0;
    const charts = [...document.querySelectorAll(chart)];
    const drawn = charts.map(each => each.querySelector('svg'));
    window.kept = () => charts.every((each, i) => each.isConnected && each.querySelector('svg') === drawn[i]);
    const holds = node => node.querySelector && (node.matches('svg.marks') || node.querySelector('svg.marks'));
    new MutationObserver(found => found.forEach(({removedNodes}) => {
        window.replaced += [...removedNodes].filter(holds).length;
    })).observe(document.body, {childList: true, subtree: true});
    return charts.length;
}"""


def follow(page, words, seconds=20):
    """Wait until the head of the page says it."""
    expect(page.locator(".a-head").first).to_contain_text(re.compile(words), timeout=seconds * 1000)


def until(page, script, argument=None, seconds=30):
    """Ask the page until its answer is true: Playwright's waiting evaluates there, which the policy bars."""
    ends = time.monotonic() + seconds
    while not page.evaluate(script, argument):
        assert time.monotonic() < ends, f"not within {seconds} seconds: {script}"
        page.wait_for_timeout(100)


def charts(page, seconds=60):
    """All charts of a page, once the first one is drawn."""
    found = page.locator(CHART)
    found.first.locator("svg").wait_for(timeout=seconds * 1000)
    return found


def drag(page, chart, begin, end):
    """Drag across a chart, from one part of its width to another, and let go."""
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * begin, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, height, steps=5)
    page.mouse.up()


def double_click(page, chart):
    """In the middle of a chart."""
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def axes(page):
    """The charts' horizontal axes as they describe themselves for the blind, each once."""
    return set(
        page.locator(f"{CHART} svg [aria-label^='X-axis']").evaluate_all(
            "found => found.map(axis => axis.getAttribute('aria-label'))"
        )
    )


def ranges(page):
    """From where to where the charts' horizontal axes of whole numbers reach, each range once."""
    found = [re.search(r"values from ([\d,]+) to ([\d,]+)", words).groups() for words in axes(page)]
    return {tuple(int(end.replace(",", "")) for end in ends) for ends in found}


def keep_watch(page):
    """From now on `page.evaluate("kept()")` says whether every chart is drawn in the same place, and `replaced`
    counts charts that were taken out. Returns how many charts there are.
    """
    return page.evaluate(_WATCH, CHART)


class Frames:
    """What goes to and fro between a page and its server; to be made before the page is opened."""

    def __init__(self, page):
        self.sent, self.page, self.newest = 0, page, time.monotonic()
        page.on("websocket", self._listen)

    def _listen(self, socket):
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, _):
        self.sent += 1
        self.newest = time.monotonic()

    def _received(self, _):
        self.newest = time.monotonic()

    def refreshed(self, times, seconds=30):
        """Wait until the page has asked for so many refreshes."""
        wanted = self.sent + times
        self._until(lambda: self.sent >= wanted, seconds)

    def silent(self, quiet, seconds=30):
        """Wait until nothing has been said for a while."""
        self._until(lambda: time.monotonic() - self.newest > quiet, seconds)

    def _until(self, condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            self.page.wait_for_timeout(50)
