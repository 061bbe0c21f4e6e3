"""A detector whose baselines begin anew at declared boundaries, as the guard of `assay train` has it.

A baseline that began anew would take a spike that came back for the new level. So until it has enough to
compare with, a loss that stays high by the one before it still goes back.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any, Self

from assay.spikes.baseline import Excursion
from assay.spikes.detector import Detector
from assay.spikes.settings import Settings
from assay.spikes.verdict import Alarm, Verdict

__all__ = ["Judge", "missing"]


class Judge:
    """A detector, and the one before it for as long as that has a say."""

    def __init__(self, detector: Detector, before: Detector | None = None) -> None:
        """Judge by `detector`, and until it is armed by `before` as well."""
        self._detector, self._before = detector, before

    @property
    def onset(self) -> int | None:
        """Step at which the running spike left its baseline; None where there is none."""
        return min((at.onset for at in self._both if at.onset is not None), default=None)

    @property
    def first_alarm(self) -> int | None:
        """Step of the running spike's first alarm; None where there is none."""
        return min((at.first_alarm for at in self._both if at.first_alarm is not None), default=None)

    @property
    def _both(self) -> list[Detector]:
        return [self._detector, self._before] if self._before else [self._detector]

    def excursion(self, series: str) -> Excursion:
        """What is above the line of `loss` or `grad_norm` just now."""
        return self._detector.excursion(series)

    def see(self, step: int, loss: float | None, grad_norm: float | None = None, **known: bool) -> Verdict:
        """Judge a step; for what may be `known` of it see `Detector.see`."""
        verdict = self._detector.see(step, loss, grad_norm, **known)
        if self._before is None or self._detector.armed:
            self._before = None
            return verdict
        held = self._before.see(step, loss, grad_norm, **known)
        return held if verdict.action != "rollback" and held.rule == "T2" else verdict

    def after(self, step: int, values: Mapping[str, float]) -> tuple[Alarm, ...]:
        """Look at what is known behind a step, see `Detector.after`."""
        return self._detector.after(step, values)

    def reset(self, reason: str) -> None:
        """Begin the baselines anew, at a boundary that was declared."""
        # Of two boundaries in a row, what lies between them is no baseline yet.
        if self._before is None or self._detector.armed:
            self._before = copy(self._detector)
        self._detector.reset(reason)

    def forked(self) -> Self:
        """One that remembers the same, to go on from apart."""
        return type(self)(copy(self._detector), copy(self._before))

    def state(self) -> dict[str, Any]:
        """All it remembers, for JSON: `detector`, and `before` for as long as that has a say."""
        before = {"before": self._before.state()} if self._before else {}
        return {"detector": self._detector.state(), **before}


def missing(kept: Mapping[str, Any]) -> int:
    """Finite losses that a judge of the default settings still needs before it can tell a spike, 0 once it can; `kept`
    is its `state`, or {} of one that has seen nothing.
    """
    held = kept.get("detector", {}).get("loss", {}).get("window", ())
    return max(0, Settings().arms_at - len(held))
