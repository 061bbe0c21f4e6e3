"""Spikes of an imported run: its recorded losses by branch, and the events that tell of what is high in them.

The rules are those of `assay spikes detect`. Nobody was there to act, so an event says that it was found in the log.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from assay.flusher import Line
from assay.spikes import Alarm, Spike, Stretch, scan_stretches
from assay.spool import as_number, spell_nonfinite

__all__ = ["Losses"]

_JUDGED = ("loss", "grad_norm")

Told = tuple[int, int, str, str, str]


class Losses:
    """What was recorded of the series that the detectors look at, and which alarms were told."""

    def __init__(self) -> None:
        """Nothing is recorded yet."""
        self._rows: dict[int, dict[int, dict[str, float]]] = {1: {}}
        self._parents: dict[int, tuple[int, int]] = {}
        self._times: dict[tuple[int, int], float] = {}
        self._told: set[Told] = set()
        self._known: set[tuple[int, int]] = set()

    def learn(self, line: Line) -> None:
        """Take in a line of the run's spool, in order."""
        if line["k"] == "branch":
            self._parents[line["b"]] = line["parent"], line["fork"]
            self._rows.setdefault(line["b"], {})
        elif line["k"] == "step":
            values = {name: as_number(value) for name, value in line["v"].items()}
            known = {name: value for name, value in values.items() if value is not None}
            self._rows.setdefault(line["b"], {}).setdefault(line["s"], {}).update(known)
            self._times[line["b"], line["s"]] = line["t"]
        elif line["k"] == "event" and line["kind"] == "spike":
            data: dict[str, Any] = line["data"]
            self._told.add((line["b"], line["s"], data["rule"], data["series"], data["action"]))
            self._known.add((line["b"], data["onset"]))

    @property
    def known(self) -> int:
        """Spikes that were told before."""
        return len(self._known)

    def found(self) -> list[tuple[int, Spike]]:
        """All spikes with their branch, in the order of the branches."""
        branches = sorted(self._rows)
        rows = {branch: sorted(self._judged(branch).items()) for branch in branches}
        stretches = [Stretch(rows[branch], self._behind(branch, branches, rows)) for branch in branches]
        scan = scan_stretches(stretches)
        return [(branches[place], spike) for place, spike in zip(scan.places, scan.spikes, strict=True)]

    def news(self, found: Iterable[tuple[int, Spike]]) -> Iterator[Line]:
        """The events of the alarms of `found` that were not told yet."""
        for branch, spike in found:
            for alarm in _telling(spike):
                told = branch, alarm.step, alarm.rule, alarm.series, alarm.action
                if told not in self._told:
                    self._told.add(told)
                    yield self._event(branch, spike, alarm)

    def _judged(self, branch: int) -> dict[int, dict[str, float]]:
        # An evaluation is no point, and what goes with it is no step's.
        return {step: values for step, values in self._rows[branch].items() if values.keys() & set(_JUDGED)}

    def _behind(
        self, branch: int, branches: list[int], rows: dict[int, list[tuple[int, dict[str, float]]]]
    ) -> tuple[int, int] | None:
        """The branch that holds the last step before a fork, by its place, and how many rows it has up to there."""
        fork: int | None = None
        while branch in self._parents:
            branch, at = self._parents[branch]
            fork = at if fork is None else min(fork, at)
            place = bisect_right(rows[branch], fork, key=lambda row: row[0])
            if place:
                return branches.index(branch), place
        return None

    def _event(self, branch: int, spike: Spike, alarm: Alarm) -> Line:
        data = {
            "rule": alarm.rule, "series": alarm.series, "action": alarm.action, "value": alarm.value,
            "limit": alarm.limit, "onset": spike.onset, "acts": False, "found": "import",
        }  # fmt: skip
        return {
            "k": "event", "t": self._times[branch, alarm.step], "b": branch, "s": alarm.step, "kind": "spike",
            "level": "warning" if alarm.action == "amber" else "alarm", "message": f"step {alarm.step}: {alarm.says}",
            "data": spell_nonfinite(data),
        }  # fmt: skip


def _telling(spike: Spike) -> Iterator[Alarm]:
    """The first alarm of each kind, as a guard tells it, and the last one, from which it is known how long it went."""
    seen: set[tuple[str, str, str]] = set()
    for alarm in spike.alarms:
        kind = alarm.rule, alarm.action, alarm.series
        if kind not in seen or alarm is spike.alarms[-1]:
            seen.add(kind)
            yield alarm
