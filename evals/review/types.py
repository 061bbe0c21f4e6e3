"""What an expert is sent and sends back. No type here has a field that could name a model, a run, a step or a path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from assay.errors import AssayError

__all__ = [
    "Answer", "Assignment", "Choice", "CriticalError", "Given", "NoSittingError", "PairView", "ReviewError", "Side",
    "SittingView", "Wait",
]  # fmt: skip

Side: TypeAlias = Literal["left", "right"]

Choice: TypeAlias = Literal["left", "right", "tie", "both_bad"]


class ReviewError(AssayError):
    """What an expert asked cannot be done as things are; one sentence, which names no model."""


class NoSittingError(ReviewError):
    """Nothing is judged before a sitting is begun."""


class CriticalError(NamedTuple):
    """A dangerous mistake in an answer."""

    side: Side
    """Which answer."""

    type: str
    """Which kind of mistake, from the list of the page."""

    quote: str
    """The sentence, as it stands in the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A grader's verdict on one pair."""

    choice: Choice
    """The better answer; tie, or both unacceptable."""

    criteria: Mapping[str, Literal["left", "right", "tie"]] = field(default_factory=dict[str, Any])
    """The better one by criterion; those left open are missing."""

    reasons: tuple[str, ...] = ()
    """Keys of the reasons picked."""

    comment: str = ""
    """A line of the grader's own."""

    errors: tuple[CriticalError, ...] = ()
    """Critical errors found."""


class SittingView(NamedTuple):
    """Where someone stands in a sitting, from one's own work alone."""

    planned: int
    """Pairs meant to be judged in it."""

    judged: int
    """Pairs judged in it."""

    skipped: int
    """Pairs skipped in it."""

    practice_left: int
    """Practice pairs still to come."""

    median_seconds: float | None
    """Of one's own verdicts in the campaign; None before the first."""

    total: int
    """Verdicts of one's own in the campaign."""

    available: int
    """Pairs one could still be given."""


@dataclass(frozen=True, slots=True)
class PairView:
    """A pair before a grader: all that leaves the service."""

    token: str
    """128 random bits, by which the answer comes back."""

    question: str
    """What was asked."""

    left: str
    """The answer on the left."""

    right: str
    """The answer on the right."""

    shown_first: Side
    """The side a narrow screen opens with."""

    criteria: tuple[str, ...]
    """Criteria that the policy asks for."""

    practice: bool
    """Whether it counts for nothing."""

    expires: datetime
    """Until when it is kept for this grader."""

    draft: Mapping[str, Any]
    """What was filled in before, as the page sent it."""

    sitting: SittingView
    """Where the grader stands."""

    asks_guess: bool = False
    """Whether to ask, after the verdict, which answer seemed to be the new model's."""

    answered: bool = False
    """Whether it is one's own verdict, opened again to be changed."""

    known: int = 0
    """When that verdict was given, in milliseconds since 1970; 0 where there is none."""


class Wait(NamedTuple):
    """Why there is no pair."""

    reason: Literal["closed", "done", "later", "sitting"]
    """closed: the campaign is over; done: this grader has judged all there is; later: others hold what is left;
    sitting: the sitting's pairs are judged, and it waits to be closed."""


class Given(NamedTuple):
    """A verdict of one's own that can still be changed."""

    token: str
    """Of its pair."""

    question: str
    """What was asked."""

    choice: Choice
    """What was said."""


class Assignment(NamedTuple):
    """A campaign someone may judge in."""

    campaign: int
    """Its number."""

    title: str
    """What experts call it."""

    instructions: str
    """What they are told first."""

    language: str
    """zh or en."""

    closed: bool
    """Whether it is over."""
