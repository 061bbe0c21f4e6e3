"""One process of the crowd in `bench.contention`: a writer or a reader, with Assay or the naive way."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import assay
from bench.naive import NaiveStore, metric_rows
from bench.trackers import names_of
from store.database import Store
from store.errors import StoreError
from store.loading import Loader
from store.series import bucketed

__all__ = ["NAMES", "ROLES", "WRITERS"]

WRITERS = 8
RATE = 20
EVERY = 0.5
NAMES = ["clock", *names_of(19)]
"""The 20 metrics; `clock` is the time of the step."""

Measured: TypeAlias = dict[str, Any]
"""What a process has to tell; `errors` are sentences."""


def _write(folder: Path, number: int, until: float) -> Measured:
    """Record a run, with a loader as a trainer has one; errors are the loader's."""
    errors: set[str] = set()
    steps = 0
    with (
        Loader(Store.at(folder / "assay.duckdb"), every=EVERY) as loader,
        assay.run(f"run-{number}", store=folder) as run,
    ):
        for steps, values in enumerate(_paced(until), 1):
            run.log(steps, values)
            if loader.error:
                errors.add(loader.error)
    return {"steps": steps, "errors": sorted(errors)}


def _naive_write(folder: Path, number: int, until: float) -> Measured:
    """Keep the steps and flush them twice a second, on a thread."""
    store = NaiveStore(folder)
    errors: list[str] = []
    kept: list[list[float]] = []
    stop = threading.Event()
    written = 0

    def flush() -> None:
        nonlocal written
        if rows := kept[written:]:
            store.insert(metric_rows(number + 1, written, rows))
            written += len(rows)

    def flush_often() -> None:
        try:
            while not stop.wait(EVERY):
                flush()
            flush()
        except TimeoutError as error:
            errors.append(str(error))

    thread = threading.Thread(target=flush_often)
    thread.start()
    kept.extend(list(values.values()) for values in _paced(until))
    stop.set()
    thread.join()
    return {"steps": len(kept), "errors": errors, "refusals": store.refusals}


def _paced(until: float) -> Iterator[dict[str, float]]:
    """The values of a step, 20 times a second."""
    due = time.time()
    while due < until:
        yield {name: time.time() for name in NAMES}
        due += 1 / RATE
        time.sleep(max(0.0, due - time.time()))


def _read(folder: Path, number: int, until: float) -> Measured:
    store = Store.at(folder / "assay.duckdb")

    def newest(run_id: int) -> float | None:
        points = bucketed(store, run_id, ["clock", "loss"]).points.to_pylist()
        return max((row["last"] for row in points if row["metric"] == "clock"), default=None)

    return _reading(newest, number, until)


def _naive_read(folder: Path, number: int, until: float) -> Measured:
    store = NaiveStore(folder)

    def newest(run_id: int) -> float | None:
        return max((row["last"] for row in store.chart(run_id, [1, 2]) if row["metric_id"] == 1), default=None)

    return {**_reading(newest, number, until), "refusals": store.refusals}


def _reading(newest: Callable[[int], float | None], turn: int, until: float) -> Measured:
    """Read one run's chart after the other, twice a second, as long as the writers write."""
    lags: list[float] = []
    reads: list[float] = []
    errors: list[str] = []
    while (begin := time.time()) < until:
        try:
            clock = newest(1 + turn % WRITERS)
            reads.append(time.time() - begin)
            if clock is not None:
                lags.append(time.time() - clock)
        except (StoreError, TimeoutError) as error:
            errors.append(str(error))
        turn += 1
        time.sleep(max(0.0, begin + EVERY - time.time()))
    return {"lags": lags, "reads": reads, "errors": errors}


ROLES: dict[str, Callable[[Path, int, float], Measured]] = {
    "assay-write": _write,
    "assay-read": _read,
    "naive-write": _naive_write,
    "naive-read": _naive_read,
}
"""What a process can be: given the folder, its number and the time at which to stop."""
