"""Release check: what could be released, the newest first, each with how far it has come; and any other checkpoint."""

from collections.abc import Iterable
from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, cached_release, cached_views, identity, widgets
from dashboard.cached_release import Candidate
from dashboard.language import current, t
from dashboard.views import campaign_form, release_check_words
from dashboard.views.places import place_words
from dashboard.views.release_check_link import environment, link
from dashboard.words import ago
from store.clock import utc_now

__all__ = ["show"]

SHOWN = 12
"""Candidates shown before the rest is folded away."""

Row = dict[str, Any]


def show(runs: list[Row]) -> None:
    """The list, and the way to any other checkpoint."""
    path = cached.store_path()
    found = cached_release.candidates(path, environment())
    live = next((one for one in found if one.row["is_live"]), None)
    widgets.heading(t("release_check"), _aside(live))
    if not found:
        _none(may_open="campaign:open" in cached_release.may_do(path, identity.actor()))
    for one in found[:SHOWN]:
        _row(one)
    if rest := found[SHOWN:]:
        with st.expander(t("release.more", count=len(rest))):
            for one in rest:
                _row(one)
    _other(runs)


def _aside(live: Candidate | None) -> str:
    if live is None:
        return t("release.live.none")
    return t("release.live", version=live.row["version"], candidate=_name(live.row))


def _none(*, may_open: bool) -> None:
    widgets.notice(t("release.none"))
    widgets.notice(t("release.none.how" if may_open else "release.none.ask"))
    if may_open:
        st.code(campaign_form.command({}), language="bash", wrap_lines=True)


def _name(row: Row) -> str:
    return f"{row['run']}@{row['step']}"


def _row(one: Candidate) -> None:
    row = one.row
    with (
        st.container(key=f"a-candidate-{row['sha256'][:12]}", gap=None),
        st.container(horizontal=True, gap="small", vertical_alignment="center"),
    ):
        link(row["run"], row["branch"], row["step"], _name(row))
        chips = "".join(release_check_words.state_html(one))
        st.html(f'{chips} <span class="a-facts">{escape(" · ".join(_told(one)))}</span>', width="content")


def _told(one: Candidate) -> Iterable[str]:
    row, now = one.row, utc_now()
    if row["state"] == "deleted":
        yield t("release.gone")
    if one.state.word == "signing":
        yield t("release.line.signing", given=one.state.given, required=one.state.required)
    if one.state.word == "refused":
        yield t("release.line.refused", name=one.state.refused_by)
    if row["built"] is not None:
        yield t("release.line.built", when=ago(row["built"], now, current()))
    if row["closed"] is not None:
        yield t("release.line.judged", when=ago(row["closed"], now, current()))


def _other(runs: list[Row]) -> None:
    """Any checkpoint of any run that has one."""
    names = [run["name"] for run in runs]
    with st.expander(t("release.other")):
        widgets.notice(t("release.other.what"))
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="a-other"):
            name = st.selectbox(t("release.other.run"), names, key="release-run", width=260)
            run = next(run for run in runs if run["name"] == name)
            shelf = {f"{row['branch']}@{row['step']}": row for row in _checkpoints(run)}
            if not shelf:
                widgets.notice(t("release.other.none"))
                return
            at = st.selectbox(
                t("release.other.checkpoint"), list(shelf), key=f"release-at-{run['id']}", width=260,
                format_func=lambda place: place_words(shelf[place]),
            )  # fmt: skip
            row = shelf[at or next(iter(shelf))]
            candidate = f"{run['name']}@{row['step']}"
            link(run["name"], row["branch"], row["step"], t("release.other.check", candidate=candidate))


def _checkpoints(run: Row) -> list[Row]:
    """Those that are there, the newest first."""
    rows = cached_views.shelf(cached.store_path(), run["id"])
    there = [row for row in rows if row["sha256"]]
    return sorted(there, key=lambda row: (row["step"], row["branch"]), reverse=True)
