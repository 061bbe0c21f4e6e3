"""What acts on runs asks whether its person may, each time it is called."""

import pytest
from streamlit.testing.v1 import AppTest

import assay
from dashboard import identity
from dashboard.cached_people import called
from dashboard.entrance import Entrance, open_by
from store.access import AccessError, Actor
from store.database import Store
from store.loading import load_spools
from store.users import NewUser, add_user, grant
from tests.store.people import COMMAND


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("acts")
    assay.run("triage", store=root, total_steps=10).finish()
    made = Store.at(root / "assay.duckdb")
    load_spools(made)
    for name, role in (("Root", "admin"), ("Eva", "engineer"), ("Audi", "auditor")):
        add_user(made, COMMAND, NewUser(name, role, "https://i", name))
    return made


@pytest.fixture
def asks(monkeypatch, store):
    """`asks(number)`: who is at the other end of a public server from now on."""
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    open_by(Entrance("https://assay.example.org"))
    who = [Actor("oidc", None)]
    monkeypatch.setattr("dashboard.identity.actor", lambda: who[0])
    yield lambda number: who.__setitem__(0, Actor("oidc", number))
    open_by(Entrance())


ACTS = {
    "edit_problem": "from dashboard.views import edit\nedit.save(['triage'], {'starred': True})",
    "ask_problem": "from dashboard.views import actions\nactions.put('triage', 'note', {'text': 'a note'})",
    "sent-back-1": "from dashboard.views import send_back\nsend_back._send(1, 'triage', 3)",
}


def run(script):
    app = AppTest.from_string(script).run()
    assert not app.exception
    return app.session_state


@pytest.mark.parametrize("problem", ACTS)
def test_who_may_not_act_changes_nothing(asks, store, problem):
    for number, sentence in ((None, "you are not known here"), (3, "this needs the role engineer")):
        asks(number)
        assert sentence in run(ACTS[problem])[problem]
    assert store.rows("SELECT starred FROM run") == [{"starred": False}]
    assert store.rows("SELECT count(*) AS n FROM request") == [{"n": 0}]


def test_an_engineer_acts_under_the_own_number_and_is_shown_by_name(asks, store):
    asks(2)
    run(ACTS["ask_problem"])
    assert store.rows("SELECT kind, actor FROM request") == [{"kind": "note", "actor": "user:2"}]
    assert (called("user:2"), called("command:ann"), called("Eva"), called("user:99")) == (
        "Eva", "ann", "Eva", "user:99"
    )  # fmt: skip
    run(ACTS["edit_problem"])
    assert store.rows("SELECT actor, object FROM audit WHERE action = 'run-edit'") == [
        {"actor": "user:2", "object": "run:triage"}
    ]
    store.transaction(lambda tx: tx.execute("DELETE FROM request"))


def test_a_file_to_be_made_later_asks_again(asks, store):
    asks(2)
    make = identity.guarded("run:read", lambda: b"rows")
    assert make() == b"rows"
    grant(store, COMMAND, "Eva", "expert", None)
    store.transaction(lambda tx: tx.execute("UPDATE role SET revoked = now() WHERE role = 'engineer'"))
    with pytest.raises(AccessError, match="this needs the role engineer or lead or auditor"):
        make()
