"""The spike detectors: time a step, a long log through the command, and how often they are right.

    python -m bench.detector [--seeds 6] [--logs FOLDER] [--json FILE]

Speed: `see` with loss and gradient norm, and `after` with the signals of five groups of layers, one step at a time;
then 250,000 lines of CSV through `assay spikes detect --json`, in a process of its own. Targets: less than 20 us a
step, less than 5 s. Times are the processor's own: other work on the machine does not count.
Rates: made-up healthy logs and made-up spikes of `bench/spike_logs.py`, and the real logs of `--logs` where that folder
is there, each counted as healthy if its name does not say otherwise. Alarms within 10 points are one.
"""

import csv
import json
import math
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from assay.spikes import Detector, Scan, Settings, scan
from bench.common import ROOT, Report, parser, spread, temp_folder
from bench.spike_logs import HEALTHY, SPIKES, Log, Row, healthy, put_spike, with_spike

LINES = 250_000
KINDS = list(HEALTHY)[:10]
"""Kinds of noise that spikes are put into."""

RISES = {"no least rise": (0.0, 0.0), "2 %": (0.02, 0.02), "2 % or 5 %": (0.02, 0.05), "5 %": (0.05, 0.05)}
"""What T2 may ask of the loss: of a log, and of one whose values are alike."""

WANDERERS = 20_000
"""Lines of a log that wanders."""


def main() -> None:
    """Measure speed and rates and print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--seeds", type=int, default=6, help="logs of each kind (%(default)s)")
    made.add_argument(
        "--logs", type=Path, default=ROOT.parent / "shared" / "data" / "loss_logs", help="real logs, as CSV"
    )
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    _speed(report)
    _command(report)
    _false_alarms(report, arguments.seeds)
    _wandering(report)
    _detection(report, arguments.seeds)
    if arguments.logs.is_dir():
        _real(report, arguments.logs)
    report.finish()


def _speed(report: Report) -> None:
    chance = random.Random(0)
    values = [(2 + chance.gauss(0, 0.05), 0.3 * 2 ** chance.gauss(0, 0.2)) for _ in range(20_000)]
    groups = ("embed", "first", "middle", "last", "head")
    signals = {f"group/{group}/{name}": 1.0 for group in groups for name in ("grad_norm", "update_rms", "rms_t")}
    detector = Detector()
    see, after = list[float](), list[float]()
    for step, (loss, norm) in enumerate(values):
        named = {**signals, "loss": loss, "grad_norm": norm, "lr": 1e-4, "group/first/rms_t": loss}
        begin = time.thread_time_ns()
        detector.see(step, loss, norm)
        middle = time.thread_time_ns()
        detector.after(step, named)
        after.append((time.thread_time_ns() - middle) / 1e3)
        see.append((middle - begin) / 1e3)
    both = [first + second for first, second in zip(see, after, strict=True)]
    rows = {"see (loss, gradient norm)": see, "after (signals of 5 groups)": after, "both": both}
    report.table("us a step", [{"call": name, **spread(taken, (0.5, 0.99))} for name, taken in rows.items()])
    for name, taken in (("see", see), ("both", both)):
        p50 = spread(taken)["p50"]
        report.target(f"{name}: us a step, p50", "less than 20", p50, met=p50 < 20)


def _command(report: Report) -> None:
    chance = random.Random(1)
    with temp_folder() as folder:
        path = Path(folder) / "long.csv"
        with path.open("w") as file:
            file.write("step,loss,grad_norm\n")
            file.writelines(
                f"{step},{2 + chance.gauss(0, 0.05):.6f},{0.3 + abs(chance.gauss(0, 0.05)):.4f}\n"
                for step in range(LINES)
            )
        before, begin = _children(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "assay", "spikes", "detect", str(path), "--json"],
            cwd=ROOT, capture_output=True, check=True,
        )  # fmt: skip
        wall, busy = time.perf_counter() - begin, _children() - before
    points = json.loads(done.stdout)["points"]
    report.table(f"{LINES:,} lines through the command", [{"points": points, "processor s": busy, "wall s": wall}])
    report.target("processor time of the command, s", "less than 5", busy, met=busy < 5 and points == LINES)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _false_alarms(report: Report, seeds: int) -> None:
    rows = [_rates(name, [scan(healthy(kind, seed).rows) for seed in range(seeds)]) for name, kind in HEALTHY.items()]
    report.table("false alarms a 1,000 points, made-up healthy logs", rows)


def _wandering(report: Report) -> None:
    """Rollbacks on healthy logs that are smoothed, rounded or not shuffled, by what T2 asks for."""
    rows: list[dict[str, Any]] = []
    for name, make in _wanderers().items():
        logs = [[(step, {"loss": loss}) for step, loss in enumerate(make(random.Random(seed)), 1)] for seed in range(3)]
        row: dict[str, Any] = {"log": name, "points": sum(map(len, logs))}
        for title, (rise, alike) in RISES.items():
            settings = Settings(high_rise=rise, high_rise_alike=alike)
            row[title] = _rates(name, [scan(log, settings) for log in logs])["rollback"]
        rows.append(row)
    report.table("rollbacks a 1,000 points, healthy logs that wander, by the least rise of T2", rows)


def _wanderers() -> dict[str, Callable[[random.Random], list[float]]]:
    made: dict[str, Callable[[random.Random], list[float]]] = {}
    for keeps in (0.98, 0.9):
        for noise in (0.05, 0.1, 0.2):
            made[f"moving average {keeps} of noise of {noise:.0%}"] = partial(_moving, keeps=keeps, noise=noise)
    made["two decimals, wander of 0.6 %"] = partial(_rounded, keeps=0.97)
    made["two decimals, independent noise of 0.6 %"] = partial(_rounded, keeps=0.0)
    made["mean since the epoch began"] = _running
    for lines in (300, 1000):
        made[f"sources of {lines:,} lines one after another, ±8 %"] = partial(_sources, lines=lines)
    return made


def _plain(chance: random.Random, noise: float) -> list[float]:
    """A loss that falls from 2.2 to 1.1."""
    levels = (1.1 + 0.8 * math.exp(-line / 300) + 0.3 * (1 - line / WANDERERS) for line in range(WANDERERS))
    return [level * math.exp(chance.gauss(0, noise)) for level in levels]


def _moving(chance: random.Random, keeps: float, noise: float) -> list[float]:
    return list(accumulate(_plain(chance, noise), lambda mean, value: keeps * mean + (1 - keeps) * value))


def _rounded(chance: random.Random, keeps: float) -> list[float]:
    fresh = (chance.gauss(0, math.sqrt(1 - keeps**2)) for _ in range(WANDERERS))
    wander = accumulate(fresh, lambda noise, value: keeps * noise + value)
    return [round(1.3 * math.exp(0.006 * noise), 2) for noise in wander]


def _running(chance: random.Random, epoch: int = 2000) -> list[float]:
    values = _plain(chance, 0.1)
    means: list[float] = []
    for begin in range(0, WANDERERS, epoch):
        sums = accumulate(values[begin : begin + epoch])
        means += [total / count for count, total in enumerate(sums, 1)]
    return means


def _sources(chance: random.Random, lines: int) -> list[float]:
    levels = [chance.uniform(-0.08, 0.08) for _ in range(0, WANDERERS, lines)]
    return [1.3 * math.exp(levels[line // lines] + chance.gauss(0, 0.03)) for line in range(WANDERERS)]


def _rates(name: str, scans: Iterable[Scan]) -> dict[str, Any]:
    found = list(scans)
    points = sum(one.points for one in found)
    actions = [spike.action for one in found for spike in one.spikes]
    counts = {action: 1000 * actions.count(action) / points for action in ("rollback", "skip", "amber")}
    return {"log": name, "points": points, **counts}


def _detection(report: Report, seeds: int) -> None:
    report.table("made-up spikes", [_found(name, seeds) for name in SPIKES])


def _found(name: str, seeds: int) -> dict[str, Any]:
    logs = [with_spike(HEALTHY[kind], SPIKES[name], seed) for kind in KINDS for seed in range(seeds)]
    return {"spike": name, **_delays(logs)}


def _delays(logs: list[Log]) -> dict[str, Any]:
    """How many of the spikes raise a skip or a rollback while they last, and after how many points."""
    delays: list[int] = []
    for log in logs:
        steps = [step for step, _ in log.rows]
        onset, end = steps.index(log.onset or 0), len(steps) if log.end is None else steps.index(log.end)
        alarms = [alarm for spike in scan(log.rows).spikes for alarm in spike.alarms if alarm.action != "amber"]
        inside = [place for alarm in alarms if onset <= (place := steps.index(alarm.step)) < end]
        delays += [min(inside) - onset] if inside else []
    median = statistics.median(delays) if delays else None
    return {"logs": len(logs), "found %": 100 * len(delays) / len(logs), "median delay, points": median}


def _put_into(report: Report, name: str, rows: list[Row]) -> None:
    """Spikes put into a real log, so with real noise around them."""
    table: list[dict[str, Any]] = []
    shapes = {re.sub(r", \d+ σ", "", shape): spike for shape, spike in SPIKES.items() if spike.lasts is not None}
    for percent in (5, 10, 30, 100):
        for shape, spike in shapes.items():
            assert spike.lasts is not None
            places = [random.Random(seed).randrange(600, len(rows) - spike.lasts - 50) for seed in range(20)]
            windows = [rows[place - 600 : place + spike.lasts + 50] for place in places]
            logs = [put_spike(window, spike, 600, math.log1p(percent / 100)) for window in windows]
            table.append({"rises by %": percent, "shape": shape, **_delays(logs)})
    report.table(f"spikes put into {name}", table)


def _real(report: Report, folder: Path) -> None:
    scans = {path.name: scan(_rows(path)) for path in sorted(folder.glob("*.csv"))}
    rows = [
        {**_rates(name, [found]), "first alarm": found.spikes[0].first_alarm if found.spikes else None}
        for name, found in scans.items()
    ]
    report.table("real logs, alarms a 1,000 points", rows)
    healthy_ones = [row for row in rows if not any(word in row["log"] for word in ("nan", "precursor", "divergence"))]
    for row in healthy_ones:
        _put_into(report, row["log"], _rows(folder / row["log"]))
        for action, limit in (("rollback", 0.05), ("skip", 0.5)):
            what = f"{row['log']}: {action} a 1,000 points"
            report.target(what, f"at most {limit:g}", row[action], met=row[action] <= limit)


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as file:
        found = [
            (int(row.pop("step")), {name: float(cell) for name, cell in row.items()}) for row in csv.DictReader(file)
        ]
    return sorted(found, key=lambda row: row[0])


if __name__ == "__main__":
    main()
