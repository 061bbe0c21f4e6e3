"""Campaigns: all of them in a list, or the one that the address names."""

from collections.abc import Iterable
from html import escape

import streamlit as st

from dashboard import cached, cached_campaigns, identity, widgets
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.views import campaign_form, campaign_one, overview
from dashboard.views import campaign_words as words
from dashboard.views.campaign_link import CAMPAIGN, link
from evals.review.progress import Status
from store.errors import StoreMissingError

__all__ = ["show"]


def show() -> None:
    """The whole page; it is live."""
    runs = widgets.rows_of_runs()
    path, who = cached.store_path(), identity.actor()
    try:
        found = cached_campaigns.campaigns(path, who)
    except StoreMissingError:
        found = []
    if not runs and not found:
        overview.first_steps()
        return
    asked = st.query_params.get(CAMPAIGN)
    if asked is None:
        _list(found, cached_campaigns.may_do(path, who))
        return
    one = next((one for one in found if str(one.campaign) == asked), None)
    with st.container(key="a-back"):
        st.page_link(page_path("campaigns"), label=t("campaigns.all"), query_params={"lang": current()})
    if one is None:
        widgets.notice(t("campaigns.missing", number=asked), "warn")
    else:
        campaign_one.show(one, who)


def _list(found: list[Status], may: frozenset[str]) -> None:
    may_open = "campaign:open" in may
    widgets.heading(t("campaigns.title"))
    if not found:
        widgets.notice(t("campaigns.none"))
        widgets.notice(t("campaigns.none.how" if may_open else "campaigns.none.ask"))
        if may_open:
            st.code(campaign_form.command({}), language="bash", wrap_lines=True)
    for one in found:
        _row(one)
    if "run:read" in may:
        # Who asked for a campaign of what, and where the store lies, is not for leads of one campaign.
        campaign_form.requests()
    if may_open:
        campaign_form.show(folded=bool(found))


def _row(one: Status) -> None:
    with st.container(key=f"a-campaign-{one.campaign}", gap=None):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            link(one.campaign, one.name)
            st.html(f"{words.state(one)}{words.marks(one)} {_facts(_told(one))}", width="content")
        st.html(words.progress(one))


def _told(one: Status) -> Iterable[str]:
    yield t("campaigns.line", judged=one.judged, pairs=one.pairs)
    if one.closed is None and one.pace:
        yield t("campaigns.line.pace", pace=words.pace(one.pace))
    if one.forecast is not None:
        yield t("campaigns.line.forecast", date=words.date(one.forecast))
    yield one.title


def _facts(said: Iterable[str]) -> str:
    return f'<span class="a-facts">{escape(" · ".join(said))}</span>'
