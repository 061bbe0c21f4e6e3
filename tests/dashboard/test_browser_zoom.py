"""Zooming by hand, in a real browser: one range for all charts, kept while the run goes on."""

import re

import pytest

import assay

pytest.importorskip("playwright", reason="playwright is not installed")

from tests.dashboard import spiky
from tests.dashboard.looking import Frames, axes, charts, double_click, drag, follow, keep_watch, ranges, until

pytestmark = pytest.mark.browser


_ONE_AXIS = """before => {
    const found = [...document.querySelectorAll("[aria-label^='X-axis']")].map(axis => axis.getAttribute('aria-label'));
    return found.length === 2 && found[0] === found[1] && !before.includes(found[0]);
}"""


def log(run, first, last):
    for step in range(first, last + 1):
        more = {"group/embed/rms": 0.1 + step / 1e6, "group/last/rms": 0.2, "a": 1.0, "b": 2.0, "c": 3.0}
        run.log(step, {"loss": 1.0 + 1.0 / step, "grad_norm": 0.5 + step % 7, "tokens": step * 64.0, **more})


def zoomed(page):
    """The range of steps in the address, once there is one."""
    page.wait_for_url(re.compile(r"first=\d+&last=\d+"), timeout=30_000)
    return tuple(int(re.search(rf"{name}=(\d+)", page.url)[1]) for name in ("first", "last"))


def test_a_drag_across_any_chart_zooms_all_of_them_and_outlasts_refreshes(watched):
    page, url, root = watched
    frames = Frames(page)
    with assay.run("long", store=root, total_steps=9000) as run:
        log(run, 1, 3000)
        page.goto(f"{url}/run?run=long&lang=en")
        drawn = charts(page)
        page.get_by_text("8 steps a point").wait_for(timeout=60_000)
        drag(page, drawn.first, 0.5, 0.6)
        page.get_by_text("every step is drawn").wait_for(timeout=30_000)
        first, last = zoomed(page)
        assert 1300 < first < last < 1900
        page.get_by_label("Find a metric").fill("half a wo")
        for step in (3001, 3002):
            log(run, step, step)
            follow(page, f"step {step:,} of")
        frames.refreshed(2)
        assert page.get_by_label("Find a metric").input_value() == "half a wo"
        assert (ranges(page), zoomed(page)) == ({(first, last)}, (first, last))
        drag(page, drawn.nth(1), 0.4, 0.6)
        until(page, "first => !location.href.includes(`first=${first}&`)", first)
        closer = zoomed(page)
        assert first < closer[0] < closer[1] < last
        page.reload()
        charts(page)
        page.get_by_text(f"steps {closer[0]:,} – {closer[1]:,}").wait_for(timeout=60_000)
        assert ranges(page) == {closer}
        double_click(page, drawn.nth(1))
        page.get_by_text("8 steps a point").wait_for(timeout=30_000)
        assert "first" not in page.url
        drag(page, drawn.first, 0.5, 0.6)
        page.get_by_role("button", name="Show all steps").click(timeout=30_000)
        page.get_by_text("8 steps a point").wait_for(timeout=30_000)


def test_refreshes_neither_replace_a_chart_nor_draw_it_anew(watched):
    page, url, root = watched
    frames = Frames(page)
    with assay.run("calm", store=root, total_steps=500) as run:
        log(run, 1, 300)
        page.goto(f"{url}/run?run=calm&lang=en")
        charts(page)
        follow(page, "step 300 of", 60)
        page.get_by_text("group · 2 metrics").or_(page.get_by_text("Layer groups")).first.click()
        page.locator("svg text", has_text="embed").wait_for(timeout=30_000)
        assert keep_watch(page) >= 3
        frames.refreshed(3)
        for step in (301, 302):
            log(run, step, step)
            follow(page, f"step {step} of")
        frames.refreshed(1)
        assert (page.evaluate("kept()"), page.evaluate("replaced")) == (True, 0)
        # The watch does see it: another scale is another chart.
        page.get_by_text("log", exact=True).click()
        until(page, "() => !kept()")


def test_runs_ticked_in_the_table_are_laid_over_each_other_and_zoomed_together(watched):
    page, url, root = watched
    frames = Frames(page)
    for name in ("one", "two"):
        with assay.run(name, store=root) as run:
            log(run, 1, 2000)
    page.goto(f"{url}/runs?lang=en&along=tokens&metrics=loss&metrics=grad_norm")
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for(timeout=60_000)
    page.get_by_text("2 runs, 0 under way").wait_for(timeout=60_000)
    for row in (1, 2):
        # Something lies over the canvas that takes its clicks.
        table.click(position={"x": 16, "y": 35 * row + 17}, force=True)
        page.wait_for_url(re.compile(("compare=\\w+" + "%2C\\w+" * (row - 1)) + "(&|$)"), timeout=30_000)
    drawn = charts(page)
    drawn.nth(1).locator("svg").wait_for(timeout=30_000)
    frames.refreshed(1)
    before = axes(page)
    drag(page, drawn.first, 0.5, 0.6)
    page.wait_for_url(re.compile(r"zoom=tokens_\d+_\d+"), timeout=30_000)
    low, high = map(int, re.search(r"zoom=tokens_(\d+)_(\d+)", page.url).groups())
    page.get_by_text(f"tokens {low:,} – {high:,}").wait_for(timeout=30_000)
    # Both of them, each on the same range.
    until(page, _ONE_AXIS, list(before))
    assert 64_000 < low + 8_000 < high < 90_000
    double_click(page, drawn.nth(1))
    page.wait_for_url(re.compile(r"^(?!.*zoom=)"), timeout=30_000)
    page.get_by_role("button", name="Show all", exact=True).wait_for(state="detached", timeout=30_000)


_PARTS = """[...document.querySelectorAll("[aria-roledescription='line mark container'] path")]
    .map(path => (path.getAttribute('d') || '').split('M').length - 1).join()"""


def test_no_line_is_drawn_over_steps_that_were_left_out(watched):
    page, url, root = watched
    with assay.run("healed", store=root) as run:
        spiky.healed(run)
    page.goto(f"{url}/run?run=healed&lang=en")
    charts(page)
    # Of each chart the two branches that were left, each in one piece, then what is in two: raw and mean, or one line.
    until(page, f"{_PARTS} === '1,1,2,2,1,1,2'", seconds=60)
