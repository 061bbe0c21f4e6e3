"""What was told of a run's spikes, put together: alarms that belong to one spike, what was tried, how it ended.

Pure functions over the rows of `queries.spikes.told`. A rollback repeats steps, so one spike may raise its alarm
on several branches: those are told apart from a new spike as the guard does it, by the step behind which the old
one counts as over.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, cast

from dashboard.fields import part

__all__ = [
    "NEAR", "Alarm", "Baseline", "Spike", "Try", "alarm_of", "baseline", "is_open", "not_exact", "spikes", "try_of",
    "waits",
]  # fmt: skip

NEAR = 10
"""Steps within which alarms of one branch are one spike: after so many quiet ones a spike is over."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Alarm:
    """One alarm of the guard."""

    time: datetime
    step: int
    branch: int
    rule: str
    """T0, T1, T2, T3 or P."""

    series: str
    """loss, grad_norm, or the name of another signal."""

    action: str
    """skip, rollback or amber: what the rule asks for."""

    value: float | None
    """What was measured."""

    limit: float | None
    """What it was not to exceed; None where it only had to be a number."""

    onset: int | None
    """Step at which the spike began, where one ran."""

    acts: bool
    """Whether the guard was to do something about it, or only to tell."""

    message: str
    """The alarm as the guard told it."""

    is_found: bool = False
    """Whether it was found in a log afterwards, with no guard there."""


@dataclass(frozen=True)
class Try:
    """One rollback of the guard."""

    rung: str
    """control, leave-out, slower or remedies."""

    left: int
    """Step that was left."""

    target: int
    """Step that was gone back to; 0 for the beginning."""

    over_after: int
    """Step behind which the spike would count as over."""

    remedies: dict[str, Any]
    """What is done differently from there on, by the names of `assay train`."""

    seconds: float | None
    """What it took."""

    refused: tuple[str, ...]
    """What was wrong with newer checkpoints."""


@dataclass(frozen=True)
class Spike:
    """One spike, or one warning that stayed alone."""

    alarms: tuple[Alarm, ...]
    """Its alarms, at least one, the oldest first."""

    tries: tuple[Try, ...] = ()
    """What the guard tried, in order."""

    samples: tuple[dict[str, Any], ...] = ()
    """Samples with the largest loss, as told last: step, row, source, loss, text."""

    asked: int | None = None
    """Step at which the guard asked a person; None where it did not."""

    answered: datetime | None = None
    """When the run went on after that."""

    back: tuple[str, int, int] | None = None
    """Who went back by hand (empty: nobody knows), to which step, and from which one."""

    cause: str | None = None
    """What the tries have shown."""

    over: int | None = None
    """Step at which it was said to be over."""

    exact: bool = False
    """Whether the control came to the same numbers, to the bit."""

    @property
    def first(self) -> Alarm:
        """Its first alarm."""
        return self.alarms[0]

    @property
    def last(self) -> Alarm:
        """Its newest alarm."""
        return self.alarms[-1]

    @property
    def worst(self) -> Alarm:
        """The first of its most severe alarms."""
        return min(self.alarms, key=lambda alarm: ("rollback", "skip", "amber").index(alarm.action))

    @property
    def onset(self) -> int:
        """Step it began at; on a branch that it was replayed on, an earlier spike may have come again before it."""
        begun = [alarm for alarm in self.alarms if alarm.branch == self.first.branch]
        return min(alarm.step if alarm.onset is None else alarm.onset for alarm in begun)

    @property
    def is_amber(self) -> bool:
        """Whether it only asks for a look."""
        return self.worst.action == "amber"

    @property
    def place(self) -> str:
        """Its name in the address: branch and step of its first alarm."""
        return f"{self.first.branch}@{self.first.step}"


class Baseline(NamedTuple):
    """What a run's guard knew of the usual loss where it went on last."""

    arms_at: int | None
    """Step from which it can tell a spike; None where it could at once."""


def baseline(rows: Sequence[Row]) -> Baseline | None:
    """What was recorded of it; None of a run that began with nothing, and of one that does not say. `rows` are those of
    `queries.spikes.told`.
    """
    newest = next((row for row in reversed(rows) if row["kind"] in ("branch", "fork", "resume")), None)
    known = _fields(newest["data"]).get("baseline") if newest else None
    if not isinstance(known, dict):
        return None
    arms_at = cast("dict[str, Any]", known).get("arms_at")
    return Baseline(arms_at if isinstance(arms_at, int) else None)


def not_exact(rows: Sequence[Row]) -> str:
    """What was told last of steps that, done again, did not come to what they were, or of a run that went on in another
    number of processes; empty where nothing was. `rows` are those of `queries.spikes.told`.
    """
    told = (row for row in reversed(rows) if row["kind"] == "replay" and _fields(row["data"]).get("equal") is False)
    return next((str(row["message"]) for row in told), "")


def spikes(rows: Iterable[Row]) -> list[Spike]:
    """All spikes of a run, the oldest first; `rows` are those of `queries.spikes.told`."""
    found: list[Spike] = []
    for row in rows:
        data = _fields(row["data"])
        if row["kind"] == "spike":
            _add(found, _alarm(row, data), _samples(data))
        elif row["kind"] in _HAPPENED and (place := _newest(found)) is not None:
            found[place] = _HAPPENED[row["kind"]](found[place], row, data)
    return found


def alarm_of(row: Row) -> Alarm | None:
    """The alarm that an event of the kind `spike` tells of, by itself; None where it does not say which."""
    return _alarm(row, _fields(row["data"]))


def try_of(row: Row) -> Try | None:
    """The rollback that an event of the kind `guard` tells of, by itself; None where it tells of none."""
    return _try(row, _fields(row["data"]))


def is_open(spike: Spike, last_step: int | None, clean: int) -> bool:
    """Whether a spike is not known to be over: nobody went back by hand, the guard has not said so, and `clean` steps
    without an alarm have not passed.
    """
    if spike.over is not None or spike.back is not None:
        return False
    return last_step is None or last_step < max(spike.last.step, spike.asked or 0) + clean


def waits(spike: Spike, status: str) -> bool:
    """Whether the guard has asked what to do, and nobody has said it."""
    return spike.asked is not None and spike.answered is None and spike.back is None and status == "paused"


def _add(found: list[Spike], alarm: Alarm | None, samples: tuple[dict[str, Any], ...]) -> None:
    if alarm is None:
        return
    # A warning may stand between two alarms of one spike.
    places = [place for place in (_newest(found), len(found) - 1) if place is not None and place >= 0]
    for place in places:
        spike = found[place]
        if _is_same(spike, alarm):
            found[place] = replace(spike, alarms=(*spike.alarms, alarm), samples=samples or spike.samples)
            return
    found.append(Spike((alarm,), samples=samples))


def _newest(found: Sequence[Spike]) -> int | None:
    """The newest spike that is more than a warning."""
    return next((place for place in reversed(range(len(found))) if not found[place].is_amber), None)


def _is_same(spike: Spike, alarm: Alarm) -> bool:
    if spike.over is not None or spike.back is not None:
        return False
    begins = alarm.step if alarm.onset is None else alarm.onset
    if spike.tries and not spike.is_amber and begins <= spike.tries[-1].over_after:
        return True
    if alarm.branch != spike.last.branch:
        return False
    same = alarm.onset is not None and alarm.onset == spike.last.onset
    return same or 0 <= alarm.step - spike.last.step <= NEAR


def _acted(spike: Spike, row: Row, data: dict[str, Any]) -> Spike:
    """The guard went back, or asked."""
    if data.get("did") == "ask":
        return replace(spike, asked=row["step"], answered=None)
    made = _try(row, data)
    if made is None:
        return spike
    return replace(spike, tries=(*spike.tries, made), samples=_samples(data) or spike.samples)


def _try(row: Row, data: dict[str, Any]) -> Try | None:
    if not isinstance(data.get("rung"), str):
        return None
    left, target = _whole(data.get("abandoned_to"), row["step"]), _whole(data.get("target"), 0)
    over_after = _whole(part(part(data, "guard"), "episode").get("over_after"), left)
    refused = tuple(str(item) for item in _listed(data.get("refused")))
    return Try(
        data["rung"], left, target, over_after, part(data, "remedies"), _number(data.get("seconds")), refused
    )  # fmt: skip


def _ended(spike: Spike, row: Row, data: dict[str, Any]) -> Spike:
    return replace(spike, cause=_text(data.get("cause")), over=row["step"], exact=data.get("exact") is True)


def _went_on(spike: Spike, row: Row, data: dict[str, Any]) -> Spike:  # noqa: ARG001 - one signature for all
    if spike.asked is not None and spike.answered is None and row["message"] == "running":
        return replace(spike, answered=row["time"])
    return spike


def _forked(spike: Spike, row: Row, data: dict[str, Any]) -> Spike:
    """A rollback by hand ends what was tried; those of the guard are told as its own doing."""
    actor, left = _text(data.get("actor")) or "", _whole(data.get("abandoned_to"), row["step"])
    by_hand = row["message"] == "rollback" and actor != "guard"
    if not by_hand or spike.over is not None or spike.back is not None or row["step"] >= spike.first.step:
        return spike
    return replace(spike, back=(actor, row["step"], left))


_HAPPENED = {"guard": _acted, "spike-over": _ended, "status": _went_on, "branch": _forked}


def _alarm(row: Row, data: dict[str, Any]) -> Alarm | None:
    action = data.get("action")
    if row["step"] is None or action not in ("skip", "rollback", "amber"):
        return None
    onset = data.get("onset")
    return Alarm(
        row["time"], row["step"], row["branch"] or 1, str(data.get("rule")), str(data.get("series")), action,
        _number(data.get("value")), _number(data.get("limit")), onset if isinstance(onset, int) else None,
        data.get("acts") is not False, row["message"], data.get("found") == "import",
    )  # fmt: skip


def _samples(data: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    items = [cast("dict[str, Any]", item) for item in _listed(data.get("samples")) if isinstance(item, dict)]
    return tuple({**item, "loss": _number(item.get("loss"))} for item in items)


def _fields(text: str | None) -> dict[str, Any]:
    return part({"data": json.loads(text or "{}")}, "data")


def _listed(value: Any) -> Sequence[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any, instead: Any) -> int:
    return value if isinstance(value, int) else int(instead or 0)


def _number(value: Any) -> float | None:
    """A number; one that JSON cannot hold was written as a word.

    >>> _number("nan"), _number(3), _number("many"), _number(None)
    (nan, 3.0, None, None)
    """
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
