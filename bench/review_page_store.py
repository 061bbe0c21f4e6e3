"""The store of `bench.review_page`: a campaign of made-up answers, and experts who came by an invite."""

import hashlib
import random
from pathlib import Path
from typing import Any, NamedTuple

from evals.review.draft import CampaignDraft, Contender
from evals.review.findings import StoredPair
from evals.review.opening import make_campaign
from evals.review.policy import DEFAULT
from evals.review.service import begin_sitting
from evals.review.types import Answer
from store.access import Actor
from store.database import Store
from store.invites import Exchanged, Invitation, Wanted, exchange, invite

__all__ = ["CAMPAIGN", "LEAD", "Found", "answer_of", "entered", "filled", "found_in", "invited"]

CAMPAIGN = "bench"
"""The campaign's name."""

LEAD = Actor("command", None, "bench")
"""Who opens it."""

PLANNED = 200
"""Pairs of a sitting: more than anyone judges here."""

QUESTION_WORDS, ANSWER_WORDS = 15, 60

WORDS = [
    "the", "a", "of", "to", "and", "in", "for", "with", "dose", "water", "table", "fever", "letter", "court", "pump",
    "valve", "notice", "patient", "after", "before", "daily", "never", "twice", "should", "must", "may", "check",
    "measure", "report", "clean", "warm", "record", "inform", "rest", "open", "close", "left", "right", "half", "hour",
]  # fmt: skip


class Found(NamedTuple):
    """What is in the store after many have judged at once."""

    verdicts: int
    """Verdicts that stand."""

    doubled: int
    """Verdicts beyond the first of the same grader on the same pair, and those beyond a pair's plan."""


def filled(folder: Path, pairs: int, practice: int) -> Store:
    """A store with one campaign, opened as the command does; the same each time."""
    store = Store.at(folder / "runs" / "assay.duckdb")
    store.create()
    chance = random.Random(20261129)
    draft = CampaignDraft(
        candidate=Contender("r@6", "c" * 64), baseline=Contender("the start of r@6", "b" * 64), name=CAMPAIGN,
        pairs=[_pair(chance, f"q{number}") for number in range(pairs)],
        practice=[_pair(chance, f"p{number}") for number in range(practice)],
    )  # fmt: skip
    make_campaign(store, LEAD, draft)
    return store


def invited(store: Store, number: int, *, seated: bool) -> Invitation:
    """A link for one more expert; `seated`: with a sitting open, so that the page begins with a pair."""
    made = invite(store, LEAD, Wanted(f"expert {number}", CAMPAIGN))
    if seated:
        begin_sitting(store, Actor("oidc", made.user), 1, PLANNED)
    return made


def entered(store: Store, made: Invitation) -> Actor:
    """Who someone is once the link and its PIN have been exchanged."""
    found = exchange(store, made.code, made.pin)
    if not isinstance(found, Exchanged):
        raise TypeError(f"a new invite was refused, with {found.left} tries left")
    return Actor("invite", made.user, login=hashlib.sha256(found.token.encode()).hexdigest())


def answer_of(number: int) -> Answer:
    """A verdict with all that is usual; the verdicts take turns."""
    choices = ("left", "right", "tie", "both_bad")
    return Answer(choices[number % 4], dict.fromkeys(DEFAULT.criteria, "left"), ("clearer",), f"line {number}")  # pyright: ignore[reportArgumentType] - one of four


def found_in(store: Store) -> Found:
    """Count what is there."""
    row: dict[str, Any] = store.rows(_FOUND)[0]
    return Found(row["verdicts"], row["doubled"])


def _pair(chance: random.Random, item: str) -> StoredPair:
    return StoredPair(
        item, _text(chance, QUESTION_WORDS) + "?", _text(chance, ANSWER_WORDS), _text(chance, ANSWER_WORDS)
    )


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words))


_FOUND = """
WITH standing AS (SELECT item, grader FROM verdict WHERE superseded IS NULL),
of_pair AS (
    SELECT p.planned, count(*) AS given, count(DISTINCT s.grader) AS graders
    FROM standing s JOIN pair p USING (item) GROUP BY p.item, p.planned
)
SELECT coalesce(sum(given), 0)::INTEGER AS verdicts,
       coalesce(sum((given - graders) + greatest(0, graders - planned)), 0)::INTEGER AS doubled
FROM of_pair
"""
