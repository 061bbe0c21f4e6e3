"""Can the two models be told apart by their texts alone? A classifier tries, before experts do.

Runs of 2 to 5 characters, weighted by TF-IDF, go into a logistic regression; both answers to a question are always in
the same fold, so that what a question is about helps nobody. The AUC is the chance that the classifier takes the
candidate's answer of one question rather than the baseline's of another one for the candidate's: ½ is a coin, 1 is
certainty. Its interval is of these classifiers, which were trained on much the same answers, so it is no test. That is
made by swapping the two answers of questions at random: how often does a classifier find as much where there is
nothing to find? For so many swaps it is a ridge regression, whose answers to all of them come from one solution.

Style cannot be taken out of an answer, so this is shown, and forbids nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "Apart", "Telltale", "telling_apart"]

LEAST = 10
"""Pairs below which it cannot be told."""

MOST = 1000
"""Pairs looked at; of more, the first in their order."""

FOLDS = 5
RESAMPLES = 1000
SWAPS = 999
LEVEL = 0.05
SHOWN = 8
WEIGHED = 300
LARGEST_VOCABULARY = 20_000

Array = NDArray[Any]


class Telltale(NamedTuple):
    """A run of characters that gives a model away."""

    text: str
    """The characters, blanks included."""

    says: str
    """candidate or baseline: whose answers have it."""

    candidate: int
    """Answers of the candidate that have it."""

    baseline: int
    """Answers of the baseline that have it."""


@dataclass(frozen=True, slots=True)
class Apart:
    """How well texts alone tell the two models apart."""

    pairs: int
    """Pairs looked at."""

    auc: float
    """Chance of being right, ½ for a coin."""

    low: float
    """Lower end of its 95 % interval, over questions drawn anew."""

    high: float
    """Upper end."""

    p: float
    """How often as much is found in answers swapped at random."""

    telltales: tuple[Telltale, ...]
    """What gives it away most."""

    candidate_length: float
    """Median length of the candidate's answers, in characters."""

    baseline_length: float
    """Median length of the baseline's."""

    @property
    def is_told(self) -> bool:
        """Whether the texts tell more than a coin does."""
        return self.p <= LEVEL

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "telltales": [one._asdict() for one in self.telltales]}


def telling_apart(answers: Sequence[tuple[str, str]], *, seed: int = 0) -> Apart | None:
    """Try to tell the candidate's answers from the baseline's; None where there are too few pairs, or no texts.

    Answers are (candidate's, baseline's), a pair a question. The same answers and seed give the same result.
    """
    looked = list(answers[:MOST])
    texts = [text for pair in looked for text in pair]
    # Runs of two characters: without any there is nothing to learn from.
    if len(looked) < LEAST or sum(len(text.strip()) > 1 for text in texts) < LEAST:
        return None
    labels = np.tile([1, 0], len(looked))
    scores = _scores(texts, labels, np.repeat(np.arange(len(looked)), 2), seed)
    auc, low, high = _auc(scores[::2], scores[1::2], seed)
    return Apart(
        pairs=len(looked), auc=auc, low=low, high=high, p=_swapped(texts, seed), telltales=_telltales(texts, labels),
        candidate_length=float(median(len(one) for one, _ in looked)),
        baseline_length=float(median(len(other) for _, other in looked)),
    )  # fmt: skip


def _scores(texts: list[str], labels: Array, groups: Array, seed: int) -> Array:
    """How much each text looks like the candidate's to a classifier that did not see its question."""
    # Loaded here: it takes a second, and most of what imports this opens no campaign.
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs] - as above; it ships none

    scores = np.zeros(len(texts))
    folds: Any = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    for seen, held_out in folds.split(np.zeros(len(texts)), labels, groups):
        words, model = _fitted([texts[place] for place in seen], labels[seen])
        scores[held_out] = model.decision_function(words.transform([texts[place] for place in held_out]))
    return scores


def _fitted(texts: list[str], labels: Array) -> tuple[Any, Any]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs] - likewise

    words: Any = _words()
    model: Any = LogisticRegression(max_iter=1000)
    return words, model.fit(words.fit_transform(texts), labels)


def _words() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs] - likewise

    return TfidfVectorizer(
        analyzer="char", ngram_range=(2, 5), lowercase=False, sublinear_tf=True, max_features=LARGEST_VOCABULARY
    )


def _swapped(texts: list[str], seed: int) -> float:
    """How often, with the two answers of each question swapped or not, as many pairs are told right as really are."""
    found = _words().fit_transform(texts)
    alike = np.asarray((found @ found.T).todense())
    draw, n = np.random.default_rng(seed), len(texts) // 2
    # The first column is the answers as they are.
    swaps = np.concatenate([np.ones((n, 1)), draw.choice([-1.0, 1.0], size=(n, SWAPS))], axis=1)
    labels = np.stack([swaps, -swaps], axis=1).reshape(2 * n, -1)
    fold = np.repeat(draw.permutation(n) % FOLDS, 2)
    scores = np.zeros_like(labels)
    for number in range(FOLDS):
        seen, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        weights = np.linalg.solve(alike[np.ix_(seen, seen)] + np.eye(len(seen)), labels[seen])
        scores[held_out] = alike[np.ix_(held_out, seen)] @ weights
    ahead = np.sign((scores[::2] - scores[1::2]) * swaps).mean(axis=0)
    return float((ahead >= ahead[0]).mean())


def _auc(candidate: Array, baseline: Array, seed: int) -> tuple[float, float, float]:
    """The area under the curve and its interval; a question is drawn with both of its answers."""
    above = (candidate[:, None] > baseline) + 0.5 * (candidate[:, None] == baseline)
    n = len(candidate)
    times = np.random.default_rng(seed).multinomial(n, [1 / n] * n, size=RESAMPLES).astype(np.float64)
    drawn = ((times @ above) * times).sum(axis=1) / n**2
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(above.mean()), float(low), float(high)


def _telltales(texts: list[str], labels: Array) -> tuple[Telltale, ...]:
    """The heaviest runs of characters that stand in three answers at least, none of them inside another one.

    Runs that stand in the same answers are one, and the longest is shown.
    """
    words, model = _fitted(texts, labels)
    weights, names = model.coef_[0], words.get_feature_names_out()
    runs: dict[tuple[bool, ...], tuple[str, float]] = {}
    for place in np.argsort(-np.abs(weights), kind="stable")[:WEIGHED]:
        run, stands = str(names[place]).strip(), tuple(str(names[place]) in text for text in texts)
        longest, weight = runs.get(stands, ("", float(weights[place])))
        runs[stands] = (max(longest, run, key=len), weight)
    found: list[Telltale] = []
    for stands, (run, weight) in runs.items():
        counts = sum(stands[::2]), sum(stands[1::2])
        inside = any(run in one.text or one.text in run for one in found)
        if run and not inside and sum(counts) >= 3 and counts[0] != counts[1]:
            found.append(Telltale(run, "candidate" if weight > 0 else "baseline", *counts))
    return tuple(found[:SHOWN])
