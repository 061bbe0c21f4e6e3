"""What a campaign's candidate was asked and said, to be asked again of the folder that would be released.

Which answers differ tells nothing of whose they are: only the candidate's are looked at.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from evals.review.questions import Question
from store.database import Snapshot

__all__ = ["AskedBefore", "asked_before", "compared"]

LISTED = 20
"""Answers that differ, as many as are named."""

TOKENS = 512
"""Longest answer of a campaign that does not say."""


class AskedBefore(NamedTuple):
    """A campaign's questions, with the candidate's answers that experts judge."""

    campaign: int
    """Its number."""

    tokens: int
    """Longest answer, in tokens."""

    questions: tuple[Question, ...]
    """What was asked: the pairs in their order, those for practice last."""

    answers: tuple[str, ...]
    """What the candidate said, in the same order."""


def asked_before(snapshot: Snapshot, candidate_sha256: str) -> list[AskedBefore]:
    """Every campaign of a candidate, open ones too, by number."""
    campaigns = snapshot.rows(_CAMPAIGNS, {"sha256": candidate_sha256})
    return [_campaign(row["id"], json.loads(row["data"]), snapshot) for row in campaigns]


def compared(before: AskedBefore, said: Sequence[str]) -> dict[str, Any]:
    """How many answers are others now, letter by letter: campaign, n, differing, share, items (the first ones).

    >>> questions = (Question("q1", "1 + 1?"), Question("q2", "2 + 2?"))
    >>> compared(AskedBefore(3, 8, questions, ("2", "4")), ["2", "5"])
    {'campaign': 3, 'n': 2, 'differing': 1, 'share': 0.5, 'items': ['q2']}
    """
    pairs = zip(before.questions, before.answers, said, strict=True)
    differing = [question.id for question, then, now in pairs if now != then]
    n = len(before.questions)
    return {
        "campaign": before.campaign, "n": n, "differing": len(differing), "share": len(differing) / n if n else 0.0,
        "items": differing[:LISTED],
    }  # fmt: skip


def _campaign(number: int, data: Mapping[str, Any], snapshot: Snapshot) -> AskedBefore:
    rows = snapshot.rows(_PAIRS, {"campaign": number})
    systems = data.get("systems", {})
    questions = tuple(Question(row["item"], row["question"], systems.get(row["item"], "")) for row in rows)
    tokens = data.get("decoding", {}).get("max_new_tokens", TOKENS)
    return AskedBefore(number, tokens, questions, tuple(row["answer"] for row in rows))


_CAMPAIGNS = """
SELECT id, CAST(data AS VARCHAR) AS data FROM campaign WHERE candidate_sha256 = $sha256 ORDER BY id
"""

_PAIRS = """
SELECT p.item, p.question, if(m.candidate = 'first', p.first, p.second) AS answer
FROM pair p JOIN mapping m ON m.campaign_id = p.campaign_id AND m.item = p.item
WHERE p.campaign_id = $campaign ORDER BY p.state = 'practice', p.place NULLS LAST, p.item
"""
