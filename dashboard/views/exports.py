"""Files of what the curves show: every value as CSV, the chart as PNG; made when they are asked for."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import altair as alt
import pyarrow.csv as pa_csv
import streamlit as st

from dashboard import cached, identity, widgets
from dashboard.charts.picture import png
from dashboard.language import t
from dashboard.queries.curves import Span
from dashboard.queries.raw import raw_values
from store.database import Store

__all__ = ["buttons"]

MIME = {"csv": "text/csv", "png": "image/png"}


def buttons(run: dict[str, Any], names: tuple[str, ...], span: Span, chart: Callable[[], alt.LayerChart]) -> None:
    """The two download buttons; names and range are those on screen, and so is what `chart` makes."""
    look = widgets.look()
    path, run_id, name = cached.store_path(), run["id"], run["name"]
    _button(t("export.csv"), t("export.csv.help"), lambda: _csv(path, run_id, names, span), f"{name}.csv")
    _button(t("export.png"), t("export.png.help"), lambda: png(chart(), look), f"{name}.png")


def _button(label: str, tip: str, make: Callable[[], bytes], file_name: str) -> None:
    st.download_button(
        label, identity.guarded("run:read", make), file_name=file_name, mime=MIME[file_name[-3:]],
        key=f"export-{file_name}", on_click="ignore", help=tip,
    )  # fmt: skip


def _csv(path: str, run_id: int, names: tuple[str, ...], span: Span) -> bytes:
    file = BytesIO()
    pa_csv.write_csv(raw_values(Store.at(path), run_id, names, span), file)
    return file.getvalue()
