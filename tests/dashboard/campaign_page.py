"""The page Campaigns as a test opens and presses it."""

from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import identity
from dashboard.pages import page_path

__all__ = ["home", "page", "press", "said"]

APP = Path(dashboard.__file__).parent / "app.py"


def home(monkeypatch, store, who=None, lang="en"):
    """The first page that `who` is given; as whoever sits here by default."""
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    if who is not None:
        monkeypatch.setattr(identity, "actor", lambda: who)
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["lang"] = lang
    app.run()
    assert not app.exception
    return app


def page(monkeypatch, store, campaign=None, lang="en", who=None):
    """The page Campaigns of everybody's campaigns or of one."""
    app = home(monkeypatch, store, who, lang)
    app.switch_page(page_path("campaigns"))
    if campaign is not None:
        app.query_params["campaign"] = str(campaign.campaign)
    app.run()
    assert not app.exception
    return app


def said(app):
    """All that it says."""
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


def press(app, label):
    """Press a button; what the page says then."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return said(app)
