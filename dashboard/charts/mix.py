"""How much of what is read came from each source, over the steps: the lines of a small chart."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pyarrow as pa

__all__ = ["shares"]

Row: TypeAlias = Mapping[str, Any]

_POINTS = pa.schema(
    [
        ("metric", pa.string()), ("branch", pa.int32()), ("active", pa.bool_()), ("step", pa.int64()),
        ("step_last", pa.int64()), *((name, pa.float64()) for name in ("min", "max", "last")),
    ]
)  # fmt: skip


def shares(rows: Iterable[Row], unknown: str) -> pa.Table:
    """Points of a small chart out of the rows of `queries.data.mix`: the percent of each source, 0 where it gave
    nothing; `unknown` is what a source is called that is not recorded.

    >>> shares(
    ...     [
    ...         {"step": 1, "step_last": 4, "source": "a", "samples": 3},
    ...         {"step": 1, "step_last": 4, "source": None, "samples": 1},
    ...     ],
    ...     "?",
    ... )["last"].to_pylist()
    [75.0, 25.0]
    """
    moments: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        moments[row["step"], row["step_last"]][row["source"] or unknown] += row["samples"]
    names = list(dict.fromkeys(name for given in moments.values() for name in given))
    points = [
        {"metric": name, "branch": 1, "active": True, "step": step, "step_last": last}
        | dict.fromkeys(("min", "max", "last"), 100 * given.get(name, 0) / sum(given.values()))
        for (step, last), given in sorted(moments.items())
        for name in names
    ]
    return pa.Table.from_pylist(points, schema=_POINTS)
