"""Scores of evaluations, and what a model made of each item."""

from collections.abc import Sequence

import pyarrow as pa

from store.database import Store

__all__ = ["PAGE", "items", "scores"]

PAGE = 20
"""Items read at a time."""

LONGEST = 4100
"""Characters of an answer that are read: a few more than are shown, so that what is cut can be seen to be."""


def scores(store: Store, ids: Sequence[int]) -> pa.Table:
    """Scores of evaluations in the order they were kept: eval_id, metric, category, clean, versus, value, low, high,
    n, signature; units as in the schema. Raises StoreError.
    """
    return store.read(_SCORES, {"ids": list(ids)})


def items(store: Store, eval_id: int, base_id: int | None, metric: str, *, lowest: bool, start: int = 0) -> pa.Table:
    """`PAGE` items of an evaluation from a place on, the worst first, and what the base made of them.

    item, place, category, question, reference, choices, gold, answer, correct, pred, leaked, value, base_answer,
    base_pred, base_value. A value is that of the metric for the item alone: 0 to 100 for what is scored, 100 or 0
    where a choice was right or wrong, nats a token and bits a byte of texts; null where there is none.
    `lowest`: whether a low value is a bad one. Of equal items those come first that the base did best.

    Raises StoreError.
    """
    params = {"eval_id": eval_id, "base_id": base_id, "metric": metric, "sign": 1 if lowest else -1}
    return store.read(_ITEMS, {**params, "most": PAGE, "start": start, "longest": LONGEST})


_SCORES = """
SELECT eval_id, metric, category, clean, versus, value, low, high, n, signature
FROM score WHERE eval_id IN $ids ORDER BY eval_id, rowid
"""

_VALUE = """
CASE WHEN {r}.correct IS NOT NULL THEN if({r}.correct, 100.0, 0.0)
     WHEN $metric = 'nll' THEN {r}.nats / {r}.tokens
     WHEN $metric = 'bits_per_byte' THEN {r}.nats / ln(2) / strlen(i.question)
     WHEN $metric = 'kl' THEN {r}.kl / {r}.tokens
     ELSE TRY_CAST(CAST({r}.scores AS MAP(VARCHAR, VARCHAR))[$metric] AS DOUBLE) END
"""

_ITEMS = f"""
WITH asked AS (
    SELECT r.item, i.place, i.category,
           left(i.question, $longest) AS question, left(i.reference, $longest) AS reference, i.choices, i.gold,
           left(r.answer, $longest) AS answer, r.correct, r.pred, r.leaked,
           {_VALUE.format(r="r")} AS value,
           left(b.answer, $longest) AS base_answer, b.pred AS base_pred, {_VALUE.format(r="b")} AS base_value
    FROM item_result r
    JOIN eval_run e ON e.id = r.eval_id
    JOIN eval_item i ON i.suite_sha256 = e.suite_sha256 AND i.item = r.item
    LEFT JOIN item_result b ON b.eval_id = $base_id AND b.item = r.item
    WHERE r.eval_id = $eval_id
)
SELECT * FROM asked
ORDER BY $sign * value NULLS LAST, $sign * base_value DESC NULLS LAST, place
LIMIT $most OFFSET $start
"""
