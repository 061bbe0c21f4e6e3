"""Review in a demo: after some pairs of one's own, a made-up panel may judge the rest; the results are a click away."""

import streamlit as st

from dashboard.language import t
from dashboard.views.campaign_link import link
from dashboard.views.review_desk import Desk
from evals.review.demo_panel import finish, may_finish
from store.access import Actor
from store.database import Store

__all__ = ["show"]


def show(desk: Desk, store: Store, who: Actor, campaign: int) -> None:
    """Above the pair the button, above the end of a sitting the way to the results. Raises StoreError."""
    with st.container(key="a-review-demo", horizontal=True, vertical_alignment="center"):
        if may_finish(store, who, campaign):
            st.html(f'<span class="a-facts">{t("review.demo.offer")}</span>', width="content")
            if st.button(t("review.demo.finish"), key="review-demo-finish"):
                _finish(desk, store, who, campaign)
        elif who.way == "local" and (desk.done is not None or _is_over(store, campaign)):
            # The expert whom someone plays sees no results; the story bar says who does.
            link(campaign, t("review.demo.results"))


def _finish(desk: Desk, store: Store, who: Actor, campaign: int) -> None:
    with st.spinner(t("review.demo.judging")):
        finish(store, who, campaign)
    desk.assignment, desk.open, desk.summary, desk.done, desk.same = None, None, False, None, False
    st.rerun()


def _is_over(store: Store, campaign: int) -> bool:
    return store.rows("SELECT closed FROM campaign WHERE id = $id", {"id": campaign})[0]["closed"] is not None
