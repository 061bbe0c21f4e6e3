"""The groups of layers around a spike: each value beside what it was before."""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import pyarrow as pa

from store.database import Store

__all__ = ["BEFORE", "GROUPS", "HEAT", "SIGNALS", "Stretch", "heat", "lineage_of", "ratios"]

GROUPS = ("embed", "first", "middle", "last", "head")
"""Groups of layers, from the input on, as `assay train` names them."""

SIGNALS = ("grad_norm", "update_rms", "rms_t")
"""What is recorded of each of them."""

BEFORE = 128
"""Steps before a spike whose median its values are compared with."""

HEAT = pa.schema(
    [
        ("group", pa.string()), ("step", pa.int64()), ("until", pa.int64()), ("value", pa.float64()),
        ("usual", pa.float64()), ("ratio", pa.float64()), ("power", pa.float64()), ("finite", pa.bool_()),
    ]
)  # fmt: skip
"""A row a group and step: the value, the median before the spike, their ratio and its binary logarithm."""

Row = dict[str, Any]


class Stretch(NamedTuple):
    """Steps of one branch, both ends included."""

    branch: int
    """The branch."""

    first: int
    """First step."""

    last: int
    """Last step."""


def lineage_of(branches: Sequence[Mapping[str, Any]], branch: int, first: int, last: int) -> list[Stretch]:
    """Where the steps from `first` to `last` lie for someone on a branch: on it, and before it on those it left.

    >>> rows = [{"branch": 1, "parent": None, "fork_step": -1}, {"branch": 2, "parent": 1, "fork_step": 60}]
    >>> lineage_of(rows, 2, 50, 70)
    [Stretch(branch=1, first=50, last=60), Stretch(branch=2, first=61, last=70)]
    """
    known = {row["branch"]: row for row in branches}
    found: list[Stretch] = []
    while branch in known and last >= first:
        begins = max(first, known[branch]["fork_step"] + 1)
        if begins <= last:
            found.append(Stretch(branch, begins, last))
        last = min(last, known[branch]["fork_step"])
        parent = known[branch]["parent"]
        # A branch that named itself or a later one as its parent would never end.
        branch = parent if parent is not None and parent < branch else 0
    return found[::-1]


def heat(store: Store, run_id: int, signal: str, path: Sequence[Stretch], onset: int) -> pa.Table:
    """A signal of all groups on a path, as `HEAT`: beside its `BEFORE` steps before `onset` (see `ratios`).

    Raises StoreError.
    """
    names = [f"group/{group}/{signal}" for group in GROUPS]
    ids = store.rows("SELECT id, name FROM metric_name WHERE name IN $names", {"names": names})
    if not ids or not path:
        return HEAT.empty_table()
    # Written out: only so does DuckDB skip what lies elsewhere.
    numbers = ", ".join(str(row["id"]) for row in ids)
    rows = store.rows(
        " UNION ALL ".join(
            f"SELECT metric_id, step, value FROM metric WHERE run_id = {run_id} AND metric_id IN ({numbers}) "
            f"AND branch = {part.branch} AND step BETWEEN {part.first} AND {part.last}"
            for part in path
        )
    )
    groups = {row["id"]: row["name"].split("/")[1] for row in ids}
    return ratios([{"group": groups[row["metric_id"]], **row} for row in rows], onset)


def ratios(rows: Sequence[Mapping[str, Any]], onset: int, shown: int = 40) -> pa.Table:
    """Values by `group` and `step` beside the median of those before `onset`, as `HEAT`: from `shown` steps before it
    on. A group without a finite, positive median before has no rows: there is nothing to compare with.
    """
    found: list[Row] = []
    for group in GROUPS:
        members = sorted((row for row in rows if row["group"] == group), key=lambda row: row["step"])
        before = [
            row["value"] for row in members if onset - BEFORE <= row["step"] < onset and math.isfinite(row["value"])
        ]
        usual = median(before) if before else 0.0
        if usual > 0:
            found += [_beside(row, usual) for row in members if row["step"] >= onset - shown]
    return pa.Table.from_pylist(found, schema=HEAT)


def _beside(row: Mapping[str, Any], usual: float) -> Row:
    value, finite = row["value"], math.isfinite(row["value"])
    ratio = value / usual if finite else None
    # What is 0 is less than any fraction; the scale ends long before.
    power = None if ratio is None else math.log2(ratio) if ratio > 0 else -99.0
    place = {"group": row["group"], "step": row["step"], "until": row["step"] + 1}
    return {**place, "value": value, "usual": usual, "ratio": ratio, "power": power, "finite": finite}
