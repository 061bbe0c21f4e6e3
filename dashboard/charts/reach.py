"""The steps that a point of a chart stands for, as it says them."""

import pyarrow as pa

from dashboard.tables import values

__all__ = ["REACH", "is_wide"]

REACH = "format(datum.step, ',d') + (datum.step_last > datum.step ? ' – ' + format(datum.step_last, ',d') : '')"
"""Words of the columns step and step_last, put together in the browser: sent, they would be half of all that is."""


def is_wide(table: pa.Table) -> bool:
    """Whether a point stands for more than one step."""
    return any(last > first for first, last in zip(values(table, "step"), values(table, "step_last"), strict=True))
