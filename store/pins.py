"""What must not be deleted, and what holds it."""

from typing import NamedTuple

from store.clock import utc_now
from store.database import Store, Transaction

__all__ = ["HOLDER", "Pin", "held", "hold", "holders_of_run", "let_go", "named_holders", "pin", "release"]

HOLDER = """
coalesce(CASE pin.holder_kind
    WHEN 'proposal' THEN (SELECT max(candidate) FROM proposal p WHERE CAST(p.id AS VARCHAR) = pin.holder)
    WHEN 'approval' THEN (SELECT max(nullif(u.name, '')) FROM approval a JOIN "user" u ON u.id = a.user_id
                          WHERE CAST(a.id AS VARCHAR) = pin.holder)
    WHEN 'release' THEN (SELECT max(concat(r.environment, ' v', r.version)) FROM release r
                         WHERE CAST(r.id AS VARCHAR) = pin.holder)
END, pin.holder)
"""
"""In SQL, what people call the holder of a row of `pin`: those of the gate are kept by their numbers."""


class Pin(NamedTuple):
    """One hold."""

    target: str
    """Path relative to the store's root, or a digest."""

    holder_kind: str
    """run, campaign, proposal, approval or release."""

    holder: str
    """Its name; of a proposal, an approval and a release its number."""


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


def named_holders(store: Store, run_id: int) -> list[str]:
    """A phrase for each thing of a run and what holds it now, as people know it: `triage/… by release prod v2`."""
    rows = store.rows(_NAMED, {"run_id": run_id})
    return [f"{row['target']} by {SAID.get(row['kind'], row['kind'])} {row['name']}" for row in rows]


SAID = {"approval": "the approval of", "proposal": "the proposal of"}
"""Kinds of holders in a sentence, where the word alone does not do."""

_NAMED = f"""
SELECT DISTINCT target, holder_kind AS kind, {HOLDER} AS name FROM pin WHERE released IS NULL AND run_id = $run_id
ORDER BY target, kind, name
"""

_SAME = "target = $target AND holder = $holder AND holder_kind = $holder_kind"


def _pins(store: Store, where: str, params: dict[str, object]) -> list[Pin]:
    rows = store.rows(
        f"SELECT target, holder_kind, holder FROM pin WHERE released IS NULL AND {where} ORDER BY created, holder",
        params,
    )
    return [Pin(row["target"], row["holder_kind"], row["holder"]) for row in rows]
