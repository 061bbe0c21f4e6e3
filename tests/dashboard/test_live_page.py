"""A run going on, watched in a real browser."""

import pytest

import assay
from store.database import Store

pytest.importorskip("playwright", reason="playwright is not installed")

from tests.dashboard.looking import follow, until

pytestmark = pytest.mark.browser


def test_the_page_follows_a_script_step_by_step_and_stops_with_it(watched):
    page, url, root = watched
    run = assay.run("live", store=root, total_steps=500)
    run.log(1, loss=3.0)
    page.goto(f"{url}/run?run=live&lang=en")
    follow(page, "step 1 of 500", 60)
    page.wait_for_selector("[data-testid=stVegaLiteChart] svg")
    for step in range(2, 40):
        run.log(step, loss=3.0 / step, val_loss=3.2 / step, grad_norm=1.0)
    follow(page, "step 39 of 500")
    run.log(40, loss=0.5)
    follow(page, "step 40 of 500")
    run.finish()
    follow(page, "finished")
    assert "run=live" in page.evaluate("location.href")


def test_a_run_that_begins_appears_on_the_open_home_page(watched):
    page, url, root = watched
    page.goto(f"{url}/?lang=zh")
    page.get_by_text("还没有任何运行").wait_for(timeout=60_000)
    with assay.run("begins", store=root) as run:
        run.log(1, loss=2.0)
        page.get_by_role("link", name="begins").click(timeout=30_000)
        follow(page, "第 1 步")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_a_phone_shows_the_run_without_scrolling_sideways(watched):
    page, url, root = watched
    with assay.run("small", store=root, total_steps=20) as run:
        for step in range(1, 21):
            run.log(step, loss=1.0 / step, grad_norm=1.0, lr=1e-4)
    page.set_viewport_size({"width": 390, "height": 844})
    failed = []
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    for path in ("", "runs", "run?run=small"):
        page.goto(f"{url}/{path}")
        page.wait_for_selector(".a-foot", timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # Each page asks the server where it is, and not below its own address.
    assert failed == []


def test_on_a_phone_there_is_room_above_a_table_for_its_buttons(watched):
    page, url, root = watched
    with assay.run("small", store=root) as run:
        run.log(1, loss=1.0)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/runs?lang=en")
    table = page.locator("[data-testid=stDataFrame]")
    table.wait_for(timeout=60_000)
    above = page.locator(".st-key-a-filters").bounding_box()
    assert table.bounding_box()["y"] - above["y"] - above["height"] > 32


_BEGINNINGS = """() => {
    const strip = document.querySelector('.st-key-a-lineage'), parts = [...strip.children];
    const top = part => part.getBoundingClientRect().top;
    const begins = part => parts.indexOf(part) === 0 || top(part) > top(part.previousElementSibling) + 9;
    const ends = part => part.getBoundingClientRect().left + parseFloat(getComputedStyle(part).borderLeftWidth);
    return parts.filter(begins).map(part => ends(part) - strip.getBoundingClientRect().left);
}"""
"""How far right of the strip's edge the line before each part ends that begins a row."""


def test_a_part_of_the_strip_that_begins_a_row_has_no_line_before_it(watched):
    page, url, root = watched
    with assay.run("small", store=root) as run:
        for step in range(1, 6):
            run.log(step, loss=1.0)
            run.fork(after=step - 1, reason="rollback")
    page.set_viewport_size({"width": 760, "height": 844})
    page.goto(f"{url}/run?run=small&lang=en&view=log")
    page.locator(".st-key-a-moments").wait_for(timeout=60_000)
    until(page, f"() => ({_BEGINNINGS})().length > 1", seconds=60)
    assert max(page.evaluate(_BEGINNINGS)) <= 0


def test_what_is_being_written_outlasts_refreshes_and_a_tick_goes_with_its_run(watched):
    page, url, root = watched
    with assay.run("first", store=root) as run:
        run.log(1, loss=2.0)
    page.goto(f"{url}/runs?lang=en&compare=first")
    notes = page.get_by_label("Notes")
    notes.fill("half a sentence", timeout=60_000)
    with assay.run("second", store=root) as run:
        run.log(1, loss=2.0)
        page.get_by_text("2 runs, 1 under way").wait_for(timeout=30_000)
    page.get_by_text("2 runs, 0 under way").wait_for(timeout=30_000)
    assert notes.input_value() == "half a sentence"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved: first").wait_for(timeout=30_000)
    store = Store.at(root / "assay.duckdb")
    assert store.rows("SELECT name, notes FROM run ORDER BY id") == [
        {"name": "first", "notes": "half a sentence"},
        {"name": "second", "notes": None},
    ]
    # The new run took the first row; the tick moved down with its own.
    page.get_by_role("button", name="Keep on top").click()
    page.get_by_role("button", name="Off the top").wait_for(timeout=30_000)
    assert store.rows("SELECT name FROM run WHERE starred") == [{"name": "first"}]
