"""The dashboard's entry: who asks, the pages they may have, language and foot around the one that was asked for.

Run by the server of `assay dash`, never by hand. Pages that are not given to someone are not registered: neither
their titles nor their addresses exist for that browser.
"""

from pathlib import Path

import streamlit as st

from dashboard import identity, language, navigation, played, widgets
from dashboard.language import t
from dashboard.views import entry, review, story
from store.access import AccessError
from store.errors import StoreError

st.set_page_config(layout="wide", initial_sidebar_state="collapsed")
st.logo(Path(__file__).parent / "static" / "logo.svg", size="large")


def turn_away() -> None:
    """In place of a page: what to do next."""
    if identity.is_signed_in():
        entry.turned_away(identity.actor())
    else:
        entry.sign_in()


def draw() -> None:
    """Everything, for whoever asks."""
    who = identity.actor()
    pages = navigation.pages_for(who)
    if played.going():
        navigation.go_on(pages, played.rests())
    chosen = navigation.choose(pages, turn_away)
    st.set_page_config(page_title=f"{chosen.title} · {t('name')}" if pages else t("name"))
    with st.container(key="a-language"):
        language.switch()
    if pages:
        identity.needs(navigation.needed(pages, chosen))
        identity.guard()
        story.show(who, navigation.name_of(chosen))
    chosen.run()
    entry.sign_out(who)
    widgets.foot(named=any(page.needs == "run:read" for page in pages))


try:
    draw()
except AccessError:
    # Taken back while the page was drawn: from the beginning, with what is left.
    st.rerun()
except StoreError:
    # An expert keeps the pair that is being judged, and what is typed.
    if not identity.is_judging() or not review.stay():
        widgets.notice(t("entry.trouble"), "bad")
