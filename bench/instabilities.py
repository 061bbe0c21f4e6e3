"""Real instabilities: what the guard finds, how soon, what becomes of the model; and what it says of healthy runs.

    python -m bench.instabilities [--seeds 0 1 2] [--healthy 48] [--watched] [--json FILE]

Models of 40,000 parameters are driven into the troubles of `tests/trainer/troubles.py` by the real trainer, each
over several seeds with the guard acting, with `--watched` once more with it only watching. Of the columns:

- `found`: runs with a skip or rollback alarm within the steps that were allowed;
- `delay`: steps from the trouble's first to that alarm, median;
- `asked`: runs in which the guard tried what it may and waits for a person, as is right where trouble lasts;
- `as good`: runs whose loss on rows that are never learned is at most 1.1 times the healthy twin's;
- `loss / twin`: the same as a median; `watched`: the same with nobody acting, a dash where no end was reached.

A verdict's way back ends at the first step of the new branch; steps that are done again are no part of it.

Healthy runs: CPT and SFT, all weights and LoRA, batches of 2 and 8, one epoch and many, learning rates a factor of ten
apart. Not all of them need be healthy: a run is not where, with nobody acting, its loss ends more than a tenth above
its lowest, both on what it learns (means of 20 steps) and on rows that are never learned. A loss that rises on the
latter alone is over-fitting, and that is no instability. Alarms of such runs are told apart.

Targets: 95 % found, median delay at most 3 steps, at most 0.05 rollbacks and 0.5 skips in 1000 healthy steps, and less
than 5 steps' time from verdict to the new branch's first step beside reading the checkpoint.
"""

import contextlib
import io
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch

from bench.common import Report, parser, quantile, temp_folder
from tests.trainer.troubled import HEALTHY, Outcome, Settings, Trouble, held_out_loss, make_base, train
from tests.trainer.troubles import TROUBLES
from trainer.errors import TrainingError
from trainer.step import Measured
from trainer.train import Training

AS_GOOD = 1.1

WATCH = {"guard__mode": "watch"}

WAYS: list[Settings] = [
    {"train__stage": stage, "train__method": method, "optim__lr": lr, "train__batch_size": batch, "train__steps": 200}
    for (method, lr), stage, batch in itertools.product(
        [("full", 3e-4), ("full", 3e-3), ("lora", 1e-3), ("lora", 1e-2)], ["cpt", "sft"], [2, 8]
    )
]
"""Ways to train: each is gone with many rows once, with few rows many times, and with other rows once."""

FEW = 96

EVERY = 20
"""Steps between two looks at how a run does."""


class Course(NamedTuple):
    """How a run does on its way."""

    learned: list[float]
    """Loss of each step."""

    held_out: list[float]
    """Loss on rows that are never learned, after every twentieth step."""

    @property
    def is_healthy(self) -> bool:
        """Whether one of the two ends at most a tenth above its lowest."""
        means = [fmean(self.learned[at : at + EVERY]) for at in range(0, len(self.learned), EVERY)]
        return any(losses[-1] <= AS_GOOD * min(losses) for losses in (means, self.held_out))


class Healthy(NamedTuple):
    """A run that nothing was done to."""

    way: Settings
    """How it is trained."""

    few: bool
    """Whether it reads few rows many times."""

    out: Outcome
    """What came of it."""

    is_healthy: bool
    """Whether it would be so with nobody acting."""


def main() -> None:
    """Run all troubles and all healthy runs, and print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="seeds of each trouble (0 1 2)")
    made.add_argument("--healthy", type=int, default=3 * len(WAYS), help="healthy runs (%(default)s)")
    made.add_argument("--watched", action="store_true", help="each trouble once more with nobody acting")
    made.add_argument("--only", default="", help="only troubles whose name contains this")
    arguments = made.parse_args()
    torch.set_num_threads(1)
    report = Report(__doc__ or "", arguments)
    with temp_folder() as folder:
        run = _runner(Path(folder))
        if arguments.healthy:
            _healthy(report, run, arguments.healthy)
        if arguments.seeds:
            _troubled(report, run, arguments)
    report.finish()


Runner = Callable[..., Outcome]


def _runner(folder: Path) -> Runner:
    with contextlib.redirect_stderr(io.StringIO()):
        base = make_base(folder / "base")

    def run(trouble: Trouble, settings: Settings, seed: int, epoch: int | None = None) -> Outcome:
        place = folder / "run"
        shutil.rmtree(place, ignore_errors=True)
        with contextlib.redirect_stderr(io.StringIO()):
            return train(trouble, settings, seed, base, place, epoch)

    return run


def _healthy(report: Report, run: Runner, count: int) -> None:
    ways = zip(range(count), itertools.cycle(WAYS), strict=False)
    found = [_undisturbed(run, way, number, few=number // len(WAYS) % 2 == 1) for number, way in ways]
    rows = [
        {"stage": stage, "method": method, "epochs": "many" if few else "one", **_false(of)}
        for stage, method, few in itertools.product(("cpt", "sft"), ("full", "lora"), (False, True))
        if (of := [item.out for item in found if item.is_healthy and _kind(item) == (stage, method, few)])
    ]
    whole = _false([item.out for item in found if item.is_healthy])
    others = [{"learning rate": item.way["optim__lr"], "batch": item.way["train__batch_size"], "stage": _kind(item)[0],
               "method": _kind(item)[1], "epochs": "many" if item.few else "one", **_false([item.out])}
              for item in found if not item.is_healthy]  # fmt: skip
    report.table(f"{whole['runs']} healthy runs", [*rows, {"stage": "all", "method": "", "epochs": "", **whole}])
    if others:
        report.table("runs that would not have been healthy", others)
    for what, limit in (("rollbacks", 0.05), ("skips", 0.5)):
        share = 1000 * whole[what] / whole["steps"]
        report.target(f"false {what} in 1000 steps", f"at most {limit:g}", share, met=share <= limit)


def _kind(item: Healthy) -> tuple[str, str, bool]:
    return item.way["train__stage"], item.way["train__method"], item.few


def _undisturbed(run: Runner, way: Settings, seed: int, *, few: bool) -> Healthy:
    """A run that nothing is done to; where the guard did something, how it does is seen without the guard."""
    rows = FEW if few else None
    with _followed() as course:
        out = run(HEALTHY, way, seed, rows)
    if out.alarms:
        with _followed() as course:
            run(HEALTHY, {**way, **WATCH}, seed, rows)
    return Healthy(way, few, out, course.is_healthy)


@contextlib.contextmanager
def _followed() -> Iterator[Course]:
    """Notes how the run that is trained meanwhile does."""
    course, keep, record = Course([], []), Training.keep, Training.record

    def kept(self: Training, step: int, *, learned: bool) -> None:
        keep(self, step, learned=learned)
        if step % EVERY == 0:
            course.held_out.append(held_out_loss(self))

    def recorded(self: Training, found: Measured, *more: Any) -> None:
        record(self, found, *more)
        course.learned.append(found.loss)

    with patch.object(Training, "keep", kept), patch.object(Training, "record", recorded):
        yield course


def _false(found: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "runs": len(found),
        "steps": sum(out.taken for out in found),
        "skips": sum(out.skips for out in found),
        "rollbacks": sum(alarm["action"] == "rollback" for out in found for alarm in out.alarms),
        "amber": sum(len(out.amber) for out in found),
    }


def _troubled(report: Report, run: Runner, arguments: Any) -> None:
    seeds: list[int] = arguments.seeds
    twins: dict[tuple[Any, ...], Outcome] = {}
    rows: list[dict[str, Any]] = []
    found: list[tuple[Trouble, Outcome]] = []
    for trouble in (item for item in TROUBLES if arguments.only in item.name):
        mine: list[tuple[Outcome, float]] = []
        for seed in seeds:
            key = (seed, *sorted(trouble.setup.items()))
            twins[key] = twins.get(key) or run(HEALTHY, trouble.setup, seed)
            mine.append((run(trouble, {**trouble.setup, **trouble.wrong}, seed), twins[key].loss))
        rows.append(_row(trouble, mine, _watched(trouble, run, seeds[0], mine[0][1]) if arguments.watched else None))
        found += [(trouble, out) for out, _ in mine]
        print(*rows[-1].values(), sep=", ", file=sys.stderr, flush=True)
    report.table(f"troubles, {len(seeds)} seeds each", rows)
    _targets(report, found)


def _watched(trouble: Trouble, run: Runner, seed: int, twin: float) -> float | None:
    """The loss of a run that nobody helps, by that of its twin; None where it could not even be trained to its end."""
    try:
        return run(trouble, {**trouble.setup, **trouble.wrong, **WATCH}, seed).loss / twin
    except TrainingError:
        return None


def _row(trouble: Trouble, mine: Sequence[tuple[Outcome, float]], watched: float | None) -> dict[str, Any]:
    delays = [delay for out, _ in mine if (delay := _delay(trouble, out)) is not None]
    return {
        "trouble": trouble.name,
        "wanted": trouble.alarm or ("an alarm" if trouble.hurts else "nothing"),
        "found": f"{len(delays)}/{len(mine)}",
        "delay": median(delays) if delays else None,
        "skips": median(out.skips for out, _ in mine),
        "rungs": median(len(out.rungs) for out, _ in mine),
        "asked": f"{sum(out.asked for out, _ in mine)}/{len(mine)}",
        "as good": f"{sum(out.loss <= AS_GOOD * twin for out, twin in mine)}/{len(mine)}",
        "loss / twin": median(out.loss / twin for out, twin in mine),
        "watched": watched,
    }


def _delay(trouble: Trouble, out: Outcome) -> int | None:
    """Steps to the first alarm; None where it came too early, too late or not at all."""
    delay = -1 if out.first_alarm is None else out.first_alarm - trouble.since
    return delay if 0 <= delay <= trouble.within else None


def _targets(report: Report, found: Sequence[tuple[Trouble, Outcome]]) -> None:
    wanted = [_delay(trouble, out) for trouble, out in found if trouble.alarm or trouble.hurts]
    delays = [delay for delay in wanted if delay is not None]
    share = 100 * len(delays) / len(wanted)
    report.target("troubles found, %", "at least 95", share, met=share >= 95)
    if delays:
        report.target("median delay, steps", "at most 3", median(delays), met=median(delays) <= 3)
    quiet = [out.alarms == [] for trouble, out in found if not trouble.alarm and not trouble.hurts]
    report.target("troubles of no consequence with an alarm", "0", quiet.count(False), met=all(quiet))
    ways = [
        ((whole - read) / out.step_seconds, read / out.step_seconds) for _, out in found for whole, read in out.returns
    ]
    if ways:
        beside, reading = zip(*ways, strict=True)
        rows = [
            {"part": part, "p50": median(values), "p95": quantile(values, 0.95), "max": max(values)}
            for part, values in (("beside reading", beside), ("reading the checkpoint", reading))
        ]
        report.table(f"from verdict to the first step on the new branch, in steps' time, {len(ways)} returns", rows)
        report.target("way back beside reading, steps, p50", "less than 5", median(beside), met=median(beside) < 5)


if __name__ == "__main__":
    main()
