"""A whole series at once: its spikes and its spike score."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from assay.spikes.detector import Detector
from assay.spikes.grouping import Spike, Spikes
from assay.spikes.score import Score
from assay.spikes.settings import Settings

__all__ = ["Scan", "scan"]

_OWN = frozenset({"loss", "grad_norm", "lr", "epoch"})


class Scan(NamedTuple):
    """What was found in a series."""

    points: int
    """Points looked at: steps with a loss or a gradient norm."""

    score: dict[str, float | None]
    """Spike score of `loss` and `grad_norm`, in percent; None for a series without values."""

    spikes: list[Spike]
    """The spikes, in order."""


def scan(rows: Iterable[tuple[int, Mapping[str, float]]], settings: Settings | None = None) -> Scan:
    """Run the detector over steps in order, each with its values by name.

    A gradient that is no number beside a finite loss and a loss scale above 1 is an overflow of fp16.

    >>> scan([(1, {"loss": 2.0}), (2, {"loss": math.nan})]).spikes[0].rule
    'T0'
    """
    detector = Detector(settings)
    found = Spikes(detector)
    losses, norms = Score(), Score()
    for step, values in rows:
        loss, norm = values.get("loss"), values.get("grad_norm")
        if loss is not None:
            losses.push(loss)
        elif norm is None:
            continue
        if norm is not None:
            norms.push(norm)
        verdict = detector.see(step, loss, norm, overflow=_is_overflow(loss, norm, values))
        if not values.keys() <= _OWN and (more := detector.after(step, values)):
            verdict = verdict._replace(alarms=verdict.alarms + more)
        found.take(step, loss, norm, verdict)
    return Scan(detector.points, {"loss": losses.percent, "grad_norm": norms.percent}, found.all())


def _is_overflow(loss: float | None, norm: float | None, values: Mapping[str, float]) -> bool:
    if norm is None or math.isfinite(norm) or loss is None or not math.isfinite(loss):
        return False
    return values.get("loss_scale", 1.0) > 1.0
