"""Whom someone at the machine of a demo plays. In any other store, and on a server that others reach, nobody can."""

import streamlit as st

from dashboard import cached
from dashboard.entrance import entrance
from store.database import Store
from store.errors import StoreError
from store.personas import Persona, people_of

__all__ = ["cast", "go", "going", "play", "playing", "rests"]

_WHO = "persona"

_GOING = "persona-goes"

KEPT = ("language",)
"""What of a session stays when another person is played: anything else was that one's."""


def cast() -> dict[str, Persona]:
    """The people who can be played here, by their keys; none but in a demo, for whoever sits at its machine."""
    if entrance().public is not None:
        return {}
    path = cached.store_path()
    try:
        return _people(path) if cached.is_demo(path) else {}
    except StoreError:
        return {}


def playing() -> Persona | None:
    """The person who is played now; None for oneself."""
    key = st.session_state.get(_WHO)
    return cast().get(key) if isinstance(key, str) else None


def play(key: str | None) -> None:
    """Be this person from now on, or oneself; where the page is not one of theirs, go to the first that is."""
    for name in list(st.session_state):
        if name not in KEPT:
            del st.session_state[name]
    st.session_state[_WHO] = key
    st.session_state[_GOING] = None


def go(page: str, asked: dict[str, str]) -> None:
    """Go to a page of `pages.PAGES` with the next drawing; `asked` is what its address asks for."""
    st.session_state[_GOING] = (page, asked)


def going() -> bool:
    """Whether the next page is not the one in the address."""
    return _GOING in st.session_state


def rests() -> tuple[str, dict[str, str]] | None:
    """Where to go, once; None for wherever one may be."""
    return st.session_state.pop(_GOING, None)


@st.cache_data(ttl=cached.SELDOM, max_entries=4, show_spinner=False)
def _people(path: str) -> dict[str, Persona]:
    return Store.at(path).snapshot(people_of)
