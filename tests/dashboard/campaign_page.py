"""The page Campaigns as a test opens and presses it."""

import streamlit as st

from dashboard import identity
from tests.dashboard.opening import open_page

__all__ = ["home", "page", "press", "said"]


def home(monkeypatch, store, who=None, lang="en"):
    """The first page that `who` is given; as whoever sits here by default."""
    return _opened(monkeypatch, store, who, "home", {"lang": lang})


def page(monkeypatch, store, campaign=None, lang="en", who=None):
    """The page Campaigns of everybody's campaigns or of one."""
    asked = {} if campaign is None else {"campaign": str(campaign.campaign)}
    return _opened(monkeypatch, store, who, "campaigns", {"lang": lang, **asked})


def _opened(monkeypatch, store, who, name, asked):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    if who is not None:
        monkeypatch.setattr(identity, "actor", lambda: who)
    return open_page(name, asked)


def said(app):
    """All that it says."""
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


def press(app, label):
    """Press a button; what the page says then."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return said(app)
