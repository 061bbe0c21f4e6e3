"""The first look at a page of charts: what can wait a second is left to the page's first refresh.

A browser draws all that has come together before any of it can be seen, and Vega takes a fifth of a second for each
chart: the one that the page was opened for comes sooner where it comes alone. Where no refresh follows within a second,
or no such chart is there, nothing waits.
"""

from typing import Any

import streamlit as st

from dashboard import widgets

__all__ = ["begin", "is_due", "leaves", "over"]

_KEY = "first-look"
_LEFT, _OVER = "left", "over"

_SOON = 1.0
"""Seconds until the refresh that a chart may wait for."""


def leaves(run: dict[str, Any]) -> bool:
    """Whether all that lies below a run's first chart is left out for now."""
    beat = widgets.beat(run)
    return _KEY not in st.session_state and beat is not None and beat <= _SOON


def over(run: dict[str, Any] | None = None) -> None:
    """Say that the page has been drawn, so that the next time all of it is; but for what it `leaves` of a run."""
    st.session_state[_KEY] = _LEFT if run is not None and leaves(run) else st.session_state.get(_KEY, _OVER)


def is_due() -> bool:
    """Whether something was left out, and its time has come."""
    return st.session_state.get(_KEY) == _LEFT


def begin() -> None:
    """The whole page is drawn: nothing more is due."""
    if is_due():
        st.session_state[_KEY] = _OVER
