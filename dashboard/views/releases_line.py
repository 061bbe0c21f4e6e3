"""Releases: the time line: which version was live when, and every release and restore, the newest first."""

from html import escape

import streamlit as st

from dashboard import cached, cached_releases, widgets
from dashboard.cached_releases import Known, Stamp
from dashboard.charts.releases import Bar, releases_chart
from dashboard.drawing import draw
from dashboard.language import current, t
from dashboard.release_said import release_said
from dashboard.views import release_check_link, releases_acts
from dashboard.views import releases_words as words
from store.clock import utc_now

__all__ = ["show"]

SHOWN = 12
"""Rows shown before somebody asks for more."""

LANES = 8
"""Versions in the chart."""

_MORE = "releases-more"


def show(found: list[Known], stamp: Stamp, *, may_restore: bool) -> None:
    """The whole time line; `found` is the newest first."""
    widgets.heading(t("releases.line"), t("releases.line.what"))
    _chart(found)
    shown = SHOWN * (1 + int(st.session_state.get(_MORE, 0)))
    first = {one.release.version: one.release.id for one in reversed(found) if one.release.kind == "release"}
    for place, one in enumerate(found[:shown]):
        own = first.get(one.release.version) == one.release.id
        _row(one, stamp, live=found[0], is_live=place == 0, acts=own, may_restore=may_restore)
    if len(found) > shown:
        st.button(t("releases.more", count=len(found) - shown), key="releases-more-button", on_click=_more)


def _more() -> None:
    st.session_state[_MORE] = int(st.session_state.get(_MORE, 0)) + 1


def _chart(found: list[Known]) -> None:
    versions = list(dict.fromkeys(one.release.version for one in found))[:LANES]
    # A single version says in its row all that a chart could.
    if len(found) < 2:
        return
    bars = [_bar(one, live=one is found[0]) for one in found if one.release.version in versions]
    bars.sort(key=lambda bar: -int(bar.version[1:]))
    said = {"what": t("releases.line"), "from": t("releases.chart.from"), "to": t("releases.chart.to")}
    draw(releases_chart(bars, said, widgets.look()), key="releases-chart", alt=t("releases.chart"))


def _bar(one: Known, *, live: bool) -> Bar:
    release = one.release
    end = release.until or utc_now()
    return Bar(f"v{release.version}", release.created, end, live, release.override, _how(one))


def _how(one: Known) -> str:
    key = "releases.line.restored" if one.release.kind == "restore" else "releases.line.by"
    return t(key, name=words.by(one))


def _row(one: Known, stamp: Stamp, *, live: Known, is_live: bool, acts: bool, may_restore: bool) -> None:
    """A release or a restore; a restore is about a release that has its own row, where it can be acted upon."""
    release = one.release
    with st.container(key=f"a-release-{release.id}", gap=None):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            label = f"v{release.version}  {release.candidate}"
            release_check_link.link(one.place["run"], one.place["branch"], one.place["step"], label)
            chips = " ".join(words.chips(one, live=is_live))
            st.html(f'{chips} <span class="a-facts">{escape(words.lasted(one))}</span>', width="content")
        st.html(f'<div class="a-facts">{escape(" · ".join(_facts(one)))}</div>')
        if acts:
            _acts(one, stamp, live, may_restore=may_restore)


def _facts(one: Known) -> list[str]:
    release, said = one.release, [_how(one)]
    if one.signed is None:
        said.append(t("releases.signed.unknown"))
    elif release.kind == "release":
        key = "releases.line.overrode" if release.override else "releases.line.approved"
        said.append(t(key, names=words.signed(one.signed)))
    if release.reason:
        said.append(f"“{release.reason}”")
    return said


def _acts(one: Known, stamp: Stamp, live: Known, *, may_restore: bool) -> None:
    release = one.release
    is_live = release.version == live.release.version
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"a-acts-{release.id}"):
        can = False
        if not is_live:
            can, why = cached_releases.restorable(cached.store_path(), release.id, stamp, release)
            key = "releases.back.yes" if can else "releases.back.no"
            tone, said = "good" if can else "bad", t(key, why=release_said(why, current()))
            st.html(f'<span class="a-facts"><span class="a-{tone}">{escape(said)}</span></span>', width="content")
        if can and may_restore:
            releases_acts.put_back(one, live.release)
        releases_acts.verify(one, "line")
        releases_acts.reports(one, "line")
    releases_acts.verified(one, "line")
