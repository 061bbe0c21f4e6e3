"""Questions that an open blind review asks: what models answered to them stays hidden, as anyone may come to judge."""

from html import escape

import streamlit as st

from dashboard.cached import SELDOM, store_path
from dashboard.language import t
from evals.review.used import asked_now, is_asked_among
from store.database import Store

__all__ = ["is_asked", "note"]


def is_asked(question: str) -> bool:
    """Whether an open blind review asks it. Raises StoreError."""
    return is_asked_among(_asked(store_path()), question)


def note() -> str:
    """What stands in place of the answers, in HTML."""
    return f'<bdi class="a-quiet">{escape(t("campaigns.asked_now"))}</bdi>'


@st.cache_data(ttl=SELDOM, max_entries=4, show_spinner=False)
def _asked(path: str) -> frozenset[str]:
    return asked_now(Store.at(path))
