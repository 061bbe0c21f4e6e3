"""Run · Spikes: whether anything is wrong now, what was, what the guard did about it, and what can be done."""

import shlex
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cached, cached_spikes, widgets
from dashboard.language import t
from dashboard.spike_story import Alarm, Spike, Try, is_open, waits
from dashboard.views import spikes_around, spikes_branches, spikes_line, spikes_points
from dashboard.views import spikes_words as words
from dashboard.views.banner import Guarded, guarded
from dashboard.views.checkpoints import store_option
from dashboard.views.plain import Column, table
from dashboard.words import count, figure

__all__ = ["show"]

SHOWN = 15
"""Spikes listed."""

Run = dict[str, Any]


def show(run: Run) -> None:
    """The whole view of a run."""
    guard = guarded(run)
    if run["imported"] and not guard.spikes:
        widgets.notice(t("spikes.now.imported", steps=count(_looked(run))), "good")
    elif guard.mode is None and not guard.spikes:
        widgets.notice(t("spikes.now.unguarded"))
        st.code(_command(run), language="bash")
    else:
        said, tone = _now(run, guard)
        widgets.notice(said, tone)
    spikes_line.show(run, guard.spikes)
    if guard.spikes:
        _list(run, guard)
    spikes_points.show(run)
    if guard.spikes:
        spikes_around.show(run, guard.spikes)
    if guard.mode is not None or guard.spikes:
        spikes_branches.show(run)


def _command(run: Run) -> str:
    path = cached.store_path()
    option = [] if cached.is_served(path) else store_option(Path(path))
    return shlex.join(["assay", "spikes", "detect", run["name"], *option])


def _now(run: Run, guard: Guarded) -> tuple[str, str]:
    """One sentence on whether anything is wrong, and its tone."""
    if not guard.spikes:
        looked = _looked(run)
        return (t("spikes.now.none", steps=count(looked)), "good") if looked else (t("spikes.now.first"), "quiet")
    newest = next((spike for spike in reversed(guard.spikes) if not spike.is_amber), None)
    if newest is not None and _state(newest, run, guard) in ("waits", "open", "ended"):
        return _trouble(newest, run, guard)
    last, key = guard.spikes[-1], "spikes.now.over"
    at = {"step": count(last.onset), "rule": words.rule(last.worst.rule)}
    if last.is_amber:
        key = "spikes.now.amber" if _state(last, run, guard) == "look" else "spikes.now.amber.over"
    return t(key, **at), "warn" if key == "spikes.now.amber" else "good"


def _trouble(spike: Spike, run: Run, guard: Guarded) -> tuple[str, str]:
    state = _state(spike, run, guard)
    if state == "ended":
        return t("spikes.now.ended", step=count(spike.onset)), "warn"
    if state == "waits":
        return t("spikes.now.waits"), "bad"
    wrong = t("spikes.now.open", step=count(spike.onset), rule=words.rule(spike.worst.rule))
    return " ".join([wrong, *list(words.did(spike))[-1:]]), "bad"


def _looked(run: Run) -> int:
    """Steps that the guard has seen: on all branches, but for those left out."""
    branches = cached_spikes.branches(cached.store_path(), run["id"])
    left = cached_spikes.left(cached.store_path(), run["id"]).to_pylist()
    steps = sum(row["last_step"] - max(1, row["first_step"]) + 1 for row in branches if row["last_step"] is not None)
    return max(0, steps - sum(row["last"] - row["first"] + 1 for row in left if row["verdict"] == "left-out"))


def _state(spike: Spike, run: Run, guard: Guarded) -> str:
    """`waits`, `open`, `look` (an amber one), `ended` (the run ended before it was over) or `over`."""
    if waits(spike, guard.status):
        return "waits"
    if not is_open(spike, run["last_step"], guard.clean):
        return "over"
    if spike.is_amber:
        return "look" if guard.status in ("running", "paused") else "over"
    return "open" if guard.status in ("running", "paused") else "ended"


def _list(run: Run, guard: Guarded) -> None:
    found = guard.spikes[::-1]
    widgets.heading(t("spikes.list"), t("spikes.list.count", count=len(found)))
    for spike in found[:SHOWN]:
        _item(spike, run, guard)
    if len(found) > SHOWN:
        widgets.notice(t("spikes.list.more", count=len(found) - SHOWN))


def _item(spike: Spike, run: Run, guard: Guarded) -> None:
    state, first = _state(spike, run, guard), max(1, run["first_step"] or 1)
    tone = "warn" if spike.is_amber else "bad"
    worst = spike.worst
    seen = words.what(worst)
    lines = [f"{seen[:1].upper()}{seen[1:]} · {words.against(worst, first)}", " ".join(words.did(spike))]
    caused = words.cause(spike)
    html = "".join(f"<div>{escape(line)}</div>" for line in lines if line)
    if caused:
        html += f'<div><span class="a-quiet">{escape(t("spikes.cause"))}</span> {escape(caused)}</div>'
    name = f"{spike.place}-{run['id']}"
    with st.container(key=f"a-spike-{name}", gap=None):
        st.html(
            f'<div class="a-spike"><div><b>{escape(t("spikes.at", step=count(spike.onset)))}</b> '
            f'<span class="a-status a-{tone}">{escape(words.rule(worst.rule))}</span> '
            f'<span class="a-status a-{TONES[state]}">{escape(t(STATES[state]))}</span></div>{html}</div>'
        )
        folded = st.expander(t("spikes.details"), key=f"spike-{name}", on_change="rerun")
        if folded.open:
            with folded:
                _details(spike, first)


def _details(spike: Spike, first: int) -> None:
    """Each alarm, and each rung of the ladder."""
    if spike.tries:
        rows = "".join(f"<li>{escape(_rung(number, tried))}</li>" for number, tried in enumerate(spike.tries, 1))
        st.html(f'<ul class="a-alarms">{rows}</ul>')
    columns = (
        Column(t("spikes.details.step"), numbers=True), Column(t("spikes.details.branch"), numbers=True),
        Column(t("spikes.details.rule")), Column(t("spikes.details.series")),
        Column(t("spikes.details.value"), numbers=True), Column(t("spikes.details.limit"), numbers=True),
        Column(t("spikes.details.against"), wide=True),
    )  # fmt: skip
    table(columns, [_cells(alarm, first) for alarm in spike.alarms])


def _rung(number: int, tried: Try) -> str:
    said = t("spikes.ladder", number=number, rung=words.rung(tried.rung))
    return f"{said} · {words.way(tried)} {words.took(tried)}"


def _cells(alarm: Alarm, first: int) -> list[str | tuple[str, str]]:
    return [
        count(alarm.step), count(alarm.branch), (words.rule(alarm.rule), alarm.message), words.series(alarm.series),
        figure(alarm.value), figure(alarm.limit), words.against(alarm, first),
    ]  # fmt: skip


STATES = {
    "waits": "spikes.state.waits", "open": "spikes.state.open", "look": "spikes.state.look",
    "ended": "spikes.state.ended", "over": "spikes.state.over",
}  # fmt: skip
TONES = {"waits": "bad", "open": "bad", "look": "warn", "ended": "warn", "over": "quiet"}
