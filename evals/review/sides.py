"""On which side an answer stands: balanced, and not to be guessed.

In every four pairs of a grader the candidate stands on the left twice. Which two is drawn by HMAC-SHA256 from the
store's secret, so that neither the code nor the store's content tells. The side a narrow screen opens with is drawn
in the same way and independently.
"""

import hmac

from evals.review.types import Side

__all__ = ["asks_guess", "candidate_side", "practice_side", "shown_first"]

BLOCK = 4

ARRANGEMENTS = ("LLRR", "LRLR", "LRRL", "RLLR", "RLRL", "RRLL")
"""All blocks of four with two on each side."""

GUESS_EVERY = 10
"""One pair in so many asks for a guess."""


def candidate_side(secret: bytes, campaign: int, grader: int, number: int) -> Side:
    """Where the candidate's answer stands in a grader's pair of this number, from 0."""
    return _balanced(secret, f"side|{campaign}|{grader}", number)


def shown_first(secret: bytes, campaign: int, grader: int, number: int) -> Side:
    """The side a narrow screen opens with, in a grader's pair of this number."""
    return _balanced(secret, f"shown|{campaign}|{grader}", number)


def practice_side(secret: bytes, campaign: int, grader: int, item: str, what: str) -> Side:
    """A side in a practice pair, which no block holds; `what` tells two drawings apart."""
    return "left" if _drawn(secret, f"practice|{campaign}|{grader}|{what}|{item}") % 2 else "right"


def asks_guess(secret: bytes, campaign: int, grader: int, number: int) -> bool:
    """Whether a guess is asked for after a pair that does not end a sitting."""
    return _drawn(secret, f"guess|{campaign}|{grader}|{number}") % GUESS_EVERY == 0


def _balanced(secret: bytes, label: str, number: int) -> Side:
    block, place = divmod(number, BLOCK)
    arrangement = ARRANGEMENTS[_drawn(secret, f"{label}|{block}") % len(ARRANGEMENTS)]
    return "left" if arrangement[place] == "L" else "right"


def _drawn(secret: bytes, label: str) -> int:
    return int.from_bytes(hmac.digest(secret, label.encode(), "sha256"))
