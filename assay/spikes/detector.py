"""The detector of loss spikes: one value in, one verdict out.

    detector = Detector()
    for step, loss, grad_norm in training:
        verdict = detector.see(step, loss, grad_norm)      # before the optimizer's step
        if verdict.action == "commit":
            optimizer.step()
        detector.after(step, {"loss_scale": 1024.0})       # what is known only behind it

It looks at nothing but the values it is given, so the same values give the same verdicts, on any machine
and in any process that goes on from `state()`. Each alarm says with what its value was compared.

Whoever goes back to an earlier step restores the state that was kept there: `Detector.restored(state)`.
"""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

from assay.spikes import saying
from assay.spikes.baseline import Baseline, Excursion, Reading
from assay.spikes.drift import Drift
from assay.spikes.precursors import Precursors
from assay.spikes.settings import SIGMA, Settings
from assay.spikes.verdict import COMMIT, Alarm, Verdict, verdict_of

__all__ = ["Detector"]

TINY_NORM = 1e-12
"""Where the log scale of gradient norms ends."""


class Detector:
    """Watches the loss and the gradient norm of one run."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Begin with nothing seen."""
        self.settings = settings or Settings()
        self._loss = Baseline(self.settings, self.settings.loss_floor)
        self._norm = Baseline(self.settings, TINY_NORM)
        self._drift = Drift(self.settings)
        self._precursors = Precursors(self.settings)
        self._high: deque[bool] = deque(maxlen=self.settings.high_of)
        self._skips: deque[int] = deque()
        self._points = 0
        self._odd = 0

    @property
    def points(self) -> int:
        """Points seen, those of a checkpoint's detector included."""
        return self._points

    @property
    def armed(self) -> bool:
        """Whether the loss has a baseline to be compared with; before that only T0 and P say something."""
        return self._loss.is_armed

    @property
    def onset(self) -> int | None:
        """Step at which the running spike left its baseline, which may be before its first alarm; None without."""
        return min((spike.onset for spike in self._running() if spike.onset is not None), default=None)

    @property
    def first_alarm(self) -> int | None:
        """Step of the running spike's first alarm; None where there is none."""
        return min((spike.first_alarm for spike in self._running() if spike.first_alarm is not None), default=None)

    def _running(self) -> list[Excursion]:
        both = (self._loss.excursion, self._norm.excursion)
        return [spike for spike in both if spike.onset is not None and spike.first_alarm is not None]

    def excursion(self, series: str) -> Excursion:
        """What is above the line of `loss` or `grad_norm` just now, whether it has raised an alarm or not."""
        return self._loss.excursion if series == "loss" else self._norm.excursion

    def see(
        self,
        step: int,
        loss: float | None,
        grad_norm: float | None = None,
        *,
        overflow: bool = False,
        may_overflow: bool = False,
        parameters_finite: bool = True,
    ) -> Verdict:
        """Judge a step before it is taken.

        `loss` in nats, `grad_norm` before clipping; None, or a negative norm, is one that was not measured.
        `overflow`: the gradient is no number because the loss scale of fp16 is too large, which is no
        spike. `may_overflow`: nobody says whether it is one; before the baseline is armed, while a loss scale is
        being found, such a gradient beside a good loss is then never gone back for. `parameters_finite`:
        whether every weight is a number.
        """
        self._points += 1
        if overflow:
            alarm = self._precursors.overflow(step, is_armed=self.armed)
            return verdict_of([alarm]) if alarm else COMMIT
        norm = None if grad_norm is None or grad_norm < 0 else grad_norm
        # A number minus itself is 0, anything else is no number.
        is_odd = (loss is not None and loss - loss != 0.0) or (norm is not None and norm - norm != 0.0)
        if is_odd or not parameters_finite:
            # Once loss or gradient is no number the other says nothing about the step.
            is_search = may_overflow and not self.armed and loss is not None and math.isfinite(loss)
            self._odd = 0 if is_search else self._odd + 1
            return verdict_of(self._not_numbers(step, loss, norm, parameters_finite=parameters_finite))
        self._odd = 0
        return self._compare(step, loss, norm)

    def after(self, step: int, values: Mapping[str, float]) -> tuple[Alarm, ...]:
        """Look at what is known behind a step: `loss_scale`, `group/<g>/rms_t`, and `group/<g>/update_rms` of embed and
        first (per `lr`, where that is given); other names are left alone. All alarms are amber.
        """
        return tuple(self._precursors.see(step, values, is_armed=self.armed))

    def reset(self, reason: str) -> None:  # noqa: ARG002 - says at the call why a baseline may go
        """Begin all baselines anew, at a declared boundary: a stage, a new mix of data, a learning rate that
        rises again. A running spike ends; the skips that were used up stay so.
        """
        self._loss.restart()
        self._norm.restart()
        self._drift.restart()
        self._precursors.restart()
        self._high.clear()
        self._odd = 0

    def _not_numbers(
        self, step: int, loss: float | None, norm: float | None, *, parameters_finite: bool
    ) -> list[Alarm]:
        alarms: list[Alarm] = []
        both = (("loss", loss), ("grad_norm", norm))
        found = [(series, value) for series, value in both if value is not None and not math.isfinite(value)]
        back = not parameters_finite or self._odd >= self.settings.odd_in_row
        for series, value in found:
            (self._loss if series == "loss" else self._norm).excursion.rise(step)
            says = saying.no_number(series, value, self._odd, parameters_finite=parameters_finite)
            alarms.append(Alarm(step, series, "T0", "rollback" if back else "skip", value, None, says))
        if not found:
            self._loss.excursion.rise(step)
            alarms.append(Alarm(step, "loss", "T0", "rollback", math.nan, None, saying.WEIGHTS))
        if loss is not None:
            self._high.append(True)
        self._note(alarms)
        return alarms

    def _compare(self, step: int, loss: float | None, norm: float | None) -> Verdict:
        alarms: list[Alarm] = []
        up: Reading | None = None
        if loss is not None:
            found = self._loss.take(step, loss)
            self._high.append(found.is_above)
            up = found if found.is_above and self._is_up(found) else None
            self._about_loss(step, found, alarms, is_up=up is not None)
        if norm is not None:
            self._about_norm(step, self._norm.take(step, norm), alarms, up)
        if not alarms and self._loss.excursion.onset is None and self._norm.excursion.onset is None:
            return COMMIT
        alarms = self._within_budget(alarms)
        self._note(alarms)
        self._new_levels()
        return verdict_of(alarms)

    def _new_levels(self) -> None:
        for line in (self._loss, self._norm):
            if line.excursion.above >= self.settings.new_level_after:
                line.restart()
                if line is self._loss:
                    self._drift.restart()
                    self._high.clear()

    def _is_up(self, found: Reading) -> bool:
        usual = self._loss.unscaled(found.median)
        return found.value >= usual + self.settings.rise * abs(usual)

    def _jump_line(self, found: Reading) -> float:
        return found.median + self.settings.jump * SIGMA * found.mad

    def _about_loss(self, step: int, found: Reading, alarms: list[Alarm], *, is_up: bool) -> None:
        usual = self._loss.unscaled
        if is_up and found.scaled > self._jump_line(found):
            limit = max(usual(self._jump_line(found)), usual(found.median) * (1 + self.settings.rise))
            says = saying.jump("loss", found, usual(found.median), limit)
            alarms.append(Alarm(step, "loss", "T1", "skip", found.value, limit, says))
        if found.is_above and (high := sum(self._high)) >= self.settings.high and self._is_news(found):
            limit = usual(found.median + self.settings.accept * found.mad)
            says = saying.stays_high(found, usual(found.median), limit, f"{high} of the last {len(self._high)}")
            alarms.append(Alarm(step, "loss", "T2", "rollback", found.value, limit, says))
        # Of a spike that was told already, that it drifts is no news.
        if self._drift.sees(found) and not alarms and self._loss.excursion.first_alarm is None:
            limit = usual(found.median + self.settings.drift_slack * SIGMA * found.mad)
            says = saying.drifting(found, usual(found.median))
            alarms.append(Alarm(step, "loss", "T3", "amber", found.value, limit, says))

    def _is_news(self, found: Reading) -> bool:
        """Whether a level that is above the line is far enough above it to go back for."""
        settings = self.settings
        rise = settings.high_rise_alike if self._loss.freshness < settings.alike else settings.high_rise
        return found.scaled >= found.median + math.log1p(rise)

    def _about_norm(self, step: int, found: Reading, alarms: list[Alarm], up: Reading | None) -> None:
        """`up` is the loss where it is above its own line and 5 % up."""
        if not found.is_armed:
            limit = self.settings.early_ratio * self._norm.unscaled(found.median)
            if found.held >= self.settings.early_from and found.value > limit:
                says = saying.early(found, self._norm.unscaled(found.median))
                alarms.append(Alarm(step, "grad_norm", "P", "amber", found.value, limit, says))
        elif found.is_above and found.scaled > self._jump_line(found):
            limit = self._norm.unscaled(self._jump_line(found))
            says = saying.jump("grad_norm", found, self._norm.unscaled(found.median), limit)
            if up is None:
                # A gradient that jumps while the loss is as ever has done no harm yet: someone should look.
                alarms.append(Alarm(step, "grad_norm", "T1", "amber", found.value, limit, says))
            else:
                says += saying.and_loss(up.value, self._loss.unscaled(up.median))
                alarms.append(Alarm(step, "grad_norm", "T1", "skip", found.value, limit, says))

    def _within_budget(self, alarms: list[Alarm]) -> list[Alarm]:
        """The alarms as they are where one more step may be skipped, else as a rollback."""
        actions = {alarm.action for alarm in alarms}
        if "skip" not in actions or "rollback" in actions:
            return alarms
        recent = min(self._points, self.settings.skip_window)
        while self._skips and self._skips[0] <= self._points - self.settings.skip_window:
            self._skips.popleft()
        if len(self._skips) < max(self.settings.skips, self.settings.skip_share * recent):
            self._skips.append(self._points)
            return alarms
        more = saying.over_budget(len(self._skips), recent)
        self._skips.clear()
        return [
            alarm._replace(action="rollback", says=alarm.says + more) if alarm.action == "skip" else alarm
            for alarm in alarms
        ]

    def _note(self, alarms: list[Alarm]) -> None:
        for alarm in alarms:
            spike = self.excursion(alarm.series)
            # Amber asks a person to look; where to go back to is measured from what is acted upon.
            if alarm.action != "amber" and alarm.rule in ("T0", "T1", "T2") and spike.first_alarm is None:
                spike.first_alarm = alarm.step

    def state(self) -> dict[str, Any]:
        """All it remembers, for JSON: a few kilobytes. The settings are not in it."""
        return {
            "loss": self._loss.state(), "norm": self._norm.state(), "drift": self._drift.state(),
            "precursors": self._precursors.state(), "high": list(self._high), "skips": list(self._skips),
            "points": self._points, "odd": self._odd,
        }  # fmt: skip

    def __copy__(self) -> Self:
        """One that remembers the same, to go on from apart."""
        return type(self).restored(self.state(), self.settings)

    @classmethod
    def restored(cls, state: Mapping[str, Any], settings: Settings | None = None) -> Self:
        """The detector that `state` came from: it gives the same verdicts from there on."""
        made = cls(settings)
        made._loss.restore(state["loss"])
        made._norm.restore(state["norm"])
        made._drift.restore(state["drift"])
        made._precursors.restore(state["precursors"])
        made._high.extend(state["high"])
        made._skips.extend(state["skips"])
        made._points, made._odd = state["points"], state["odd"]
        return made
