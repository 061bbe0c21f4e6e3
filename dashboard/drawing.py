"""Charts on a page: what does not change from one refresh to the next is neither made nor checked again."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

import altair as alt
import pyarrow as pa
import streamlit as st

from dashboard.charts.recipe import written

__all__ = ["draw", "draw_kept"]

KEPT = 512
"""Charts kept with their data, at most; a live one has tens of kilobytes."""

UNASKED = 60.0
"""Seconds after which a chart is kept no longer that nobody asked for: a page that is open asks each few seconds."""

_kept: OrderedDict[Hashable, tuple[float, tuple[str, dict[str, bytes]]]] = OrderedDict()
"""With when it was asked for last, the longest ago first."""

_lock = Lock()


def draw(chart: alt.LayerChart, **options: Any) -> None:
    """Show a chart; `options` are those of `st.altair_chart`, which has each chart checked against all of Vega-Lite."""
    _show(*_written(chart), options)


def draw_kept(same: Hashable, make: Callable[[], alt.LayerChart], **options: Any) -> None:
    """Show the chart that `make` makes, unless one was made for an equal `same`: then that one again."""
    with _lock:
        known = _kept.get(same)
    found = _written(make()) if known is None else known[1]
    now = time.monotonic()
    with _lock:
        _kept[same] = now, found
        _kept.move_to_end(same)
        while len(_kept) > KEPT or next(iter(_kept.values()))[0] < now - UNASKED:
            _kept.popitem(last=False)
    _show(*found, options)


def _written(chart: alt.LayerChart) -> tuple[str, dict[str, bytes]]:
    """A specification, and its tables as they are sent: Streamlit would make these bytes anew at each refresh."""
    spec, tables = written(chart)
    return spec, {name: _sent(table) for name, table in tables.items()}


def _sent(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.RecordBatchStreamWriter(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _show(spec: str, tables: dict[str, bytes], options: dict[str, Any]) -> None:
    # A specification of its own: Streamlit writes into it.
    st.vega_lite_chart(  # pyright: ignore[reportUnknownMemberType] - an overload takes pyarrow arrays of any type
        None, {**json.loads(spec), "datasets": tables}, theme=None, **options
    )
