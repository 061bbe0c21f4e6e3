"""SIGKILL at random moments: what is lost and what is doubled, for Assay and each peer.

    python -m bench.kill [--kills 50] [--rate 200] [--json FILE]

A child logs 20 values a step, about 200 steps a second, and reports each step over a pipe as soon
as `log()` has returned. It is killed 0.3 to 2 s after its first step, at a random moment. What is
left is read with the tracker's own reader and compared, value by value, with what was logged:

- `lost after log()`: steps whose `log()` had returned and that are not there whole;
- `of these older than 50 ms`: those that had returned more than 50 ms before the kill. Assay
  promises that a step is on disk by then, the peers promise nothing: this is one yardstick for all;
- `lost though acknowledged`: steps that were in Assay's spool just before the kill, read there by
  another process, or just after it, and are not in the store afterwards. The peers acknowledge nothing;
- `doubled`: values found more than once; `wrong`: values that nobody logged.

Assay's spools are loaded twice after each kill. In a third of the trials the child has a loader
thread, as a trainer has, which dies with it; in another third up to three loading processes are
killed at random moments, too, before the spools are loaded. A SIGKILL ends a process, not the
machine: nothing here says what a power failure does.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from bench.common import ROOT, Report, offline, parser, quantile, temp_folder
from bench.readers import READERS, Values, read_spooled
from bench.trackers import names_of, open_tracker, values_of
from store.database import Store
from store.loading import Loader, load_spools

SEED = 20261123
NAMES = names_of(20)
PROMISE_SECONDS = 0.05
DEADLINE_SECONDS = 120
GRACE_SECONDS = 1.0
"""wandb writes from a process of its own, which may outlive the one that was killed."""


class Trial(NamedTuple):
    """What one kill did."""

    logged: int
    lost: int
    old: int
    """Lost, and logged more than 50 ms before the kill."""
    oldest_ms: float
    """How long before the kill the oldest lost step had been logged."""
    acknowledged_lost: int | None
    doubled: int
    wrong: int
    loaders_killed: int
    """Loading processes killed while they were loading."""


def main() -> None:
    """Kill each tracker as often as asked and print what was lost."""
    made = parser(__doc__ or "", peers=True)
    made.add_argument("--kills", type=int, default=50, help="kills of each tracker (%(default)s)")
    made.add_argument("--rate", type=int, default=200, help="steps a second (%(default)s)")
    made.add_argument("--only", choices=list(READERS), help="only this tracker")
    made.add_argument("--child", nargs=4, metavar=("TRACKER", "FOLDER", "PIPE", "MODE"), help="be the child")
    made.add_argument("--loader", type=Path, metavar="FOLDER", help="be a loading process")
    arguments = made.parse_args()
    if arguments.child:
        name, folder, pipe, mode = arguments.child
        _child(name, Path(folder), int(pipe), mode == "loader", arguments.rate)
    elif arguments.loader:
        _load(arguments.loader)
    else:
        _harness(arguments)


def _harness(arguments: Any) -> None:
    report = Report(__doc__ or "", arguments)
    chance = random.Random(SEED)
    trials: dict[str, list[Trial]] = {name: [] for name in READERS if arguments.only in (None, name)}
    for number in range(arguments.kills):
        for name, found in trials.items():
            found.append(_trial(name, number % 3, arguments.rate, chance))
        print(f"round {number + 1} of {arguments.kills}", file=sys.stderr)
    rows = [_row(name, found) for name, found in trials.items()]
    report.table(f"SIGKILL, {arguments.kills} times each, 20 values a step", rows)
    if "Assay" in trials:
        mine = rows[0]
        lost, double = mine["lost though acknowledged"], mine["doubled"] + mine["wrong"]
        report.target("acknowledged steps lost", "0", lost, met=lost == 0)
        report.target("values doubled or wrong", "0", double, met=double == 0)
        report.target("steps lost 50 ms after log()", "0", mine["older than 50 ms"], met=mine["older than 50 ms"] == 0)
        killed = sum(trial.loaders_killed for trial in trials["Assay"])
        print(f"\n  loading processes of Assay killed while loading: {killed}")
    report.finish()


def _row(name: str, trials: list[Trial]) -> dict[str, Any]:
    acknowledged = [trial.acknowledged_lost for trial in trials if trial.acknowledged_lost is not None]
    return {
        "tracker": name,
        "kills": len(trials),
        "steps logged": sum(trial.logged for trial in trials),
        "lost after log()": sum(trial.lost for trial in trials),
        "a kill, p50": quantile([trial.lost for trial in trials], 0.5),
        "max": max(trial.lost for trial in trials),
        "older than 50 ms": sum(trial.old for trial in trials),
        "oldest lost, ms": max(trial.oldest_ms for trial in trials),
        "lost though acknowledged": sum(acknowledged) if acknowledged else None,
        "doubled": sum(trial.doubled for trial in trials),
        "wrong": sum(trial.wrong for trial in trials),
    }


def _trial(name: str, mode: int, rate: int, chance: random.Random) -> Trial:
    with temp_folder() as folder:
        place = Path(folder)
        logged, before, killed_at = _killed_run(name, place, mode == 1, rate, chance.uniform(0.3, 2.0))
        time.sleep(GRACE_SECONDS)
        acknowledged = (before | read_spooled(place)) if name == "Assay" else None
        loaders = _killed_loaders(place, chance) if name == "Assay" and mode == 2 else 0
        found = READERS[name](place)
    expected = {step: _whole(step) for step in logged}
    lost = [step for step, values in expected.items() if not values <= found.keys()]
    ages = [killed_at - logged[step] for step in lost]
    return Trial(
        logged=len(logged),
        lost=len(lost),
        old=sum(age > PROMISE_SECONDS for age in ages),
        oldest_ms=max(ages, default=0.0) * 1e3,
        acknowledged_lost=None if acknowledged is None else len({key[0] for key in acknowledged.keys() - found.keys()}),
        doubled=sum(count - 1 for count in found.values()),
        wrong=_wrong(found),
        loaders_killed=loaders,
    )


def _killed_run(
    name: str, folder: Path, loading: bool, rate: int, after: float
) -> tuple[dict[int, float], Values, float]:
    """Run a child and kill it: when each `log()` returned, what Assay had on disk before, the time of death."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "bench.kill", "--rate", str(rate), "--child", name, str(folder), str(writing)]
    with subprocess.Popen(
        [*command, "loader" if loading else "plain"], cwd=ROOT, env=offline(), pass_fds=[writing],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as child, os.fdopen(reading, "rb") as pipe:  # fmt: skip
        os.close(writing)
        lines = [pipe.readline()]
        time.sleep(after)
        on_disk = read_spooled(folder) if name == "Assay" else Counter[tuple[int, str, float]]()
        killed_at = time.monotonic()
        child.kill()
        child.wait(DEADLINE_SECONDS)
        lines += pipe.read().splitlines()
    reported = [line.split() for line in lines if line]
    return {int(step): float(moment) for step, moment in reported}, on_disk, killed_at


def _killed_loaders(folder: Path, chance: random.Random) -> int:
    """Start loading processes and kill them; how many were still at it."""
    hit = 0
    for _ in range(3):
        command = [sys.executable, "-m", "bench.kill", "--loader", str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as loader:
            assert loader.stdout is not None, "it was asked for"
            loader.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.06))
            loader.kill()
            hit += b"done" not in loader.stdout.read()
    return hit


def _child(name: str, folder: Path, pipe: int, loading: bool, rate: int) -> None:
    tracker = open_tracker(name, folder)
    if loading:
        Loader(Store.at(folder / "assay.duckdb"), every=0.1).start()
    due = time.monotonic()
    for step in range(DEADLINE_SECONDS * rate):
        tracker.log(step, values_of(step, NAMES))
        os.write(pipe, b"%d %.6f\n" % (step, time.monotonic()))
        due += 1 / rate
        time.sleep(max(0.0, due - time.monotonic()))


def _load(folder: Path) -> None:
    store = Store.at(folder / "assay.duckdb")
    print("ready", flush=True)
    load_spools(store)
    print("done", flush=True)


def _whole(step: int) -> set[tuple[int, str, float]]:
    return {(step, name, value) for name, value in values_of(step, NAMES).items()}


def _wrong(found: Values) -> int:
    wholes = {step: _whole(step) for step in {key[0] for key in found}}
    return sum(key not in wholes[key[0]] for key in found)


if __name__ == "__main__":
    main()
