"""Two models on the same questions: what was lost and gained, and how sure that is.

    comparison = compare(base, tuned)      answers paired by id
    comparison.as_dict("green")            what `assay probe --json` says

A question is lost where the base was right and the tuned model is wrong, gained the other way round.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from evals.forgetting.interval import MidP, drop_interval, mid_p, smallest_visible_drop, upper_bound
from evals.text.errors import DataError

__all__ = ["Answer", "Category", "Comparison", "compare", "holm"]


class Answer(NamedTuple):
    """What one model made of one question."""

    id: str
    """The question's id; by it two models are paired."""

    correct: bool
    """Whether it was answered right."""

    choices: int | None = None
    """Number of choices; None where guessing is hopeless, as with open questions."""

    category: str = ""
    """The question's subject."""


@dataclass(frozen=True, slots=True)
class Category:
    """One subject's part of a comparison."""

    category: str
    """The subject."""

    n: int
    """Questions of it."""

    base_acc: float
    """Share that the base answers right."""

    acc: float
    """Share that the tuned model answers right."""

    lost: int
    """Questions lost."""

    gained: int
    """Questions gained."""

    drop: float
    """`base_acc` - `acc`."""

    drop_low: float
    """Lower end of the drop's two-sided 95 % interval."""

    drop_high: float
    """Upper end."""

    mid_p: MidP
    """One-sided p of this subject alone."""

    holm_p: MidP
    """The same with the number of subjects allowed for (Holm): the one to judge by."""

    retention: float | None
    """Share kept of what the base knows of it beyond guessing; None where the base only guesses."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A tuned model against its base on the same questions; shares are 0 to 1."""

    n: int
    """Questions, all of them."""

    base_acc: float
    """Share that the base answers right."""

    acc: float
    """Share that the tuned model answers right."""

    lost: tuple[str, ...]
    """Ids of the questions lost, in the base's order."""

    gained: tuple[str, ...]
    """Ids of the questions gained."""

    drop: float
    """`base_acc` - `acc`."""

    drop_low: float
    """Lower end of the drop's two-sided 95 % score interval."""

    drop_high: float
    """Upper end."""

    bound: float
    """One-sided upper 95 % bound of the drop: a gate passes where it is below the margin."""

    mid_p: MidP
    """One-sided McNemar mid-p: how rarely a model that forgot nothing loses so many of the questions that changed."""

    mde: float | None
    """Smallest drop that a test of so many questions sees 8 times in 10; None where it sees none."""

    retention: float | None
    """Share kept of what the base knows beyond guessing; None where the base only guesses."""

    lost_known: float | None
    """Share lost of what the base answered right; None where that was nothing."""

    categories: tuple[Category, ...]
    """Each subject, by name; none where the questions name no subject."""

    def as_dict(self, light: str | None = None) -> dict[str, Any]:
        """The comparison as `assay probe --json` has it, with the light's colour; `acc` is the base's."""
        return {
            "acc": self.base_acc,
            "lost": len(self.lost),
            "gained": len(self.gained),
            "drop": self.drop,
            "drop_low": self.drop_low,
            "drop_high": self.drop_high,
            "bound": self.bound,
            "mid_p": self.mid_p,
            "mde": self.mde,
            "retention": self.retention,
            "lost_known": self.lost_known,
            "lost_items": list(self.lost),
            "light": light,
            "categories": [asdict(category) for category in self.categories],
        }


def compare(base: Sequence[Answer], tuned: Sequence[Answer]) -> Comparison:
    """Compare two models' answers, paired by id; category and choices are the base's.

    Raises DataError naming the first id that only one of them has, or that one has twice; and for no answers.
    """
    pairs = _paired(base, tuned)
    n = len(pairs)
    lost = tuple(one.id for one, other in pairs if one.correct and not other.correct)
    gained = tuple(one.id for one, other in pairs if other.correct and not one.correct)
    known = sum(one.correct for one, _ in pairs)
    low, high = drop_interval(len(lost), len(gained), n)
    return Comparison(
        n=n,
        base_acc=known / n,
        acc=(known - len(lost) + len(gained)) / n,
        lost=lost,
        gained=gained,
        drop=(len(lost) - len(gained)) / n,
        drop_low=low,
        drop_high=high,
        bound=upper_bound(len(lost), len(gained), n),
        mid_p=mid_p(len(lost), len(gained)),
        mde=smallest_visible_drop(n, (len(lost) + len(gained)) / n),
        retention=_retention(pairs),
        lost_known=len(lost) / known if known else None,
        categories=_categories(pairs),
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust p values for their number, in their order (Holm 1979): each is at most .05 where it counts at 5 %.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [1.0] * len(ps)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda place: ps[place])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = largest
    return adjusted


_Pairs = list[tuple[Answer, Answer]]


def _paired(base: Sequence[Answer], tuned: Sequence[Answer]) -> _Pairs:
    if not base and not tuned:
        raise DataError("there are no answers to compare; give at least one question")
    others = _by_id(tuned, "tuned model")
    known = _by_id(base, "base")
    for id_, missing in _unpaired(known, others):
        raise DataError(f"there is no answer of the {missing} to question {id_}; let both models answer the same file")
    return [(answer, others[answer.id]) for answer in base]


def _by_id(answers: Sequence[Answer], whose: str) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for answer in answers:
        if answer.id in found:
            raise DataError(f"the {whose} has two answers to question {answer.id}; give each question its own id")
        found[answer.id] = answer
    return found


def _unpaired(base: Iterable[str], tuned: Iterable[str]) -> Iterable[tuple[str, str]]:
    left, right = dict.fromkeys(base), dict.fromkeys(tuned)
    yield from ((id_, "tuned model") for id_ in left if id_ not in right)
    yield from ((id_, "base") for id_ in right if id_ not in left)


def _retention(pairs: _Pairs) -> float | None:
    """Accuracy above guessing, tuned over base; each question is guessed right once in its number of choices."""
    guessed = sum(1 / one.choices for one, _ in pairs if one.choices)
    above = sum(one.correct for one, _ in pairs) - guessed
    # A hair above is rounding: 1/3 + 1/3 + 1/3.
    return (sum(other.correct for _, other in pairs) - guessed) / above if above > 1e-9 else None


def _categories(pairs: _Pairs) -> tuple[Category, ...]:
    names = sorted({one.category for one, _ in pairs})
    if names == [""]:
        return ()
    parts = [[pair for pair in pairs if pair[0].category == name] for name in names]
    counts = [_changed(part) for part in parts]
    adjusted = holm([mid_p(lost, gained) for lost, gained in counts])
    return tuple(
        _category(name, part, count, p) for name, part, count, p in zip(names, parts, counts, adjusted, strict=True)
    )


def _category(name: str, pairs: _Pairs, count: tuple[int, int], holm_p: float) -> Category:
    n, (lost, gained) = len(pairs), count
    low, high = drop_interval(lost, gained, n)
    return Category(
        category=name, n=n, base_acc=sum(one.correct for one, _ in pairs) / n,
        acc=sum(other.correct for _, other in pairs) / n, lost=lost, gained=gained, drop=(lost - gained) / n,
        drop_low=low, drop_high=high, mid_p=mid_p(lost, gained), holm_p=holm_p,
        retention=_retention(pairs),
    )  # fmt: skip


def _changed(pairs: _Pairs) -> tuple[int, int]:
    lost = sum(one.correct and not other.correct for one, other in pairs)
    return lost, sum(other.correct and not one.correct for one, other in pairs)
