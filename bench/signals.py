"""What recording costs a training step of the demo's model: all signals, recording only, nothing.

    python -m bench.signals [--steps 300] [--json FILE]

One process trains the demo's base (1.1 M parameters, full) and its adapter; the three ways take turns step by step, in
an order that changes. `nothing` reads the batch, goes forward and backward, clips and steps, as any trainer must;
`recording` adds one row a step (loss, gradient norm, lr, speed, memory, samples with their losses); `all signals`
adds loss by source and, for each group of layers, gradient norm, update and RMS_t. `added` is the time inside the added
calls themselves, summed a step: on a busy machine it is far steadier than the difference of whole steps.
Targets: all signals at most 3 % of a step, recording at most 1 %.
"""

import os
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

from assay.recording import Run, new_folder
from bench.common import Report, parser, temp_folder
from store.database import Store
from trainer import train
from trainer.config_file import config_from
from trainer.demo.material import make_material, write_rows
from trainer.demo.tiny import make_model
from trainer.groups import LayerGroups
from trainer.history import History
from trainer.job import Job, prepare
from trainer.optim import adjust, lr_at
from trainer.progress import ProgressLine
from trainer.remedies import Remedies
from trainer.shelf import Shelf
from trainer.state import TrainState
from trainer.step import seed_step
from trainer.train import Training

WAYS = ("nothing", "recording", "all signals")
WARM_UP = 10


class Clock:
    """Sums the time spent inside some functions."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.spent = 0.0

    def wrap(self, owner: Any, name: str) -> None:
        """Time every call of `owner.name`."""
        real = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return real(*arguments, **options)
            finally:
                self.spent += time.perf_counter() - began

        setattr(owner, name, timed)


def main() -> None:
    """Measure both models and print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--steps", type=int, default=300, help="steps of each way (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    clock = Clock()
    for owner, name in ((train, "signals"), (LayerGroups, "after_step"), (Training, "record")):
        clock.wrap(owner, name)
    with temp_folder() as root:
        for model in ("base", "adapter"):
            _measure(report, clock, Path(root) / model, model, arguments.steps)
    report.finish()


def _measure(report: Report, clock: Clock, root: Path, model: str, steps: int) -> None:
    job = prepare(_config(root, model))
    store = Store.at(root / "assay.duckdb")
    store.create()
    run = Run(new_folder(root, "run"), facts={})
    progress = ProgressLine("bench", steps)
    progress.step = lambda *_: None  # type: ignore[method-assign] - the line on the terminal is not what is measured
    training = Training(job, run, Shelf(run, store, job.config.checkpoint), progress, TrainState(), History())
    whole: dict[str, list[float]] = {way: [] for way in WAYS}
    added: dict[str, list[float]] = {way: [] for way in WAYS}
    turns = random.Random(0)
    for number in range(steps + WARM_UP):
        for way in turns.sample(WAYS, len(WAYS)):
            clock.spent, began = 0.0, time.perf_counter()
            _step(training, job, way, number + 1)
            if number >= WARM_UP:
                whole[way].append(time.perf_counter() - began)
                added[way].append(clock.spent)
    run.finish()
    _show(report, model, whole, added)


def _show(report: Report, model: str, whole: dict[str, list[float]], added: dict[str, list[float]]) -> None:
    bare = statistics.median(whole["nothing"])
    rows = [
        {
            "way": way,
            "step p50 ms": 1e3 * statistics.median(whole[way]),
            "step / nothing": statistics.median(whole[way]) / bare,
            "added p50 ms": 1e3 * statistics.median(added[way]),
            "added % of a step": 100 * statistics.median(added[way]) / bare,
        }
        for way in WAYS
    ]
    report.table(f"the demo's {model}", rows)
    for row, limit in ((rows[1], 1.0), (rows[2], 3.0)):
        share = row["added % of a step"]
        report.target(f"{model}, {row['way']}: % of a step", f"at most {limit:g} %", share, met=share <= limit)


def _step(training: Training, job: Job, way: str, step: int) -> None:
    if way == "nothing":
        _bare_step(job, step)
        return
    wanted = way == "all signals"
    job.config = replace(job.config, record=replace(job.config.record, groups=wanted, sources=wanted))
    training.train_step(step)


def _bare_step(job: Job, step: int) -> None:
    examples = [job.data.train[place] for place in job.plan.samples_at(step)]
    seed_step(0, step)
    job.engine.measure(job.optimizer, examples, micro_batch=job.micro_batch, clip=1.0)
    lr = lr_at(step, job.plan.steps, job.config.optim, job.config.lr)
    adjust(job.optimizer, job.config.optim, Remedies(), lr)
    job.engine.precision.step(job.optimizer)
    job.optimizer.zero_grad(set_to_none=True)


def _config(root: Path, model: str) -> Any:
    material = make_material(0)
    write_rows(root, material)
    make_model(root / "model", [row["text"] for row in material.base], seed=0)
    data = {"train": str(root / "base.jsonl"), "validation": 0.0, "max_length": 128}
    learning = {"stage": "pretrain", "method": "full", "batch_size": 24, "micro_batch": 6}
    if model == "adapter":
        data |= {"train": str(root / "triage.jsonl"), "general": str(root / "mix.jsonl"), "general_ratio": 0.3}
        learning = {"stage": "sft", "method": "lora", "batch_size": 16, "micro_batch": 8}
    return config_from(
        {
            "model": {"path": str(root / "model")}, "data": data, "optim": {"lr": 1e-4},
            "train": {**learning, "steps": 100_000, "device": "cpu"},
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
