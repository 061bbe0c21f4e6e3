"""Run · Spikes: one spike closely: the groups of layers around it, and the samples with the largest loss."""

from html import escape
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard import cached, cached_spikes, widgets
from dashboard.charts.heat import heat_chart
from dashboard.drawing import draw
from dashboard.language import t
from dashboard.queries.spikes_around import BEFORE, GROUPS, SIGNALS, lineage_of
from dashboard.spike_story import Spike
from dashboard.tables import values
from dashboard.views import spikes_words as words
from dashboard.words import count, figure

__all__ = ["show"]

PLACE = "spike"
"""In the address: branch and step of the first alarm of the spike that is chosen, as in `1@60`."""

SIGNAL = "signal"
"""In the address: which signal is shown."""

AFTER = 20
"""Steps behind its newest alarm on the branch that are shown."""

LONGEST = 120
"""Steps shown behind its onset at the most."""

Run = dict[str, Any]


def show(run: Run, spikes: list[Spike]) -> None:
    """The choice, the map, the samples."""
    widgets.heading(t("spikes.around"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="a-around"):
        spike = _chosen(run, spikes)
        signal = _signal()
    _heat(run, spike, signal)
    _samples(spike)


def _chosen(run: Run, spikes: list[Spike]) -> Spike:
    """The spike that the address names; else the newest that is more than a warning; else the newest."""
    places = {spike.place: spike for spike in reversed(spikes)}
    newest = next((place for place, spike in places.items() if not spike.is_amber), next(iter(places)))
    asked, key = st.query_params.get(PLACE), f"spike-of-{run['id']}"
    st.session_state[key] = asked if asked in places else newest
    st.selectbox(
        t("spikes.around.which"), list(places), key=key, label_visibility="collapsed", width=280, on_change=_picked,
        args=(PLACE, key), format_func=lambda place: _label(places[place]),
    )  # fmt: skip
    return places[st.session_state[key]]


def _signal() -> str:
    """Which signal of the groups is shown."""
    asked = st.query_params.get(SIGNAL)
    st.session_state[SIGNAL] = asked if asked in SIGNALS else SIGNALS[0]
    st.segmented_control(
        t("spikes.around.signal"), SIGNALS, key=SIGNAL, required=True, label_visibility="collapsed",
        format_func=lambda name: t(words.SIGNALS[name]), on_change=_picked, args=(SIGNAL, SIGNAL),
    )  # fmt: skip
    return st.session_state[SIGNAL]


def _picked(name: str, key: str) -> None:
    st.query_params[name] = st.session_state[key]


def _label(spike: Spike) -> str:
    return f"{t('spikes.at', step=count(spike.onset))} · {words.rule(spike.worst.rule)}"


def _heat(run: Run, spike: Spike, signal: str) -> None:
    path = cached.store_path()
    branch = spike.first.branch
    there = [alarm.step for alarm in spike.alarms if alarm.branch == branch]
    last = min(max(there) + AFTER, spike.onset + LONGEST)
    branches = cached_spikes.branches(path, run["id"])
    stretches = tuple(lineage_of(branches, branch, spike.onset - BEFORE, last))
    ends = next((row["last_step"] or 0 for row in branches if row["branch"] == branch), 0)
    cells = cached_spikes.heat(path, run["id"], signal, stretches, spike.onset, min(ends, last))
    if not cells.num_rows:
        widgets.notice(t("spikes.around.none"))
        return
    names = {group: t(words.GROUPS[group]) for group in GROUPS if group in values(cells, "group")}
    named = cells.append_column("name", pa.array([names[group] for group in values(cells, "group")], pa.string()))
    title = t("spikes.heat.title", step=count(spike.onset))
    notes = [title, *[t("spikes.heat.rms_t")] * (signal == "rms_t")]
    notes += [] if all(values(cells, "finite")) else [t("spikes.heat.odd")]
    st.html(f'<p class="a-title">{escape(" · ".join(notes))}</p>')
    chart = heat_chart(named, spike.onset, list(names.values()), _said(), widgets.look())
    draw(chart, key=f"heat-{run['id']}-{spike.place}-{signal}", alt=t("spikes.heat.alt"))


def _said() -> dict[str, str]:
    return {
        "step": t("curves.at_step"), "group": t("spikes.heat.group"), "value": t("spikes.heat.value"),
        "usual": t("spikes.heat.usual"), "ratio": t("spikes.heat.ratio"), "same": t("spikes.heat.same"),
        "onset": t("spikes.heat.onset"),
    }  # fmt: skip


def _samples(spike: Spike) -> None:
    widgets.heading(t("spikes.samples"))
    if not spike.samples:
        widgets.notice(t("spikes.samples.none"))
        return
    widgets.notice(t("spikes.samples.what"))
    st.html("".join(map(_sample, spike.samples)))


def _sample(item: Run) -> str:
    step, row = item.get("step"), item.get("row")
    facts = [t("spikes.at", step=count(step))] if isinstance(step, int) else []
    facts += [str(item["source"])] if item.get("source") else []
    facts += [t("spikes.samples.row", row=count(row))] if isinstance(row, int) else []
    text = escape(str(item.get("text") or ""))
    return (
        f'<div class="a-sample"><div class="a-facts"><b>{escape(figure(item["loss"]))}</b> '
        f'{escape(" · ".join(facts))}</div><div class="a-turn"><bdi>{text}</bdi></div></div>'
    )
