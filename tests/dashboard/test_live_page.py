"""A run going on, watched in a real browser."""

import re
import time
from pathlib import Path

import pytest

import assay
from store.database import Store

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def watched(tmp_path, serve, browser):
    """An open page, what went wrong in it, and the store's folder."""
    root = tmp_path / "runs"
    with serve(root, tmp_path) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        page = context.new_page()
        wrong = []
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.append(asked.url) if _is_remote(asked.url, server.url) else None)
        yield page, server.url, root
        context.close()
        assert wrong == []


def _is_remote(url, own):
    return not url.startswith((own, own.replace("http", "ws"), "data:", "blob:"))


def follow(page, words, seconds=20):
    """Wait until the page says it; returns how long that took."""
    began = time.monotonic()
    sync_api.expect(page.locator(".a-head").first).to_contain_text(re.compile(words), timeout=seconds * 1000)
    return time.monotonic() - began


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


def test_a_drag_across_the_chart_zooms_to_single_steps_and_back(watched):
    page, url, root = watched
    with assay.run("long", store=root) as run:
        for step in range(1, 3001):
            run.log(step, loss=1.0 + 1.0 / step)
    page.goto(f"{url}/run?run=long&lang=en")
    page.get_by_text("8 steps a point").wait_for(timeout=60_000)
    chart = page.locator("[data-testid=stVegaLiteChart]").first
    chart.locator("svg").wait_for()
    box = chart.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.55, height, steps=5)
    page.mouse.up()
    page.get_by_text("every step is drawn").wait_for(timeout=30_000)
    page.wait_for_url(re.compile("first=1[45]"))
    page.reload()
    page.get_by_text("every step is drawn").wait_for(timeout=60_000)
    page.get_by_role("button", name="Show all steps").click()
    page.get_by_text("8 steps a point").wait_for(timeout=30_000)


def test_a_phone_shows_the_run_without_scrolling_sideways(watched):
    page, url, root = watched
    with assay.run("small", store=root, total_steps=20) as run:
        for step in range(1, 21):
            run.log(step, loss=1.0 / step, grad_norm=1.0, lr=1e-4)
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("", "runs", "run?run=small"):
        page.goto(f"{url}/{path}")
        page.wait_for_selector(".a-foot", timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


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
