"""Run · Spikes: the time line: the loss with its alarms, a lane for each kind of what happened, the branches."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, cached_spikes, widgets
from dashboard.charts.marks import named_marks
from dashboard.charts.spike_lanes import Happening, spike_lanes
from dashboard.charts.spike_line import spike_line
from dashboard.charts.spike_tree import Limb, spike_tree
from dashboard.language import t
from dashboard.spike_story import Alarm, Spike
from dashboard.stamps import settled
from dashboard.views import spikes_branches, zoom
from dashboard.views import spikes_words as words
from dashboard.views.chart_words import chart_words
from dashboard.words import count

__all__ = ["show"]

LIMBS = 14
"""Branches drawn, the newest."""

ORDER = ("T0", "T2", "T1", "T3", "P")
"""The lanes of the alarms from top to bottom, the most severe first."""

Run = dict[str, Any]


def show(run: Run, spikes: list[Spike]) -> None:
    """All three charts; nothing while no loss was recorded."""
    path, span = cached.store_path(), zoom.span()
    series = cached.curves(path, run["id"], ("loss",), span, settled(run, span))
    if not series.points.num_rows and not series.marks.num_rows:
        return
    said = {**chart_words(), "alarm": t("spikes.details.rule"), "what": t("spikes.details.rule")}
    branches = cached_spikes.branches(path, run["id"])
    ends, reach = zoom.ends(span), _reach(run, branches)
    begins = [_begins(spike) for spike in sorted(spikes, key=lambda spike: spike.onset)]
    marks = named_marks(series.marks, {"loss": t("curves.training")})
    line = spike_line(
        series.points, marks, begins, said, widgets.look(), reach=reach, span=ends, left_out=series.left_out
    )
    zoom.chart(line, f"spikes-line-{run['id']}", t("spikes.line.alt", name=run["name"]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-controls"):
        note = t("spikes.line.note") if len(branches) > 1 else ""
        # Not said where a finger scrolls the page, as in Curves.
        drag = f'<span class="a-drag">{" · " if note else ""}{escape(t("curves.brush"))}</span>'
        st.html(f'<p class="a-caption">{escape(note)}{drag}</p>', width="content")
        zoom.back()
    happened = [*_alarms(spikes), *_left(run), *_backs(branches)]
    lanes = list(dict.fromkeys(item.lane for item in sorted(happened, key=_rank)))
    if lanes:
        drawn = spike_lanes(happened, lanes, said, widgets.look(), reach=reach, span=ends)
        zoom.chart(drawn, f"spikes-lanes-{run['id']}-{len(lanes)}", t("spikes.lanes.alt"))
    if len(branches) > 1:
        limbs = _limbs(branches[-LIMBS:])
        words_of_tree = {**said, "why": t("spikes.tree.why")}
        drawn = spike_tree(limbs, words_of_tree, widgets.look(), reach=reach, span=ends)
        zoom.chart(drawn, f"spikes-tree-{run['id']}-{len(limbs)}", t("spikes.tree.alt"))
        st.html(f'<p class="a-caption">{escape(t("spikes.tree.note"))}</p>')


def _reach(run: Run, branches: list[Run]) -> tuple[int, int]:
    """First and last step of all branches."""
    first = run["first_step"] or 0
    return first, max([row["last_step"] or first for row in branches] + [run["last_step"] or first, first + 1])


def _begins(spike: Spike) -> dict[str, Any]:
    return {"step": spike.onset, "label": words.rule(spike.worst.rule), "amber": spike.is_amber}


def _rank(item: Happening) -> tuple[int, int]:
    kinds = [words.rule(rule) for rule in ORDER]
    others = [t("spikes.lane.skipped"), t("spikes.lane.left_out"), t("spikes.lane.back")]
    return (0, kinds.index(item.lane)) if item.lane in kinds else (1, (*others, item.lane).index(item.lane))


def _alarms(spikes: list[Spike]) -> Iterable[Happening]:
    seen: set[tuple[int, int, str]] = set()
    for alarm in (alarm for spike in spikes for alarm in spike.alarms):
        place = (alarm.branch, alarm.step, alarm.rule)
        if place not in seen:
            seen.add(place)
            yield _alarm(alarm)


def _alarm(alarm: Alarm) -> Happening:
    tone = "warn" if alarm.action == "amber" else "bad"
    return Happening(words.rule(alarm.rule), "alarm", tone, alarm.step, alarm.step, words.what(alarm))


def _left(run: Run) -> Iterable[Happening]:
    for row in cached_spikes.left(cached.store_path(), run["id"]).to_pylist():
        skipped = row["verdict"] == "skip"
        single = row["first"] == row["last"]
        key = ("spikes.lane.skipped.single" if single else "spikes.lane.skipped.at") if skipped else (
            "spikes.left_out.single" if single else "spikes.left_out"
        )  # fmt: skip
        said = t(key, first=count(row["first"]), last=count(row["last"]))
        lane = t("spikes.lane.skipped" if skipped else "spikes.lane.left_out")
        yield Happening(lane, "stretch", "quiet", row["first"], row["last"], said, row["active"])


def _backs(branches: list[Run]) -> Iterable[Happening]:
    """Steps that were gone back over: from where a branch was left to where the next one leaves it."""
    known = {row["branch"]: row for row in branches}
    for row in branches:
        parent = known.get(row["parent"])
        left = parent["last_step"] if parent else None
        if left is not None and left > row["fork_step"]:
            said = t("spikes.lane.back.at", left=count(left), step=count(row["fork_step"]))
            yield Happening(t("spikes.lane.back"), "back", "accent", left, row["fork_step"], said)


def _limbs(branches: list[Run]) -> list[Limb]:
    shown = {row["branch"]: spikes_branches.name(row) for row in branches}
    return [_limb(row, shown) for row in branches]


def _limb(row: Run, shown: Mapping[int, str]) -> Limb:
    first = max(row["first_step"], 0)
    last = first if row["last_step"] is None else row["last_step"]
    return Limb(shown[row["branch"]], shown.get(row["parent"]), first, last, row["active_to"], spikes_branches.why(row))
