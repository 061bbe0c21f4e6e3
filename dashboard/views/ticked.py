"""Which runs are ticked: kept in the address as `compare=a,b,c`, in the order they were ticked.

A change of page drops the address's parameters, so the session keeps them too; the address goes first.
"""

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import unquote

import streamlit as st

__all__ = ["address", "clear", "on_screen", "ticked"]

_ADDRESS, _KEPT = "compare", "ticked_before"


def ticked() -> list[str]:
    """Names of the ticked runs, whether they exist or not."""
    if _ADDRESS in st.query_params:
        st.session_state[_KEPT] = st.query_params[_ADDRESS]
    elif st.session_state.get(_KEPT):
        st.query_params[_ADDRESS] = st.session_state[_KEPT]
    written = st.query_params.get(_ADDRESS, "")
    return list(dict.fromkeys(unquote(part) for part in written.split(",") if part))


def clear() -> None:
    """Untick all."""
    _write([])


def on_screen(key: str, names: Sequence[str]) -> Any:
    """Bring the ticks of the table with this key in line with the address, for rows with these names.

    Rows move when a run begins or a filter changes; a tick goes with its run. Returns what the table is to
    call when someone ticks.
    """
    wanted = sorted(names.index(name) for name in ticked() if name in names)
    if sorted(_rows(key)) != wanted:
        st.session_state[key] = {"selection": {"rows": wanted, "columns": [], "cells": []}}
    return lambda: _changed(key, names)


def _changed(key: str, names: Sequence[str]) -> None:
    chosen = [names[row] for row in _rows(key) if row < len(names)]
    # Those that a filter hides stay ticked, and each keeps its place.
    before = [name for name in ticked() if name in chosen or name not in names]
    _write([*before, *(name for name in chosen if name not in before)])


def _rows(key: str) -> list[int]:
    state = cast("dict[str, dict[str, list[int]]]", st.session_state.get(key) or {})
    return state.get("selection", {}).get("rows", [])


def address(names: Sequence[str]) -> str:
    """Names as the address has them.

    >>> address(["a", "b,c", "5%"])
    'a,b%2Cc,5%25'
    """
    # A name may hold a comma.
    return ",".join(name.replace("%", "%25").replace(",", "%2C") for name in names)


def _write(names: list[str]) -> None:
    st.session_state[_KEPT] = address(names)
    if names:
        st.query_params[_ADDRESS] = address(names)
    else:
        st.query_params.pop(_ADDRESS, None)
