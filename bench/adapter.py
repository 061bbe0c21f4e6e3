"""What Assay costs a step of `transformers.Trainer`, beside the host's own trackers.

    python -m bench.adapter [--rounds 30] [--steps 5] [--width 192] [--layers 6] [--tokens 128] [--rows 4] [--json FILE]

One trainer each: with nothing, with Assay's callback, with callback and mixin, with the mixin without the losses of
samples, and with the callbacks that transformers has for TensorBoard and trackio. All log at every step. They train in
one process and take turns of a few steps, in an order that is drawn anew each round, so that whatever else the machine
does hits all of them; a trainer that waits does nothing. A step lasts from its beginning to the next one's, logging
included. `more` is the median over the rounds of how much more a turn took than the one with nothing in the same round:
in time, and in processor time of the whole process, which tells it apart where others use the machine as well.

`inside` is the processor time that the training thread spends in the hooks of the callback (and of the mixin: where it
begins a step, listens to the loss, reads it and the gradient norm) a step, and its share of a step with nothing: that
can be told even where the rest is noise. `threads` is the processor time of all threads of Python that the tracker has
started, a step of its own: over all rounds, so what they do while their trainer waits for its turn is in it; `judging`
is the one of them that has Assay judge and record what it was handed over. Processes that a tracker starts are in
neither.
"""

import functools
import importlib.util
import os
import random
import statistics
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments
from transformers.integrations import TensorBoardCallback
from transformers.utils.logging import disable_progress_bar

from bench.common import Report, offline, parser, quantile, temp_folder
from trainer.adapters import AssayCallback, AssayMixin
from trainer.adapters.losses import SampleLosses
from trainer.demo.tiny import make_model

SEED = 20261130
WARM_UP = 2
"""Rounds that are not counted."""

PLAIN = "nothing"
CALLBACK, MIXIN, NO_LOSSES = "Assay's callback", "Assay's mixin", "mixin, no losses of samples"
PEERS = ("TensorBoard", "trackio")
VOCABULARY = 4000
MAIN, JUDGING = "MainThread", "assay-recording"

HOOKS = ["on_step_begin", "on_pre_optimizer_step", "on_optimizer_step", "on_step_end", "on_log"]
"""What is called at every step."""


class Seen(AssayMixin, Trainer):
    """The host with the mixin."""


class Taken(NamedTuple):
    """What one step took."""

    seconds: float
    """By the clock."""

    processor: float
    """Of processors, in seconds, by all threads of the process."""

    inside: float
    """Of that, by the training thread in the hooks of its callback and mixin."""


class Threads(NamedTuple):
    """Processor time beside the training thread, in seconds."""

    all: float
    """Of all threads that were started for a trainer."""

    judging: float
    """Of the one that judges and records; 0 where there is none."""


_inside: dict[str, float] = {}
"""Seconds that each training thread has spent in hooks, by its name."""


def count_inside(kind: type, names: list[str]) -> None:
    """Count the time that methods of a class take, by the thread that calls them."""
    for name in names:
        setattr(kind, name, _counted(getattr(kind, name)))


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def counting(*given: Any, **known: Any) -> Any:
        began = time.thread_time()
        try:
            return method(*given, **known)
        finally:
            spent = time.thread_time() - began
            name = threading.current_thread().name
            _inside[name] = _inside.get(name, 0.0) + spent

    return counting


def own_threads() -> None:
    """Let each thread know which trainer's it is: that of the thread that starts it."""
    start = threading.Thread.start

    def starting(thread: threading.Thread) -> None:
        _owners[thread] = _owner(threading.current_thread())
        start(thread)

    threading.Thread.start = starting


_owners = weakref.WeakKeyDictionary[threading.Thread, str]()


def _owner(thread: threading.Thread) -> str:
    """The trainer's thread itself has its name; those it has started have it as their owner."""
    found = _owners.get(thread, MAIN)
    return thread.name if found == MAIN else found


def beside(trainer: str) -> Threads:
    """Processor time, so far, of the threads that were started for a trainer."""
    used = [
        (thread.name, time.clock_gettime(time.pthread_getcpuclockid(thread.ident)))
        for thread in threading.enumerate()
        if _owners.get(thread) == trainer and thread.ident is not None
    ]
    return Threads(sum(spent for _, spent in used), sum(spent for name, spent in used if name == JUDGING))


class Turns:
    """Lets one trainer after the other make some steps, and measures them."""

    def __init__(self, names: list[str], rounds: int, steps: int) -> None:
        """`rounds` turns of `steps` steps each, in an order drawn anew each round."""
        self.steps = steps
        draw = random.Random(SEED)
        self.order = [name for _ in range(rounds) for name in draw.sample(names, len(names))]
        self.taken: dict[str, list[list[Taken]]] = {name: [] for name in names}
        self.beside: dict[str, list[Threads]] = {name: [] for name in names}
        self._turn = threading.Condition()
        self._next = 0

    def wait(self, name: str) -> None:
        """Wait for one's turn."""
        with self._turn:
            self._turn.wait_for(lambda: self._next >= len(self.order) or self.order[self._next] == name)

    def done(self) -> None:
        """One's turn is over."""
        with self._turn:
            self._next += 1
            self._turn.notify_all()


class Clock(TrainerCallback):
    """Measures the steps of one trainer, in its turns."""

    def __init__(self, name: str, turns: Turns) -> None:
        """Measure for `name`."""
        self._name, self._turns = name, turns
        self._began, self._used, self._within, self._taken = 0.0, 0.0, 0.0, list[Taken]()

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """A step ends where the next one begins."""
        if self._began:
            inside = _inside.get(self._name, 0.0) - self._within
            self._taken.append(Taken(time.perf_counter() - self._began, time.process_time() - self._used, inside))
        if len(self._taken) == self._turns.steps:
            self._turns.taken[self._name].append(self._taken)
            self._turns.beside[self._name].append(beside(self._name))
            self._taken = []
            self._turns.done()
        if not self._taken:
            self._turns.wait(self._name)
        self._within = _inside.get(self._name, 0.0)
        self._began, self._used = time.perf_counter(), time.process_time()


def main() -> None:
    """Train all of them, and print the table."""
    arguments = _arguments()
    report = Report(__doc__ or "", arguments)
    disable_progress_bar()
    own_threads()
    with temp_folder() as folder:
        turns = _train(Path(folder), arguments)
    _show(report, turns)
    report.finish()


def _arguments() -> Any:
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--rounds", type=int, default=30, help="turns of each trainer that count (%(default)s)")
    made.add_argument("--steps", type=int, default=5, help="steps a turn (%(default)s)")
    made.add_argument("--width", type=int, default=192, help="width of the model (%(default)s)")
    made.add_argument("--layers", type=int, default=6, help="its layers (%(default)s)")
    made.add_argument("--tokens", type=int, default=128, help="tokens a row (%(default)s)")
    made.add_argument("--rows", type=int, default=4, help="rows a step (%(default)s)")
    return made.parse_args()


def _train(folder: Path, arguments: Any) -> Turns:
    words = [f"{number} and {number * 7}" for number in range(4000)]
    make_model(folder / "model", words, seed=0, vocabulary=VOCABULARY, width=arguments.width, layers=arguments.layers)
    makers = _makers(folder)
    turns = Turns(list(makers), arguments.rounds + WARM_UP, arguments.steps)
    # One after the other: what a trainer makes of the process must not meet another one's beginning.
    hosts = {name: _host(name, make(), folder, arguments, turns) for name, make in makers.items()}
    threads = [threading.Thread(target=host.train, name=name) for name, host in hosts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return turns


def _makers(folder: Path) -> dict[str, Callable[[], list[TrainerCallback]]]:
    count_inside(AssayCallback, [*HOOKS, "begin_step", "listen", "trained", "measured"])
    count_inside(SampleLosses, ["hear", "take"])
    count_inside(TensorBoardCallback, HOOKS)
    store = str(folder / "runs")
    found: dict[str, Callable[[], list[TrainerCallback]]] = {
        PLAIN: list,
        CALLBACK: lambda: [AssayCallback("callback", store=store)],
        MIXIN: lambda: [AssayCallback("mixin", store=store)],
        NO_LOSSES: lambda: [AssayCallback("no-losses", store=store, sample_losses=False)],
    }
    found[PEERS[0]] = lambda: [TensorBoardCallback()]
    if importlib.util.find_spec("trackio"):
        found[PEERS[1]] = _trackio(folder / "trackio")
    return found


def _trackio(folder: Path) -> Callable[[], list[TrainerCallback]]:
    """Its callback, recording into a folder that is taken away again, without a look at the machine."""
    os.environ.update(offline(TRACKIO_DIR=str(folder)))
    import trackio  # noqa: PLC0415 - only where it is there, and once it is told where to record
    from transformers.integrations import TrackioCallback  # noqa: PLC0415 - likewise

    trackio.init = functools.partial(trackio.init, auto_log_cpu=False, auto_log_gpu=False)
    count_inside(TrackioCallback, HOOKS)
    return lambda: [TrackioCallback()]


def _host(name: str, callbacks: list[TrainerCallback], folder: Path, arguments: Any, turns: Turns) -> Trainer:
    settings = TrainingArguments(
        output_dir=str(folder / name.replace(" ", "-")), max_steps=(arguments.rounds + WARM_UP) * arguments.steps + 1,
        per_device_train_batch_size=arguments.rows, logging_steps=1, save_strategy="no", report_to=[],
        disable_tqdm=True, use_cpu=not torch.cuda.is_available(), learning_rate=1e-4,
    )  # fmt: skip
    draw = torch.Generator().manual_seed(SEED)
    rows = [
        {"input_ids": (ids := torch.randint(5, VOCABULARY // 2, (arguments.tokens,), generator=draw)), "labels": ids}
        for _ in range(512)
    ]
    kind = Seen if name in (MIXIN, NO_LOSSES) else Trainer
    host = kind(
        model=AutoModelForCausalLM.from_pretrained(folder / "model"), args=settings, train_dataset=rows,
        callbacks=[Clock(name, turns), *callbacks],
    )  # fmt: skip
    for printer in [item for item in host.callback_handler.callbacks if type(item).__name__ == "PrinterCallback"]:
        host.remove_callback(printer)
    return host


def _show(report: Report, turns: Turns) -> None:
    taken = {name: rounds[WARM_UP:] for name, rounds in turns.taken.items()}
    plain = taken[PLAIN]
    rows = [
        {"trainer": name, **_times(taken[name], "p50 ms", 0), **_more(taken[name], plain, 0, "more %"),
         **_times(taken[name], "processor ms", 1), **_more(taken[name], plain, 1, "more p %")}
        for name in taken
    ]  # fmt: skip
    report.table(f"A step, {sum(map(len, plain))} of each; more: median of the rounds and its 95 % interval", rows)
    step = _times(plain, "ms", 1)["ms"]
    inside = {name: _times(taken[name], "ms", 2)["ms"] for name in taken if name != PLAIN}
    report.table(
        "Processor time of a step in the hooks of the training thread, and in the tracker's own threads",
        [
            {"trainer": name, "inside ms": ms, "% of a step": 100 * ms / step, "/ TensorBoard's": ms / inside[PEERS[0]],
             **_beside(turns.beside[name], turns.steps)}
            for name, ms in inside.items()
        ],
    )  # fmt: skip
    for row in rows[1:3]:
        what = f"{row['trainer']}, more processor time a step in %"
        report.target(what, "<= 3", row["more p %"], met=row["more p %"] <= 3)
    for name in (CALLBACK, MIXIN):
        share = 100 * inside[name] / step
        report.target(f"{name}, time in its hooks in % of a step", "<= 3", share, met=share <= 3)
        for peer in set(PEERS) & inside.keys():
            ratio = inside[name] / inside[peer]
            report.target(f"{name}, time in its hooks over {peer}'s", "< 1", ratio, met=ratio < 1)
    for peer in set(PEERS) - inside.keys():
        print(f"{peer} is not installed, so nothing is compared with it: pip install -e '.[bench]'")


def _times(rounds: list[list[Taken]], name: str, which: int) -> dict[str, float]:
    return {name: 1e3 * quantile([step[which] for steps in rounds for step in steps], 0.5)}


def _beside(after: list[Threads], steps: int) -> dict[str, float | None]:
    """What threads have used a step in the rounds that count, in milliseconds."""
    first, last = after[WARM_UP - 1], after[-1]
    used = [1e3 * (end - begun) / ((len(after) - WARM_UP) * steps) for begun, end in zip(first, last, strict=True)]
    return {"threads ms": used[0], "judging ms": used[1] or None}


def _more(rounds: list[list[Taken]], plain: list[list[Taken]], which: int, name: str) -> dict[str, float]:
    """The median over the rounds, and where it lies with 95 %: between two of the ordered rounds, by the binomial
    distribution's normal approximation (Conover, Practical Nonparametric Statistics, 3.2).
    """
    shares = [
        100 * (statistics.fmean(step[which] for step in mine) / statistics.fmean(step[which] for step in other) - 1)
        for mine, other in zip(rounds, plain, strict=True)
    ]
    shares.sort()
    low = max(0, int(len(shares) / 2 - 0.98 * len(shares) ** 0.5))
    return {
        name: statistics.median(shares),
        f"{name[5:]} from": shares[low],
        f"{name[5:]} to": shares[-1 - low],
    }


if __name__ == "__main__":
    main()
