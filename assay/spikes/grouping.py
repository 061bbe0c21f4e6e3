"""From verdicts to spikes: what belongs together, where it began, peaked and ended."""

import math
from typing import NamedTuple

from assay.spikes.baseline import Excursion
from assay.spikes.detector import Detector
from assay.spikes.judge import Judge
from assay.spikes.verdict import Alarm, Verdict, severity

__all__ = ["Spike", "Spikes"]

TOGETHER = 10
"""Points between two alarms of one spike, at most."""


class Spike(NamedTuple):
    """One spike, of one series or of both."""

    onset: int
    """Step at which it left its baseline, where it did; else that of its first alarm."""

    first_alarm: int
    """Step of its first alarm, whatever its action."""

    peak_step: int
    """Step of its highest value; of the first that is no number, where there is one."""

    peak: float
    """That value: of the loss where the loss has alarms, else of the gradient norm."""

    end: int | None
    """Step of its last value above the line or its last alarm, whichever is later; None while it lasts."""

    series: str
    """`loss`, `grad_norm` or `both`; signals of groups of layers and the loss scale count as the gradient's."""

    rule: str
    """The rule of its most severe alarm."""

    action: str
    """The action of that: rollback, skip or amber."""

    says: str
    """That alarm in a sentence."""

    alarms: tuple[Alarm, ...]
    """All its alarms, in order."""


class Spikes:
    """Gathers the spikes of a detector, fed with each point behind the verdict on it."""

    def __init__(self, detector: Detector | Judge) -> None:
        """Gather those of `detector` from where it is: of a spike that runs already, what is told from here on."""
        self._detector = detector
        self._loss, self._norm = detector.excursion("loss"), detector.excursion("grad_norm")
        self._point = 0
        self._begin: int | None = None
        self._open: _Open | None = None
        self._peaks: dict[str, tuple[float, int]] = {}
        self.ended: list[Spike] = []
        """Spikes that are over."""

    def take(self, step: int, loss: float | None, norm: float | None, verdict: Verdict) -> None:
        """Take in a point that the detector has just judged."""
        self._point += 1
        self._begin = step if self._begin is None else self._begin
        is_quiet = self._loss.onset is None and self._norm.onset is None and self._open is None
        if is_quiet and not verdict.alarms and not self._peaks:
            return
        self._look("loss", step, loss, self._loss, alarmed=bool(verdict.alarms))
        self._look("grad_norm", step, norm, self._norm, alarmed=bool(verdict.alarms))
        if verdict.alarms:
            self._alarmed(step, verdict.alarms)
        if self._open and not self._lasts(self._open):
            self.ended.append(self._closed(self._open, self._end(self._open)))
            self._open = self._begin = None
            self._peaks.clear()

    def all(self) -> list[Spike]:
        """The spikes so far, in order; the last one's end is None where it still lasts."""
        return [*self.ended, *([self._closed(self._open, None)] if self._open else [])]

    def left(self) -> list[Spike]:
        """The same where nothing more comes, as the series was left: the last one ends where it was seen last."""
        return [*self.ended, *([self._closed(self._open, self._end(self._open))] if self._open else [])]

    def _look(self, series: str, step: int, value: float | None, spike: Excursion, *, alarmed: bool) -> None:
        """Keep the highest value of what is, or may become, a spike."""
        if spike.onset is None and self._open is None and not alarmed:
            self._peaks.pop(series, None)
        is_above = spike.onset is not None and spike.back == 0
        if value is not None and (alarmed or is_above):
            best = self._peaks.get(series)
            if best is None or _is_higher(value, best[0]):
                self._peaks[series] = value, step

    def _alarmed(self, step: int, alarms: tuple[Alarm, ...]) -> None:
        # An excursion may have begun before the spike that was closed last: this one begins behind that.
        own = [self._detector.excursion(alarm.series).onset for alarm in alarms]
        onset = min((found for found in (self._detector.onset, *own) if found is not None), default=step)
        onset = max(onset, step if self._begin is None else self._begin)
        if self._open is None:
            self._open = _Open(onset, step, step)
        self._open.onset = min(self._open.onset, onset)
        self._open.last_point, self._open.last_step = self._point, step
        self._open.alarms.extend(alarms)

    def _lasts(self, spike: "_Open") -> bool:
        return self._detector.onset is not None or self._point - spike.last_point < TOGETHER

    def _end(self, spike: "_Open") -> int:
        """An excursion keeps its last step when it is over; one of before this spike does not count."""
        return max(spike.last_step, *(found.last for found in (self._loss, self._norm) if found.last >= spike.onset), 0)

    def _closed(self, spike: "_Open", end: int | None) -> Spike:
        worst = min(spike.alarms, key=severity)
        of_loss = [alarm.series == "loss" for alarm in spike.alarms]
        series = "both" if any(of_loss) and not all(of_loss) else "loss" if all(of_loss) else "grad_norm"
        value, step = self._peaks.get("loss" if any(of_loss) else "grad_norm", (worst.value, worst.step))
        return Spike(
            spike.onset, spike.first_alarm, step, value, end, series, worst.rule, worst.action, worst.says,
            tuple(spike.alarms),
        )  # fmt: skip


class _Open:
    """A spike that is not over."""

    def __init__(self, onset: int, first_alarm: int, last_step: int) -> None:
        self.onset, self.first_alarm, self.last_step = onset, first_alarm, last_step
        self.last_point = 0
        self.alarms: list[Alarm] = []


def _is_higher(value: float, best: float) -> bool:
    """What is no number is higher than any, and the first one stays."""
    return math.isfinite(best) and not value <= best
