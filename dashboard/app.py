"""The dashboard's entry: navigation, language and foot around the page that was asked for.

Run by the server of `assay dash`, never by hand.
"""

from pathlib import Path

import streamlit as st

from dashboard import language, widgets
from dashboard.language import t
from dashboard.pages import PAGES, page_path

st.set_page_config(layout="wide", initial_sidebar_state="collapsed")

sections: dict[str, list[st.Page]] = {}
for entry in PAGES:
    page = st.Page(page_path(entry.name), title=t(entry.name), url_path=entry.url or None, default=not entry.url)
    sections.setdefault(t(entry.section) if entry.section else "", []).append(page)
chosen = st.navigation(sections, position="top")

st.logo(Path(__file__).parent / "static" / "logo.svg", size="large")
st.set_page_config(page_title=f"{chosen.title} · {t('name')}")
with st.container(key="a-language"):
    language.switch()
chosen.run()
widgets.foot()
