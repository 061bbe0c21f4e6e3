"""Choices kept in the address by their own names, which are the same in every language.

Streamlit's own binding writes the words on the button there: an address of a Chinese page would mean nothing to
an English one.
"""

from collections.abc import Callable, Sequence
from typing import cast

import streamlit as st

from dashboard.language import t

__all__ = ["asked", "one", "several"]


def one(label: str, prefix: str, options: Sequence[str], key: str, default: str) -> str:
    """One of a few options, side by side; their words have the key `prefix` and option."""
    asked = st.query_params.get(key)
    if key not in st.session_state:
        st.session_state[key] = asked if asked in options else default
    st.segmented_control(
        t(label), options, key=key, required=True, label_visibility="collapsed", format_func=_words(prefix),
        on_change=_keep, args=(key, default),
    )  # fmt: skip
    return cast("str", st.session_state[key])


def several(label: str, prefix: str, options: Sequence[str], key: str) -> list[str]:
    """Any of a few options; none is chosen to begin with."""
    if key not in st.session_state:
        st.session_state[key] = [name for name in st.query_params.get(key, "").split(",") if name in options]
    return st.pills(
        t(label), options, key=key, selection_mode="multi", label_visibility="collapsed", width="content",
        format_func=_words(prefix), on_change=_keep, args=(key, ""),
    )  # fmt: skip


def asked(key: str) -> set[str]:
    """What the address or the session asks for under the key of a list, be it there to choose or not: what a run has
    not logged yet stays asked for.
    """
    return {*st.query_params.get_all(key), *cast("list[str]", st.session_state.get(key) or [])}


def _words(prefix: str) -> Callable[[str], str]:
    return lambda option: t(f"{prefix}{option}")


def _keep(key: str, default: str) -> None:
    chosen = st.session_state[key]
    written = ",".join(cast("list[str]", chosen)) if isinstance(chosen, list) else str(chosen or "")
    if written == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = written
