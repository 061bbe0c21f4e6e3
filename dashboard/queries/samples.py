"""Answers that are only shown, and the requests for them."""

import pyarrow as pa

from dashboard.queries.evaluations import FOUND
from store.database import Store

__all__ = ["LATEST", "answers", "asked"]

LATEST = 8
"""Requests shown."""

LONGEST = 4100
"""Characters of an answer that are read: a few more than are shown."""


def answers(store: Store, run_id: int) -> pa.Table:
    """What the base and each checkpoint answered to prompts that are only shown: suite, suite_sha256, item, place,
    question, reference, is_base, branch, step, active, created, answer; the base first, then by step.

    Raises StoreError.
    """
    return store.read(_ANSWERS, {"run_id": run_id, "longest": LONGEST})


def asked(store: Store, run_id: int) -> pa.Table:
    """The newest `LATEST` requests to evaluate, the newest first: id, question (null where checkpoints are to be
    scored), places, args (JSON), actor, created, taken, done, result. Raises StoreError.
    """
    return store.read(_ASKED, {"run_id": run_id, "most": LATEST})


_ANSWERS = f"""{FOUND}
SELECT e.suite, e.suite_sha256, i.item, i.place, left(i.question, $longest) AS question,
       left(i.reference, $longest) AS reference, e.is_base, e.branch, e.step, e.active, e.created,
       left(r.answer, $longest) AS answer
FROM evaluation e
JOIN item_result r ON r.eval_id = e.id AND r.answer IS NOT NULL
JOIN eval_item i ON i.suite_sha256 = e.suite_sha256 AND i.item = r.item
WHERE e.measures = 'shown'
ORDER BY e.suite, e.suite_sha256, i.place, e.is_base DESC, e.step, e.branch
"""

_ASKED = """
SELECT id, json_extract_string(args, '$.question') AS question,
       coalesce(CAST(json_extract(args, '$.places') AS VARCHAR[]), []) AS places,
       CAST(args AS VARCHAR) AS args, actor, created, taken, done, result
FROM request WHERE run_id = $run_id AND kind = 'evaluate'
ORDER BY id DESC LIMIT $most
"""
