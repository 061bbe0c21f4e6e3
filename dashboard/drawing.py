"""Charts on a page: what does not change from one refresh to the next is neither made nor checked again."""

from typing import Any

import altair as alt
import streamlit as st

from dashboard.charts.recipe import parted

__all__ = ["draw"]


def draw(chart: alt.LayerChart, **options: Any) -> None:
    """Show a chart; `options` are those of `st.altair_chart`, which has each chart checked against all of Vega-Lite."""
    spec, tables = parted(chart)
    st.vega_lite_chart(  # pyright: ignore[reportUnknownMemberType] - an overload takes pyarrow arrays of any type
        None, {**spec, "datasets": tables}, theme=None, **options
    )
