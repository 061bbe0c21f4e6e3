"""The page Release check as somebody sees it, and a store whose candidate passes, for tests."""

import streamlit as st

from dashboard import identity
from tests.dashboard.opening import open_page

__all__ = ["alarm", "approvals", "candidate", "home", "labels", "links", "page", "peeks", "press", "said"]


def page(monkeypatch, store, run=None, at=None, lang="en", who=None, **state):
    """The page, as someone sees it; `state` is put into the session before it is drawn."""
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    if who is not None:
        monkeypatch.setattr(identity, "actor", lambda: who)
    asked = {name: value for name, value in {"lang": lang, "run": run, "at": at}.items() if value is not None}
    return open_page("release_check", asked, state)


def candidate(monkeypatch, made, who=None, lang="en", **state):
    run, _, step = made.candidate.partition("@")
    return page(monkeypatch, made.store, run, f"1@{step}", who=who, lang=lang, **state)


def said(app):
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


def labels(app):
    return [button.label for button in app.button]


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return said(app)


def links(app):
    return {link.proto.label: link.proto.query_string for link in app.get("page_link")}


def approvals(store):
    return store.rows("SELECT kind, user_id, evidence_sha256, way, reason FROM approval ORDER BY id")


def peeks(store):
    return store.rows("SELECT actor FROM audit WHERE action = 'peek' ORDER BY seq")


def alarm(made):
    now = "TIMESTAMP '2030-01-01'"
    made.store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO event (run_id, step, branch, time, level, kind, message) "
            f"SELECT id, 300, 1, {now}, 'alarm', 'guard', 'the loss <jumped>' FROM run WHERE name = 'triage'"
        )
    )


def home(monkeypatch, store, who):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    monkeypatch.setattr(identity, "actor", lambda: who)
    return said(open_page("home", {"lang": "en"}))
