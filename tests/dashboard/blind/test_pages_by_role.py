"""Every address, as each role: what is not one's own is not there."""

import hashlib

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import identity, navigation
from dashboard.entrance import Entrance, open_by
from dashboard.pages import PAGES, page_path
from store.access import ACTIONS, ROLES, Actor
from store.invites import Wanted, exchange, invite
from tests.dashboard.blind.canaries import Canaries, Seen, search
from tests.dashboard.blind.twins import secrets_of_twins, twin
from tests.evals.review.campaigns import add_role, add_user
from tests.evals.review.drafts import LEAD

APP = f"{dashboard.__path__[0]}/app.py"

WHO = (*ROLES, "stranger", "nobody", "invited", "invited, and taken back")

OWN = {role: {entry.name for entry in PAGES if role in ACTIONS[entry.needs]} for role in ROLES}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = twin(tmp_path_factory.mktemp("twin"), Canaries(), secrets_of_twins()[0], "https://i", swapped=False)
    actors = {"stranger": Actor("oidc", None)}
    for role in (*ROLES, "nobody"):
        actors[role] = made.store.transaction(lambda tx, name=role: add_user(tx, name))
        if role in ROLES:
            made.store.transaction(lambda tx, name=role: add_role(tx, actors[name], name))
    for name in ("invited", "invited, and taken back"):
        link = invite(made.store, LEAD, Wanted(name, made.canaries["name of campaign 1"]))
        token = exchange(made.store, link.code, link.pin).token
        actors[name] = Actor("invite", link.user, login=hashlib.sha256(token.encode()).hexdigest())
    made.store.transaction(
        lambda tx: tx.execute("UPDATE login SET revoked = now() WHERE user_id = (SELECT max(user_id) FROM login)")
    )
    return made, actors


@pytest.fixture
def opened(house, monkeypatch):
    """`opened(who, page)`: what is drawn at a page's address."""
    made, actors = house
    monkeypatch.setenv("ASSAY_STORE", str(made.store.path))
    open_by(Entrance("https://assay.example.org"))

    def draw(who, page):
        monkeypatch.setattr(identity, "actor", lambda: actors[who])
        app = AppTest.from_file(APP, default_timeout=60)
        app.query_params["lang"] = "en"
        app.run()
        if page:
            app.switch_page(page_path(page)).run()
        return app

    yield draw
    open_by(Entrance())


def own(who):
    return OWN.get(who, OWN["expert"] if who == "invited" else set())


@pytest.mark.parametrize("who", WHO)
def test_pages_are_given_by_role(house, monkeypatch, who):
    made, actors = house
    monkeypatch.setenv("ASSAY_STORE", str(made.store.path))
    assert {entry.name for entry in navigation.pages_for(actors[who])} == own(who)


def drawn(app):
    """All that a page holds."""
    return [Seen("main", str(app.main).encode()), *(Seen("html", each.body.encode()) for each in app.html)]


@pytest.mark.parametrize("who", WHO)
def test_at_every_address_only_what_is_ones_own_is_drawn(house, opened, who):
    made, _ = house
    for entry in PAGES:
        if entry.name in own(who):
            continue
        try:
            app = opened(who, entry.name)
        except ValueError:
            # There is no such page for this one.
            continue
        assert "review-desk" not in app.session_state or "review" in own(who)
        if not own(who) & {"runs", "campaigns"}:
            assert search(made.canaries, drawn(app)) == []


@pytest.mark.parametrize("who", ["expert", "invited", "stranger", "nobody", "admin"])
def test_who_may_not_read_runs_is_drawn_no_name_anywhere(house, opened, who):
    made, _ = house
    app = opened(who, None)
    assert search(made.canaries, drawn(app)) == []
    assert not app.exception


def test_an_auditor_is_drawn_names_so_that_their_absence_proves_something(house, opened):
    made, _ = house
    assert search(made.canaries, drawn(opened("auditor", "campaigns")))


@pytest.mark.parametrize(("action", "told"), [("verdict:write", False), ("run:read", True)])
def test_of_files_in_trouble_no_page_of_experts_tells(action, told):
    open_by(Entrance("https://assay.example.org"))
    script = f"""
import streamlit as st
from dashboard import identity
identity.needs("{action}")
st.session_state["told"] = identity.may_know_files()
"""
    try:
        assert AppTest.from_string(script).run().session_state["told"] is told
    finally:
        open_by(Entrance())
