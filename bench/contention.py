"""Many processes on one store, and many threads on one store in one process.

    python -m bench.contention [--seconds 60] [--naive-seconds 30] [--thread-seconds 15] [--json FILE]

First, processes: 8 of them record a run each, 20 values a step, 20 steps a second, and each has a
loader, as a trainer has; 3 others read a loss chart (`store.series.bucketed`) twice a second, going
round the runs. One of the 20 values is the time of the step, so that a reader sees how old the newest
step is that it was given: the lag. In the end every value must be there exactly once.

Then, threads: 20 of them read a loss chart of a store of 800,000 values, and one writes what a verdict
is: it reads whether there is one already and inserts it, in one transaction. Each reader pauses half a
second after a read, as a dashboard's viewer does; in a second round it does not pause at all.

Beside each stands the same work done the naive way, in the same run: `duckdb.connect` for each flush,
read and write, tried again every 10 ms while DuckDB refuses.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.common import ROOT, Report, parser, spread, temp_folder
from bench.crowd import NAMES, ROLES, WRITERS
from bench.naive import NaiveStore
from bench.threads import CROWDS, crowd_of_threads
from store.database import Store
from store.loading import load_spools

READERS = 3
STARTING_SECONDS = 5


def main() -> None:
    """Run both ways of both parts, print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--seconds", type=float, default=60, help="how long Assay's processes run (%(default)s)")
    made.add_argument("--naive-seconds", type=float, default=30, help="how long the naive ones do (%(default)s)")
    made.add_argument("--thread-seconds", type=float, default=15, help="how long a round of threads is (%(default)s)")
    made.add_argument("--child", nargs=4, metavar=("ROLE", "NUMBER", "FOLDER", "UNTIL"), help="be one process")
    arguments = made.parse_args()
    if arguments.child:
        role, number, folder, until = arguments.child
        print(json.dumps(ROLES[role](Path(folder), int(number), float(until))))
        return
    report = Report(__doc__ or "", arguments)
    if arguments.seconds:
        _processes(report, arguments.seconds, arguments.naive_seconds)
    if arguments.thread_seconds:
        _threads(report, arguments.thread_seconds)
    report.finish()


def _processes(report: Report, seconds: float, naive_seconds: float) -> None:
    ours = {"way": "Assay", **_crowd("assay", seconds)}
    naive = {"way": "connect, retry", **_crowd("naive", naive_seconds)}
    shown = [{key: value for key, value in row.items() if key != "said"} for row in (ours, naive)]
    report.table(f"{WRITERS} processes write, {READERS} read; 20 steps/s and {len(NAMES)} values each", shown)
    for row in (ours, naive):
        for sentence in row["said"]:
            print(f"  {row['way']}: {sentence}")
    report.target("errors", "0", ours["errors"], met=ours["errors"] == 0)
    report.target("values missing or doubled", "0", ours["wrong"], met=ours["wrong"] == 0)
    report.target("lag p95, s", "< 1", ours["lag p95 s"], met=ours["lag p95 s"] < 1)
    report.table("connect, retry / Assay", [_ratios(naive, ours)])


def _crowd(way: str, seconds: float) -> dict[str, Any]:
    with temp_folder() as folder:
        place = Path(folder)
        Store.at(place / "assay.duckdb").create() if way == "assay" else NaiveStore(place).create()
        until = time.time() + STARTING_SECONDS + seconds
        roles = [f"{way}-write"] * WRITERS + [f"{way}-read"] * READERS
        results = [
            _result(child) for child in [_start(role, number, place, until) for number, role in enumerate(roles)]
        ]
        expected = len(NAMES) * sum(result.get("steps", 0) for result in results)
        wrong = _wrong_values(place, expected) if way == "assay" else NaiveStore(place).wrong_values(expected)
    return {"seconds": seconds, "values": expected, **_summary(results), "wrong": wrong}


def _start(role: str, number: int, folder: Path, until: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.contention", "--child", role, str(number), str(folder), str(until)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _result(child: subprocess.Popen[str]) -> dict[str, Any]:
    """What a child measured; what it said on stderr counts as an error."""
    out, said = child.communicate()
    result = json.loads(out) if child.returncode == 0 else {"errors": []}
    result["errors"] += said.strip().splitlines()[-1:]
    return result


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    def all_of(key: str, factor: float = 1) -> list[float]:
        return [value * factor for result in results for value in result.get(key, ())]

    said = [sentence for result in results for sentence in result["errors"]]
    return {
        **{f"lag {name} s": value for name, value in spread(all_of("lags")).items()},
        **{f"read {name} ms": value for name, value in spread(all_of("reads", 1e3)).items()},
        "refusals": sum(result.get("refusals", 0) for result in results),
        "errors": len(said),
        "said": sorted(set(said)),
    }


def _wrong_values(folder: Path, expected: int) -> int:
    """Values missing, plus values there more than once."""
    store = Store.at(folder / "assay.duckdb")
    load_spools(store)
    found = store.rows(
        "SELECT count(*) AS n, count(DISTINCT (run_id, branch, metric_id, step)) AS different FROM metric"
    )[0]
    return abs(expected - found["different"]) + found["n"] - found["different"]


def _threads(report: Report, seconds: float) -> None:
    rows: list[dict[str, Any]] = []
    for pause in (0.5, 0.0):
        for way in CROWDS:
            with temp_folder() as folder:
                rows.append({"way": way, "pause s": pause, **crowd_of_threads(way, Path(folder), pause, seconds)})
    report.table("20 threads read and one writes, in one process", rows)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    ratios = [{"pause s": ours["pause s"], **_ratios(other, ours)} for ours, other in pairs]
    report.table("connect, retry / Assay, in one process", ratios)
    for row in rows:
        if row["way"] == "Assay":
            limit = f"< 200, readers pausing {row['pause s']} s"
            report.target("write p95, ms", limit, row["write p95 ms"], met=row["write p95 ms"] < 200)


def _ratios(other: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """How many times as long the other took."""
    times = [name for name in ours if name.startswith(("lag", "read ", "write "))]
    return {name: other[name] / ours[name] if other[name] and ours[name] else None for name in times}


if __name__ == "__main__":
    main()
