"""LoRA, all weights and a second pre-training side by side on the demo's models: learned, forgotten, memory, time.

    python -m bench.methods                       about 25 minutes on two cores
    python -m bench.methods --store DIR --write docs/methods.json

The triage desk is learned from the base of `assay demo` in four ways, with the demo's share of general tokens and the
same passes over the domain: an adapter or all weights, with the handbook read before (CPT) or not. Each run has a
process of its own, so that memory is that of one run: the most it held, less what it held before the run began. The
column `step ms` is what a tenth of the steps stayed below: those that other work on the machine disturbed least. The
row `start` is what the ways with CPT begin with: its seconds are those of reading the handbook.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import psutil

from bench import common
from bench.desk import SHARE, Desk, kept_rows
from trainer.demo.story import STEPS

SEEDS = (0, 1, 2)

FULL = {"train": {"method": "full"}, "optim": {"lr": 3e-4, "weight_decay": 0.0}}
"""All weights: a tenth of the adapter's rate, and none of the decay that keeps the adapter small."""

WAYS: dict[str, tuple[bool, dict[str, Any]]] = {
    "lora": (False, {}), "full": (False, FULL), "cpt, lora": (True, {}), "cpt, full": (True, FULL),
}  # fmt: skip
"""Each way: whether it begins behind the handbook, and what it changes of the demo's desk."""

Row = dict[str, Any]


def main() -> int:
    """Measure what is missing, and print the table."""
    options = _options()
    if options.one:
        return _one(Path(options.one[0]), int(options.one[1]), options.one[2], options)
    with tempfile.TemporaryDirectory() as temporary:
        place = options.store or Path(temporary)
        found = [row for seed in options.seeds for row in _measured(place / f"seed-{seed}", seed, options)]
    report = common.Report(__doc__, options)
    report.table("means over the seeds, and their standard deviation", [_summary(way, found) for way in _names(found)])
    if options.write:
        told = {"epochs": options.epochs, "base_steps": options.steps, "share": SHARE, "runs": found}
        options.write.write_text(json.dumps(told, indent=1) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = common.parser(__doc__, peers=False)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--epochs", type=float, default=5.0, help="passes over the domain; default: 5")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of the base; default: {STEPS}")
    parser.add_argument("--store", type=Path, help="a folder that is kept")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write what was measured there")
    parser.add_argument("--one", nargs=3, metavar=("ROOT", "SEED", "WAY"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(root: Path, seed: int, options: argparse.Namespace) -> list[Row]:
    """A row a way, and one for what they all begin with."""
    root.mkdir(parents=True, exist_ok=True)
    file = root / "methods.jsonl"
    for way in ("start", *WAYS):
        if way not in {row["way"] for row in kept_rows(file)}:
            passed = ["--epochs", str(options.epochs), "--steps", str(options.steps)]
            command = [sys.executable, "-m", "bench.methods", *passed, "--one", str(root), str(seed), way]
            subprocess.run(command, check=True, cwd=common.ROOT)
    return kept_rows(file)


def _one(root: Path, seed: int, way: str, options: argparse.Namespace) -> int:
    """Train one way in this process, and add its row."""
    desk = Desk(root, seed, options.steps)
    row: Row = {"seed": seed, "way": way}
    if way == "start":
        marks = desk.before
        row |= {"department": marks.department, "kept": marks.facts_b, "seconds": round(desk.reading, 1)}
    else:
        has_read, changes = WAYS[way]
        begin = desk.handbook if has_read else desk.base
        passes = {**changes, "train": {"epochs": options.epochs, **changes.get("train", {})}}
        config = desk.config(way.replace(", ", "-"), begin, share=SHARE, changes=passes)
        held = psutil.Process().memory_info().rss
        found = desk.learn(config)
        row |= {
            "department": found.marks.department, "kept": found.marks.facts_b, "chrf": found.chrf, "steps": found.steps,
            "seconds": round(found.seconds, 1), "step": found.step, "memory": found.peak - held,
            "bytes": _size(desk, config),
        }  # fmt: skip
    with (root / "methods.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    return 0


def _size(desk: Desk, config: Row) -> int:
    """Bytes of the last checkpoint."""
    last = max((desk.store.root / config["run"]["name"] / "checkpoints").glob("*-b*"))
    return sum(item.stat().st_size for item in last.rglob("*") if item.is_file())


def _names(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["way"] for row in rows))


def _summary(way: str, rows: list[Row]) -> Row:
    of = [row for row in rows if row["way"] == way]
    return {
        "way": way, "seeds": len(of), "department %": _spread(of, "department", 100),
        "facts kept %": _spread(of, "kept", 100),
        "chrF": _spread(of, "chrf", 1), "steps": _spread(of, "steps", 1), "seconds": _spread(of, "seconds", 1),
        "step ms": _spread(of, "step", 1000),
        "memory MiB": _spread(of, "memory", 1 / 2**20), "checkpoint MiB": _spread(of, "bytes", 1 / 2**20),
    }  # fmt: skip


def _spread(rows: list[Row], key: str, factor: float) -> str | None:
    """Mean and standard deviation of a figure; None where it is not known."""
    values = [factor * row[key] for row in rows if key in row]
    if not values:
        return None
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{mean(values):.1f}"


if __name__ == "__main__":
    sys.exit(main())
