"""Questions that must not be asked: those exported for training, and, in a chat, those a campaign asks just now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from evals.review.errors import CampaignError
from evals.review.questions import Question, question_sha256
from evals.text.near import near_groups
from store.database import Snapshot, Store, Transaction

__all__ = [
    "BEGINNING",
    "Used",
    "asked_now",
    "is_asked_among",
    "is_asked_now",
    "mark_used",
    "require_unused",
    "used_among",
]


BEGINNING = 2000
"""Characters of a question by which pages know it, as they read no more of long ones."""


class Used(NamedTuple):
    """A question that was used for training."""

    question: Question
    """It."""

    campaign: str
    """Name of the campaign it was exported from."""

    near: bool
    """Whether it is only nearly the same."""


def require_unused(snapshot: Snapshot, questions: Sequence[Question]) -> None:
    """Raise CampaignError where verdicts on some of the questions were exported for training."""
    found = used_among(snapshot, questions)
    if not found:
        return
    first = found[0]
    which = f"{first.question.place or first.question.id}, {'nearly ' * first.near}a question of {first.campaign}"
    raise CampaignError(
        f"{len(found):,} of {len(questions):,} questions {'was' if len(found) == 1 else 'were'} used for training, "
        f"so a candidate may know the answers (the first is {which}); leave them out"
    )


def used_among(snapshot: Snapshot, questions: Sequence[Question]) -> list[Used]:
    """Those of the questions that were exported for training, also nearly the same ones, in their order."""
    known = snapshot.rows(_USED)
    if not known:
        return []
    exact = {row["question_sha256"]: row["campaign"] for row in known}
    groups = near_groups([*(row["question"] for row in known), *(one.question for one in questions)])
    near = {group: row["campaign"] for group, row in zip(groups, known, strict=False)}
    found: list[Used] = []
    for question, group in zip(questions, groups[len(known) :], strict=True):
        sha256 = question_sha256(question.question)
        if sha256 in exact or group in near:
            found.append(Used(question, exact.get(sha256) or near[group], sha256 not in exact))
    return found


def mark_used(
    transaction: Transaction, campaign: int, pairs: Iterable[Mapping[str, Any]], by: str, now: datetime
) -> int:
    """Note that pairs (item, question) were exported for training; how many of them are new as such."""
    known = {row["question_sha256"] for row in transaction.rows("SELECT question_sha256 FROM used_item")}
    rows = [
        {"question_sha256": question_sha256(pair["question"]), "question": pair["question"], "campaign_id": campaign,
         "item": pair["item"], "exported": now, "exported_by": by}
        for pair in pairs
    ]  # fmt: skip
    new = [row for row in rows if row["question_sha256"] not in known]
    if new:
        transaction.insert("used_item", pa.Table.from_pylist(new))
    return len(new)


def is_asked_now(store: Store, text: str) -> bool:
    """Whether an open campaign asks this question, or nearly so. Raises StoreError."""
    asked = [row["question"] for row in store.rows(_OPEN)] if store.exists else []
    return bool(asked) and 0 in near_groups([text, *asked])[1:]


def asked_now(store: Store) -> frozenset[str]:
    """What `is_asked_among` looks in: the questions that open campaigns ask; none in a demo, where one person plays all
    roles. Raises StoreError.
    """
    asked = store.rows(_OPEN) if store.exists and not store.rows("SELECT demo FROM meta")[0]["demo"] else []
    return frozenset(question_sha256(row["question"][:BEGINNING]) for row in asked)


def is_asked_among(asked: frozenset[str], text: str) -> bool:
    """Whether a question is among those of `asked_now`, by its beginning and apart from cases, widths and spaces."""
    return bool(asked) and question_sha256(text[:BEGINNING]) in asked


_USED = """
SELECT u.question_sha256, u.question, c.name AS campaign FROM used_item u LEFT JOIN campaign c ON c.id = u.campaign_id
ORDER BY u.exported, u.item
"""

_OPEN = """
SELECT p.question FROM pair p JOIN campaign c ON c.id = p.campaign_id WHERE c.closed IS NULL ORDER BY c.id, p.item
"""
