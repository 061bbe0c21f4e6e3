"""What every view of a run shows of its guard: its state in the head, and a banner while a spike runs."""

from datetime import timedelta
from html import escape
from typing import Any, NamedTuple

import streamlit as st

from dashboard import cached
from dashboard.fields import part
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.spike_story import Baseline, Spike, is_open, waits
from dashboard.views import spikes_words as words
from dashboard.words import count
from store.clock import utc_now
from store.runs import status_of

__all__ = ["Guarded", "exact_html", "guard_html", "guarded", "show"]

ARMS_AT = 32
"""Steps that the guard needs to know what is usual."""

CLEAN = 50
"""Clean steps after which a spike counts as over, where the configuration does not say."""

MOST_CLEAN = 200
"""After so many it is over whatever the configuration says."""

LEAST = timedelta(seconds=30)
"""How long an alarm is shown at least: a small model does its clean steps before anyone has looked."""

Run = dict[str, Any]


class Guarded(NamedTuple):
    """What is known of a run's guard."""

    mode: str | None
    """act or watch; None where the run has no guard."""

    clean: int
    """Clean steps after which a spike counts as over."""

    status: str
    """The run's status, as of now."""

    spikes: list[Spike]
    """All spikes, the oldest first."""

    baseline: Baseline | None
    """What it began with where the run went on last, where that is recorded."""


def guarded(run: Run) -> Guarded:
    """All of it, as of now. Raises StoreError."""
    path = cached.store_path()
    config = cached.config(path, run)
    mode, clean = part(config, "guard").get("mode"), part(config, "checkpoint").get("stable_after")
    found = cached.spikes(path, run)
    return Guarded(
        mode if mode in ("act", "watch") else None,
        min(clean if isinstance(clean, int) else CLEAN, MOST_CLEAN), status_of(run, utc_now()), found,
        cached.baseline(path, run),
    )  # fmt: skip


def guard_html(run: Run) -> str:
    """The guard's state in a few words, for the head of the run; empty where no guard is at work."""
    guard = guarded(run)
    if guard.mode is None or guard.status not in ("running", "paused"):
        return ""
    key, tone = _state(run, guard)
    said, hint = t(key, step=count(_arms_at(run, guard))), t(_HELP[key])
    return f'<span class="a-status a-{tone}" title="{escape(hint)}">{escape(said)}</span>'


def exact_html(run: Run) -> str:
    """That a run is not exact, and what was told of it, for its head; empty where nothing was told."""
    told = cached.not_exact(cached.store_path(), run)
    if not told:
        return ""
    # The trainer tells it in English.
    hint = t("run.not_exact.help") if current() == "zh" else f"{t('run.not_exact.help')} {told}"
    return f'<span class="a-status a-warn" title="{escape(hint)}">{escape(t("run.not_exact"))}</span>'


def _state(run: Run, guard: Guarded) -> tuple[str, str]:
    newest = guard.spikes[-1] if guard.spikes else None
    if newest and waits(newest, guard.status):
        return "guard.asks", "bad"
    if newest and newest.asked is not None and is_open(newest, run["last_step"], guard.clean):
        return "guard.let_go", "warn"
    if (run["last_step"] or 0) < _arms_at(run, guard):
        return "guard.arms", "quiet"
    return ("guard.acts", "good") if guard.mode == "act" else ("guard.watches", "quiet")


def _arms_at(run: Run, guard: Guarded) -> int:
    """The step from which a spike can be seen; 0 where it could be from the first one on.

    Where nothing is recorded of it, the guard began with nothing, and anew where the learning rate rises again.
    """
    if guard.baseline is not None:
        return guard.baseline.arms_at or 0
    # The validation before the first step is recorded as step 0.
    first: int = max(1, run["first_step"] or 1)
    tries = guard.spikes[-1].tries if guard.spikes else ()
    rises = tries[-1].remedies.get("rewarm_after") if tries else None
    return max(first, rises + 1 if isinstance(rises, int) else first) + ARMS_AT - 1


def show(run: Run) -> None:
    """A line on every view while a spike runs or the guard waits for a person; nothing else."""
    guard = guarded(run)
    said = _said(run, guard)
    if not said:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-banner"):
        st.html(f'<div class="a-banner a-bad" role="alert">{escape(said)}</div>', width="content")
        if st.query_params.get("view") != "spikes":
            asked = {"lang": current(), "run": run["name"], "view": "spikes"}
            st.page_link(page_path("run"), label=t("banner.link"), query_params=asked, width="content")


def _said(run: Run, guard: Guarded) -> str:
    """What the banner says; empty without one."""
    newest = next((spike for spike in reversed(guard.spikes) if not spike.is_amber), None)
    if newest is None or guard.status not in ("running", "paused"):
        return ""
    if waits(newest, guard.status):
        return t("banner.asks", step=count(newest.onset))
    # Who let the run go on has seen it; what is told after that is news.
    if newest.answered is not None and newest.last.time <= newest.answered:
        return ""
    is_fresh = newest.over is None and newest.back is None and utc_now() - newest.last.time < LEAST
    return _running(newest) if is_fresh or is_open(newest, run["last_step"], guard.clean) else ""


def _running(spike: Spike) -> str:
    rule, last = words.rule(spike.worst.rule), spike.last
    if spike.tries and spike.answered is None:
        tried = spike.tries[-1]
        target = words.place(tried.target)
        return t("banner.tries", step=count(spike.onset), rule=rule, target=target, rung=words.rung(tried.rung))
    if words.was_skipped(last):
        return t("banner.skipped", step=count(last.step), rule=words.rule(last.rule))
    key = "banner.raised" if last.acts else "banner.watched"
    return t(key, step=count(last.step), rule=words.rule(last.rule))


_HELP = {
    "guard.acts": "guard.acts.help", "guard.watches": "guard.watches.help", "guard.arms": "guard.arms.help",
    "guard.asks": "guard.asks.help", "guard.let_go": "guard.let_go.help",
}  # fmt: skip
"""What is shown on hover, for each state."""
