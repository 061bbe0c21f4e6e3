"""The first look at a page of charts: what can wait a second is left to the page's first refresh.

A browser draws all that has come together before any of it can be seen, and Vega takes a fifth of a second for each
chart: the one that the page was opened for comes sooner where it comes alone. Where no refresh follows within a second,
or no such chart is there, nothing waits.
"""

from typing import Any

import streamlit as st

from dashboard import widgets

__all__ = ["leaves", "over"]

_OVER = "first-look-over"

_SOON = 1.0
"""Seconds until the refresh that a chart may wait for."""


def leaves(run: dict[str, Any]) -> bool:
    """Whether all that lies below a run's first chart is left out for now."""
    beat = widgets.beat(run)
    return _OVER not in st.session_state and beat is not None and beat <= _SOON


def over() -> None:
    """Say that the page has been drawn, so that the next time all of it is."""
    st.session_state[_OVER] = True
