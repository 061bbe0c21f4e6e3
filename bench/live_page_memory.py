"""Whether hours of watching cost memory: a run at a high rate, three tabs that stay open, a sample each half minute."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import psutil
from playwright.sync_api import Browser, CDPSession, Page

from bench.common import Report
from bench.live_page_browser import chromium, first_chart, opened, wait
from bench.live_page_processes import Served, writing
from bench.live_page_store import LONG
from store.database import Store

__all__ = ["measure_memory"]

EVERY = 30.0
WARM_UP = 900.0
"""Seconds. Vega keeps the drawn items of rows that were replaced until there are ten thousand of a mark, and then
throws them away together: until then a page that shows charts grows, from then on it goes up and down.
"""

MB = 1e6
FLAT = 5.0
"""Per cent an hour: less than this is flat."""

HELD = "held, USS MB"
"""What is left once the pages' scripts have thrown away what nobody holds; a browser has as much again of that."""

STRETCHES = 6
"""Of the time, each with a low of its own: what goes up and down by half is told from what grows by its lows."""

Sample = dict[str, float]


class Tab(NamedTuple):
    """A page that stays open, and the browser's own view of it."""

    name: str
    page: Page
    devtools: CDPSession

    def sample(self) -> Sample:
        """Memory of its scripts in MB, and nodes of its document, once what nobody holds has been thrown away."""
        self.devtools.send("HeapProfiler.collectGarbage")
        found = {item["name"]: item["value"] for item in self.devtools.send("Performance.getMetrics")["metrics"]}
        return {f"{self.name}, JS heap MB": found["JSHeapUsedSize"] / MB, f"{self.name}, nodes": found["Nodes"]}


def measure_memory(report: Report, store: Store, server: Served, minutes: float, rate: float) -> None:
    """Watch for so many minutes and the warm-up before them, with the run going on at `rate` steps a second."""
    addresses = {
        "Run": (f"run?run={LONG}&lang=en", "[data-testid=stVegaLiteChart] svg"),
        "Runs": ("runs?lang=en", "[data-testid=stDataFrame] canvas"),
        "Home": ("?lang=en", ".a-foot"),
    }
    with writing(store, rate, WARM_UP + 60 * minutes + 600) as writer, chromium() as browser, ExitStack() as tabs:
        watched = [_tab(browser, tabs, name, f"{server.url}/{path}", what) for name, (path, what) in addresses.items()]
        samples = _samples(watched, server, minutes)
        logged = writer.end()
    # A busy machine may keep the writer from its rate.
    _tell(report, samples, len(logged) / (logged[-1][1] - logged[0][1]))


def _tab(browser: Browser, tabs: ExitStack, name: str, url: str, what: str) -> Tab:
    page = tabs.enter_context(opened(browser))
    first_chart(page, url, what)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    return Tab(name, page, devtools)


def _samples(tabs: list[Tab], server: Served, minutes: float) -> list[Sample]:
    began = time.monotonic()
    found: list[Sample] = []
    while (now := time.monotonic() - began) < WARM_UP + 60 * minutes:
        found.append({"second": now, "load": os.getloadavg()[0], **_of_server(server), **_of_renderers("USS MB")})
        for tab in tabs:
            found[-1].update(tab.sample())
        found[-1].update(_of_renderers(HELD))
        print("  " + ", ".join(f"{name} {value:.1f}" for name, value in found[-1].items()), flush=True)
        wait(tabs[0].page, EVERY)
    return found


def _of_server(server: Served) -> Sample:
    """Its resident memory."""
    return {"server, RSS MB": psutil.Process(server.pid).memory_info().rss / MB}


def _of_renderers(what: str) -> Sample:
    """What all the browser's renderers have for themselves alone."""
    children = psutil.Process().children(recursive=True)
    return {f"renderers, {what}": sum(map(_of_renderer, children)) / MB}


def _of_renderer(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().uss if "--type=renderer" in process.cmdline() else 0
    except psutil.Error:  # it has just ended
        return 0


def _tell(report: Report, samples: list[Sample], rate: float) -> None:
    warm = [sample for sample in samples if sample["second"] >= WARM_UP]
    if len(warm) < 3:
        print("too short to say whether memory is flat")
        return
    hours = [sample["second"] / 3600 for sample in warm]
    rows = [
        {"what": name, **_trend(hours, [sample[name] for sample in warm])}
        for name in warm[0]
        if name not in ("second", "load")
    ]
    loads = [sample["load"] for sample in warm]
    last = (warm[-1]["second"] - warm[0]["second"]) / 60
    title = f"Memory over {last:.0f} minutes after a warm-up of {WARM_UP / 60:.0f}, {rate:.0f} steps a second"
    report.table(f"{title}, load average {min(loads):.1f} to {max(loads):.1f}", rows)
    for row in rows:
        change = row["lows, % an hour"]
        report.target(f"{row['what']}: lows, % an hour", f"< {FLAT:g}", change, met=change < FLAT)


def _trend(hours: Sequence[float], values: Sequence[float]) -> dict[str, Any]:
    """Start and end as means of three samples, and by how much all samples and the lows grow an hour, in per cent."""
    width = max(1, len(values) // STRETCHES)
    begins = range(0, len(values) - width + 1, width)
    lows = [min(range(begin, begin + width), key=values.__getitem__) for begin in begins]
    return {
        "start": sum(values[:3]) / 3, "end": sum(values[-3:]) / 3, "lowest": min(values), "highest": max(values),
        "% an hour": _slope(hours, values),
        "lows, % an hour": _slope([hours[at] for at in lows], [values[at] for at in lows]),
    }  # fmt: skip


def _slope(hours: Sequence[float], values: Sequence[float]) -> float:
    """That of the line of least squares, in per cent of the mean."""
    middle, mean = sum(hours) / len(hours), sum(values) / len(values)
    spread = sum((hour - middle) ** 2 for hour in hours)
    slope = sum((hour - middle) * (value - mean) for hour, value in zip(hours, values, strict=True)) / spread
    return 100 * slope / mean
