"""The guard of `assay train` over a host's run: the same rules, the same judge, the same ladder.

Only what it says differs where it watches: the host takes every step, that of a loss which is no number too.
"""

from collections.abc import Callable, Sequence

import torch

from assay.spikes import Alarm
from trainer.examples import Example
from trainer.guard import Guard
from trainer.suspects import Suspects

__all__ = ["HostGuard", "HostSuspects", "examples_of"]

_NONE = torch.empty(0)


class HostGuard(Guard):
    """Watches over a host's run."""

    def _consequence(self, alarm: Alarm) -> str:
        if alarm.action == "amber":
            return ""
        if not self.acts:
            return " (the guard only watches)"
        return ", the step was not taken" if alarm.action == "skip" else ""


class HostSuspects(Suspects):
    """The samples of the newest steps; their text is looked up only where it is told."""

    def __init__(self, text: Callable[[int], str]) -> None:
        """`text` gives what a row of the training dataset says."""
        super().__init__(lambda _: "")
        self._of_row = text

    def _text(self, example: Example) -> str:
        return self._of_row(example.row)


def examples_of(rows: Sequence[int]) -> list[Example]:
    """Stand-ins for rows of the training dataset, without their tokens."""
    return [Example(row, "train", _NONE, _NONE) for row in rows]
