"""How far a campaign's verdicts can be trusted: agreement, sides, blinding, skips, length, critical errors, graders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from evals.review.course_of import CourseOf
from evals.review.gathered import Gathered
from evals.review.judged import Judged
from evals.stats.agreement import Agreement, agreement
from evals.stats.blinding import blinding_index
from evals.stats.critical import anytime_bounds, shown_above
from evals.stats.items import tallied
from evals.stats.length import LengthEffect, Measured, length_effect
from evals.stats.position import PositionEffect, Sides, position_effect
from evals.stats.proportion import exact_upper
from evals.stats.skips import SkipSensitivity, skip_sensitivity

__all__ = [
    "LEAST_GUESSES", "BlindingFound", "Critical", "CriticalFound", "GraderFound", "Position", "agreed", "blinding",
    "critical", "graders", "length", "position", "skips",
]  # fmt: skip

LEAST_GUESSES = 4
"""Guesses below which nothing is said of blinding: three that are all right come by chance in one case of eight."""


@dataclass(frozen=True, slots=True)
class Position:
    """Whether graders look at the place instead of the text."""

    side: float
    """What the left side adds to the log odds of winning."""

    z: float
    """The same in standard errors."""

    left_share: float
    """Share of the decided pairs in which the left text won."""

    p: float
    """Two-sided exact p of so many if the side does not matter."""

    decided: int
    """Decided pairs."""

    within: bool
    """Whether it is within what the policy puts up with."""


@dataclass(frozen=True, slots=True)
class BlindingFound:
    """Whether graders knew."""

    index: float
    """Bang's index: 0 is blind, 1 is all identified."""

    low: float
    """Lower end of its 95 % interval."""

    high: float
    """Upper end."""

    guesses: int
    """How many were asked for."""

    limit: float
    """What the policy puts up with."""

    held: bool | None
    """False where the index is above the limit and its interval above 0; None of fewer guesses than `LEAST_GUESSES`."""


@dataclass(frozen=True, slots=True)
class CriticalFound:
    """A critical error with its texts."""

    item: str
    """The pair."""

    question: str
    """What was asked."""

    specialty: str
    """Its field; empty for everyone's."""

    side: str
    """candidate or baseline."""

    answer: str
    """The answer it was found in."""

    type: str
    """Which kind of mistake."""

    quote: str
    """The sentence."""

    grader: int
    """Who found it."""


@dataclass(frozen=True, slots=True)
class Critical:
    """Critical errors against the limit."""

    candidate: int
    """Counted pairs in which the candidate made one."""

    baseline: int
    """In which the baseline did."""

    n: int
    """Counted pairs."""

    lower: float
    """Lower bound of the candidate's share that holds at every look."""

    upper: float
    """Upper bound that does."""

    fixed_upper: float | None
    """Upper bound for one look that was fixed beforehand (exact, one-sided); None for no pairs."""

    limit: float
    """Share that is put up with."""

    shown_above: bool
    """Whether the candidate's share is shown to be above the limit."""

    found: tuple[CriticalFound, ...]
    """All that were found, the candidate's first."""


@dataclass(frozen=True, slots=True)
class GraderFound:
    """A grader's work."""

    grader: int
    """User number."""

    name: str
    """Name; empty where it was erased."""

    verdicts: int
    """Final verdicts."""

    seconds: float
    """Median time a verdict took."""

    unblinded: int
    """Verdicts given after seeing results."""

    position: Position | None
    """Effect of the side in this grader's pairs; None where none was decided."""


def agreed(found: Gathered) -> Agreement | None:
    """Agreement on pairs with two verdicts; None where no pair was planned for two."""
    if not any(place.planned > 1 for place in found.order):
        return None
    units: dict[str, list[float]] = {}
    for verdict in found.verdicts:
        units.setdefault(verdict.item, []).append(verdict.score)
    return agreement(list(units.values()), seed=found.campaign["seed"])


def position(verdicts: Sequence[Judged], limit: float) -> Position | None:
    """The side's effect; None where no pair was decided."""
    count = Counter((one.candidate_side == "left", one.outcome) for one in verdicts)
    sides = Sides(count[True, "win"], count[True, "loss"], count[False, "win"], count[False, "loss"])
    effect: PositionEffect | None = position_effect(sides)
    if effect is None:
        return None
    return Position(effect.side, effect.z, effect.left_share, effect.p, sum(sides), abs(effect.z) <= limit)


def blinding(found: Gathered) -> BlindingFound | None:
    """Bang's index against the policy; None where nobody was asked."""
    index, limit = blinding_index(*found.guesses), found.policy.max_blinding_index
    if index is None:
        return None
    held = None if index.guesses < LEAST_GUESSES else not (index.broken and index.index > limit)
    return BlindingFound(index.index, index.low, index.high, index.guesses, limit, held)


def skips(found: Gathered, course: CourseOf) -> SkipSensitivity | None:
    """The result with skipped pairs put back; None for no judged pairs."""
    if not course.counted:
        return None
    above = 0.5 if course.decision == "superior" else course.rules.allowed_theta
    return skip_sensitivity(tallied(item.score for item in course.counted), _skipped(found, course), above=above)


def _skipped(found: Gathered, course: CourseOf) -> int:
    """Pairs skipped for good among those that come before the last counted one, or all once no more come."""
    counted = {item.item for item in course.counted}
    places = [number for number, place in enumerate(found.order) if place.item in counted]
    end = len(found.order) if course.course.ended is None else places[-1] + 1
    return sum(1 for place in found.order[:end] if place.skipped and place.item not in counted)


def length(found: Gathered, course: CourseOf) -> LengthEffect | None:
    """θ at equal lengths; None where that has no answer."""
    both = [(item.score, found.pairs[item.item]) for item in course.counted]
    return length_effect([Measured(score, len(pair.candidate), len(pair.baseline)) for score, pair in both])


def critical(found: Gathered, course: CourseOf) -> Critical:
    """Critical errors in counted pairs, and the texts of all."""
    n, counted = len(course.counted), {item.item for item in course.counted}
    of = {side: _pairs_with(found.verdicts, side) & counted for side in ("candidate", "baseline")}
    errors, alpha, limit = len(of["candidate"]), course.rules.alpha, found.policy.critical_limit
    low, high = anytime_bounds(errors, n, alpha) if n else (0.0, 1.0)
    listed = [
        CriticalFound(
            item=one.item, question=found.pairs[one.item].question, specialty=one.specialty, side=error.answer,
            answer=getattr(found.pairs[one.item], error.answer),
            type=error.type, quote=error.quote, grader=one.grader,
        )
        for one in found.verdicts
        for error in one.errors
    ]  # fmt: skip
    return Critical(
        candidate=errors, baseline=len(of["baseline"]), n=n, lower=low, upper=high,
        fixed_upper=exact_upper(errors, n, alpha) if n else None, limit=limit,
        shown_above=n > 0 and shown_above(errors, n, limit, alpha),
        found=tuple(sorted(listed, key=lambda one: one.side != "candidate")),
    )  # fmt: skip


def _pairs_with(verdicts: Sequence[Judged], side: str) -> set[str]:
    return {one.item for one in verdicts if any(error.answer == side for error in one.errors)}


def graders(found: Gathered) -> tuple[GraderFound, ...]:
    """Each grader's work, by number."""
    given: dict[int, list[Judged]] = {}
    for verdict in found.verdicts:
        given.setdefault(verdict.grader, []).append(verdict)
    return tuple(
        GraderFound(
            grader=grader, name=found.names.get(grader, ""), verdicts=len(verdicts),
            seconds=median(one.seconds for one in verdicts), unblinded=sum(one.unblinded for one in verdicts),
            position=position(verdicts, found.policy.max_position_z),
        )
        for grader, verdicts in sorted(given.items())
    )  # fmt: skip
