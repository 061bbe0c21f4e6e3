"""How a campaign's pairs are arranged: their order, which of them two graders judge, which answer stands first."""

import hashlib
import hmac
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from evals.review.draft import CampaignDraft
from evals.review.findings import StoredPair
from evals.review.questions import question_sha256

__all__ = ["Arranged", "arrange"]

Row = dict[str, Any]


class Arranged(NamedTuple):
    """Rows of a campaign's pairs."""

    pairs: pa.Table
    """Of `pair`."""

    mapping: pa.Table
    """Of `mapping`."""

    counts: dict[str, int]
    """Pairs by state, and those drawn for a second grader."""


def arrange(draft: CampaignDraft, overlap: float, campaign: int, key: bytes, *, second: bool) -> Arranged:
    """Arrange a campaign's pairs.

    `overlap` is the share of them that two graders judge, `second` whether there are two by now; `key` is the secret
    that says which answer stands first.
    """
    asked = [pair for pair in draft.pairs if not pair.is_identical]
    identical = [pair for pair in draft.pairs if pair.is_identical]
    random.Random(f"order {draft.seed}").shuffle(asked)  # noqa: S311 - a draw anyone may repeat
    twice = _drawn(len(asked), overlap, draft.seed)
    judged: list[Row] = [
        {"state": "asked", "place": place, "overlap": place in twice, "planned": 2 if place in twice and second else 1}
        for place in range(len(asked))
    ]
    other: Row = {"place": None, "overlap": False, "planned": 0}
    others: list[Row] = [{"state": "identical", **other}] * len(identical)
    others += [{"state": "practice", **other}] * len(draft.practice)
    pairs = [*asked, *identical, *draft.practice]
    first = [_is_first(key, campaign, pair.item) for pair in pairs]
    return Arranged(
        _pair_rows(campaign, pairs, [*judged, *others], first),
        _mapping_rows(campaign, pairs, first),
        {"pairs": len(asked), "identical": len(identical), "practice": len(draft.practice), "overlap": len(twice)},
    )


def _pair_rows(campaign: int, pairs: Sequence[StoredPair], rows: Sequence[Row], first: Sequence[bool]) -> pa.Table:
    texts = [
        {
            "campaign_id": campaign, "item": pair.item, "question": pair.question,
            "question_sha256": question_sha256(pair.question), "specialty": pair.specialty,
            "first": pair.candidate if is_first else pair.baseline,
            "second": pair.baseline if is_first else pair.candidate,
        }
        for pair, is_first in zip(pairs, first, strict=True)
    ]  # fmt: skip
    return pa.Table.from_pylist([{**text, **row} for text, row in zip(texts, rows, strict=True)], _COLUMNS)


def _mapping_rows(campaign: int, pairs: Sequence[StoredPair], first: Sequence[bool]) -> pa.Table:
    return pa.table({
        "campaign_id": pa.array([campaign] * len(pairs), pa.int32()), "item": [pair.item for pair in pairs],
        "candidate": ["first" if is_first else "second" for is_first in first],
    })  # fmt: skip


def _drawn(count: int, share: float, seed: int) -> frozenset[int]:
    """Places drawn for a second grader."""
    lot = random.Random(f"overlap {seed}")  # noqa: S311 - a draw anyone may repeat
    return frozenset(lot.sample(range(count), round(share * count)))


def _is_first(key: bytes, campaign: int, item: str) -> bool:
    """Whether the candidate's answer is the first; a coin that only the store's secret can throw again."""
    return hmac.new(key, f"{campaign}/{item}".encode(), hashlib.sha256).digest()[0] % 2 == 0


_COLUMNS = pa.schema([
    ("campaign_id", pa.int32()), ("item", pa.string()), ("place", pa.int32()), ("state", pa.string()),
    ("question", pa.string()), ("question_sha256", pa.string()), ("specialty", pa.string()), ("first", pa.string()),
    ("second", pa.string()), ("overlap", pa.bool_()), ("planned", pa.int32()),
])  # fmt: skip
