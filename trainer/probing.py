"""A probe: choice questions put to a model and to its base, and what the first no longer knows."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from evals.choice import ChoiceScore, accuracy, accuracy_norm, score_items
from evals.choice_items import ChoiceItem
from evals.choice_prompt import Style
from evals.forgetting.drift import Likelihoods, drift
from evals.forgetting.light import MARGIN, TWICE_P, Light, light
from evals.forgetting.paired import Answer, Comparison, compare
from evals.forgetting.subsets import next_size, subset
from evals.run import Ledger, evaluate
from evals.suite import Suite
from store.database import Store
from store.evaluations import ItemRow
from trainer.asked import Asked, earlier, load_asked, require_base
from trainer.subjects import start_of, subject_of

__all__ = ["Kept", "Probe", "Probed", "probe"]

BATCH = 8
"""Questions at once."""

Progress = Callable[[str, int, int], None]
"""Told who is asked, how many questions are answered, and of how many."""


class Kept(NamedTuple):
    """Where a base's answers are kept, so that it is asked once."""

    store: Store
    """The store beside whose runs they lie."""

    suite: Suite
    """The questions as a suite."""


class Probe(NamedTuple):
    """What is asked, and how."""

    items: Sequence[ChoiceItem]
    """The questions, all of them."""

    style: Style = "plain"
    """How they are put."""

    size: int | None = None
    """Questions to begin with, more where the light is yellow; None for all."""

    margin: float = MARGIN
    """Drop that is put up with, 0 to 1."""

    seed: int = 0
    """Of the choice of the first questions."""

    kept: Kept | None = None
    """Where the base's answers are kept; None to ask it each time."""


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
            "baseline": None
            if self.comparison is None or self.light is None
            else {**self.comparison.as_dict(self.light.colour), "why": self.light.why},
        }


def probe(asked: Asked, baseline: Asked | None, wanted: Probe, progress: Progress) -> Probed:
    """Ask a model, and its base where there is one; where the light is yellow and a subset was asked, ask more.

    Whether two checkpoints in a row have forgotten is known by asking the one before as well; that is done where
    it decides. Raises AssayError.
    """
    if baseline:
        require_base(asked)
    ask = _Asking(asked, wanted, progress)
    ask_base = _base(baseline, wanted, progress) if baseline else None
    size = min(wanted.size or len(wanted.items), len(wanted.items))
    while True:
        items = subset(wanted.items, size, wanted.seed)
        tuned = ask(items)
        if ask_base is None:
            return Probed(items, tuned, None, None)
        base = ask_base(items)
        comparison = compare(_answers(items, base), _answers(items, tuned))
        shown = _light(asked, comparison, items, base, wanted, progress, drifted=_drifted(items, base, tuned))
        more = next_size(size, len(wanted.items), shown.colour)
        if more == size:
            return Probed(items, tuned, comparison, shown)
        size = more


_Answered: TypeAlias = ChoiceScore | ItemRow
_Asks: TypeAlias = Callable[[Sequence[ChoiceItem]], Sequence[_Answered]]


def _base(asked: Asked, wanted: Probe, progress: Progress) -> _Asks:
    """Asks a base: all questions, once, where its answers can be kept."""
    if wanted.kept is None:
        return _Asking(asked, wanted, progress)
    store, suite = wanted.kept
    subject = subject_of(asked) if asked.folder else start_of(asked.config, store)
    ledger = Ledger(store.root, subject, as_base=True)
    found = ledger.known(suite)
    if found is None:
        [found] = evaluate(
            *load_asked(asked), [suite], ledger, progress=lambda _, done, whole: progress(asked.name, done, whole)
        )
    rows = {row.id: row for row in found.items}
    return lambda items: [rows[item.id] for item in items]


class _Asking:
    """One model: loaded when it is first asked, and asked nothing twice."""

    def __init__(self, asked: Asked, wanted: Probe, progress: Progress) -> None:
        self._asked, self._wanted, self._progress = asked, wanted, progress
        self._known: dict[str, ChoiceScore] = {}
        self._loaded: tuple[Any, Any] | None = None

    def __call__(self, items: Sequence[ChoiceItem]) -> list[ChoiceScore]:
        new = [item for item in items if item.id not in self._known]
        self._loaded = self._loaded or load_asked(self._asked)
        name, whole = self._asked.name, len(new)
        scores = score_items(
            *self._loaded, new, style=self._wanted.style, batch_size=BATCH,
            progress=lambda done: self._progress(name, done, whole),
        )  # fmt: skip
        self._known |= {score.id: score for score in scores}
        return [self._known[item.id] for item in items]


def _light(
    asked: Asked, comparison: Comparison, items: Sequence[ChoiceItem], base: Sequence[_Answered], wanted: Probe,
    progress: Progress, *, drifted: bool,
) -> Light:  # fmt: skip
    alone = light([comparison], wanted.margin, drifted=drifted)
    before = earlier(asked) if alone.colour == "yellow" and comparison.mid_p < TWICE_P else None
    if before is None:
        return alone
    scores = _Asking(before, wanted, progress)(items)
    was = compare(_answers(items, base), _answers(items, scores))
    return light([was, comparison], wanted.margin, drifted=drifted)


def _drifted(items: Sequence[ChoiceItem], base: Sequence[_Answered], tuned: Sequence[_Answered]) -> bool:
    pairs = [
        Likelihoods(item.id, base=one.lls, tuned=other.lls, answer=item.answer)
        for item, one, other in zip(items, base, tuned, strict=True)
        if one.lls and other.lls and all(map(math.isfinite, (*one.lls, *other.lls)))
    ]
    return len(pairs) > 1 and drift(pairs).flagged


def _answers(items: Sequence[ChoiceItem], scores: Sequence[_Answered]) -> list[Answer]:
    return [
        Answer(item.id, bool(score.correct), len(item.choices), item.category)
        for item, score in zip(items, scores, strict=True)
    ]


def _names(items: Sequence[ChoiceItem]) -> list[str]:
    return sorted({item.category for item in items})


def _category(items: Sequence[ChoiceItem], scores: Sequence[ChoiceScore], name: str) -> dict[str, Any]:
    part = [score for item, score in zip(items, scores, strict=True) if item.category == name]
    return {"n": len(part), "acc": accuracy(part), "acc_norm": accuracy_norm(part)}
