"""Run · Curves: the figures of the moment, the loss with all that happened to it, and every other metric.

The figures are read each second; the charts below them less often where a second cannot be seen in them.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pyarrow as pa
import streamlit as st

from dashboard import cached, widgets
from dashboard.charts.loss import LOWEST, LossData, loss_chart
from dashboard.charts.marks import named_marks
from dashboard.language import current, t
from dashboard.panels import Panel
from dashboard.queries.curves import Curves, Span, Start
from dashboard.queries.run import CARDS
from dashboard.stamps import growth
from dashboard.tables import between, values
from dashboard.texts import TEXTS
from dashboard.views import choices, exports, figures, first_look, metrics, zoom
from dashboard.views.chart_words import chart_words
from dashboard.words import count

__all__ = ["beat", "cards", "show"]

LOSSES = ("loss", "val_loss")
SINGLE = ("grad_norm", "lr", "tokens_per_s")
SMOOTH = {"none": 0.0, "light": 0.01, "strong": 0.05}
"""Smoothing as a share of the run's length."""

CALM = 2.0
"""Seconds between two refreshes of charts that take twice as long to grow by a pixel."""

Run = dict[str, Any]


def cards(run: Run) -> None:
    """The figures of the moment; nothing of a run that has none."""
    newest = cached.figures(cached.store_path(), run)
    if newest:
        widgets.cards(figures.figure_cards(newest))


def beat(run: Run, now: float | None = None) -> float | None:
    """Seconds between two refreshes of a run's charts, `now` as they are drawn so far; None where it has ended."""
    every = widgets.beat(run)
    if every is None:
        return None
    # A pace that goes to and fro is not to make the page anew each time.
    least = CALM if now == CALM else 2 * CALM
    return max(every, CALM) if growth(run, Span()) >= least else every


def show(run: Run) -> None:
    """The charts of a run."""
    path = cached.store_path()
    names = cached.names_shown(path, run, zoom.span())
    if not names:
        widgets.notice(t("run.waiting"))
        return
    newest = cached.figures(path, run)
    losses = tuple(name for name in LOSSES if name in names)
    if losses:
        _loss(run, losses, newest)
    else:
        # There is no chart that the others would wait for.
        first_look.over()
        widgets.notice(t("curves.no_loss"))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-controls"):
            zoom.back()
    if first_look.leaves(run):
        return
    metrics.draw(run, [Panel("", t(f"metric.{name}"), {name: name}) for name in SINGLE if name in names])
    metrics.others(run, [name for name in names if name not in CARDS])


def _loss(run: Run, names: tuple[str, ...], newest: list[dict[str, Any]]) -> None:
    span = zoom.span()
    log, smooth = _controls(run)
    path, beside, look = cached.store_path(), _beside(run, span, newest), widgets.look()
    stamp = cached.stamp(path, run, span, 0)
    series = cached.curves(path, run["id"], names, span, stamp)
    before = _before(run, span, smooth, series.width) if "loss" in names else None
    # Now: a file is made where nobody knows the viewer's language.
    words, named = chart_words(), {"loss": t("curves.training"), "val_loss": t("curves.validation")}

    def made() -> alt.LayerChart:
        data = LossData(series.points, named_marks(series.marks, named), *beside, series.left_out, before)
        return loss_chart(data, words, look, span=zoom.ends(span), log=log, smooth=smooth)

    said = tuple(repr(table.to_pydict()) for table in beside)
    same = ("loss", path, run["id"], names, span, stamp, said, current(), look, log, smooth)
    zoom.kept_chart(same, made, f"loss-{run['id']}", t("curves.alt", name=run["name"]))
    _caption(series, smooth if "loss" in names else 0, log=log, zoomed=span.first is not None)
    if not first_look.leaves(run):
        with st.container(horizontal=True, gap="small", key="a-exports"):
            exports.buttons(run, names, span, made)


def _before(run: Run, span: Span, smooth: float, width: int) -> pa.Table | None:
    """What lies before a range: a smoothed line that began with it would be another one than that of all steps."""
    if span.first is None or not smooth:
        return None
    return cached.lead(cached.store_path(), run, "loss", Start(span.first, smooth, width))


def _controls(run: Run) -> tuple[bool, float]:
    """Scale, smoothing and the way back from a zoom. Returns whether the scale is logarithmic, and the
    smoothing in steps.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-controls"):
        scale = choices.one("curves.scale", "curves.", ("linear", "log"), "scale", "linear")
        st.html(f'<span class="a-facts">{t("curves.smooth")}</span>', width="content")
        smooth = choices.one("curves.smooth", "curves.smooth.", tuple(SMOOTH), "smooth", "light")
        zoom.back()
    # Two digits, or the line would be another one at each refresh, to be sent and drawn anew for nothing.
    return scale == "log", round(float(f"{SMOOTH[smooth] * (run['last_step'] or 0):.2g}"))


def _beside(run: Run, span: Span, newest: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """What the chart shows beside its lines: checkpoints, forks, and where the validation loss was lowest."""
    path = cached.store_path()
    # Of branches that began at one step the last one is told: their words would lie over each other.
    labels = {row["fork_step"]: _fork_words(row) for row in cached.forks(path, run)}
    forks = pa.Table.from_pylist(
        [{"step": step, "label": label} for step, label in labels.items()],
        schema=pa.schema([("step", pa.int64()), ("label", pa.string())]),
    )
    checkpoints = cached.checkpoints(path, run).select(["step", "state"])
    return _within(checkpoints, span), _within(forks, span), _within(_lowest(newest), span)


def _lowest(newest: list[dict[str, Any]]) -> pa.Table:
    rows = [
        {
            "step": row["lowest_step"],
            "value": row["lowest"],
            "label": t("curves.lowest_at", step=count(row["lowest_step"])),
        }
        for row in newest
        if figures.higher_since(row)
    ]
    return pa.Table.from_pylist(rows, schema=LOWEST)


def _within(table: pa.Table, span: Span) -> pa.Table:
    if span.first is None or span.last is None:
        return table
    return between(table, "step", span.first, span.last)


def _fork_words(fork: Mapping[str, Any]) -> str:
    key = f"fork.{fork['reason']}"
    return t(key if key in TEXTS else "fork.other", step=count(fork["fork_step"]), reason=fork["reason"])


def _caption(series: Curves, smooth: float, *, log: bool, zoomed: bool) -> None:
    parts = [t("curves.raw") if series.width == 1 else t("curves.bucket", width=count(series.width))]
    if smooth:
        parts.append(t("curves.smoothed", steps=count(int(smooth))))
    if log and any(value <= 0 for value in values(series.points, "min")):
        parts.append(t("curves.log.left_out"))
    hint = t("curves.brush.back" if zoomed else "curves.brush")
    # A finger scrolls the page: where there is no mouse nothing is said of a drag.
    st.html(f'<p class="a-caption">{" · ".join(parts)}<span class="a-drag"> · {hint}</span></p>')
