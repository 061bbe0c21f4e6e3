"""One of a few things that the store names, side by side; the address keeps which."""

from collections.abc import Callable, Mapping

import streamlit as st

__all__ = ["listed", "side_by_side"]


def side_by_side(label: str, options: Mapping[str, str], key: str, default: str) -> str:
    """Buttons, of which one is chosen; `options` are names in the address and the words on screen."""
    chosen = _asked(options, key, default)
    st.segmented_control(
        label, list(options), key=f"pick-{key}", required=True, label_visibility="collapsed",
        format_func=_words(options), on_change=_keep, args=(key,),
    )  # fmt: skip
    return chosen


def listed(label: str, options: Mapping[str, str], key: str, default: str) -> str:
    """The same as a list that opens."""
    chosen = _asked(options, key, default)
    st.selectbox(
        label, list(options), key=f"pick-{key}", label_visibility="collapsed", format_func=_words(options),
        on_change=_keep, args=(key,), width=280,
    )  # fmt: skip
    return chosen


def _asked(options: Mapping[str, str], key: str, default: str) -> str:
    asked = st.query_params.get(key)
    # Streamlit's own binding would put the words of one language into the address.
    chosen = asked if asked is not None and asked in options else default
    st.session_state[f"pick-{key}"] = chosen
    return chosen


def _words(options: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: options.get(name, name)


def _keep(key: str) -> None:
    st.query_params[key] = st.session_state[f"pick-{key}"]
