"""Home: what waits for someone, the most pressing first; each leads to the view that shows it.

What waits of runs is a function in `_KINDS`; what waits of reviews is in `waiting_campaigns`, of releases in
`waiting_releases`, `waiting_second` and `waiting_servers`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape
from typing import Any, NamedTuple

import streamlit as st

from dashboard import cached, cached_home, widgets
from dashboard.cached_people import called
from dashboard.language import current, t
from dashboard.run_said import run_said
from dashboard.views import actions, waiting_campaigns, waiting_releases, waiting_second, waiting_servers
from dashboard.views.lineage import around
from dashboard.views.told import told_at
from dashboard.words import ago, duration
from store.clock import utc_now
from store.runs import status_of

__all__ = ["NEW", "Item", "items", "show", "silence"]

NEW = timedelta(hours=24)
"""How long a run that ended waits for a look."""

PATIENCE = timedelta(seconds=5)
"""How long a request may lie before someone should know."""

MOST = 12
"""Items shown."""

Run = dict[str, Any]
Row = dict[str, Any]


class Item(NamedTuple):
    """One thing that waits."""

    run: Run
    """The run it is about."""

    words: str
    """What it is and since when."""

    time: datetime
    """Since when, for the order."""

    asked: dict[str, str]
    """What the address of the page Run asks for beside the run."""

    detail: str = ""
    """An error or an alarm as the run told it."""


def show(found: list[Item]) -> None:
    """The list; that it is empty is said too."""
    if cached.is_served(cached.store_path()):
        # Reviews and releases are shown where the store is.
        widgets.heading(t("waiting"), t("waiting.ends") if found else t("waiting.nothing"))
    else:
        _others(found)
    for number, item in enumerate(found[:MOST]):
        with st.container(key=f"a-waiting-{number}", gap=None):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                widgets.run_link(item.run, item.asked)
                words = f'<span class="a-facts">{escape(item.words)}</span>'
                st.html(f"{widgets.status_html(item.run)} {words}", width="content")
            if item.detail:
                st.html(f'<p class="a-error">{escape(item.detail)}</p>')
    if len(found) > MOST:
        widgets.notice(t("waiting.more", count=len(found) - MOST))


def _others(found: list[Item]) -> None:
    """The heading, and what waits of reviews and releases."""
    ended, pairs, releases = waiting_campaigns.ended(), waiting_campaigns.to_judge(), waiting_releases.found()
    silent, unconfirmed = waiting_servers.found(), waiting_second.found()
    others = ended or pairs or releases or silent or unconfirmed
    aside = t("waiting.ends") if found else "" if others else t("waiting.nothing")
    widgets.heading(t("waiting"), aside)
    waiting_second.show(unconfirmed)
    waiting_servers.show(silent)
    waiting_releases.show(releases)
    waiting_campaigns.show(ended)
    if pairs:
        waiting_campaigns.show_pairs(pairs)


def items(rows: list[Run]) -> list[Item]:
    """All that waits over these runs; of a kind the newest first."""
    by_id = {row["id"]: row for row in rows}
    return [
        item for kind in _KINDS for item in sorted(kind(by_id), key=lambda item: item.time, reverse=True)
    ]  # fmt: skip


def _failed(runs: dict[int, Run]) -> list[Item]:
    found = [run for run in runs.values() if run["status"] == "failed" and utc_now() - _end(run) < NEW]
    return [Item(run, _at(run, _end(run)), _end(run), {"view": "log"}, _last_line(run)) for run in found]


def _lost(runs: dict[int, Run]) -> list[Item]:
    now = utc_now()
    found = [run for run in runs.values() if status_of(run, now) == "lost" and now - run["heartbeat"] < NEW]
    return [Item(run, f"{silence(run)} · {widgets.place(run)}", run["heartbeat"], {"view": "log"}) for run in found]


def _alarms(runs: dict[int, Run]) -> list[Item]:
    rows = cached_home.open_alarms(cached.store_path())
    return [_alarm(runs[row["run_id"]], row) for row in rows if _is_current(runs.get(row["run_id"]))]


def _alarm(run: Run, row: Row) -> Item:
    words = t("waiting.alarm", when=ago(row["time"], utc_now(), current()))
    asked = {"view": "log"} if row["step"] is None else around(run["name"], row["step"])
    return Item(run, words, row["time"], asked, told_at(row))


def _is_current(run: Run | None) -> bool:
    """Whether a run goes on, or finished a short while ago."""
    if run is None or status_of(run, utc_now()) == "lost":
        return False
    return run["ended"] is None or utc_now() - run["ended"] < NEW


def _requests(runs: dict[int, Run]) -> list[Item]:
    rows = cached_home.untaken(cached.store_path())
    late = [row for row in rows if utc_now() - row["created"] > PATIENCE and row["run_id"] in runs]
    return [Item(runs[row["run_id"]], _asked(row), row["created"], actions.shown_in(row)) for row in late]


def _asked(row: Row) -> str:
    when = ago(row["created"], utc_now(), current())
    return t("waiting.request", what=actions.what_was_asked(row), actor=called(row["actor"]), when=when)


def _paused(runs: dict[int, Run]) -> list[Item]:
    """Paused runs of our own trainer; one that is watched is paused where its watcher was ended."""
    since = {row["run_id"]: row["time"] for row in cached_home.paused(cached.store_path())}
    found = [runs[number] for number in since if number in runs and not runs[number]["source"]]
    waits = [run for run in found if status_of(run, utc_now()) == "paused"]
    return [Item(run, _at(run, since[run["id"]]), since[run["id"]], {}) for run in waits]


def _at(run: Run, moment: datetime) -> str:
    """When it was, and at which step."""
    return f"{ago(moment, utc_now(), current())} · {widgets.place(run)}"


def silence(run: Run) -> str:
    """How long nothing was heard of a run."""
    return t("home.no_word", time=duration((utc_now() - run["heartbeat"]).total_seconds(), current()))


def _end(run: Run) -> datetime:
    return run["ended"] or run["heartbeat"]


def _last_line(run: Run) -> str:
    return run_said((run["error"] or "").strip().rpartition("\n")[2], current()) or t("home.no_error")


_KINDS: tuple[Callable[[dict[int, Run]], list[Item]], ...] = (_failed, _lost, _alarms, _requests, _paused)
"""What can wait, the most pressing first."""
