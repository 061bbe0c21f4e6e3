"""The guard: looks at each step before it is taken, and says whether to take it, to skip it or to go back.

The rules are those of `assay.spikes`; here they are asked, their alarms are told, and what is tried is
remembered, so that a run that was killed goes on with what was being tried.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from assay.spikes import Alarm, Detector, Verdict
from assay.spikes.judge import Judge, missing
from assay.spikes.saying import WEIGHTS
from assay.spikes.settings import Settings
from trainer.config import GuardConfig
from trainer.ladder import Episode, cause, cause_told
from trainer.remedies import Remedies
from trainer.replay import Proof
from trainer.step import Measured
from trainer.suspects import Suspects

__all__ = ["Guard", "Tell", "baseline"]


class Tell(Protocol):
    """Tells people: in the store, on the terminal, and by webhook where `alert` names a kind of message."""

    def __call__(
        self, kind: str, sentence: str, *, level: str = "info", step: int | None = None, alert: str | None = None,
        severity: int = 0, **facts: Any,
    ) -> None:  # fmt: skip
        """Record an event of a kind, with its facts."""
        ...


QUIET = 100
"""Steps in which the same amber alarm is not raised again."""

_SEVERITY = {"T1": 1, "T2": 2, "T0": 3}
"""How grave an alarm is: a graver one is sent though another was just now."""

WINDOW = 10
"""Steps before an alarm whose samples are told with it."""


class Guard:
    """What watches over a run."""

    def __init__(
        self, config: GuardConfig, tell: Tell, suspects: Suspects, *, clean: int, rules: Settings | None = None
    ) -> None:
        """Watch, by `rules` where they are not the usual ones; a spike is over once `clean` steps have passed since
        without another.
        """
        self.config, self.suspects = config, suspects
        self._tell, self._clean = tell, clean
        self._rules = (rules,) if rules else ()
        self._judge = Judge(Detector(*self._rules))
        self._reset: str | None = None
        self._told: dict[tuple[str, str, str], int] = {}
        self.episode: Episode | None = None
        self.rollbacks = 0

    @property
    def acts(self) -> bool:
        """Whether it may skip and go back, or only tells: as it also does once it has given up."""
        return self.config.mode == "act" and not (self.episode and self.episode.given_up)

    def forbids(self, verdict: Verdict) -> bool:
        """Whether a step may not be taken."""
        return self.acts and verdict.action != "commit"

    def wants_back(self, verdict: Verdict) -> bool:
        """Whether the run is to go back: for a verdict, or as the control has shown all it can."""
        control = self.episode is not None and self.episode.rung == "control" and self.episode.exact
        return self.acts and (verdict.action == "rollback" or bool(control))

    def done(self, verdict: Verdict, *, taken: bool, overflow: bool) -> str:
        """What became of a step: commit, overflow, skip or rollback."""
        if taken or overflow:
            return "commit" if taken else "overflow"
        return "rollback" if self.wants_back(verdict) else "skip"

    def learn(self, proof: Proof) -> None:
        """Take note of what steps that were done again have shown, where they are the control."""
        episode = self.episode
        # A control that was interrupted proves only the steps that were done twice, which may not reach the alarm.
        if episode is not None and episode.rung == "control" and (not proof.equal or proof.last >= episode.alarm):
            self.episode = replace(episode, exact=proof.equal)

    @property
    def onset(self) -> int | None:
        """Step at which the running spike began; None where there is none."""
        return self._judge.onset

    def look(self, step: int, found: Measured, *, overflow: bool, parameters_finite: bool) -> Verdict:
        """Judge a step that was measured and not taken yet."""
        return self._judge.see(
            step, found.loss, found.grad_norm, overflow=overflow, parameters_finite=parameters_finite
        )  # fmt: skip

    def broken(self, step: int) -> Verdict:
        """The verdict on a step that left a weight that is no number."""
        alarm = Alarm(step, "loss", "T0", "rollback", math.nan, None, WEIGHTS)
        return Verdict("rollback", (alarm,))

    def after(self, step: int, values: Mapping[str, float]) -> tuple[Alarm, ...]:
        """Look at what is known only once a step was taken."""
        return self._judge.after(step, values)

    def tell(self, step: int, verdict: Verdict, more: tuple[Alarm, ...] = ()) -> None:
        """Raise the alarms of a step; what is told of a spike already is not told again."""
        if self.onset is None and verdict.action == "commit":
            self._told = {kind: told for kind, told in self._told.items() if kind[1] == "amber" and step - told < QUIET}
        for alarm in (*verdict.alarms, *more):
            kind = (alarm.rule, alarm.action, alarm.series)
            if (alarm.action == "skip" and alarm.rule == "T1") or kind not in self._told:
                self._raise(step, alarm)
                self._told[kind] = step

    def _raise(self, step: int, alarm: Alarm) -> None:
        facts: dict[str, Any] = {
            "rule": alarm.rule, "series": alarm.series, "action": alarm.action, "value": _plain(alarm.value),
            "limit": _plain(alarm.limit), "onset": self.onset, "acts": self.acts,
        }  # fmt: skip
        if alarm.action != "amber":
            facts["samples"] = self.suspects.worst(step - WINDOW, step)
        level = "warning" if alarm.action == "amber" else "alarm"
        sentence = f"step {step}: {alarm.says}{self._consequence(alarm)}"
        self._tell(
            "spike",
            sentence,
            level=level,
            step=step,
            alert=None if level == "warning" else "spike",
            severity=_SEVERITY.get(alarm.rule, 0),
            **facts,
        )

    def _consequence(self, alarm: Alarm) -> str:
        if alarm.rule == "T0" and alarm.action == "skip":
            return ", the step was not taken"
        if not self.acts and alarm.action != "amber":
            return " (the guard only watches)"
        return ", the step was not taken" if alarm.action == "skip" else ""

    def pass_over(self, step: int) -> None:
        """Say so once the spike that was being tried is over, with what the tries have shown."""
        episode = self.episode
        if episode is None or step <= episode.over_after or self.onset is not None:
            return
        self.episode = None
        if episode.given_up:
            return
        sentence = f"the spike at step {episode.onset} is over: {cause_told(episode)}"
        self._tell("spike-over", sentence, step=step, cause=cause(episode), **episode.as_dict())

    def same_spike(self, step: int) -> Episode | None:
        """The spike something is being tried against, where what runs after a step is that one come back."""
        onset = self.onset or step
        return self.episode if self.episode is not None and onset <= self.episode.over_after else None

    def over_after(self, step: int) -> int:
        """Step behind which a spike that goes on at `step` will count as over."""
        return step + self._clean

    @property
    def first_alarm(self) -> int | None:
        """Step of the first alarm of the running spike."""
        return self._judge.first_alarm

    def forget(self, kept: Mapping[str, Any]) -> None:
        """Go back to what was known of the series when a checkpoint was written."""
        known, before = (
            Detector.restored(kept[name], *self._rules) if kept.get(name) else None for name in ("detector", "before")
        )
        self._judge = Judge(known or Detector(*self._rules), before)
        self._reset = None
        self._told.clear()

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Go on with all that was remembered."""
        self.forget(kept)
        self.episode = Episode.of(kept.get("episode"))
        self.rollbacks = kept.get("rollbacks", 0)
        if reason := kept.get("reset"):
            self.reset(reason)

    def reset(self, reason: str) -> None:
        """Begin the baselines anew, at a boundary that was declared."""
        self._judge.reset(reason)
        self._reset = reason

    def give_up(self, step: int, verdict: Verdict, why: str) -> None:
        """Try nothing more for the running spike, and say so."""
        onset = self.onset or step
        known = self.same_spike(step) or Episode(
            verdict.rule or "", onset, self.first_alarm or step, self.over_after(step), target=step
        )
        self.episode = replace(known, over_after=self.over_after(step), given_up=True)
        sentence = (
            f"step {step}: {why} against the spike at step {onset}; the run waits: "
            "continue goes on as it is, a rollback goes back to a checkpoint, stop ends it"
        )
        self._tell("guard", sentence, level="alarm", step=step, alert="paused", did="ask", onset=onset)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, for JSON."""
        return {**self._judge.state(), **self._tries()}

    def opens(self) -> dict[str, Any]:
        """What a branch keeps: what is being tried, how often it was, and whether the baselines begin anew on it."""
        return self._tries() | ({"reset": self._reset} if self._reset else {})

    def _tries(self) -> dict[str, Any]:
        return {"episode": self.episode.as_dict() if self.episode else None, "rollbacks": self.rollbacks}


def baseline(kept: Mapping[str, Any], step: int, remedies: Remedies) -> dict[str, Any]:
    """What is known of the usual loss where a run goes on behind a step, for JSON: `arms_at`, the step from which a
    spike can be told, null where it can be at once; and `reset`, where the baselines begin anew there: why.

    `kept` is what a checkpoint keeps of the guard, and a branch. Steps that are left out teach it nothing.
    """
    reset = kept.get("reset")
    wanted = missing({} if reset else kept)
    last = step + wanted
    for first, end in remedies.left_out if wanted else ():
        if end > step and first <= last:
            last += end - max(first - 1, step)
    return {"arms_at": last if wanted else None, **({"reset": reset} if reset else {})}


def _plain(value: float | None) -> float | str | None:
    return str(value) if value is not None and value - value != 0 else value
