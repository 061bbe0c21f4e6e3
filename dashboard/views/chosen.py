"""Which run the Run page is about: the one in the address, else the one seen last, else the newest.

Of an address that names no run no other is shown in its place: it may begin yet, or have been removed.
"""

from typing import Any

import streamlit as st

from dashboard import cached, widgets
from dashboard.language import t
from dashboard.views import menu
from store.errors import StoreError, StoreMissingError

__all__ = ["beat", "known", "missing", "pace", "picker", "run"]

_SEEN = "seen_run"


def run() -> dict[str, Any] | None:
    """The run's facts; None where there is none. Raises StoreError."""
    if "run" not in st.query_params:
        _settle()
    name = st.query_params.get("run")
    return None if name is None else _facts(name)


def _facts(name: str) -> dict[str, Any] | None:
    try:
        return cached.run_facts(cached.store_path(), name)
    except StoreMissingError:
        return None


def known() -> dict[str, Any] | None:
    """The same, written into the address; None also where the store is in trouble, which the page says itself."""
    try:
        _settle()
        return run()
    except StoreError:
        return None


def beat(run: dict[str, Any] | None) -> float | None:
    """Seconds between refreshes; a page that waits for its first run or for the store looks on."""
    return 2.0 if run is None else pace(run)


def pace(run: dict[str, Any]) -> float | None:
    """Seconds between refreshes of a run's page: a run that has ended may still be evaluated."""
    return widgets.beat(run) or menu.pace()


def _settle() -> None:
    """Write a run into the address, so that it brings this view back."""
    wanted = st.query_params.get("run") or _seen()
    if wanted is not None and _facts(wanted) is not None:
        st.query_params["run"] = st.session_state[_SEEN] = wanted


def _seen() -> str | None:
    """The run seen last, else the newest one."""
    names = widgets.run_names()
    return next((name for name in (st.session_state.get(_SEEN), *names[:1]) if name in names), None)


def missing() -> bool:
    """Say that there is no run of the name in the address, and offer the others; False where there is none at all."""
    name, names = st.query_params.get("run"), widgets.run_names()
    if name is None or not names:
        return False
    widgets.notice(t("run.missing", name=name), "warn")
    widgets.notice(t("run.missing.help"))
    _choice(names, "other-than-missing")
    return True


def picker(shown: dict[str, Any]) -> None:
    """A list of all other runs, to go to one."""
    names = cached.other_runs(cached.store_path(), shown)
    if names:
        _choice(names, f"other-than-{shown['id']}")


def _choice(names: list[str], key: str) -> None:
    st.selectbox(
        t("run.choose"), names, index=None, key=key, placeholder=t("run.choose"), label_visibility="collapsed",
        on_change=_picked, args=(key,), width=220,
    )  # fmt: skip


def _picked(key: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        st.query_params["run"] = st.session_state[_SEEN] = chosen
        for name in ("first", "last", "at", "spike", "from", "to", "prompt"):
            st.query_params.pop(name, None)
