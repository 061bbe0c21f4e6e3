"""The dashboard's live pages in a browser: how fast they are seen, what a refresh costs, whether memory stays.

    python -m bench.live_page [--steps 1000000] [--runs 200] [--seconds 120] [--minutes 30] [--json FILE]

The store holds a run under way of a million steps with all that the trainer records (25 values a step, a validation
loss each thousand, spikes, checkpoints) and 200 ended runs of 5,000 steps each: 50 million values. The server is that
of `assay dash`, with a watch on each run of a page's script (`bench.live_page_server`): `server ms` is the time inside
it, from its first line to its last, reading the store and making charts included, sending not. Another process records
five steps a second all the while. Chromium looks on without a screen, 1440 x 900, a new browser without any cache each
time. Bytes are those of the websocket before compression.

- First view of Run: from asking for the address until the first chart can be seen, by the page's own clock, in a
  browser whose network nobody watches (`bench.live_page_bare`). Each in turn with Streamlit's smallest app, served
  the way Streamlit does (`bench.live_page_floor`): what is ours is what lies beyond it.
- Refresh: a live part of the page run again: the head with its cards each second, the charts of so long a run each two.
  A chart is read again when its line has grown by a pixel, ten seconds apart at the most; `charts read again` are
  those refreshes.
- Runs: until the table can be seen, likewise, and after a click in a page that is open.
- Step to screen: from `run.log()` until the page says that step, looked at 50 times a second.
- Memory: Run, Runs and Home stay open while the run records as many steps a second as it takes to double its length in
  half an hour: before and after, when charts have as many points (`bench.live_page_memory`). From half a million steps
  on (`--times 0 --seconds 0 --steps 500000`) these are 556 a second, one to two million; from a million on 1,111, which
  two cores may be too slow for.

Each figure is of a machine that may be busy with other things; the load average stands beside it.
"""

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.common import Report, parser, quantile, spread, temp_folder
from bench.live_page_browser import Frames, chromium, first_chart, opened, shown_steps, wait
from bench.live_page_memory import measure_memory
from bench.live_page_processes import Served, served, writing
from bench.live_page_store import LONG, fill
from bench.live_page_views import measure_views
from store.database import Store

RATE = 5.0
"""Steps a second, but for memory."""

SETTLED = 11.0
"""Seconds after which a page refreshes as it will for hours: each of its charts was drawn in its turn."""

REFRESHES = 60.0
"""Seconds of watching a page refresh."""


def main() -> None:
    """Make the store, measure, print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--steps", type=int, default=1_000_000, help="steps of the long run (%(default)s)")
    made.add_argument("--runs", type=int, default=200, help="ended runs (%(default)s)")
    made.add_argument("--run-steps", type=int, default=5000, help="steps of each of them (%(default)s)")
    made.add_argument("--times", type=int, default=5, help="how often each page is opened; 0: not (%(default)s)")
    made.add_argument("--seconds", type=float, default=120, help="of following steps; 0: leave out (%(default)s)")
    made.add_argument("--minutes", type=float, default=30, help="of looking at memory; 0: leave out (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    with temp_folder() as folder:
        store = Store.at(Path(folder) / "runs" / "assay.duckdb")
        fill(store, arguments.steps, arguments.runs, arguments.run_steps)
        with served(store, Path(folder) / "times.jsonl") as server:
            if arguments.times:
                with writing(store, RATE, 3600):
                    measure_views(report, server, Path(folder), arguments.times)
                    _refreshes(report, server)
            if arguments.seconds:
                _following(report, store, server, arguments.seconds)
            if arguments.minutes:
                measure_memory(report, store, server, arguments.minutes)
    report.finish()


def _refreshes(report: Report, server: Served) -> None:
    with chromium() as browser, opened(browser) as page:
        frames = Frames(page)
        first_chart(page, f"{server.url}/run?run={LONG}&lang=en")
        wait(page, SETTLED)
        began = time.time()
        wait(page, REFRESHES)
        runs = [row for row in server.script_runs(began, time.time()) if row["live"]]
    sizes = [frames.bytes_between(row["began"], after["began"]) / 1e3 for row, after in pairwise(runs)]
    if len(sizes) < 3:
        print(f"{len(runs)} refreshes in {REFRESHES:g} s are too few to say anything")
        return
    load = os.getloadavg()[0]
    charts = [row.get("charts", 0) > 0 for row in runs[: len(sizes)]]
    # One that reads charts again is told by what it sends.
    usual = quantile([size for size, one in zip(sizes, charts, strict=True) if one] or [0.0], 0.5)
    again = [one and size > 1.5 * usual for size, one in zip(sizes, charts, strict=True)]
    kinds = {
        "all": [True] * len(sizes), "head and cards": [not one for one in charts], "charts": charts,
        "charts read again": again,
    }  # fmt: skip
    rows = [
        {
            "refreshes": name,
            **_refresh_row(
                [run for run, one in zip(runs, chosen, strict=False) if one],
                [size for size, one in zip(sizes, chosen, strict=True) if one],
            ),
            "load": load,
        }
        for name, chosen in kinds.items()
        if any(chosen)
    ]
    report.table(f"A refresh of Run, {REFRESHES:g} s", rows)
    spent = {name: sum(row[name] for row in runs) / REFRESHES for name in ("ms", "cpu_ms")}
    print(f"server ms per second of watching: {spent['ms']:.1f}, CPU ms {spent['cpu_ms']:.1f}")
    report.target("refresh: server ms, p50", "< 50", rows[0]["server ms p50"], met=rows[0]["server ms p50"] < 50)
    mean = sum(sizes) / len(sizes)
    report.target("refresh: KB, mean", "< 60", mean, met=mean < 60)
    report.target("refresh: KB, p95", "< 60", rows[0]["KB p95"], met=rows[0]["KB p95"] < 60)


def _refresh_row(runs: list[dict[str, Any]], sizes: list[float]) -> dict[str, Any]:
    def spread_of(name: str, said: str) -> dict[str, Any]:
        found = spread([row.get(name, 0.0) for row in runs])
        return {f"{said} p50": found["p50"], f"{said} p95": found["p95"]}

    bytes_of = spread(sizes)
    return {
        "n": len(runs), **spread_of("ms", "server ms"), **spread_of("cpu_ms", "CPU ms"),
        **spread_of("reads_ms", "reading ms"), **spread_of("reads", "reads"), **spread_of("charts_ms", "charts ms"),
        "KB p50": bytes_of["p50"], "KB p95": bytes_of["p95"],
    }  # fmt: skip


def _following(report: Report, store: Store, server: Served, seconds: float) -> None:
    with writing(store, RATE, 3600) as writer, chromium() as browser, opened(browser) as page:
        first_chart(page, f"{server.url}/run?run={LONG}&lang=en")
        wait(page, 5)
        began = time.time()
        wait(page, seconds)
        ended = time.time()
        wait(page, 10)
        shown = shown_steps(page)
        logged = writer.end()
    lags = [_seen(step, shown) - moment for step, moment in logged if began <= moment < ended]
    row = {"steps": len(lags), **{f"{name} s": value for name, value in spread(lags).items()}}
    report.table("From run.log() to the page", [{**row, "load": os.getloadavg()[0]}])
    report.target("step to screen p95, s", "<= 2", row["p95 s"], met=row["p95 s"] <= 2)


def _seen(step: int, shown: list[tuple[int, float]]) -> float:
    """When the page first said this step or a later one; never, if it did not within ten seconds of the last."""
    return next((moment for newest, moment in shown if newest >= step), float("inf"))


if __name__ == "__main__":
    main()
