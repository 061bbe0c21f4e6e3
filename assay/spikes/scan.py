"""A whole log at once: its spikes and its spike score."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from assay.spikes.detector import Detector
from assay.spikes.grouping import Spike, Spikes
from assay.spikes.judge import Judge
from assay.spikes.score import Score
from assay.spikes.settings import Settings

__all__ = ["Row", "Scan", "Stretch", "scan", "scan_stretches"]

Row = tuple[int, Mapping[str, float]]
"""A step and its values by name."""

_OWN = frozenset({"loss", "grad_norm", "lr", "epoch"})


class Scan(NamedTuple):
    """What was found in a log."""

    points: int
    """Points looked at: steps with a loss or a gradient norm."""

    score: dict[str, float | None]
    """Spike score of `loss` and `grad_norm`, in percent; None for a series without values."""

    spikes: list[Spike]
    """The spikes, in order."""

    places: list[int]
    """The number of the stretch that each of them lies in."""


class Stretch(NamedTuple):
    """Steps that follow one another; a log in which steps go back has several."""

    rows: Sequence[Row]
    """The steps, in order."""

    behind: tuple[int, int] | None = None
    """What it goes on from: the number of an earlier stretch, and how many of its rows come before this one; None
    where it begins anew."""

    anew: Collection[int] = ()
    """Places of rows before which the baselines begin anew, as was declared."""

    may_overflow: bool = True
    """Whether steps may be overflows of fp16 that no loss scale tells of."""


def scan(rows: Iterable[Row], settings: Settings | None = None) -> Scan:
    """Run the detector over steps in order, each with its values by name.

    A gradient that is no number beside a finite loss and a loss scale above 1 is an overflow of fp16; where no
    loss scale is logged, it may be one.

    >>> scan([(1, {"loss": 2.0}), (2, {"loss": float("nan")})]).spikes[0].rule
    'T0'
    """
    return scan_stretches([Stretch(list(rows))], settings)


def scan_stretches(stretches: Sequence[Stretch], settings: Settings | None = None) -> Scan:
    """The same over every stretch of a log, each from what was known where it begins; spikes come in this order.

    A spike that lasts where its stretch was left ends there. Raises KeyError where a stretch goes on from none
    before it.
    """
    last_use = {stretch.behind: number for number, stretch in enumerate(stretches) if stretch.behind}
    places = defaultdict[int, set[int]](set)
    for number, place in last_use:
        places[number].add(place)
    kept: dict[tuple[int, int], _Known] = {}
    losses, norms, spikes, points, of_stretch = Score(), Score(), list[Spike](), 0, list[int]()
    for number, stretch in enumerate(stretches):
        known = kept[stretch.behind].forked() if stretch.behind else _Known(Judge(Detector(settings)), Score(), Score())
        if stretch.behind and last_use[stretch.behind] == number:
            del kept[stretch.behind]
        found, begin = Spikes(known.judge), 0
        for place in sorted({*places[number], *stretch.anew, len(stretch.rows)}):
            points += _look(stretch.rows[begin:place], known, found, may_overflow=stretch.may_overflow)
            begin = place
            if place in places[number]:
                kept[number, place] = known.forked()
            if place in stretch.anew:
                known.judge.reset("declared in the log")
        losses.count(known.losses)
        norms.count(known.norms)
        spikes += found.all() if number == len(stretches) - 1 else found.left()
        of_stretch += [number] * (len(spikes) - len(of_stretch))
    return Scan(points, {"loss": losses.percent, "grad_norm": norms.percent}, spikes, of_stretch)


class _Known(NamedTuple):
    """What is known at one place of a log."""

    judge: Judge
    losses: Score
    norms: Score

    def forked(self) -> "_Known":
        """The same, to go on from apart."""
        return _Known(self.judge.forked(), self.losses.forked(), self.norms.forked())


def _look(rows: Sequence[Row], known: _Known, found: Spikes, *, may_overflow: bool) -> int:
    """Judge rows; returns how many were points."""
    judge, losses, norms = known
    points = 0
    for step, values in rows:
        loss, norm = values.get("loss"), values.get("grad_norm")
        if loss is not None:
            losses.push(loss)
        elif norm is None:
            continue
        if norm is None:
            verdict = judge.see(step, loss)
        else:
            norms.push(norm)
            verdict = judge.see(
                step, loss, norm, overflow=_is_overflow(loss, norm, values),
                may_overflow=may_overflow and "loss_scale" not in values,
            )  # fmt: skip
        if not values.keys() <= _OWN and (more := judge.after(step, values)):
            verdict = verdict._replace(alarms=verdict.alarms + more)
        points += 1
        found.take(step, loss, norm, verdict)
    return points


def _is_overflow(loss: float | None, norm: float, values: Mapping[str, float]) -> bool:
    if norm - norm == 0.0 or loss is None or loss - loss != 0.0:
        return False
    return values.get("loss_scale", 1.0) > 1.0
