"""A campaign's course: the completed prefix of its seeded order, followed to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal, TypeAlias

from evals.review.gathered import Gathered, said
from evals.review.judged import Judged as Verdict
from evals.stats.course import Course, Judged, follow
from evals.stats.critical import shown_above
from evals.stats.decision import Decision, Rules
from evals.stats.evidence import log_e, log_e_path
from evals.stats.items import ScoredItem, completed_prefix, mirrored, tallied

__all__ = ["CourseOf", "Sentence", "course_of"]

Sentence: TypeAlias = Literal[
    "superior", "superior.early", "not_worse", "not_worse.early", "harm.critical", "harm.criterion", "harm.overall",
    "futile", "inconclusive", "stopped", "continue", "criterion", "nothing",
]  # fmt: skip
"""Which sentence says what is decided; early: it goes on, as good news ends nothing before so many items."""


@dataclass(frozen=True, slots=True)
class CourseOf:
    """Where a campaign stands."""

    course: Course
    """Its looks and its end."""

    counted: tuple[ScoredItem, ...]
    """Items the decision is made of: the prefix up to its end."""

    judged: tuple[Judged, ...]
    """The same with criteria and critical errors."""

    rules: Rules
    """By which it ends; the cap is no larger than the pairs there are."""

    decision: Decision
    """What is decided."""

    sentence: Sentence
    """Which sentence says so."""

    criterion: str | None
    """The criterion that harm was found by, or that holds the decision up."""


def course_of(found: Gathered) -> CourseOf:
    """Follow the completed prefix. A campaign that is closed is taken as one that gets no more items."""
    prefix = completed_prefix(found.order, map(said, found.verdicts))
    rules = found.policy.rules_of(len(found.order))
    over = found.is_complete or found.campaign["closed"] is not None
    if over and prefix:
        rules = replace(rules, cap=min(rules.cap, len(prefix)))
    judged = _judged(prefix, found.verdicts)
    course = follow(
        judged, rules, criteria=found.policy.criteria, critical_limit=found.policy.critical_limit
    )  # fmt: skip
    end = course.ended.n if course.ended else len(prefix)
    return _told(found, course, tuple(prefix[:end]), tuple(judged[:end]), rules)


def _told(
    found: Gathered, course: Course, counted: tuple[ScoredItem, ...], judged: tuple[Judged, ...], rules: Rules
) -> CourseOf:
    decision: Decision = course.decision
    if not counted and found.campaign["closed"] is not None:
        decision = "inconclusive"
    sentence, criterion = _sentence(found, decision, counted, judged, rules)
    if course.ended is None and len(counted) < rules.least:
        sentence = _EARLY.get(sentence, sentence)
    return CourseOf(course, counted, judged, rules, decision, sentence, criterion)


_EARLY: dict[Sentence, Sentence] = {"superior": "superior.early", "not_worse": "not_worse.early"}


def _judged(prefix: Sequence[ScoredItem], verdicts: Sequence[Verdict]) -> list[Judged]:
    given: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        given.setdefault(verdict.item, []).append(verdict)
    return [Judged(item.score, _criteria(given[item.item]), _is_critical(given[item.item])) for item in prefix]


def _criteria(verdicts: Sequence[Verdict]) -> Mapping[str, float]:
    names = dict.fromkeys(name for verdict in verdicts for name in verdict.criteria)
    return {name: fmean(one.criteria[name] for one in verdicts if name in one.criteria) for name in names}


def _is_critical(verdicts: Sequence[Verdict]) -> bool:
    return any(error.answer == "candidate" for verdict in verdicts for error in verdict.errors)


def _sentence(
    found: Gathered, decision: Decision, counted: Sequence[ScoredItem], judged: Sequence[Judged], rules: Rules
) -> tuple[Sentence, str | None]:
    if decision == "harm":
        return _harm(found, judged, rules)
    if decision == "continue" and not counted:
        return "nothing", None
    if decision == "inconclusive" and _is_stopped(found, len(counted)):
        return "stopped", None
    waits_for = _waits_for(found, decision, judged, rules)
    return (decision, None) if waits_for is None else ("criterion", waits_for)


def _waits_for(found: Gathered, decision: Decision, judged: Sequence[Judged], rules: Rules) -> str | None:
    """The criterion for want of which nothing is decided, though the overall verdicts would do."""
    if decision not in ("continue", "inconclusive") or not _is_held([item.score for item in judged], rules):
        return None
    short = (
        name
        for name in found.policy.criteria
        if not _is_held([item.criteria[name] for item in judged if name in item.criteria], rules)
    )
    return next(short, None)


def _is_held(scores: Sequence[float], rules: Rules) -> bool:
    return max(log_e_path(scores, rules.allowed_theta), default=0.0) >= rules.needed


def _is_stopped(found: Gathered, counted: int) -> bool:
    """Whether someone closed it before its pairs were judged."""
    return found.campaign["closed"] is not None and not found.is_complete and counted < found.policy.n_max


def _harm(found: Gathered, judged: Sequence[Judged], rules: Rules) -> tuple[Sentence, str | None]:
    """By what: critical errors, a criterion, or the verdicts; at the look that ended it one of them says so."""
    errors, n = sum(item.critical for item in judged), len(judged)
    if shown_above(errors, n, found.policy.critical_limit, rules.alpha):
        return "harm.critical", None
    for name in found.policy.criteria:
        tally = mirrored(tallied(item.criteria[name] for item in judged if name in item.criteria))
        if log_e(tally, 1 - rules.allowed_theta) >= rules.needed:
            return "harm.criterion", name
    return "harm.overall", None
