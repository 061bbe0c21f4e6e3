"""One way to open every tracker: locally, in a folder of its own, with system monitoring off."""

# ruff: noqa: PLC0415 - a peer is imported in the process that measures it, and only there

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import assay

__all__ = ["DEQUE", "OPENERS", "Opened", "names_of", "open_tracker", "values_of"]

Values: TypeAlias = dict[str, float]

DEQUE = "bare deque.append"
PROJECT = "bench"


class Opened(NamedTuple):
    """A tracker ready to log."""

    log: Callable[[int, Values], Any]
    """Log the values of one step."""

    close: Callable[[], Any]
    """Write what is left."""


def open_tracker(name: str, folder: Path) -> Opened:
    """Open one of OPENERS with its files in `folder`."""
    return OPENERS[name](folder)


def names_of(count: int) -> list[str]:
    """Names of `count` metrics, the first of them `loss`."""
    return ["loss", *(f"layer_{number}/grad_norm" for number in range(1, count))]


def values_of(step: int, names: list[str]) -> Values:
    """The values of one step; which they are can be told from the step alone."""
    return {name: step + number / 64 for number, name in enumerate(names)}


def _deque(_folder: Path) -> Opened:
    queue: deque[Any] = deque(maxlen=10_000)
    return Opened(lambda step, values: queue.append((step, values)), queue.clear)


def _assay(folder: Path) -> Opened:
    run = assay.run("bench", store=folder)
    return Opened(run.log, run.finish)


def _tensorboard(folder: Path) -> Opened:
    from tensorboard.summary import Writer

    writer = Writer(str(folder))

    def log(step: int, values: Values) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    return Opened(log, writer.close)


def _tensorboard_event(folder: Path) -> Opened:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))

    def log(step: int, values: Values) -> None:
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()])
        writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))

    return Opened(log, writer.close)


def _wandb(folder: Path) -> Opened:
    import wandb

    settings = wandb.Settings(mode="offline", silent=True, console="off", disable_git=True, x_disable_stats=True)
    run = wandb.init(project=PROJECT, dir=str(folder), settings=settings)
    return Opened(lambda step, values: run.log(values, step=step), run.finish)


def _trackio(folder: Path) -> Opened:
    # Read once, when trackio is imported.
    os.environ["TRACKIO_DIR"] = str(folder)
    import trackio

    run = trackio.init(project=PROJECT, name="bench", embed=False, auto_log_cpu=False, auto_log_gpu=False)
    return Opened(lambda step, values: run.log(values, step=step), run.finish)


OPENERS: dict[str, Callable[[Path], Opened]] = {
    "Assay": _assay,
    "TensorBoard": _tensorboard,
    "TensorBoard, one event": _tensorboard_event,
    "wandb offline": _wandb,
    "trackio": _trackio,
    DEQUE: _deque,
}
"""How each tracker is opened. `TensorBoard` is its `Writer.add_scalar`, what people call;
`TensorBoard, one event` puts all values of a step into one event by hand, its cheapest way."""
