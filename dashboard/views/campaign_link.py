"""Links to campaigns."""

import streamlit as st

from dashboard import widgets
from dashboard.language import current
from dashboard.pages import page_path

__all__ = ["CAMPAIGN", "link"]

CAMPAIGN = "campaign"
"""In the address: the number of the campaign that is shown."""


def link(number: int, label: str) -> None:
    """A link to a campaign."""
    asked = {"lang": current(), CAMPAIGN: str(number)}
    st.page_link(page_path("campaigns"), label=widgets.plain(label), query_params=asked)
