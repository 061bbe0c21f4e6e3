"""The language of this viewer: kept in the address (`?lang=`) and in the session."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import streamlit as st

from dashboard.texts import DEFAULT, LANGUAGES, TEXTS, Language, text

__all__ = ["current", "kept", "speaking", "switch", "t", "words"]

_KEY = "language"

_kept: ContextVar[Language | None] = ContextVar("language", default=None)


def current() -> Language:
    """The address says it, else the session, else the browser."""
    return _kept.get() or _current()


@contextmanager
def kept() -> Generator[None]:
    """Look for the language once in this block, not for each of its words."""
    with speaking(current()):
        yield


@contextmanager
def speaking(language: Language) -> Generator[None]:
    """Use this language in this block, where there is no viewer to ask."""
    before = _kept.set(language)
    try:
        yield
    finally:
        _kept.reset(before)


def _current() -> Language:
    for asked in (st.query_params.get("lang"), st.session_state.get(_KEY), (st.context.locale or "")[:2]):
        if asked in LANGUAGES:
            return cast("Language", asked)
    return DEFAULT


def t(key: str, **values: Any) -> str:
    """The words of a key in this viewer's language."""
    return text(key, current(), **values)


def words(prefix: str) -> dict[str, str]:
    """All texts whose key begins so, by the rest of the key."""
    language = current()
    return {key.removeprefix(prefix): entry[language] for key, entry in TEXTS.items() if key.startswith(prefix)}


def switch() -> None:
    """The two languages, by their own names."""
    st.session_state[_KEY] = current()
    # A change of page drops the address's parameters.
    st.query_params["lang"] = st.session_state[_KEY]
    st.segmented_control(
        t("language"), list(LANGUAGES), key=_KEY, required=True, label_visibility="collapsed",
        format_func=lambda code: LANGUAGES[code], on_change=_chosen,
    )  # fmt: skip


def _chosen() -> None:
    st.query_params["lang"] = st.session_state[_KEY]
