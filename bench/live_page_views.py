"""First views of the live pages: Run and Runs in a browser that was never here, and Runs by a click in an open page.

When something is seen is told by the page's own clock in a browser whose network nobody watches (`live_page_bare`).
Bytes, and clicks, are counted and made by Playwright, in whose browsers a first view takes half a second more.
"""

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page

from bench.common import Report, quantile
from bench.live_page_bare import seen_after
from bench.live_page_browser import CHART, Frames, chromium, first_chart, opened, wait
from bench.live_page_floor import plain_app
from bench.live_page_processes import Served
from bench.live_page_store import LONG

__all__ = ["measure_views"]

APART = 11.0
"""Seconds between two first views: charts kept for an earlier viewer are out of date then."""

HEAD = ".a-head"
TABLE = "[data-testid=stDataFrame] canvas"

Row = dict[str, Any]


class _Seen(NamedTuple):
    began: float
    words: float
    chart: float


def measure_views(report: Report, server: Served, folder: Path, times: int) -> None:
    """Run, then both in turn with Streamlit's smallest app, then Runs by a click."""
    # The first page of a server's life waits for its packages to be loaded, and for every chart to be made once.
    rows = [_first_view(server, "first of the server"), *(_first_view(server, "later") for _ in range(times))]
    report.table("First view of Run, in Playwright's browser", rows)
    with plain_app(folder) as plain:
        seen_after(plain, CHART)
        seen_after(f"{plain}/?table=", TABLE)
        views = [_bare(server, plain) for _ in range(times)]
    report.table(
        "First views in a browser that was never here, by its own clock, beside Streamlit's smallest app", views
    )
    _median_target(report, "first view of Run: server ms", "< 150", [row["Run, server ms"] for row in views], 150)
    _median_target(report, "first view of Run: first chart, s", "< 1.5", [row["Run, chart s"] for row in views], 1.5)
    _median_target(report, "first view of Runs, s", "< 1", [row["Runs, table s"] for row in views], 1.0)
    for ours, what in (("Run", "chart"), ("Runs", "table")):
        beyond = [row[f"{ours}, {what} s"] - row[f"Streamlit, {what} s"] for row in views]
        print(f"First {what} of {ours} beyond Streamlit's own, s, median: {quantile(beyond, 0.5):.2f}")
    tables = [_runs_page(server, turn) for turn in range(times)]
    report.table("Runs by a click, in Playwright's browser", tables)
    _median_target(report, "Runs, by a click, s", "< 1", [row["by a click s"] for row in tables], 1.0)


def _median_target(report: Report, what: str, limit: str, measured: list[float], most: float) -> None:
    middle = quantile(measured, 0.5)
    report.target(f"{what}, median", limit, middle, met=middle < most)


def _first_view(server: Served, which: str) -> Row:
    time.sleep(APART)
    with chromium() as browser, opened(browser) as page:
        frames = Frames(page)
        seen = _seen(page, f"{server.url}/run?run={LONG}&lang=en", HEAD)
        until = time.time()
        wait(page, 3)
        runs = server.script_runs(seen.began, until)
        sent = frames.bytes_between(seen.began, until)
    return {
        "view": which, "first words s": seen.words, "first chart s": seen.chart, **_inside(runs), "KB": sent / 1e3,
        "load": os.getloadavg()[0],
    }  # fmt: skip


def _bare(server: Served, plain: str) -> Row:
    """Each view once, in turn."""
    time.sleep(APART)
    began = time.time()
    words, chart = seen_after(f"{server.url}/run?run={LONG}&lang=en", HEAD, CHART)
    whole = [row for row in server.script_runs(began, time.time()) if not row["live"]]
    (alone,) = seen_after(plain, CHART)
    (table,) = seen_after(f"{server.url}/runs?lang=en", TABLE)
    (bare_table,) = seen_after(f"{plain}/?table=", TABLE)
    return {
        "Run, server ms": _inside(whole)["server ms"], "Run, CPU ms": _inside(whole)["CPU ms"], "Run, words s": words,
        "Run, chart s": chart, "Streamlit, chart s": alone, "Runs, table s": table, "Streamlit, table s": bare_table,
        "load": os.getloadavg()[0],
    }  # fmt: skip


def _seen(page: Page, url: str, words: str) -> _Seen:
    began, clock = time.time(), time.perf_counter()
    first = first_chart(page, url, words)
    page.locator(CHART).first.wait_for(timeout=120_000)
    return _Seen(began, first, time.perf_counter() - clock)


def _inside(runs: list[Row]) -> Row:
    """Where the time of some runs of the script went, added up; `first ms` is that of the first one alone."""
    names = {
        "ms": "server ms",
        "cpu_ms": "CPU ms",
        "reads_ms": "reading ms",
        "charts_ms": "charts ms",
        "reads": "reads",
    }
    sums = {said: sum(row.get(name, 0) for row in runs) for name, said in names.items()}
    return {"script runs": len(runs), "first ms": runs[0]["ms"] if runs else float("nan"), **sums}


def _runs_page(server: Served, turn: int) -> Row:
    # Who looks at a run has an open page, which has not yet loaded what draws tables.
    with chromium() as browser, opened(browser) as page:
        first_chart(page, f"{server.url}/run?run={LONG}&lang=en")
        wait(page, 5)
        clicked = _by_a_click(page)
        page.locator("[data-testid=stTopNavLink]", has_text="Home").first.click()
        wait(page, 3)
        again = _by_a_click(page)
    load = os.getloadavg()[0]
    return {"turn": turn + 1, "by a click s": clicked, "by a later click s": again, "load": load}


def _by_a_click(page: Page) -> float:
    page.locator("[data-testid=stTopNavSection]", has_text="Train").first.click()
    link = page.locator("[data-testid=stTopNavDropdownLink]", has_text="Runs").first
    link.wait_for()
    clock = time.perf_counter()
    link.click()
    page.locator(TABLE).first.wait_for(timeout=120_000)
    return time.perf_counter() - clock
