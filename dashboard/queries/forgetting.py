"""What models made of the questions of a suite, and which of them one lost against another."""

from collections.abc import Sequence

import pyarrow as pa

from store.database import Snapshot, Store

__all__ = ["answers", "asked", "changed"]


def answers(store: Store | Snapshot, ids: Sequence[int]) -> pa.Table:
    """What was made of each item in some evaluations, in the suite's order: eval_id, item, correct, pred, lls, leaked.

    Raises StoreError.
    """
    return store.read(_ANSWERS, {"ids": list(ids)})


def asked(store: Store | Snapshot, suite_sha256: str) -> pa.Table:
    """The items of a suite in its order: item, category, choices, gold. Raises StoreError."""
    return store.read(_ASKED, {"suite": suite_sha256})


def changed(store: Store | Snapshot, before: int, after: int) -> pa.Table:
    """Questions that one of two evaluations answers right and the other one does not, in the suite's order: item,
    lost (right before, wrong after), category, question, right, said_before, said_after, leaked.

    Raises StoreError.
    """
    return store.read(_CHANGED, {"before": before, "after": after})


_ANSWERS = """
SELECT r.eval_id, r.item, r.correct, r.pred, r.lls, r.leaked
FROM item_result r
JOIN eval_run e ON e.id = r.eval_id
LEFT JOIN eval_item i ON i.suite_sha256 = e.suite_sha256 AND i.item = r.item
WHERE r.eval_id IN (SELECT unnest($ids))
ORDER BY r.eval_id, i.place
"""

_ASKED = "SELECT item, category, choices, gold FROM eval_item WHERE suite_sha256 = $suite ORDER BY place"

_CHANGED = """
SELECT i.item, b.correct AS lost, i.category, left(i.question, 2000) AS question,
       coalesce(i.choices[i.gold + 1], i.reference) AS right,
       coalesce(i.choices[b.pred + 1], b.answer) AS said_before,
       coalesce(i.choices[a.pred + 1], a.answer) AS said_after, a.leaked
FROM item_result b
JOIN item_result a ON a.item = b.item AND a.eval_id = $after
JOIN eval_run e ON e.id = a.eval_id
JOIN eval_item i ON i.suite_sha256 = e.suite_sha256 AND i.item = a.item
WHERE b.eval_id = $before AND a.correct <> b.correct
ORDER BY i.place
"""
