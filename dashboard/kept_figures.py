"""Figures of runs that have not changed since they were read: a list of hundreds costs what its few live runs do."""

import threading
from typing import Any

from dashboard.queries.runs import figures
from store.database import Store

__all__ = ["KeptFigures"]

Row = dict[str, Any]


class KeptFigures:
    """Of one store, for all viewers; two that ask at once cost one query."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, tuple[Any, Row]] = {}

    def joined(self, store: Store, rows: list[Row]) -> list[Row]:
        """The rows of `queries.runs.runs`, each with its figures; read are those of rows that say something new.

        Raises StoreError.
        """
        with self._lock:
            stale = {row["id"]: _stamp(row) for row in rows if self._stamp_known(row["id"]) != _stamp(row)}
            for found in figures(store, list(stale)):
                run_id = found.pop("id")
                self._known[run_id] = (stale[run_id], found)
            return [row | self._known[row["id"]][1] for row in rows if row["id"] in self._known]

    def _stamp_known(self, run_id: int) -> Any:
        return self._known[run_id][0] if run_id in self._known else None


def _stamp(row: Row) -> Any:
    """What changes whenever a figure may have: values come with a heartbeat, checkpoints say when they changed."""
    return tuple(row[name] for name in ("name", "created", "heartbeat", "last_step", "status", "changed"))
