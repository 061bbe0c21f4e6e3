"""Result files of evaluations become rows of the store, each once; a newer result of a key replaces the older."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.spool import spell_nonfinite
from store.database import Store, Transaction
from store.evaluations import Evaluation, evaluation_files, read_file, read_items

__all__ = ["EvalLoader", "forget_run"]

_SCORE = pa.schema(
    [
        ("eval_id", pa.int32()), ("metric", pa.string()), ("category", pa.string()), ("clean", pa.bool_()),
        ("versus", pa.string()), ("value", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
        ("n", pa.int32()), ("signature", pa.string()),
    ]
)  # fmt: skip

_ITEM = pa.schema(
    [
        ("eval_id", pa.int32()), ("item", pa.string()), ("correct", pa.bool_()), ("pred", pa.int32()),
        ("lls", pa.list_(pa.float64())), ("answer", pa.string()), ("scores", pa.string()), ("nats", pa.float64()),
        ("tokens", pa.int64()), ("kl", pa.float64()), ("leaked", pa.bool_()),
    ]
)  # fmt: skip

_TEXT = pa.schema(
    [
        ("suite_sha256", pa.string()), ("item", pa.string()), ("place", pa.int32()), ("lang", pa.string()),
        ("category", pa.string()), ("question", pa.string()), ("reference", pa.string()),
        ("choices", pa.list_(pa.string())), ("gold", pa.int32()),
    ]
)  # fmt: skip

_INSERT = """
INSERT INTO eval_run
SELECT $id, $key, (SELECT id FROM run WHERE name = $run), $branch, $step, $artifact, $base, $model, $suite,
       $suite_sha256, $measures, $kind, $scorer, $n, $of, $created, $seconds, $data
"""

_FORGET = "DELETE FROM {table} WHERE eval_id IN (SELECT id FROM eval_run WHERE {which})"

_log = logging.getLogger(__name__)


class EvalLoader:
    """Loads the result files of one store again and again, remembering which it has seen."""

    def __init__(self, store: Store) -> None:
        """Nothing is read before `load`."""
        self._store = store
        self._seen: dict[Path, int] = {}

    def load(self) -> int:
        """Load what is new, and return how many that were. Raises StoreError, duckdb.Error."""
        changed = {path: stamp for path in evaluation_files(self._store.root) if (stamp := _stamp(path))}
        fresh = [path for path, stamp in changed.items() if self._seen.get(path) != stamp]
        if not fresh or not self._store.exists:
            return 0
        loaded = self._store.transaction(lambda transaction: self._put_all(transaction, fresh))
        self._seen |= {path: changed[path] for path in loaded}
        return len(loaded)

    def _put_all(self, transaction: Transaction, files: list[Path]) -> list[Path]:
        runs = {row["name"] for row in transaction.rows("SELECT name FROM run")}
        known = {row["key"]: row["created"] for row in transaction.rows("SELECT key, created FROM eval_run")}
        done: list[Path] = []
        for path in files:
            try:
                found = read_file(path)
                texts = read_items(self._store.root, found.suite_sha256)
            except (OSError, ValueError, TypeError, KeyError) as error:
                _log.warning("%s is no result of an evaluation and is left alone: %s", path, error)
                done.append(path)
                continue
            if found.run is not None and found.run not in runs:
                continue  # its run is not loaded yet
            if known.get(found.key) != _moment(found.created):
                _put(transaction, found)
                _put_texts(
                    transaction, found.suite_sha256, [_text_row(found, place, text) for place, text in enumerate(texts)]
                )
            done.append(path)
        return done


def forget_run(transaction: Transaction, run_id: int) -> list[str]:
    """Delete the evaluations of a run; returns their keys, whose files are to go as well."""
    keys = [row["key"] for row in transaction.rows("SELECT key FROM eval_run WHERE run_id = $id", {"id": run_id})]
    _forget(transaction, "run_id = $id", {"id": run_id})
    return keys


def _put(transaction: Transaction, found: Evaluation) -> None:
    _forget(transaction, "key = $key", {"key": found.key})
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM eval_run")[0]["id"]
    transaction.execute(
        _INSERT,
        {
            "id": number, "key": found.key, "run": found.run, "branch": found.branch, "step": found.step,
            "artifact": found.artifact, "base": found.base, "model": found.model, "suite": found.suite,
            "suite_sha256": found.suite_sha256, "measures": found.measures, "kind": found.kind,
            "scorer": found.scorer, "n": len(found.items), "of": found.of, "created": _moment(found.created),
            "seconds": found.seconds, "data": json.dumps(spell_nonfinite(found.data), ensure_ascii=False),
        },
    )  # fmt: skip
    scores = [
        {"eval_id": number, **{name: getattr(row, name) for name in _SCORE.names if name != "eval_id"}}
        for row in found.scores
    ]
    transaction.insert("score", pa.Table.from_pylist(scores, schema=_SCORE))
    items = [
        {
            "eval_id": number, "item": row.id, "correct": row.correct, "pred": row.pred, "lls": row.lls,
            "answer": row.answer, "scores": json.dumps(spell_nonfinite(row.scores)), "nats": row.nats,
            "tokens": row.tokens, "kl": row.kl, "leaked": row.leaked,
        }
        for row in found.items
    ]  # fmt: skip
    transaction.insert("item_result", pa.Table.from_pylist(items, schema=_ITEM))


def _forget(transaction: Transaction, which: str, values: dict[str, Any]) -> None:
    for table in ("score", "item_result"):
        transaction.execute(_FORGET.format(table=table, which=which), values)
    transaction.execute(f"DELETE FROM eval_run WHERE {which}", values)


def _put_texts(transaction: Transaction, suite: str, rows: list[dict[str, Any]]) -> None:
    known = transaction.rows("SELECT 1 FROM eval_item WHERE suite_sha256 = $suite LIMIT 1", {"suite": suite})
    if not known:
        transaction.insert("eval_item", pa.Table.from_pylist(rows, schema=_TEXT))


def _text_row(found: Evaluation, place: int, text: Any) -> dict[str, Any]:
    return {
        "suite_sha256": found.suite_sha256, "item": text.id, "place": place, "lang": text.lang,
        "category": text.category, "question": text.question, "reference": text.reference, "choices": text.choices,
        "gold": text.gold,
    }  # fmt: skip


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 6), UTC).replace(tzinfo=None)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
