"""Result files of evaluations become rows of the store, each once; another result of a key replaces the one before.

Numbers of rows say in which order they were loaded and nothing else: which result is newer says `created`.
"""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from assay.spool import spell_nonfinite
from store.database import Store, Transaction
from store.evaluations import Evaluation, ItemText, evaluation_files, read_file, read_items

__all__ = ["EvalLoader", "forget_run"]

_SCORE = pa.schema(
    [
        ("metric", pa.string()), ("category", pa.string()), ("clean", pa.bool_()),
        ("versus", pa.string()), ("value", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
        ("n", pa.int32()), ("signature", pa.string()),
    ]
)  # fmt: skip

_ITEM = pa.schema(
    [
        ("item", pa.string()), ("correct", pa.bool_()), ("pred", pa.int32()),
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

_STORED = """
SELECT e.key, r.name AS run, e.branch, e.step, e.artifact, e.base, e.model, e.suite, e.suite_sha256, e.measures, e.kind,
       e.scorer, e.n, e."of", e.created, e.seconds, CAST(e.data AS VARCHAR) AS data
FROM eval_run e LEFT JOIN run r ON r.id = e.run_id WHERE e.key = $key
"""

_STORED_SCORES = f"""
SELECT {", ".join(f"s.{name}" for name in _SCORE.names)} FROM score s JOIN eval_run e ON e.id = s.eval_id
WHERE e.key = $key ORDER BY s.rowid
"""

_STORED_ITEMS = f"""
SELECT {", ".join(f"CAST(i.{name} AS VARCHAR) AS {name}" if name == "scores" else f"i.{name}" for name in _ITEM.names)}
FROM item_result i JOIN eval_run e ON e.id = i.eval_id WHERE e.key = $key ORDER BY i.rowid
"""

_FORGET = "DELETE FROM {table} WHERE eval_id IN (SELECT id FROM eval_run WHERE {which})"

SOON = 5.0
"""Seconds after its end within which a result is written."""

_log = logging.getLogger(__name__)


class _Rows(NamedTuple):
    """One result as rows, without the number that only the store can give."""

    values: dict[str, Any]
    scores: pa.Table
    items: pa.Table
    texts: pa.Table


class EvalLoader:
    """Loads the result files of one store again and again, remembering which it has seen."""

    def __init__(self, store: Store) -> None:
        """Nothing is read before `load`."""
        self._store = store
        self._seen: dict[Path, int] = {}
        self._waiting: dict[Path, tuple[int, str]] = {}

    def load(self) -> int:
        """Load what is new, and return how many that were. Raises StoreError, duckdb.Error."""
        changed = {path: stamp for path in evaluation_files(self._store.root) if (stamp := _stamp(path))}
        fresh = [path for path, stamp in changed.items() if self._seen.get(path) != stamp]
        if not fresh or not self._store.exists:
            return 0
        runs = {row["name"] for row in self._store.rows("SELECT name FROM run")}
        written = {row["key"]: _seconds(row) for row in self._store.rows("SELECT key, created, seconds FROM eval_run")}
        ready: dict[Path, _Rows] = {}
        for path in fresh:
            stamp, run = self._waiting.get(path, (0, ""))
            if stamp == changed[path] and run not in runs:
                continue
            # A result that was written when the store says so is that one: it need not be read.
            known = written.get(path.stem)
            rows = None if known is not None and abs(changed[path] / 1e9 - known) < SOON else self._rows(path)
            if rows is None or (known is not None and _is_stored(self._store, rows)):
                self._seen[path] = changed[path]
            elif rows.values["run"] is None or rows.values["run"] in runs:
                ready[path] = rows
            else:
                # Its run is not loaded yet, and may never be: it is not read again before that.
                self._waiting[path] = (changed[path], rows.values["run"])
        if ready:
            self._store.transaction(lambda transaction: [_put(transaction, rows) for rows in ready.values()])
        self._seen |= {path: changed[path] for path in ready}
        return len(ready)

    def _rows(self, path: Path) -> _Rows | None:
        """What a result file says; None where it is none, which is told."""
        try:
            found = read_file(path)
            return _as_rows(found, read_items(self._store.root, found.suite_sha256))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, pa.ArrowException) as error:
            said = str(error).partition("\n")[0] or type(error).__name__
            _log.warning("%s is no whole result of an evaluation and is left alone: %s", path, said)
            return None


def forget_run(transaction: Transaction, run_id: int) -> list[str]:
    """Delete the evaluations of a run; returns their keys, whose files are to go as well."""
    keys = [row["key"] for row in transaction.rows("SELECT key FROM eval_run WHERE run_id = $id", {"id": run_id})]
    _forget(transaction, "run_id = $id", {"id": run_id})
    return keys


def _is_stored(store: Store, rows: _Rows) -> bool:
    """Whether the store has just this result: a copied file has another time, and the same content."""
    key = {"key": rows.values["key"]}
    stored = (store.rows(_STORED, key), store.rows(_STORED_SCORES, key), store.rows(_STORED_ITEMS, key))
    # By their words: a NaN is no other than itself.
    return repr(stored) == repr(([rows.values], rows.scores.to_pylist(), rows.items.to_pylist()))


def _put(transaction: Transaction, rows: _Rows) -> None:
    _forget(transaction, "key = $key", {"key": rows.values["key"]})
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM eval_run")[0]["id"]
    transaction.execute(_INSERT, {"id": number, **rows.values})
    for table, part in (("score", rows.scores), ("item_result", rows.items)):
        ids = pa.array([number] * part.num_rows, pa.int32())
        transaction.insert(table, part.append_column("eval_id", ids))
    suite = {"suite": rows.values["suite_sha256"]}
    if not transaction.rows("SELECT 1 FROM eval_item WHERE suite_sha256 = $suite LIMIT 1", suite):
        transaction.insert("eval_item", rows.texts)


def _as_rows(found: Evaluation, texts: Sequence[ItemText]) -> _Rows:
    values = {
        "key": found.key, "run": found.run, "branch": found.branch, "step": found.step, "artifact": found.artifact,
        "base": found.base, "model": found.model, "suite": found.suite, "suite_sha256": found.suite_sha256,
        "measures": found.measures, "kind": found.kind, "scorer": found.scorer, "n": len(found.items),
        "of": int(found.of), "created": _moment(found.created), "seconds": float(found.seconds),
        "data": json.dumps(spell_nonfinite(found.data), ensure_ascii=False),
    }  # fmt: skip
    scores = [{name: getattr(row, name) for name in _SCORE.names} for row in found.scores]
    items = [
        {
            "item": row.id, "correct": row.correct, "pred": row.pred, "lls": row.lls, "answer": row.answer,
            "scores": json.dumps(spell_nonfinite(row.scores)), "nats": row.nats, "tokens": row.tokens, "kl": row.kl,
            "leaked": row.leaked,
        }
        for row in found.items
    ]  # fmt: skip
    asked = [
        {
            "suite_sha256": found.suite_sha256, "item": text.id, "place": place, "lang": text.lang,
            "category": text.category, "question": text.question, "reference": text.reference,
            "choices": text.choices, "gold": text.gold,
        }
        for place, text in enumerate(texts)
    ]  # fmt: skip
    tables = ((scores, _SCORE), (items, _ITEM), (asked, _TEXT))
    return _Rows(values, *(pa.Table.from_pylist(rows, schema=schema) for rows, schema in tables))


def _forget(transaction: Transaction, which: str, values: dict[str, Any]) -> None:
    for table in ("score", "item_result"):
        transaction.execute(_FORGET.format(table=table, which=which), values)
    transaction.execute(f"DELETE FROM eval_run WHERE {which}", values)


def _seconds(row: dict[str, Any]) -> float:
    """When a result that the store has was written, in seconds since 1970."""
    return row["created"].replace(tzinfo=UTC).timestamp() + row["seconds"]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 6), UTC).replace(tzinfo=None)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
