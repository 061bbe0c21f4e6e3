"""Twenty reading threads and a writing one in one process, with Assay or the naive way."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

import assay
from bench.common import spread
from bench.naive import NaiveStore, metric_rows
from bench.trackers import names_of
from store.database import Store, Transaction
from store.errors import StoreError
from store.loading import load_spools
from store.series import bucketed

__all__ = ["CROWDS", "crowd_of_threads"]

READERS = 20
STEPS = 10_000
RUNS = 4
WRITE_EVERY = 0.1


def crowd_of_threads(way: str, folder: Path, pause: float, seconds: float) -> dict[str, Any]:
    """Let the threads loose for some seconds; how long their calls took, in milliseconds."""
    read, write, refusals = CROWDS[way](folder)
    reads: list[float] = []
    writes: list[float] = []
    errors: list[str] = []
    until = time.monotonic() + seconds

    def repeat(work: Callable[[int], Any], taken: list[float], wait: float, first: int) -> None:
        number = first
        while time.monotonic() < until:
            begin = time.perf_counter()
            try:
                work(number)
                taken.append((time.perf_counter() - begin) * 1e3)
            except (StoreError, TimeoutError) as error:
                errors.append(str(error))
            number += 1
            time.sleep(wait)

    threads = [threading.Thread(target=repeat, args=(read, reads, pause, number)) for number in range(READERS)]
    threads.append(threading.Thread(target=repeat, args=(write, writes, WRITE_EVERY, 0)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "reads/s": len(reads) / seconds,
        **{f"read {name} ms": value for name, value in spread(reads).items()},
        "writes": len(writes),
        **{f"write {name} ms": value for name, value in spread(writes).items()},
        "refusals": refusals(),
        "errors": len(errors),
    }


def _assay(folder: Path) -> tuple[Callable[[int], Any], Callable[[int], Any], Callable[[], int]]:
    store = Store.at(folder / "assay.duckdb")
    for number in range(RUNS):
        with assay.run(f"run-{number}", store=folder):
            pass
    load_spools(store)
    names = names_of(20)
    store.transaction(lambda tx: tx.insert("metric_name", pa.table({"id": range(1, 21), "name": names})))
    for run_id in range(1, RUNS + 1):
        rows = _rows(run_id)
        store.transaction(lambda tx, rows=rows: tx.insert("metric", rows))
    store.transaction(lambda tx: tx.execute("UPDATE run SET first_step = 0, last_step = $last", {"last": STEPS - 1}))

    def write(number: int) -> None:
        store.transaction(lambda tx: _verdict(tx, f"item {number}"))

    return lambda number: bucketed(store, 1 + number % RUNS, ["loss"]), write, lambda: 0


def _verdict(transaction: Transaction, item: str) -> None:
    """The store has no verdicts yet; a pin is as large, and is checked before it is written, too."""
    if not transaction.rows("SELECT 1 FROM pin WHERE target = $item AND released IS NULL", {"item": item}):
        transaction.execute(
            "INSERT INTO pin VALUES ($item, 'answers', 1, 'ann', 'campaign', now()::TIMESTAMP, NULL)", {"item": item}
        )


def _naive(folder: Path) -> tuple[Callable[[int], Any], Callable[[int], Any], Callable[[], int]]:
    store = NaiveStore(folder)
    store.create()
    for run_id in range(1, RUNS + 1):
        store.insert(_rows(run_id))
    return (
        lambda number: store.chart(1 + number % RUNS, [1], shift=4),
        lambda number: store.judge(f"item {number}"),
        lambda: store.refusals,
    )


def _rows(run_id: int) -> pa.Table:
    return metric_rows(run_id, 0, [[float(step)] * 20 for step in range(STEPS)])


CROWDS: dict[str, Callable[[Path], tuple[Callable[[int], Any], Callable[[int], Any], Callable[[], int]]]] = {
    "Assay": _assay,
    "connect, retry": _naive,
}
"""For each way: fills a store in a folder, and gives a read, a write and the count of refusals."""
