"""Run · Checkpoints: what was learned against what was kept, a mark a checkpoint."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import widgets
from dashboard.charts.forgetting import Pair, pair_chart
from dashboard.drawing import draw
from dashboard.language import current, t
from dashboard.metric_words import metric_name, scale, unit
from dashboard.retention import Kept
from dashboard.suites import Place, Suite
from dashboard.views import forgetting_words as words
from dashboard.views.checkpoints_scores import Asked, Learned
from dashboard.words import count

__all__ = ["pairs", "show", "spaced"]

ROOM_WIDE, ROOM_HIGH = 0.17, 0.08
"""What the words beside a mark take up, as shares of what the chart shows."""

LEARNED = "learned"
"""In the address: number of the suite of what should be learned, from 0, as the table has them."""

KEPT = "kept-of"
"""In the address: that of what should not be lost."""

Run = dict[str, Any]


def show(run: Run, known: Asked) -> None:
    """The chart; nothing where no checkpoint was asked both."""
    if not known.learned or not known.kept:
        return
    widgets.heading(t("shelf.trade"), t("shelf.trade.what"))
    with st.container(horizontal=True, gap="small", key="a-trade"):
        learned = known.learned[_chosen(LEARNED, [one.suite for one in known.learned], t("shelf.trade.choose.learned"))]
        suite, kept = known.kept[_chosen(KEPT, [suite for suite, _ in known.kept], t("shelf.trade.choose.kept"))]
    metric = metric_name(learned.metric, current())
    said = {
        "learned": f"{learned.suite.name} · {metric}, {unit(learned.metric, current())}",
        "kept": t("shelf.trade.kept", suite=suite.name), "model": t("shelf.trade.model"),
    }  # fmt: skip
    chart = pair_chart(pairs(learned, kept), said, widgets.look())
    draw(chart, key=f"trade-{run['id']}-{learned.suite.sha256}-{suite.sha256}", alt=t("shelf.trade"))


def _chosen(name: str, known: Sequence[Suite], label: str) -> int:
    """Which of some suites is shown; a choice only where there are several."""
    if len(known) == 1:
        return 0
    asked = st.query_params.get(name, "")
    st.session_state[name] = int(asked) if asked.isdecimal() and int(asked) < len(known) else 0

    def words_of(number: int) -> str:
        return f"{label}: {known[number].name}"

    st.selectbox(
        label, list(range(len(known))), key=name, width=240, label_visibility="collapsed", format_func=words_of,
        on_change=_picked, args=(name,),
    )  # fmt: skip
    return st.session_state[name]


def _picked(name: str) -> None:
    st.query_params[name] = str(st.session_state[name])


def pairs(learned: Learned, kept: list[Kept]) -> list[Pair]:
    """The marks: the base, which keeps all of it, then the checkpoints that were asked both, by step."""
    factor = scale(learned.metric)
    both = [one for one in kept if one.comparison.retention is not None and _value(learned, one.place) is not None]
    told = words.changes(both)
    marks = [
        Pair(
            place, factor * (_value(learned, one.place) or 0.0), 100 * (one.comparison.retention or 0.0),
            words.tone(one), f"{words.place(one, kept)} · {words.short(one)}",
            f"@{count(one.place[1])} {told.get(one.place, '')}".rstrip(),
        )
        for place, one in enumerate(both, 1)
    ]  # fmt: skip
    base = _value(learned, None)
    if base is not None:
        name = t("shelf.base")
        marks.insert(0, Pair(0, factor * base, 100.0, "accent", name, name))
    return spaced(marks, first={place for place, one in enumerate(both, 1) if one.place in told})


def _value(learned: Learned, place: Place | None) -> float | None:
    row = learned.scores.get(place)
    return None if row is None else row["value"]


def spaced(marks: list[Pair], first: set[int]) -> list[Pair]:
    """The marks with words beside those alone that have room: the newest, the base, the places in `first`, the rest."""
    if not marks:
        return []
    wide, high = (
        max(values) - min(values) or 1.0 for values in zip(*((m.learned, m.kept) for m in marks), strict=True)
    )
    order = sorted(
        marks, key=lambda mark: (mark is not marks[-1], mark.place > 0, mark.place not in first, -mark.place)
    )
    named: list[Pair] = []
    for mark in order:
        if not any(
            abs(mark.learned - other.learned) < ROOM_WIDE * wide and abs(mark.kept - other.kept) < ROOM_HIGH * high
            for other in named
        ):
            named.append(mark)
    places = {mark.place for mark in named}
    return [mark if mark.place in places else mark._replace(label="") for mark in marks]
