"""Which of the ways in counts where someone came by two, and what the log tells of a login at a provider."""

from types import SimpleNamespace

import pytest

from dashboard import identity
from dashboard.cookies import signed
from dashboard.entrance import Entrance, open_by
from store.database import Store
from store.invites import Exchanged, Wanted, exchange, invite
from store.users import NewUser, add_user
from tests.store.people import COMMAND, ISSUER, put_campaign


class User(dict):
    is_logged_in = True


@pytest.fixture
def store(root):
    made = Store.at(root / "assay.duckdb")
    made.create()
    put_campaign(made)
    add_user(made, COMMAND, NewUser("Root", "admin", ISSUER, "7"))
    return made


@pytest.fixture
def comes(monkeypatch, store):
    """`comes(cookie, user)`: with what someone is at the other end of a public server."""
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    open_by(Entrance("https://assay.example.org", oidc=True))

    def come(cookie=None, user=None):
        cookies = {"__Host-assay": cookie} if cookie else {}
        nobody = User()
        nobody.is_logged_in = False
        monkeypatch.setattr(identity.st, "context", SimpleNamespace(cookies=cookies))
        monkeypatch.setattr(identity.st, "user", nobody if user is None else User(user))
        return identity.actor()

    yield come
    open_by(Entrance())


ROOT = {"iss": ISSUER, "sub": "7", "iat": 1_700_000_000}


@pytest.fixture
def invited(store):
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    opened = exchange(store, made.code, made.pin)
    assert isinstance(opened, Exchanged)
    return made, signed(store, opened.token)


@pytest.mark.parametrize(
    "sql",
    ["UPDATE invite SET revoked = now()", "UPDATE login SET expires = created", "UPDATE login SET revoked = now()"],
)
def test_an_invitation_that_is_over_does_not_keep_out_who_has_signed_in(comes, store, invited, sql):
    made, cookie = invited
    assert comes(cookie, ROOT)[:2] == ("invite", made.user)
    store.transaction(lambda tx: tx.execute(sql))
    assert comes(cookie, ROOT)[:2] == ("oidc", 1)
    # Who has not is still told that the invitation has ended.
    assert comes(cookie)[:2] == ("invite", made.user)
    assert comes("no cookie of ours", ROOT)[:2] == ("oidc", 1)


def test_a_login_at_a_provider_is_told_of_once_and_asked_for_no_more(comes, store, monkeypatch):
    def logins():
        return store.rows("SELECT count(*) AS n FROM audit WHERE action = 'login'")[0]["n"]

    assert (comes(user=ROOT)[:2], logins()) == (("oidc", 1), 1)
    with monkeypatch.context() as patch:
        patch.setattr(identity, "note_login", lambda *_: pytest.fail("asked for again"))
        comes(user=ROOT)
    identity._note_login.cache_clear()  # as when the server was started again
    assert (comes(user=ROOT)[:2], logins()) == (("oidc", 1), 1)
    assert (comes(user={**ROOT, "iat": 1_700_000_001})[:2], logins()) == (("oidc", 1), 2)
    assert (comes(user={**ROOT, "sub": "8"})[:2], logins()) == (("oidc", None), 2)
