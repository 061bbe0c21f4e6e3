"""A store of a hundred million values: the page Runs, and one chart of Run · Curves, beside reading every row.

    python -m bench.big_store [--values 100000000] [--runs 200] [--together 4] [--times 20] [--json FILE]

Two runs of a million steps have half of the values, short ones the rest; four at a time are recorded together, with
all that the trainer records (25 values a step). Needs 1 GB of disk, in the folder for temporary files.

- Runs: the page's script from its first line to its last, in this process, as the server runs it. `cold`: nothing is
  kept of this store and its file is not in memory; `again`: a second and more later, when the page looks again.
- A chart: reading its points and making it, with nothing kept by the dashboard; `cold` as above.
- The other side opens the file, reads every value of the metrics in the range with pandas, and makes the same buckets
  of them; of Runs, the last loss and the lowest validation loss of each run, and no page. Both sides must come to the
  same lowest and highest values.
"""

import argparse
import logging
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboard
from bench.big_store_charts import Chart, charts_of, read_all, read_runs, shown
from bench.big_store_rows import Sizes, fill, runs_of
from bench.common import Report, parser, seconds_of, spread, temp_folder
from dashboard.pages import page_path
from store import instance
from store.database import Store

__all__ = ["main"]

RUNS_SECONDS = 1.0
CHART_SECONDS = 0.3
APART = 1.0
"""Seconds between two looks at a page: what it keeps for less than that is read again."""

COLD_TIMES = 5
"""How often what takes long is measured."""

Work: TypeAlias = Callable[[], Any]


def main() -> None:
    """Make the store, measure, print the tables."""
    options = parser(__doc__ or "", peers=False)
    options.add_argument("--values", type=int, default=100_000_000, help="values of metrics, about (%(default)s)")
    options.add_argument("--runs", type=int, default=200, help="runs, three or more (%(default)s)")
    options.add_argument("--together", type=int, default=4, help="runs recorded at the same time (%(default)s)")
    options.add_argument("--times", type=int, default=20, help="how often each is read (%(default)s)")
    arguments = options.parse_args()
    logging.disable(logging.WARNING)  # Streamlit says at each call that no server is there
    report = Report(__doc__ or "", arguments)
    sizes = Sizes(arguments.values, arguments.runs, arguments.together)
    with temp_folder() as folder:
        store = _made(report, Path(folder) / "runs" / "assay.duckdb", sizes)
        _runs_page(report, store, Path(folder) / "empty.duckdb", arguments)
        _charts(report, store, charts_of(runs_of(sizes)), arguments)
    report.finish()


def _made(report: Report, path: Path, sizes: Sizes) -> Store:
    began = time.perf_counter()
    # In a process of its own: what making it takes of memory is not what reading it does.
    maker = get_context("spawn").Process(target=fill, args=(path, sizes))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise SystemExit("the store could not be made; see above")
    store = Store.at(path)
    rows = store.rows("SELECT count(*) AS n, count(DISTINCT run_id) AS runs FROM metric")[0]
    spans = store.rows("SELECT count(*) AS n FROM metric_span")[0]["n"]
    report.table("the store", [{
        "values": rows["n"], "runs": rows["runs"], "rows of the roll-up": spans, "MB": path.stat().st_size / 1e6,
        "made in s": time.perf_counter() - began, "load": os.getloadavg()[0],
    }])  # fmt: skip
    return store


class _Taken(NamedTuple):
    """What some calls of one kind took, in seconds."""

    clock: list[float]
    """On the clock."""

    processors: list[float]
    """Of all processors together."""


def _runs_page(report: Report, store: Store, empty: Path, arguments: argparse.Namespace) -> None:
    Store.at(empty).create()
    _page(Store.at(empty)).run()  # what Python has to import is not this store's
    cold = _taken(_made_cold(store) for _ in range(COLD_TIMES))
    app = _page(store).run()
    again = _taken(_looking_again(app) for _ in range(arguments.times))
    naive = _taken(partial(read_runs, store) for _ in range(COLD_TIMES))
    rows = [_row("cold", cold), _row("again", again), _row("reading every row, no page", naive)]
    report.table(
        "seconds of the page Runs", [{**row, "every row / this": rows[-1]["p50"] / row["p50"]} for row in rows]
    )
    slowest = max(*cold.clock, *again.clock)
    report.target("Runs, the slowest", f"< {RUNS_SECONDS:g} s", slowest, met=slowest < RUNS_SECONDS)


def _page(store: Store) -> AppTest:
    """The page Runs of a store, not run yet."""
    os.environ["ASSAY_STORE"] = str(store.path)
    app = AppTest.from_file(str(Path(dashboard.__file__).parent / "app.py"), default_timeout=120)
    app.query_params["lang"] = "en"
    return app.run().switch_page(page_path("runs"))


def _made_cold(store: Store) -> Work:
    page = _page(store)
    _forget(store)
    return page.run


def _looking_again(app: AppTest) -> Work:
    time.sleep(APART)
    if app.exception:
        raise SystemExit(f"the page failed: {app.exception[0].value}")
    return app.run


def _forget(store: Store) -> None:
    """Nothing of the store is in memory any more."""
    st.cache_data.clear()
    st.cache_resource.clear()
    instance.discard()
    file = os.open(store.path, os.O_RDONLY)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def _taken(works: Iterable[Work]) -> _Taken:
    """One call of each, which is made ready right before."""
    taken = _Taken([], [])
    for work in works:
        used = time.process_time()
        taken.clock.extend(seconds_of(work, 1))
        taken.processors.append(time.process_time() - used)
    return taken


def _row(what: str, taken: _Taken) -> dict[str, Any]:
    used = spread(taken.processors)["p50"]
    return {"what": what, **spread(taken.clock), "processors p50": used, "load": os.getloadavg()[0]}


def _charts(report: Report, store: Store, charts: list[Chart], arguments: argparse.Namespace) -> None:
    before = _highest_memory()
    cold = {chart.name: _taken(_chart_made_cold(store, chart) for _ in range(COLD_TIMES)) for chart in charts}
    ours = _highest_memory()
    rows = [_timed(store, chart, cold[chart.name], arguments.times) for chart in charts]
    report.table("milliseconds of a chart", rows)
    report.table("highest memory of this process meanwhile, MB", [{
        "page Runs, and reading every row for it": before, "our charts": ours,
        "our charts, and reading every row": _highest_memory(),
    }])  # fmt: skip
    slowest = max(max(row["cold p50"], row["p95"]) for row in rows) / 1e3
    report.target(
        "a chart, cold p50 or p95 of the slowest", f"< {CHART_SECONDS:g} s", slowest, met=slowest < CHART_SECONDS
    )


def _chart_made_cold(store: Store, chart: Chart) -> Work:
    _forget(store)
    return partial(shown, store, chart)


def _timed(store: Store, chart: Chart, cold: _Taken, times: int) -> dict[str, Any]:
    ours, theirs = partial(shown, store, chart), partial(read_all, store, chart)
    (points, said), (rows, found) = ours(), theirs()
    if said != found:
        raise SystemExit(f"the two sides differ at {chart.name}: {said} and {found}")
    # In turn, for the machine may be busier with other things at one time than at another.
    turns = [(_taken([ours] * max(1, times // COLD_TIMES)), _taken([theirs])) for _ in range(COLD_TIMES)]
    clock = [seconds * 1e3 for taken, _ in turns for seconds in taken.clock]
    used = [seconds * 1e3 for taken, _ in turns for seconds in taken.processors]
    every_row = spread([taken.clock[0] * 1e3 for _, taken in turns])["p50"]
    return {
        "chart": chart.name, "cold p50": spread(cold.clock)["p50"] * 1e3, **spread(clock),
        "processors p50": spread(used)["p50"], "points": points, "values": rows, "every row p50": every_row,
        "every row / this": every_row / spread(clock)["p50"], "load": os.getloadavg()[0],
    }  # fmt: skip


def _highest_memory() -> float:
    """Since the last time it was asked for, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    highest = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return highest * 1024 / 1e6


if __name__ == "__main__":
    main()
