"""What people are called, who are written down by number."""

import streamlit as st

from dashboard import cached
from dashboard.language import t
from store.askers import names
from store.database import Store
from store.errors import StoreError

__all__ = ["called"]


def called(named: str) -> str:
    """What the one is called whom `Actor.named` names; other words, as older requests have them, as they are. Of people
    a server's store tells nothing.
    """
    if not named.startswith("user:"):
        return named.removeprefix("command:")
    path = cached.store_path()
    if cached.is_served(path):
        return t("someone")
    try:
        return _names(path).get(named, named)
    except StoreError:
        return named


@st.cache_data(ttl=cached.SELDOM, max_entries=4, show_spinner=False)
def _names(path: str) -> dict[str, str]:
    return names(Store.at(path))
