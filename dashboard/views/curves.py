"""Run · Curves: the figures of the moment, the loss with all that happened to it, and every other metric."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard import cached, widgets
from dashboard.charts.loss import ZOOM, LossData, loss_chart
from dashboard.language import t, words
from dashboard.panels import Panel
from dashboard.queries.curves import Span
from dashboard.queries.run import CARDS
from dashboard.tables import between
from dashboard.texts import TEXTS
from dashboard.views import exports, figures, metrics
from dashboard.words import count
from store.series import Series

__all__ = ["show"]

LOSSES = ("loss", "val_loss")
SINGLE = ("grad_norm", "lr", "tokens_per_s")
BUCKETS = 400
"""Points of the loss chart at the most, but for short runs, which are drawn step by step."""

SMOOTH = {"none": 0.0, "light": 0.01, "strong": 0.05}
"""Smoothing as a share of the run's length."""

Run = dict[str, Any]


def show(run: Run) -> None:
    """The whole view of a run."""
    path, stamp = cached.store_path(), run["heartbeat"]
    names = cached.metric_names(path, run["id"], stamp)
    if not names:
        widgets.notice(t("run.waiting"))
        return
    widgets.cards(figures.figure_cards(cached.figures(path, run["id"], run["last_step"], stamp)))
    if set(names) & set(LOSSES):
        _loss(run, tuple(name for name in LOSSES if name in names))
    else:
        widgets.notice(t("curves.no_loss"))
    metrics.draw(run, [Panel("", t(f"metric.{name}"), {name: name}) for name in SINGLE if name in names])
    metrics.others(run, [name for name in names if name not in CARDS])


def _loss(run: Run, names: tuple[str, ...]) -> None:
    span = metrics.span()
    log, smooth = _controls(run, span)
    series = cached.curves(cached.store_path(), run["id"], names, span, BUCKETS, run["heartbeat"])
    chart = loss_chart(
        _loss_data(run, series, span), _chart_words(), widgets.look(),
        span=metrics.ends(span), log=log, smooth=smooth,
    )  # fmt: skip
    # A new range is a new chart: the old one's brush would lie over all of it.
    key = f"loss-{run['id']}-{span.first}-{span.last}"
    st.altair_chart(
        chart,
        theme=None,
        key=key,
        on_select=lambda: _zoom(key),
        selection_mode=ZOOM,
        alt=t("curves.alt", name=run["name"]),
    )
    _caption(series, smooth)
    with st.container(horizontal=True, gap="small", key="a-exports"):
        exports.buttons(run, names, span, chart)


def _chart_words() -> dict[str, str]:
    chart = {key: t(key) for key in TEXTS if key.startswith(("checkpoint.", "mark."))}
    return words("curves.") | chart | {"step": t("curves.at_step"), "branch": t("curves.of_branch")}


def _controls(run: Run, span: Span) -> tuple[bool, float]:
    """Scale, smoothing and the way back from a zoom. Returns whether the scale is logarithmic, and the
    smoothing in steps.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-controls"):
        scale = st.segmented_control(
            t("curves.scale"), ["linear", "log"], key="scale", default="linear", required=True,
            label_visibility="collapsed", format_func=lambda key: t(f"curves.{key}"), bind="query-params",
        )  # fmt: skip
        st.html(f'<span class="a-facts">{t("curves.smooth")}</span>', width="content")
        smooth = st.segmented_control(
            t("curves.smooth"), list(SMOOTH), key="smooth", default="light", required=True,
            label_visibility="collapsed", format_func=lambda key: t(f"curves.smooth.{key}"), bind="query-params",
        )  # fmt: skip
        if span.first is not None and span.last is not None:
            st.button(t("curves.reset"), key="reset", on_click=_show_all)
            shown = t("curves.range", first=count(span.first), last=count(span.last))
            st.html(f'<span class="a-facts">{shown}</span>', width="content")
    return scale == "log", round(SMOOTH[smooth or "none"] * (run["last_step"] or 0))


def _zoom(key: str) -> None:
    chosen = st.session_state[key]["selection"].get(ZOOM, {}).get("step")
    if not chosen:
        return
    first, last = max(0, int(min(chosen))), int(max(chosen)) + 1
    st.query_params["first"], st.query_params["last"] = str(first), str(last)


def _show_all() -> None:
    for name in ("first", "last"):
        st.query_params.pop(name, None)


def _loss_data(run: Run, series: Series, span: Span) -> LossData:
    path, stamp = cached.store_path(), run["heartbeat"]
    forks = pa.Table.from_pylist(
        [{"step": row["fork_step"], "label": _fork_words(row)} for row in cached.forks(path, run["id"], stamp)],
        schema=pa.schema([("step", pa.int64()), ("label", pa.string())]),
    )
    return LossData(
        series.points,
        series.marks.select(["step", "kind"]),
        _within(cached.checkpoints(path, run["id"], stamp).select(["step", "state"]), span),
        _within(forks, span),
    )


def _within(table: pa.Table, span: Span) -> pa.Table:
    if span.first is None or span.last is None:
        return table
    return between(table, "step", span.first, span.last)


def _fork_words(fork: Mapping[str, Any]) -> str:
    key = f"fork.{fork['reason']}"
    return t(key if key in TEXTS else "fork.other", step=count(fork["fork_step"]), reason=fork["reason"])


def _caption(series: Series, smooth: float) -> None:
    parts = [t("curves.raw") if series.width == 1 else t("curves.bucket", width=count(series.width))]
    if smooth:
        parts.append(t("curves.smoothed", steps=count(int(smooth))))
    st.html(f'<p class="a-caption">{" · ".join([*parts, t("curves.brush")])}</p>')
