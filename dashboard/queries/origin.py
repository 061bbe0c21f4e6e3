"""Where one run comes from, and what it had to say."""

import json
from typing import Any

import pyarrow as pa

from dashboard.fields import part
from store.database import Snapshot, Store

__all__ = ["SAID", "alarms", "config", "origin", "traceback"]

SAID = 100
"""Warnings listed at the most."""


def origin(store: Store, run_id: int) -> dict[str, Any]:
    """The run's `config` and `provenance`, each None where it recorded none. Raises StoreError."""
    rows = store.rows("SELECT config, provenance FROM run WHERE id = $run_id", {"run_id": run_id})
    found = rows[0] if rows else {"config": None, "provenance": None}
    return {name: None if text is None else json.loads(text) for name, text in found.items()}


def config(store: Store | Snapshot, run_id: int) -> dict[str, Any]:
    """The run's configuration alone; empty where it recorded none. Raises StoreError."""
    rows = store.rows("SELECT CAST(config AS VARCHAR) AS config FROM run WHERE id = $run_id", {"run_id": run_id})
    return part({"config": json.loads(rows[0]["config"] or "null")}, "config") if rows else {}


def alarms(store: Store, run_id: int) -> pa.Table:
    """Events that ask for a look, newest first, without tracebacks: time, kind, level, step, branch, message, data
    (JSON). Raises StoreError.
    """
    return store.read(_ALARMS, {"run_id": run_id, "most": SAID})


def traceback(store: Store, run_id: int) -> str | None:
    """The newest traceback that ended the run; None where none did. Raises StoreError."""
    rows = store.rows(_TRACEBACK, {"run_id": run_id})
    return rows[0]["message"] if rows else None


_ALARMS = """
SELECT time, kind, level, step, branch, message, CAST(data AS VARCHAR) AS data FROM event
WHERE run_id = $run_id AND level IN ('warning', 'alarm') AND kind <> 'traceback'
ORDER BY time DESC LIMIT $most
"""

_TRACEBACK = """
SELECT message FROM event WHERE run_id = $run_id AND kind = 'traceback' ORDER BY time DESC LIMIT 1
"""
