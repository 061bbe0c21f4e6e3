"""Cost of logging 20 values on the training thread, against TensorBoard, wandb offline and trackio.

    python -m bench.log_cost [--steps 5000] [--repeats 3] [--values 20] [--json FILE]

A loop of simulated training steps (about 1.5 ms: half of it hashing, which lets other threads have
the interpreter, half plain Python, which does not) logs after each step; only the call is timed,
not the making of the values just before it.
Every tracker runs in a process of its own, the trackers take turns, and the order changes with each
repeat, so that the noise of a shared machine hits all of them. The bare `deque.append` shows what
the loop and the machine cost by themselves. `step` is the work and the call together: what a
tracker's own thread takes from the training thread appears there, not in the call.
"""

import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.common import ROOT, Report, offline, parser, quantile, temp_folder
from bench.trackers import DEQUE, OPENERS, names_of, open_tracker, values_of

SEED = 20261123
WARM_UP = 200
HASHED = bytes(1_500_000)


def main() -> None:
    """Run all phases and print the table."""
    arguments = _arguments()
    if arguments.child:
        _child(arguments.child, Path(arguments.folder), arguments.steps, arguments.values)
        return
    report = Report(__doc__ or "", arguments)
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in OPENERS}
    order = list(OPENERS)
    shuffle = random.Random(SEED).shuffle
    for repeat in range(arguments.repeats):
        shuffle(order)
        for name in order:
            print(f"repeat {repeat + 1}: {name}", file=sys.stderr)
            taken[name].append(_phase(name, arguments.steps, arguments.values))
    _show(report, taken, arguments.values)


def _arguments() -> Any:
    made = parser(__doc__ or "", peers=True)
    made.add_argument("--steps", type=int, default=5000, help="steps a phase (%(default)s)")
    made.add_argument("--repeats", type=int, default=3, help="phases of each tracker (%(default)s)")
    made.add_argument("--values", type=int, default=20, help="values a step (%(default)s)")
    made.add_argument("--child", help="be one phase (used by the benchmark itself)")
    made.add_argument("--folder", help="where that phase writes")
    return made.parse_args()


def _phase(name: str, steps: int, values: int) -> dict[str, Any]:
    """Nanoseconds of every call and every step of one tracker, measured in a process of its own."""
    with temp_folder() as folder:
        command = [sys.executable, "-m", "bench.log_cost", "--child", name, "--folder", folder]
        command += ["--steps", str(steps), "--values", str(values)]
        subprocess.run(command, cwd=ROOT, env=offline(), check=True, stdout=subprocess.DEVNULL)
        return json.loads((Path(folder) / "measured.json").read_text(encoding="utf-8"))


def _child(name: str, folder: Path, steps: int, values: int) -> None:
    tracker = open_tracker(name, folder)
    names = names_of(values)
    calls, whole = [0] * (WARM_UP + steps), [0] * (WARM_UP + steps)
    clock = time.perf_counter_ns
    for step in range(WARM_UP + steps):
        begin = clock()
        _work()
        logged = values_of(step, names)
        before = clock()
        tracker.log(step, logged)
        after = clock()
        calls[step], whole[step] = after - before, after - begin
    tracker.close()
    measured = {"calls": calls[WARM_UP:], "steps": whole[WARM_UP:]}
    (folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")


def _work() -> None:
    hashlib.sha256(HASHED).digest()
    total = 0
    for number in range(20_000):
        total += number


def _show(report: Report, taken: dict[str, list[dict[str, Any]]], values: int) -> None:
    calls = {name: [call / 1e3 for phase in phases for call in phase["calls"]] for name, phases in taken.items()}
    steps = {name: [step / 1e6 for phase in phases for step in phase["steps"]] for name, phases in taken.items()}
    ours = quantile(calls["Assay"], 0.5)
    rows = [
        {
            "tracker": name,
            **{f"p{share * 100:g} us": quantile(calls[name], share) for share in (0.5, 0.99, 0.999)},
            "max us": max(calls[name]),
            "p50 / Assay's": quantile(calls[name], 0.5) / ours,
            "step p50 ms": quantile(steps[name], 0.5),
            "step p99 ms": quantile(steps[name], 0.99),
        }
        for name in calls
    ]
    report.table(f"One call that logs {values} values, {len(calls['Assay']):,} calls of each", rows)
    found = {row["tracker"]: row for row in rows}
    mine = found["Assay"]
    best = min(row["p50 / Assay's"] for name, row in found.items() if name not in ("Assay", DEQUE))
    report.target("p50", "<= 2 us", mine["p50 us"], met=mine["p50 us"] <= 2)
    report.target("p99", "<= 50 us", mine["p99 us"], met=mine["p99 us"] <= 50)
    report.target("p99.9", "<= 1,000 us", mine["p99.9 us"], met=mine["p99.9 us"] <= 1000)
    report.target("times cheaper than the best peer, p50", ">= 15", best, met=best >= 15)
    report.finish()


if __name__ == "__main__":
    main()
