"""A detector whose baselines begin anew at declared boundaries, as the guard of `assay train` has it.

A baseline that began anew would take a spike that came back for the new level. So until it has enough to
compare with, a loss that stays high by the one before it still goes back.
"""

from collections.abc import Mapping
from typing import Self

from assay.spikes.baseline import Excursion
from assay.spikes.detector import Detector
from assay.spikes.verdict import Alarm, Verdict

__all__ = ["Judge"]


class Judge:
    """A detector, and the one before it for as long as that has a say."""

    def __init__(self, detector: Detector, before: Detector | None = None) -> None:
        """Judge by `detector`, and until it is armed by `before` as well."""
        self._detector, self._before = detector, before

    @property
    def onset(self) -> int | None:
        """Step at which the running spike left its baseline; None where there is none."""
        both = (self._detector, self._before)
        return min((at.onset for at in both if at is not None and at.onset is not None), default=None)

    def excursion(self, series: str) -> Excursion:
        """What is above the line of `loss` or `grad_norm` just now."""
        return self._detector.excursion(series)

    def see(
        self,
        step: int,
        loss: float | None,
        grad_norm: float | None = None,
        *,
        overflow: bool = False,
        may_overflow: bool = False,
    ) -> Verdict:
        """Judge a step, see `Detector.see`."""
        verdict = self._detector.see(step, loss, grad_norm, overflow=overflow, may_overflow=may_overflow)
        if self._before is None or self._detector.armed:
            self._before = None
            return verdict
        held = self._before.see(step, loss, grad_norm, overflow=overflow, may_overflow=may_overflow)
        return held if verdict.action != "rollback" and held.rule == "T2" else verdict

    def after(self, step: int, values: Mapping[str, float]) -> tuple[Alarm, ...]:
        """Look at what is known behind a step, see `Detector.after`."""
        return self._detector.after(step, values)

    def reset(self, reason: str) -> None:
        """Begin the baselines anew, at a boundary that was declared."""
        self._before = _twin(self._detector)
        self._detector.reset(reason)

    def forked(self) -> Self:
        """One that remembers the same, to go on from apart."""
        return type(self)(_twin(self._detector), self._before and _twin(self._before))


def _twin(detector: Detector) -> Detector:
    return Detector.restored(detector.state(), detector.settings)
