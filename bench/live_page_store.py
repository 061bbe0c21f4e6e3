"""The store of `bench.live_page`: one very long run, as the trainer records it, among two hundred ordinary ones."""

import json
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from store.clock import utc_now
from store.database import Statement, Store, Transaction
from store.spans import Touched, close_spans, open_spans, put_spans

__all__ = ["LONG", "NAMES", "RARE_NAMES", "SPIKES", "STEP_NAMES", "begin", "fill", "pieces", "values_of"]

LONG = "long"
"""Name of the run with very many steps."""

SPIKES = 12
"""Steps at which the loss of a run jumps for one step."""

STEP_NAMES = (
    "loss", "grad_norm", "lr", "tokens_per_s", "step_seconds", "memory_bytes", "tokens", "epoch", "loss/facts",
    "loss/triage",
    *(
        f"group/{group}/{what}"
        for group in ("embed", "first", "middle", "last", "head")
        for what in ("grad_norm", "update_rms", "rms_t")
    ),
)  # fmt: skip
"""What `trainer.train` records of each step, for two sources of data and all five groups of layers."""

RARE_NAMES = {"val_loss": 1000, "system/cpu_percent": 100, "system/memory_bytes": 100}
"""What it records now and then, and how many steps apart."""

NAMES = (*STEP_NAMES, *RARE_NAMES)
"""All metrics, in the order of their numbers, from 1."""

CHUNK_VALUES = 1_000_000
STEP_TIME = timedelta(milliseconds=50)
CHECKPOINTS = 40

Array = np.ndarray[Any, Any]


def fill(store: Store, steps: int, runs: int, run_steps: int) -> None:
    """Make the store: `runs` ended runs of `run_steps` each, then the long one of `steps`, under way."""
    begin(store)
    lengths = dict.fromkeys(range(1, runs + 1), run_steps) | {runs + 1: steps}
    for number, length in lengths.items():
        deque(pieces(store, number, length, CHUNK_VALUES // len(STEP_NAMES), ended=number <= runs), maxlen=0)


def begin(store: Store) -> None:
    """Make a store that knows the names and holds nothing."""
    store.create()
    names = pa.table({"id": pa.array(range(1, len(NAMES) + 1), pa.int32()), "name": list(NAMES)})
    store.transaction(lambda tx: tx.insert("metric_name", names))


def pieces(store: Store, number: int, steps: int, chunk: int, *, ended: bool) -> Iterator[int]:
    """Put a run into the store, `chunk` steps at a time, and say after each the last step that is in."""
    began = utc_now() - STEP_TIME * steps - timedelta(hours=0 if not ended else number)
    for first in range(1, steps + 1, chunk):
        last = min(first + chunk - 1, steps)
        # In the order of steps, as spools bring them: a rare metric lies between all the others.
        table = pa.concat_tables(_tables(number, first, last, steps, began)).sort_by("step")
        store.transaction(lambda tx, table=table, steps=range(first, last + 1): _put(tx, number, table, steps))
        yield last
    store.transact(_facts(number, steps, began, ended=ended))
    if ended:
        store.transaction(lambda tx: close_spans(tx, [number]))


def _put(transaction: Transaction, number: int, table: pa.Table, steps: range) -> None:
    """What loading does with the values of a spool."""
    transaction.insert("metric", table)
    touched = Touched()
    touched.add([1] * len(steps), list(range(1, len(NAMES) + 1)), steps)
    put_spans(transaction, number, touched, open_spans(transaction, number))


def _facts(number: int, steps: int, began: datetime, *, ended: bool) -> Iterator[Statement]:
    """The rows of a run beside its values."""
    until = began + STEP_TIME * steps
    row = {
        "id": number, "name": f"run-{number:03d}" if ended else LONG, "status": "finished" if ended else "running",
        "began": began, "until": until if ended else utc_now(), "ended": until if ended else None, "steps": steps,
        "total": steps if ended else 2 * steps, "provenance": "{}", "tags": ["lora", f"seed-{number % 5}"],
        "project": ("triage", "handbook", "legal")[number % 3],
    }  # fmt: skip
    yield Statement(_RUN, row)
    yield Statement("INSERT INTO branch VALUES ($id, 1, NULL, -1, 'start', $began, '{}')", _some(row, "id", "began"))
    every = max(1, steps // (CHECKPOINTS if not ended else 5))
    for step in range(every, steps + 1, every):
        known = json.dumps({"update": step, "val_loss": float(_loss(np.asarray(step), steps, number)) + 0.05})
        place = {"id": number, "step": step, "path": f"{row['name']}/checkpoints/{step}", "time": began, "data": known}
        yield Statement(_CHECKPOINT, place)


def _some(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _tables(number: int, first: int, last: int, steps: int, began: datetime) -> Iterator[pa.Table]:
    """Values of a range of steps: what every step records, then what is recorded rarely."""
    values = values_of(np.arange(first, last + 1), steps, number)
    ids = np.arange(1, len(STEP_NAMES) + 1)
    yield _rows(number, np.tile(ids, last - first + 1), np.repeat(np.arange(first, last + 1), len(ids)), values, began)
    for place, (_, every) in enumerate(RARE_NAMES.items(), len(STEP_NAMES) + 1):
        at = np.arange(-(-first // every) * every, last + 1, every)
        yield _rows(number, np.full(len(at), place), at, _loss(at, steps, number) + 0.05, began)


def _rows(number: int, ids: Array, at: Array, values: Array, began: datetime) -> pa.Table:
    times = np.datetime64(began, "us") + at * np.timedelta64(STEP_TIME)
    return pa.table(
        {
            "run_id": pa.array(np.full(len(at), number, np.int32)),
            "branch": pa.array(np.ones(len(at), np.int32)),
            "metric_id": pa.array(ids.astype(np.int32)),
            "step": pa.array(at.astype(np.int64)),
            "value": pa.array(values.ravel().astype(np.float64)),
            "time": pa.array(times.astype("datetime64[us]")),
        }
    )


def values_of(at: Array, steps: int, number: int = 0) -> Array:
    """A row a step, a column a name of `STEP_NAMES`: curves that fall, with noise, of a run of `steps`."""
    noise = np.random.default_rng((number, int(at[0]))).lognormal(0, 0.1, (len(at), len(STEP_NAMES)))
    loss = _loss(at, steps, number)
    spikes = np.isin(at, _spikes(steps, number))
    columns = {
        "loss": loss + 6.0 * spikes, "grad_norm": 0.4 + 4.0 * spikes, "lr": 1e-4 * (1 - at / (2 * steps + 1)),
        "tokens_per_s": np.full(len(at), 9000.0), "step_seconds": np.full(len(at), 0.05),
        "memory_bytes": np.full(len(at), 8e9), "tokens": at * 450.0, "epoch": at / 9000, "loss/facts": loss - 0.2,
        "loss/triage": loss + 0.2,
    }  # fmt: skip
    exact = ("lr", "memory_bytes", "tokens", "epoch")
    for place, name in enumerate(STEP_NAMES):
        column = columns.get(name, 0.1)
        noise[:, place] = column if name in exact else noise[:, place] * column
    return noise


def _loss(at: Array, steps: int, number: int) -> Array:
    return 1.2 + 0.1 * (number % 7) + 1.8 * np.exp(-4.0 * at / steps)


def _spikes(steps: int, number: int) -> Array:
    return np.random.default_rng(number).choice(np.arange(1, steps + 1), min(SPIKES, steps), replace=False)


_RUN = """
INSERT INTO run (id, name, project, stage, status, created, ended, heartbeat, total_steps, first_step, last_step,
                 provenance, tags, starred, archived)
VALUES ($id, $name, $project, 'sft', $status, $began, $ended, $until, $total, 1, $steps,
        $provenance, $tags, false, false)
"""

_CHECKPOINT = """
INSERT INTO checkpoint (run_id, branch, step, state, path, created, changed, bytes, data)
VALUES ($id, 1, $step, 'stable', $path, $time, $time, 13451368, $data)
"""
