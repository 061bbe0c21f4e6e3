"""Run: the sub-menu; its choice is in the address, so that the address brings it back."""

import streamlit as st

from dashboard.language import t

__all__ = ["VIEWS", "asked", "chosen", "pace"]

VIEWS = {
    "curves": "view.curves", "spikes": "view.spikes", "checkpoints": "view.checkpoints",
    "samples": "view.samples", "scores": "view.scores", "forgetting": "view.forgetting",
    "data": "view.data", "log": "view.log",
}  # fmt: skip
"""What can be looked at, by its name in the address."""

EVALUATED = ("samples", "scores", "forgetting", "data")
"""Views of what comes from evaluations and checks, which may be made of a run that has ended."""

AGAIN = 3.0
"""Seconds between two looks for what they have brought."""

_KEY = "run-view"


def asked() -> str:
    """The view in the address, else the first one."""
    view = st.query_params.get("view", "")
    return view if view in VIEWS else next(iter(VIEWS))


def chosen() -> str:
    """Draw the menu; returns the view that is chosen."""
    # Streamlit's own binding would put the words of one language into the address.
    st.session_state[_KEY] = view = asked()
    st.segmented_control(
        t("view"), list(VIEWS), key=_KEY, required=True, label_visibility="collapsed",
        format_func=lambda view: t(VIEWS[view]), on_change=_picked,
    )  # fmt: skip
    return view


def pace() -> float | None:
    """Seconds between refreshes that the view in the address asks for, whatever its run does; None for none."""
    return AGAIN if st.query_params.get("view") in EVALUATED else None


def _picked() -> None:
    st.query_params["view"] = st.session_state[_KEY]
