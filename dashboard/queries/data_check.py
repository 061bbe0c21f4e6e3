"""What was asked of the data of runs: checks that wait, that are made, and that were."""

from typing import Any

from store.clock import utc_now
from store.database import Store, Transaction
from store.requests import SERVER

__all__ = ["STOPPED", "asked", "give_up", "unfinished", "untaken"]

STOPPED = "the dashboard was stopped before the check ended"
"""Why there is no result where the server is gone that made it."""


def asked(store: Store, run_id: int) -> dict[str, Any] | None:
    """The newest check that was asked for: id, actor, created, taken, done, result; None without one.

    Raises StoreError.
    """
    rows = store.rows(_ASKED, {"run_id": run_id, "kinds": list(SERVER)})
    return rows[0] if rows else None


def untaken(store: Store) -> dict[str, int]:
    """Numbers of the runs for which checks wait, by name, in the order they were asked for. Raises StoreError."""
    return {row["name"]: row["id"] for row in store.rows(_UNTAKEN, {"kinds": list(SERVER)})}


def unfinished(store: Store) -> bool:
    """Whether any check waits, or was taken and has no answer. Raises StoreError."""
    return bool(store.rows(_UNFINISHED, {"kinds": list(SERVER)}))


def give_up(store: Store) -> None:
    """Answer checks that were taken by a server that is gone; for the one that may take them now. Raises StoreError."""
    values = {"kinds": list(SERVER), "now": utc_now(), "said": f"not checked: {STOPPED}"}

    def answer(transaction: Transaction) -> None:
        transaction.execute(_GIVE_UP, values)

    if store.rows(f"{_UNFINISHED} AND taken IS NOT NULL", {"kinds": list(SERVER)}):
        store.transaction(answer)


_ASKED = """
SELECT id, actor, created, taken, done, result FROM request
WHERE run_id = $run_id AND list_contains($kinds, kind) ORDER BY id DESC LIMIT 1
"""

_UNTAKEN = """
SELECT r.name, r.id FROM request q JOIN run r ON r.id = q.run_id
WHERE list_contains($kinds, q.kind) AND q.taken IS NULL ORDER BY q.id
"""

_UNFINISHED = "SELECT 1 FROM request WHERE list_contains($kinds, kind) AND done IS NULL"

_GIVE_UP = """
UPDATE request SET done = $now, result = $said
WHERE list_contains($kinds, kind) AND taken IS NOT NULL AND done IS NULL
"""
