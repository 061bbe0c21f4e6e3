"""What results hold; `results` makes them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from evals.review.course_of import Sentence
from evals.review.needed import Needed
from evals.review.offline import Offline
from evals.review.quality import BlindingFound, Critical, GraderFound, Position
from evals.stats.agreement import Agreement
from evals.stats.decision import Decision
from evals.stats.leave_one_out import LeftOut
from evals.stats.length import LengthEffect
from evals.stats.pigeonhole import Interval
from evals.stats.skips import SkipSensitivity

__all__ = ["Part", "Point", "Results", "Share"]


class Point(NamedTuple):
    """The strength of evidence after an item; 1 says nothing."""

    n: int
    """Items so far."""

    superior: float
    """That the candidate is better."""

    not_worse: float
    """That it is not worse by more than the margin."""

    futile: float
    """That it is not as much better as is worth looking for."""

    harm: float
    """That it is worse by more than the margin."""


@dataclass(frozen=True, slots=True)
class Share:
    """Items won, tied and lost by the candidate."""

    n: int
    """Items; one with two verdicts counts once, by their mean."""

    wins: int
    """Items with a score above ½."""

    ties: int
    """Of just ½."""

    losses: int
    """Below."""

    both_bad: int
    """Of the ties, those whose graders find both answers unacceptable."""

    theta: float
    """P(win) + P(tie) / 2, estimated."""

    win_difference: float
    """P(win) - P(loss), estimated."""

    lower: float
    """Lower bound of the win difference, at 1 - α."""

    upper: float
    """Upper bound, at 1 - α."""


@dataclass(frozen=True, slots=True)
class Part:
    """A criterion's verdicts, or those of a specialty."""

    name: str
    """Which; empty for pairs of no specialty."""

    share: Share
    """Its items; the bounds are from the counts alone."""

    not_worse: float
    """Evidence that the candidate is not worse by more than the margin, the largest so far."""

    harm: float
    """Evidence that it is, the largest so far."""


@dataclass(frozen=True, slots=True)
class Results:
    """All that a lead decides by."""

    campaign: int
    """Its number."""

    name: str
    """Its name."""

    title: str
    """What experts call it."""

    candidate: str
    """RUN@STEP that may be released."""

    candidate_sha256: str
    """Its digest."""

    baseline: str
    """What it was judged against."""

    baseline_sha256: str
    """Its digest."""

    policy_sha256: str
    """The policy's digest."""

    simulated: bool
    """Whether its verdicts are made up by a program."""

    unblinded: int
    """Verdicts by people who had seen results."""

    offline: Offline | None
    """Of the verdicts, those that came by packs; None where none did."""

    closed: datetime | None
    """When it was closed."""

    decision: Decision
    """What is decided; `continue` while nothing is."""

    sentence: Sentence
    """Which sentence says so."""

    criterion: str | None
    """The criterion that harm was found by, or that holds the decision up."""

    ended_at: int | None
    """Items after which it was decided; None while it is not."""

    n_max: int
    """Items after which it ends undecided."""

    least: int
    """Items before which good news does not end it, so that critical errors are known well enough; 0 for none."""

    margin: float
    """Loss in win difference that is put up with."""

    alpha: float
    """How often a claim may be wrong."""

    decides_at: float
    """Evidence that decides: 1/α."""

    futile_at: float
    """Evidence that calls it futile."""

    course: tuple[Point, ...]
    """The evidence after each item of the completed prefix."""

    overall: Share | None
    """The counted items, with bounds that hold at every look; None before the first."""

    behind: int
    """Items with final verdicts that come after one without, in the seeded order: they are not weighed yet."""

    identical: int
    """Pairs with the same answer twice, set aside: not in the test."""

    with_identical: float | None
    """Win difference were these counted as ties; None without any pair."""

    criteria: tuple[Part, ...]
    """By criterion."""

    specialties: tuple[Part, ...]
    """By specialty."""

    like_these: Interval | None
    """Win difference that experts like these would find, 95 %; None with one grader."""

    without: tuple[LeftOut, ...]
    """The campaign without each grader in turn; empty with one."""

    agreement: Agreement | None
    """None where no second grader was planned: missing."""

    position: Position | None
    """Effect of the side; None where no pair was decided."""

    blinding: BlindingFound | None
    """None where nobody was asked."""

    skips: SkipSensitivity | None
    """The result with skipped pairs put back."""

    length: LengthEffect | None
    """θ at equal lengths; None where that has no answer."""

    critical: Critical
    """Critical errors."""

    graders: tuple[GraderFound, ...]
    """Who judged."""

    needed: Needed
    """Pairs still needed, as far as can be foreseen."""

    flags: tuple[dict[str, Any], ...]
    """Pairs found faulty: item, question, reason, created."""

    warnings: tuple[str, ...]
    """What was found before it opened."""

    @property
    def there(self) -> int:
        """Items that can be counted in the end: those that are, and those that can still come."""
        return (self.overall.n if self.overall else 0) + self.needed.most
