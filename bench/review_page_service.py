"""The service of blind review without a browser: what a call costs, and many who submit at once."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path
from typing import Any

from bench.common import ROOT, Report, spread, temp_folder
from bench.review_page_judge import judge
from bench.review_page_store import answer_of, entered, filled, found_in, invited
from evals.review.service import next_pair, submit
from evals.review.types import PairView
from store.access import Actor
from store.database import Snapshot, Store, Transaction

__all__ = ["measure_calls", "measure_together"]

PAIRS = 300
CALLS = 60
PARTS = ((Store, "_attach"), (Snapshot, "read"), (Transaction, "execute"), (Store, "_detach"))
"""Where the time of a call goes; the rest is Python, and the commit."""


def measure_calls(report: Report) -> None:
    """Processor milliseconds of `next_pair` and `submit`, and what of them is spent where."""
    with temp_folder() as folder:
        store, expert = _house(Path(folder), 1)
        grader = expert[0]
        spent = _watch()
        totals: dict[str, dict[str, float]] = {"next_pair": {}, "submit": {}}
        for number in range(CALLS):
            pair = _added(totals["next_pair"], spent, lambda: next_pair(store, grader, 1))
            if not isinstance(pair, PairView):
                raise TypeError(f"no pair is left: {pair.reason}")
            _added(totals["submit"], spent, lambda pair=pair, number=number: submit(
                store, grader, pair.token, answer_of(number)
            ))  # fmt: skip
    rows = [{"call": name, **_row(total), "load": os.getloadavg()[0]} for name, total in totals.items()]
    report.table(f"A call, processor ms, mean of {CALLS}, one grader of {PAIRS} pairs", rows)


def measure_together(report: Report) -> None:
    """Two hundred submits at once, by threads of one process and by processes."""
    ways = {"20 threads x 10": (20, _threads), "4 processes x 50": (4, _processes)}
    rows: list[dict[str, Any]] = []
    for name, (graders, way) in ways.items():
        with temp_folder() as folder:
            store, experts = _house(Path(folder), graders)
            begin = time.perf_counter()
            taken = way(store, experts, 200 // graders)
            seconds = time.perf_counter() - begin
            found = found_in(store)
        times = {f"submit {key} ms": 1e3 * value for key, value in spread(taken).items()}
        lost = len(taken) - found.verdicts
        rows.append({
            "way": name, "submits": len(taken), "lost": lost, "doubled": found.doubled, **times,
            "all s": seconds, "load": os.getloadavg()[0],
        })  # fmt: skip
        wrong = abs(lost) + found.doubled
        report.target(f"{name}: verdicts lost or doubled", "0", wrong, met=wrong == 0 and len(taken) == 200)
    report.table("200 submits at once, each with its next_pair", rows)


def _house(folder: Path, graders: int) -> tuple[Store, list[Actor]]:
    store = filled(folder, PAIRS, 0)
    return store, [entered(store, invited(store, number, seated=True)) for number in range(graders)]


def _threads(store: Store, experts: list[Actor], count: int) -> list[float]:
    with ThreadPoolExecutor(len(experts)) as pool:
        return [taken for some in pool.map(lambda expert: judge(store, expert, count), experts) for taken in some]


def _processes(store: Store, experts: list[Actor], count: int) -> list[float]:
    command = [sys.executable, "-m", "bench.review_page_judge", str(store.path)]
    started = [
        subprocess.Popen([*command, str(expert.user), str(expert.login), str(count)], cwd=ROOT, stdout=subprocess.PIPE)
        for expert in experts
    ]
    said = [process.communicate()[0] for process in started]
    return [taken for out in said for taken in json.loads(out)]


def _watch() -> dict[str, list[float]]:
    """Sums of processor time and counts by part, for this process from now on."""
    spent: dict[str, list[float]] = {}
    for owner, name in PARTS:
        setattr(owner, name, _timed(getattr(owner, name), name.strip("_"), spent))
    return spent


def _timed(work: Callable[..., Any], name: str, spent: dict[str, list[float]]) -> Callable[..., Any]:
    @wraps(work)
    def timed(*arguments: Any, **options: Any) -> Any:
        begin = time.process_time()
        try:
            return work(*arguments, **options)
        finally:
            sums = spent.setdefault(name, [0, 0.0])
            sums[0] += 1
            sums[1] += 1e3 * (time.process_time() - begin)

    return timed


def _added(total: dict[str, float], spent: dict[str, list[float]], call: Callable[[], Any]) -> Any:
    spent.clear()
    begin = time.process_time()
    found = call()
    total["all"] = total.get("all", 0.0) + 1e3 * (time.process_time() - begin)
    for name, (count, taken) in spent.items():
        total[name] = total.get(name, 0.0) + taken
        total[f"{name} n"] = total.get(f"{name} n", 0.0) + count
    return found


def _row(total: dict[str, float]) -> dict[str, float]:
    mean = {name: value / CALLS for name, value in total.items()}
    parts = ("attach", "read", "execute", "detach")
    return {
        "all": mean["all"], "attach": mean["attach"], "reads": mean["read n"], "reading": mean["read"],
        "writes": mean["execute n"], "writing": mean["execute"], "detach (checkpoint)": mean["detach"],
        "the rest": mean["all"] - sum(mean[part] for part in parts),
    }  # fmt: skip
