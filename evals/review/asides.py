"""What a grader does with a pair besides judging it: skip, flag, fill in for later, guess whose answers they are.

What people say in words of their own is personal and stays out of the audit log, where nothing can be erased.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from evals.review import sentences
from evals.review.answers import COMMENT_LENGTH, whole_text
from evals.review.entry import tell
from evals.review.tokens import Held, held
from evals.review.types import ReviewError
from store.access import Actor
from store.database import Store, Transaction

__all__ = ["flag", "guess", "save_draft", "skip"]

_LONGEST_DRAFT = 50_000


def skip(store: Store, actor: Actor, token: str, reason: str) -> None:
    """Give a pair to another grader; twice is once. Raises AccessError, ReviewError."""
    said = _reason(reason)

    def work(transaction: Transaction) -> None:
        held_pair = held(transaction, actor, token)
        standing, lease = held_pair
        if lease["outcome"] == "skipped":
            return
        standing.require_open()
        if lease["outcome"] == "verdict":
            raise ReviewError(sentences.JUDGED)
        if not held_pair.sitting_open:
            raise ReviewError(sentences.SITTING_OVER)
        transaction.execute(_SKIPPED, {"now": standing.now, "reason": said, "token": token})
        tell(transaction, standing, "skip", held_pair.object, {"practice": held_pair.practice})

    store.transaction(work)


def flag(store: Store, actor: Actor, token: str, reason: str) -> None:
    """Say that a pair is faulty; it stays with the grader. Twice is once. Raises AccessError, ReviewError."""
    said = _reason(reason)

    def work(transaction: Transaction) -> None:
        held_pair = held(transaction, actor, token)
        held_pair.standing.require_open()
        values = {**_whose(held_pair), "reason": said}
        if transaction.rows(_SAME_FLAG, values):
            return
        transaction.execute(_FLAG, {**values, "now": held_pair.standing.now})
        tell(transaction, held_pair.standing, "flag", held_pair.object, {"practice": held_pair.practice})

    store.transaction(work)


def save_draft(store: Store, actor: Actor, token: str, fields: Mapping[str, Any]) -> None:
    """Keep what was filled in so far, also where the sitting or the review is over.

    What belongs to a pair that never comes back is dropped. Raises AccessError, ReviewError.
    """
    text = whole_text(json.dumps(dict(fields), ensure_ascii=False))
    if len(text) > _LONGEST_DRAFT:
        raise ReviewError(sentences.BAD_DRAFT)

    def work(transaction: Transaction) -> None:
        held_pair = held(transaction, actor, token)
        if _is_past(held_pair):
            return
        values = {"token": token, "fields": text, "now": held_pair.standing.now}
        if held_pair.lease["fields"] is None:
            transaction.execute("INSERT INTO draft (token, fields, saved) VALUES ($token, $fields, $now)", values)
            tell(transaction, held_pair.standing, "draft", held_pair.object, {})
        else:
            transaction.execute("UPDATE draft SET fields = $fields, saved = $now WHERE token = $token", values)

    store.transaction(work)


def guess(store: Store, actor: Actor, token: str, choice: Literal["left", "right", "unknown"]) -> None:
    """Say which answer seemed to be the new model's, after the verdict; the last guess counts.

    Raises AccessError, ReviewError.
    """

    def work(transaction: Transaction) -> None:
        held_pair = held(transaction, actor, token)
        standing, lease = held_pair
        standing.require_open()
        if lease["outcome"] != "verdict" or held_pair.practice:
            raise ReviewError(sentences.NOT_JUDGED)
        said = _guessed(choice, lease["left"])
        before = transaction.rows(_GUESSED, _whose(held_pair))
        if before and before[0]["choice"] == said:
            return
        if not held_pair.sitting_open:
            raise ReviewError(sentences.FINAL)
        transaction.execute(_FORGET_GUESS, _whose(held_pair))
        transaction.execute(_GUESS, {**_whose(held_pair), "choice": said, "now": standing.now})
        tell(transaction, standing, "guess", held_pair.object, {"choice": said})

    store.transaction(work)


def _reason(reason: str) -> str:
    said = whole_text(reason).strip()
    if not 0 < len(said) <= COMMENT_LENGTH:
        raise ReviewError(sentences.BAD_REASON)
    return said


def _guessed(choice: str, left: str) -> str:
    said = {"left": left, "right": "second" if left == "first" else "first", "unknown": "unknown"}
    if choice not in said:
        raise ReviewError(sentences.BAD_GUESS)
    return said[choice]


def _is_past(held_pair: Held) -> bool:
    """Whether the pair comes back no more."""
    outcome = held_pair.lease["outcome"]
    return outcome == "skipped" or (outcome == "verdict" and (held_pair.practice or not held_pair.sitting_open))


def _whose(held_pair: Held) -> dict[str, Any]:
    standing = held_pair.standing
    return {"campaign": standing.campaign, "item": held_pair.lease["item"], "grader": standing.grader}


_SKIPPED = "UPDATE lease SET ended = $now, outcome = 'skipped', reason = $reason WHERE token = $token"

_SAME_FLAG = """
SELECT 1 FROM flag WHERE campaign_id = $campaign AND item = $item AND grader = $grader AND reason = $reason
"""

_FLAG = """
INSERT INTO flag (campaign_id, item, grader, reason, created) VALUES ($campaign, $item, $grader, $reason, $now)
"""

_GUESSED = "SELECT choice FROM guess WHERE campaign_id = $campaign AND item = $item AND grader = $grader"

_FORGET_GUESS = "DELETE FROM guess WHERE campaign_id = $campaign AND item = $item AND grader = $grader"

_GUESS = """
INSERT INTO guess (campaign_id, item, grader, choice, created) VALUES ($campaign, $item, $grader, $choice, $now)
"""
