"""A probe: choice questions put to a model and to its base, and what the first no longer knows."""

import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from evals.choice import ChoiceScore, score_items
from evals.choice_items import ChoiceItem
from evals.choice_prompt import Style
from evals.forgetting.drift import Likelihoods, drift
from evals.forgetting.light import MARGIN, TWICE_P, Light, light
from evals.forgetting.paired import Answer, Comparison, compare
from evals.forgetting.subsets import next_size, subset
from evals.leak import LeakReport, check_leaks, training_texts
from evals.run import Ledger, evaluate
from evals.suite import Suite
from store.database import Store
from store.evaluations import ItemRow
from trainer.asked import Asked, earlier, load_asked, require_base
from trainer.evaluator import training_files
from trainer.probed import Probed, Without
from trainer.subjects import leaks_of, start_of, subject_of

__all__ = ["Kept", "Probe", "Probed", "leaks_in", "probe"]

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

    leaks: LeakReport | None = None
    """Which of the questions stand in the model's training data; None where that was not looked into."""


def leaks_in(asked: Asked, suite: Suite, store: Store) -> LeakReport | None:
    """Look for a suite's questions in what a run's checkpoint was trained on; None where that is not known.

    Raises DataError where a training file cannot be read, OSError.
    """
    files = training_files(asked, store)
    if not files:
        return None
    if store.exists:
        return leaks_of([suite], files, store.root)[suite.digest]
    texts = chain.from_iterable(training_texts([file.path], dict(file.columns)) for file in files)
    return check_leaks(suite.probes, texts)


def probe(asked: Asked, baseline: Asked | None, wanted: Probe, progress: Progress) -> Probed:
    """Ask a model, and its base where there is one; where the light is yellow and a subset was asked, ask more.

    Whether two checkpoints in a row have forgotten is known by asking the one before as well; that is done where
    it decides. Raises AssayError.
    """
    if baseline:
        require_base(asked)
    ask = _Asking(asked, wanted, progress)
    ask_base = _base(baseline, wanted, progress) if baseline else None
    judge = _Judge(asked, wanted, progress)
    size = min(wanted.size or len(wanted.items), len(wanted.items))
    while True:
        items = subset(wanted.items, size, wanted.seed)
        tuned = ask(items)
        base = ask_base(items) if ask_base else None
        comparison, shown = judge(items, tuned, base)
        more = next_size(size, len(wanted.items), shown.colour) if shown else size
        if more == size:
            found = Probed(items, tuned, comparison, shown, wanted.leaks)
            return found._replace(without=_without(found, base, judge))
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


class _Judge:
    """Compares with the base, and says what that means; the checkpoint before is asked where it decides, and once."""

    def __init__(self, asked: Asked, wanted: Probe, progress: Progress) -> None:
        self._asked, self._wanted, self._progress = asked, wanted, progress
        self._before: _Asking | None = None

    def __call__(
        self, items: Sequence[ChoiceItem], tuned: Sequence[_Answered], base: Sequence[_Answered] | None
    ) -> tuple[Comparison | None, Light | None]:  # fmt: skip
        if base is None:
            return None, None
        comparison = compare(_answers(items, base), _answers(items, tuned))
        drifted, margin = _drifted(items, base, tuned), self._wanted.margin
        alone = light([comparison], margin, drifted=drifted)
        decides = alone.colour == "yellow" and comparison.mid_p < TWICE_P
        before = self._earlier() if decides else None
        if before is None:
            return comparison, alone
        was = compare(_answers(items, base), _answers(items, before(items)))
        return comparison, light([was, comparison], margin, drifted=drifted)

    def _earlier(self) -> "_Asking | None":
        if self._before is None and (found := earlier(self._asked)):
            self._before = _Asking(found, self._wanted, self._progress)
        return self._before


def _without(found: Probed, base: Sequence[_Answered] | None, judge: _Judge) -> Without | None:
    """The same without leaked questions."""
    leaked = found.leaked
    places = [place for place, item in enumerate(found.items) if item.id not in set(leaked)]
    if not leaked or not places:
        return None
    items, scores = [found.items[place] for place in places], [found.scores[place] for place in places]
    return Without(scores, *judge(items, scores, [base[place] for place in places] if base else None))


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
