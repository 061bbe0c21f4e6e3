"""What came of a probe: the answers, what was lost against the base, and both without leaked questions."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from evals.choice import ChoiceScore, accuracy, accuracy_norm
from evals.choice_items import ChoiceItem
from evals.forgetting.light import Light
from evals.forgetting.paired import Comparison
from evals.leak import LeakReport

__all__ = ["Probed", "Without"]


class Without(NamedTuple):
    """The same without the questions that stand in the training data."""

    scores: list[ChoiceScore]
    """What the model made of the others."""

    comparison: Comparison | None
    """The model against its base; None without one."""

    light: Light | None
    """What that means."""

    def as_dict(self) -> dict[str, Any]:
        """The result as `assay probe --json` has it."""
        told, light = self.comparison, self.light
        return {
            "n": len(self.scores),
            "acc": accuracy(self.scores),
            "acc_norm": accuracy_norm(self.scores),
            "drop": told.drop if told else None,
            "drop_low": told.drop_low if told else None,
            "drop_high": told.drop_high if told else None,
            "mid_p": told.mid_p if told else None,
            "retention": told.retention if told else None,
            "light": light.colour if light else None,
            "why": light.why if light else None,
        }


class Probed(NamedTuple):
    """What came of it."""

    items: list[ChoiceItem]
    """The questions that were asked."""

    scores: list[ChoiceScore]
    """What the model made of each."""

    comparison: Comparison | None
    """The model against its base; None without one."""

    light: Light | None
    """What that means."""

    leaks: LeakReport | None = None
    """Which of all questions stand in the training data; None where that was not looked into."""

    without: Without | None = None
    """The same without those of them that were asked; None where none was, or all are."""

    @property
    def leaked(self) -> list[str]:
        """Questions that were asked and stand in the training data."""
        ids = self.leaks.ids if self.leaks else frozenset[str]()
        return [item.id for item in self.items if item.id in ids]

    @property
    def cut(self) -> list[str]:
        """Questions that are longer than the model reads, and were cut at their start."""
        return [score.id for score in self.scores if score.cut]

    def as_dict(self) -> dict[str, Any]:
        """The result as `assay probe --json` has it."""
        return {
            "n": len(self.items),
            "acc": accuracy(self.scores),
            "acc_norm": accuracy_norm(self.scores),
            "categories": {name: _category(self.items, self.scores, name) for name in _names(self.items)},
            "items": [
                {"id": score.id, "pred": score.pred, "correct": score.correct, "lls": score.lls}
                for score in self.scores
            ],
            "cut": self.cut,
            "leaked": self._leaks(),
            "baseline": None
            if self.comparison is None or self.light is None
            else {**self.comparison.as_dict(self.light.colour), "why": self.light.why},
        }

    def _leaks(self) -> dict[str, Any]:
        asked, leaked = {item.id for item in self.items}, self.leaked
        status = "unchecked" if self.leaks is None else "leaked" if leaked else "clean"
        found = [leak for leak in (self.leaks.leaked if self.leaks else ()) if leak.id in asked]
        return {
            "status": status,
            "rows": self.leaks.rows if self.leaks else 0,
            "n": len(leaked),
            "items": [asdict(leak) for leak in found],
            "without": self.without.as_dict() if self.without else None,
        }


def _names(items: Sequence[ChoiceItem]) -> list[str]:
    return sorted({item.category for item in items})


def _category(items: Sequence[ChoiceItem], scores: Sequence[ChoiceScore], name: str) -> dict[str, Any]:
    part = [score for item, score in zip(items, scores, strict=True) if item.category == name]
    return {"n": len(part), "acc": accuracy(part), "acc_norm": accuracy_norm(part)}
