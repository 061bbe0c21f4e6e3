"""From an alarm of the guard to the banner on a run's pages, in Chromium.

    python -m bench.alarm_banner [--times 5] [--json FILE]

A run records two steps a second with `assay.run`, as a trainer does; the store is loaded by the dashboard's own loader.
For each view of the run a page is opened; when it has settled, the alarm is recorded with its step, as the guard
records it, and the time is taken until the banner can be seen. Target: within 2 s, on every view.

Each figure is of a machine that may be busy with other things; the load average stands beside it.
"""

import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import assay
from bench.common import Report, parser, spread, temp_folder
from bench.live_page_browser import chromium, opened, wait
from bench.live_page_processes import served
from store.database import Store

VIEWS = ("curves", "spikes", "checkpoints", "samples", "scores", "forgetting", "data", "log")
CONFIG = {"guard": {"mode": "act"}, "checkpoint": {"stable_after": 50, "every": 50}}


class _Recorded:
    """A run that goes on in a thread until it is ended."""

    def __init__(self, store: Store, name: str) -> None:
        self._run = assay.run(name, store=store.path, config=CONFIG, total_steps=10_000)
        self._ended, self._alarm = threading.Event(), threading.Event()
        self.alarmed = 0.0
        self._thread = threading.Thread(target=self._record)
        self._thread.start()

    def alarm(self) -> None:
        self._alarm.set()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _record(self) -> None:
        draw = random.Random(0)
        with self._run as run:
            step = 0
            while not self._ended.wait(0.5):
                step += 1
                jump = self._alarm.is_set() and not self.alarmed
                run.log(step, loss=9.0 if jump else 2 + draw.random() / 10, grad_norm=1.0)
                if jump:
                    facts: dict[str, Any] = {
                        "rule": "T1", "series": "loss", "action": "skip", "value": 9.0, "limit": 3.0, "onset": step,
                        "acts": True,
                    }  # fmt: skip
                    run.event("spike", f"step {step}: jump: the loss is 9", level="alarm", step=step, **facts)
                    self.alarmed = time.time()


def main() -> None:
    """Measure each view and print the table."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--times", type=int, default=5, help="alarms on each view (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    with temp_folder() as folder:
        store = Store.at(Path(folder) / "runs" / "assay.duckdb")
        store.create()
        with served(store, Path(folder) / "times.jsonl") as server, chromium() as browser:
            found = {
                view: [_seen(store, browser, server.url, view, number) for number in range(arguments.times)]
                for view in VIEWS
            }
    report.table("From the alarm to the banner", [_row(view, lags) for view, lags in found.items()])
    worst = max(max(lags) for lags in found.values())
    report.target("alarm to banner, the longest, s", "<= 2", worst, met=worst <= 2)
    report.finish()


def _row(view: str, lags: list[float]) -> dict[str, Any]:
    times = {f"{name} s": value for name, value in spread(lags).items()}
    return {"view": view, **times, "load": os.getloadavg()[0]}


def _seen(store: Store, browser: Any, url: str, view: str, number: int) -> float:
    """Seconds from an alarm to its banner."""
    name = f"{view}-{number}"
    run = _Recorded(store, name)
    try:
        time.sleep(2)
        with opened(browser) as page:
            page.goto(f"{url}/run?run={name}&view={view}&lang=en")
            page.wait_for_selector("h1", timeout=60_000)
            wait(page, 4)
            run.alarm()
            page.wait_for_selector(".a-banner", timeout=60_000)
            seen = time.time()
    finally:
        run.end()
    return seen - run.alarmed


if __name__ == "__main__":
    main()
