"""Home: campaigns that ended and wait for a lead's look, and pairs that wait to be judged."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, cached_campaigns, identity
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.views.campaign_link import link
from dashboard.words import ago
from store.clock import utc_now

__all__ = ["ended", "show", "show_pairs", "to_judge"]

Row = dict[str, Any]


def ended() -> list[Row]:
    """Campaigns that ended and that this lead has not looked at since; none for anyone else. Raises StoreError."""
    path, who = cached.store_path(), identity.actor()
    rows = cached_campaigns.ended(path, who.named)
    return rows if rows and "campaign:close" in cached_campaigns.may_do(path, who) else []


def show(rows: list[Row]) -> None:
    """A line each, which leads to the campaign."""
    for row in rows:
        with (
            st.container(key=f"a-waiting-campaign-{row['id']}", gap=None),
            st.container(horizontal=True, gap="small", vertical_alignment="center"),
        ):
            link(row["id"], row["name"])
            words = t("waiting.campaign", when=ago(row["closed"], utc_now(), current()))
            mark = f'<span class="a-status a-warn">{escape(t("campaigns.closed"))}</span>'
            st.html(f'{mark} <span class="a-facts">{escape(words)}</span>', width="content")


def to_judge() -> int:
    """Pairs that wait for whoever is at the machine itself; others land on the page Review. Raises StoreError."""
    who = identity.actor()
    if who.way != "local" or who.user is None:
        return 0
    return cached_campaigns.to_judge(cached.store_path(), who.user)


def show_pairs(count: int) -> None:
    """A line that leads to the page Review."""
    with (
        st.container(key="a-waiting-pairs", gap=None),
        st.container(horizontal=True, gap="small", vertical_alignment="center"),
    ):
        st.page_link(page_path("review"), label=t("review"), query_params={"lang": current()})
        st.html(f'<span class="a-facts">{escape(t("waiting.pairs", count=count))}</span>', width="content")
