"""Whether hours of watching cost memory: a run at a high rate, and three tabs that stay open.

A chart of a growing run has ever more points until a point's width doubles, which halves their number; widths are
powers of two. So memory goes up and down with the run's length, and what is compared is memory at as many points: that
of a run of so many steps, and later of twice as many.
"""

import os
import time
from contextlib import ExitStack
from statistics import median
from typing import Any, NamedTuple

import psutil
from playwright.sync_api import Browser, CDPSession, Page

from bench.common import Report
from bench.live_page_browser import chromium, first_chart, opened, wait
from bench.live_page_processes import Served, writing
from bench.live_page_store import LONG
from store.database import Store

__all__ = ["measure_memory"]

EVERY = 20.0
"""Seconds between two samples."""

WARM_UP = 0.5
"""Of the time between the two stretches that are compared, so much before the first: a browser compiles what runs often
for some ten minutes, and keeps that.
"""

STRETCH = 1.1
"""A stretch ends where the run has so many times as many steps as at its beginning."""

MB = 1e6
FLAT = 5.0
"""Per cent an hour: less than this is flat."""

HELD = "held, USS MB"
"""What is left once the pages' scripts have thrown away what nobody holds; a browser has as much again of that."""

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


class Plan(NamedTuple):
    """When samples are compared: from a step on, and from twice that step on."""

    first: int
    """First step of the first stretch."""
    rate: float
    """Steps a second."""

    def stretch(self, samples: list[Sample], times: int) -> list[Sample]:
        """Samples of the first stretch (`times` 1) or of the second (2)."""
        begin = times * self.first
        return [sample for sample in samples if begin <= sample["step"] < STRETCH * begin]


def measure_memory(report: Report, store: Store, server: Served, minutes: float) -> None:
    """Watch a run until it has twice as many steps as after the warm-up, `minutes` later."""
    first = _last_step(store) / (1 - WARM_UP)
    plan = Plan(round(first), first / (60 * minutes))
    longest = 60 * minutes * (WARM_UP + 2 * STRETCH)
    addresses = {
        "Run": (f"run?run={LONG}&lang=en", "[data-testid=stVegaLiteChart] svg"),
        "Runs": ("runs?lang=en", "[data-testid=stDataFrame] canvas"),
        "Home": ("?lang=en", ".a-foot"),
    }
    with writing(store, plan.rate, longest) as writer, chromium() as browser, ExitStack() as tabs:
        watched = [_tab(browser, tabs, name, f"{server.url}/{path}", what) for name, (path, what) in addresses.items()]
        samples = _samples(watched, store, server, 2 * STRETCH * plan.first, longest)
        writer.end()
    _tell(report, samples, plan)


def _last_step(store: Store) -> int:
    return int(store.rows("SELECT last_step FROM run WHERE name = $name", {"name": LONG})[0]["last_step"])


def _tab(browser: Browser, tabs: ExitStack, name: str, url: str, what: str) -> Tab:
    page = tabs.enter_context(opened(browser))
    first_chart(page, url, what)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    return Tab(name, page, devtools)


def _samples(tabs: list[Tab], store: Store, server: Served, last: float, longest: float) -> list[Sample]:
    """Until the run has reached a step; a busy machine may keep it from its rate."""
    began = time.monotonic()
    found: list[Sample] = []
    while not found or (found[-1]["step"] < last and found[-1]["second"] < longest):
        found.append({"second": time.monotonic() - began, "step": _last_step(store), "load": os.getloadavg()[0]})
        found[-1].update({**_of_server(server), **_of_renderers("USS MB")})
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


def _tell(report: Report, samples: list[Sample], plan: Plan) -> None:
    first, again = (plan.stretch(samples, times) for times in (1, 2))
    if len(first) < 3 or len(again) < 3:
        print("the run is too slow or the time too short to say whether memory is flat")
        return
    warm = samples[samples.index(first[0]) :]
    apart = (_middle(again, "second") - _middle(first, "second")) / 3600
    rows = [_row(name, first, again, warm, apart) for name in first[0] if name not in ("second", "step", "load")]
    loads = [sample["load"] for sample in warm]
    title = f"Memory at {first[0]['step']:,.0f} steps and {60 * apart:.0f} minutes later, at twice as many"
    report.table(f"{title}, {plan.rate:.0f} steps a second, load average {min(loads):.1f} to {max(loads):.1f}", rows)
    for row in rows:
        change = row["% an hour"]
        report.target(f"{row['what']}: % an hour", f"< {FLAT:g}", change, met=change < FLAT)


def _row(name: str, first: list[Sample], again: list[Sample], warm: list[Sample], hours: float) -> dict[str, Any]:
    """Medians of both stretches, what lay between them, and the growth in per cent of the first."""
    before, after = _middle(first, name), _middle(again, name)
    values = [sample[name] for sample in warm]
    return {
        "what": name, "before": before, "after": after, "lowest": min(values), "highest": max(values),
        "% an hour": 100 * (after / before - 1) / hours,
    }  # fmt: skip


def _middle(samples: list[Sample], name: str) -> float:
    return median(sample[name] for sample in samples)
