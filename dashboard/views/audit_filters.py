"""Audit: which rows are shown; what is chosen stays in the address."""

from datetime import date, datetime, timedelta
from typing import Any, cast

import streamlit as st

from dashboard import cached, cached_audit
from dashboard.cached_audit import Stamp
from dashboard.language import t
from dashboard.queries.audit import Wanted
from dashboard.times import begin_of, day_of, zone
from dashboard.views import audit_words as words
from store.clock import utc_now

__all__ = ["NAMES", "START", "chosen"]

NAMES = ("person", "about", "did", "from", "to")
"""What the address asks for."""

START = "audit-start"
"""In the session: place of the first row that is shown."""

_KEYS = {name: f"audit-{name}" for name in ("person", "about", "did", "days")}


def chosen(stamp: Stamp) -> Wanted:
    """Draw the fields; returns what is wanted."""
    path = cached.store_path()
    people: dict[str, str] = {row["actor"]: words.who(row) for row in cached_audit.people(path, stamp)}
    _settle(people)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-log-filters"):
        person = st.selectbox(
            t("audit.person"), list(people), index=None, key=_KEYS["person"], placeholder=t("audit.person"),
            label_visibility="collapsed", width=190, format_func=people.__getitem__, on_change=_keep,
        )  # fmt: skip
        actions = st.multiselect(
            t("audit.did"), cached_audit.actions(path, stamp), key=_KEYS["did"], placeholder=t("audit.did"),
            label_visibility="collapsed", width=250, format_func=words.did, on_change=_keep,
        )  # fmt: skip
        about = st.text_input(
            t("audit.about"), key=_KEYS["about"], placeholder=t("audit.about"), type="search",
            label_visibility="collapsed", width=270, on_change=_keep,
        )  # fmt: skip
        days = st.date_input(
            t("audit.days"), key=_KEYS["days"], label_visibility="collapsed", width=230, format="YYYY-MM-DD",
            max_value=day_of(utc_now(), zone()) + timedelta(days=1), on_change=_keep,
        )  # fmt: skip
        if any((person, about, actions, days)):
            st.button(t("audit.all"), key="audit-all", on_click=_clear, type="tertiary")
    since, until = _moments(_days(days))
    return Wanted(person or "", about or "", tuple(actions), since, until)


def _settle(people: dict[str, str]) -> None:
    """Begin with what the address asks for."""
    asked = st.query_params
    begin: dict[str, Any] = {
        "person": asked.get("person") if asked.get("person") in people else None,
        "about": asked.get("about", ""),
        "did": [name for name in asked.get("did", "").split(",") if name],
        "days": _days((_day(asked.get("from")), _day(asked.get("to")))),
    }
    for name, key in _KEYS.items():
        if key not in st.session_state:
            st.session_state[key] = begin[name]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _days(picked: Any) -> tuple[date, ...]:
    """One day or two, as the field takes and gives them; none where none is picked."""
    found = cast("tuple[Any, ...]", picked) if isinstance(picked, tuple) else (picked,)
    return tuple(sorted(day for day in found if isinstance(day, date)))


def _moments(days: tuple[date, ...]) -> tuple[datetime | None, datetime | None]:
    """From the begin of the first day to the end of the last; while a second one is picked, the first alone."""
    if not days:
        return None, None
    return begin_of(days[0], zone()), begin_of(days[-1], zone(), after=1)


def _keep() -> None:
    """Write what is chosen into the address, and begin with the newest row."""
    state = {name: st.session_state.get(key) for name, key in _KEYS.items()}
    days = _days(state["days"])
    written = {
        "person": state["person"] or "", "about": state["about"] or "", "did": ",".join(state["did"] or []),
        "from": days[0].isoformat() if days else "", "to": days[-1].isoformat() if days else "",
    }  # fmt: skip
    for name, value in written.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.session_state[START] = 0


def _clear() -> None:
    empty: dict[str, Any] = {"person": None, "about": "", "did": [], "days": ()}
    for name, key in _KEYS.items():
        st.session_state[key] = empty[name]
    _keep()
