"""Columns of figures as short as they can be sent: in single precision, where that holds them."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportCallIssue=false, reportArgumentType=false

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["floats", "single"]


def floats(table: pa.Table, column: str) -> Any:
    """A column of a table; see `single`."""
    return single(table[column])


def single(figures: Any) -> Any:
    """Figures in half their bytes, which is enough for a line; all of them as they are where one would become infinite
    or nothing. A perplexity of 1e39 would take the axis with it, a probability of 1e-50 that of a logarithmic scale.

    >>> [str(single(figures).type) for figures in ([1.5, None], [1e39, 1.0], [0.0, 1e-50], [])]
    ['float', 'double', 'double', 'float']
    """
    whole: Any = figures if isinstance(figures, pa.ChunkedArray) else pa.array(figures, pa.float64())
    short = whole.cast(pa.float32())
    is_held = pc.and_(
        pc.equal(pc.is_finite(short), pc.is_finite(whole)), pc.equal(pc.equal(short, 0.0), pc.equal(whole, 0.0))
    )
    return short if pc.all(is_held, min_count=0).as_py() else whole
