"""Items won, tied and lost, of all verdicts or of a part of them."""

import math
import sys
from collections.abc import Callable, Iterable, Sequence

from evals.review.course_of import CourseOf
from evals.review.gathered import Gathered
from evals.review.results_shape import Part, Share
from evals.stats.confidence import Bounds, bounds, last_bounds
from evals.stats.evidence import log_e_path
from evals.stats.items import tallied, theta, win_difference

__all__ = ["criteria", "evidence", "overall", "specialties"]

_LOG_LARGEST = math.log(sys.float_info.max)


def overall(found: Gathered, course: CourseOf) -> Share | None:
    """The counted items, with bounds that hold at every look; None before the first."""
    if not course.counted:
        return None
    ends = last_bounds([item.score for item in course.counted], course.rules.alpha)
    return _share([(item.item, item.score) for item in course.counted], ends, _all_bad(found))


def criteria(found: Gathered, course: CourseOf) -> tuple[Part, ...]:
    """By each criterion of the policy that somebody judged."""
    both = list(zip(course.counted, course.judged, strict=True))
    return tuple(
        _part(name, [(item.item, judged.criteria[name]) for item, judged in both if name in judged.criteria], course)
        for name in found.policy.criteria
        if any(name in judged.criteria for _, judged in both)
    )


def specialties(found: Gathered, course: CourseOf) -> tuple[Part, ...]:
    """By each field that has counted items, by name."""
    of = {item: pair.specialty for item, pair in found.pairs.items()}
    names = sorted({of[item.item] for item in course.counted})
    bad = _all_bad(found)
    return tuple(
        _part(name, [(item.item, item.score) for item in course.counted if of[item.item] == name], course, bad)
        for name in names
    )


def evidence(log: float) -> float:
    """The evidence of a logarithm; more than a float holds is its largest."""
    return math.exp(min(log, _LOG_LARGEST))


def _share(items: Sequence[tuple[str, float]], ends: Bounds, bad: Callable[[str], bool]) -> Share:
    scores = [score for _, score in items]
    tally = tallied(scores)
    low, high = ends.of_win_difference()
    return Share(
        n=len(items), wins=sum(score > 0.5 for score in scores), ties=sum(score == 0.5 for score in scores),
        losses=sum(score < 0.5 for score in scores), both_bad=sum(bad(item) for item, _ in items),
        theta=theta(tally), win_difference=win_difference(tally), lower=low, upper=high,
    )  # fmt: skip


def _all_bad(found: Gathered) -> Callable[[str], bool]:
    """Whether all graders of an item find both answers unacceptable."""
    said: dict[str, set[str]] = {}
    for verdict in found.verdicts:
        said.setdefault(verdict.item, set()).add(verdict.outcome)
    return lambda item: said.get(item) == {"both_bad"}


def _never(_item: str) -> bool:
    return False


def _part(name: str, items: Sequence[tuple[str, float]], course: CourseOf, bad: Callable[[str], bool] = _never) -> Part:
    scores, rules = [score for _, score in items], course.rules
    return Part(
        name=name,
        share=_share(items, bounds(tallied(scores), rules.alpha), bad),
        not_worse=_most(scores, rules.allowed_theta),
        harm=_most((1 - score for score in scores), 1 - rules.allowed_theta),
    )


def _most(scores: Iterable[float], m: float) -> float:
    """The largest evidence so far against "θ is at most m"."""
    return evidence(max(log_e_path(scores, m), default=0.0))
