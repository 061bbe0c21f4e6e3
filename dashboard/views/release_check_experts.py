"""Release check: what experts found: the strength of evidence as it grew, and the way to all the rest."""

from html import escape

import streamlit as st

from dashboard import widgets
from dashboard.language import t
from dashboard.views import campaign_details, campaign_errors, campaign_results, campaign_words
from dashboard.views.campaign_link import link
from evals.gate.looking import Look

__all__ = ["chart", "show"]


def chart(seen: Look) -> None:
    """The strength of evidence, pair by pair; nothing before the first."""
    if seen.results is not None and seen.results.course:
        campaign_results.chart(seen.results)


def show(seen: Look) -> None:
    """Pairs won, tied and lost, critical errors with their texts, and how far the verdicts can be trusted."""
    found = seen.results
    if found is None:
        widgets.notice(t("release.evidence.experts.none"))
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="a-links-experts"):
        st.html(f'<span class="a-facts">{escape(t("release.evidence.experts.campaign"))}</span>', width="content")
        link(found.campaign, found.name)
    if found.overall is not None:
        widgets.notice(campaign_words.sentence(found))
        widgets.cards(campaign_results.cards(found, found.overall))
        campaign_results.bar(found, found.overall)
        campaign_results.parts(found)
        campaign_errors.show(found)
    campaign_details.show(found)
