"""Releases: what was live on a day and who had signed it, with the one file to send."""

from datetime import date, datetime
from html import escape

import streamlit as st

from dashboard import widgets
from dashboard.cached_releases import Known
from dashboard.language import current, t
from dashboard.release_said import release_said
from dashboard.times import begin_of, day_of, local, zone
from dashboard.views import releases_acts
from dashboard.views import releases_words as words
from store.clock import utc_now

__all__ = ["DAY", "live_on", "show"]

DAY = "on"
"""In the address: the day that is asked about."""

_KEY = "releases-on"


def show(environment: str, found: list[Known]) -> None:
    """The question and its answer; `found` is the newest first."""
    here = zone()
    today = day_of(utc_now(), here)
    if _KEY not in st.session_state:
        st.session_state[_KEY] = _asked(today)
    with st.container(key="a-live-on"):
        st.html(f'<p class="a-heading">{escape(t("releases.at"))}</p>')
        day = st.date_input(
            t("releases.at.day", zone=here), key=_KEY, max_value=today, format="YYYY-MM-DD", width=220, on_change=_keep
        )  # fmt: skip
        _answer(environment, found, day, here)


def _asked(today: date) -> date:
    try:
        return min(date.fromisoformat(st.query_params.get(DAY, "")), today)
    except ValueError:
        return today


def _keep() -> None:
    day = st.session_state[_KEY]
    if isinstance(day, date):
        st.query_params[DAY] = day.isoformat()


def live_on(found: list[Known], begin: datetime, end: datetime) -> list[Known]:
    """What was live for some time between two moments, the oldest first; `found` is the newest first."""
    return [
        one
        for one in reversed(found)
        if one.release.created < end and (one.release.until is None or one.release.until > begin)
    ]


def _answer(environment: str, found: list[Known], day: date, here: str) -> None:
    begin, end = begin_of(day, here), begin_of(day, here, after=1)
    there = live_on(found, begin, end)
    if not there:
        first = words.when(found[-1].release.created)
        widgets.notice(t("releases.at.none", day=day, environment=environment, first=first))
        return
    for place, one in enumerate(there):
        _one(one, _part(one, begin, end, here), f"on-{place}")


def _one(one: Known, part: str, place: str) -> None:
    release = one.release
    chips = " ".join(words.chips(one, live=False))
    signed = "" if one.signed is None else t("releases.at.signed", names=_signers(one))
    st.html(
        f'<div class="a-point"><b>v{release.version} {escape(release.candidate)}</b> {chips} '
        f'<span class="a-facts">{escape(part)}</span></div><div class="a-facts">{escape(signed)}</div>'
    )
    if one.fault:
        widgets.notice(release_said(one.fault, current()), "bad")
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"a-send-{place}"):
        st.html(f'<span class="a-facts">{escape(t("releases.at.send"))}</span>', width="content")
        releases_acts.reports(one, place)


def _signers(one: Known) -> str:
    """Names, each with when."""
    signed = [(each.name, datetime.fromisoformat(each.time).replace(tzinfo=None)) for each in one.signed or ()]
    return words.listed([f"{name} ({local(moment, zone())})" for name, moment in signed])


def _part(one: Known, begin: datetime, end: datetime, here: str) -> str:
    """When of that day it was live."""
    release = one.release
    since = local(release.created, here)[11:] if release.created >= begin else None
    until = local(release.until, here)[11:] if release.until is not None and release.until < end else None
    if since and until:
        return t("releases.at.from_to", begin=since, end=until)
    if since:
        return t("releases.at.from", begin=since)
    return t("releases.at.until", end=until) if until else t("releases.at.all_day")
