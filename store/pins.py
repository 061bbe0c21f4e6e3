"""What must not be deleted, and what holds it."""

from typing import NamedTuple

from store.clock import utc_now
from store.database import Store, Transaction

__all__ = ["Pin", "held", "hold", "holders_of_run", "let_go", "pin", "release"]


class Pin(NamedTuple):
    """One hold."""

    target: str
    """Path relative to the store's root, or a digest."""

    holder_kind: str
    """run, campaign, approval or release."""

    holder: str
    """Its name."""


def pin(store: Store, target: str, *, target_kind: str, run_id: int | None, holder: str, holder_kind: str) -> None:
    """Hold something; twice by the same holder is once. Raises StoreError."""

    def put(transaction: Transaction) -> None:
        hold(transaction, target, target_kind=target_kind, run_id=run_id, holder=holder, holder_kind=holder_kind)

    store.transaction(put)


def hold(
    transaction: Transaction, target: str, *, target_kind: str, run_id: int | None, holder: str, holder_kind: str
) -> None:
    """`pin` inside a transaction."""
    key = {"target": target, "holder": holder, "holder_kind": holder_kind}
    if transaction.read(f"SELECT 1 FROM pin WHERE {_SAME} AND released IS NULL", key).num_rows:
        return
    transaction.execute(
        "INSERT INTO pin VALUES ($target, $target_kind, $run_id, $holder, $holder_kind, $created, NULL)",
        {**key, "target_kind": target_kind, "run_id": run_id, "created": utc_now()},
    )


def release(store: Store, target: str, *, holder: str, holder_kind: str) -> None:
    """Let go of something; nothing happens where this holder does not hold it. Raises StoreError."""
    values = {"target": target, "holder": holder, "holder_kind": holder_kind, "now": utc_now()}

    def mark(transaction: Transaction) -> None:
        transaction.execute(f"UPDATE pin SET released = $now WHERE {_SAME} AND released IS NULL", values)

    store.transaction(mark)


def let_go(transaction: Transaction, *, holder: str, holder_kind: str) -> list[str]:
    """Let go of everything this holder holds; what that was."""
    values = {"holder": holder, "holder_kind": holder_kind}
    where = "holder = $holder AND holder_kind = $holder_kind AND released IS NULL"
    found = transaction.rows(f"SELECT target FROM pin WHERE {where} ORDER BY target", values)
    transaction.execute(f"UPDATE pin SET released = $now WHERE {where}", {**values, "now": utc_now()})
    return [row["target"] for row in found]


def held(store: Store, target: str) -> list[Pin]:
    """Who holds one thing now."""
    return _pins(store, "target = $target", {"target": target})


def holders_of_run(store: Store, run_id: int) -> list[Pin]:
    """Everything of a run that something else holds now."""
    return _pins(store, "run_id = $run_id", {"run_id": run_id})


_SAME = "target = $target AND holder = $holder AND holder_kind = $holder_kind"


def _pins(store: Store, where: str, params: dict[str, object]) -> list[Pin]:
    rows = store.rows(
        f"SELECT target, holder_kind, holder FROM pin WHERE released IS NULL AND {where} ORDER BY created, holder",
        params,
    )
    return [Pin(row["target"], row["holder_kind"], row["holder"]) for row in rows]
