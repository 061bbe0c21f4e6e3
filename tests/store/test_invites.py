"""Invitations: what a link and its PIN open, to whom, for how long, and who may take it back."""

import hashlib
import json
import shutil
from datetime import timedelta

import pytest

from store.access import AccessError, Actor, may, roles_of
from store.clock import utc_now
from store.database import Store
from store.errors import StoreError
from store.invites import (
    Exchanged,
    Refused,
    Wanted,
    can_enter,
    end_login,
    exchange,
    invite,
    opened_by,
    take_back_invites,
)
from store.users import grant, list_users, local_user, remove_user, take_back
from tests.store.people import COMMAND, actions, add, first_broken_of, put_campaign

WRONG = "x"


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    made = Store.at(tmp_path_factory.mktemp("blank") / "assay.duckdb")
    made.create()
    return made.path


@pytest.fixture
def store(root, blank):
    # A copy of one file: making the schema takes longer than everything else here.
    shutil.copy(blank, root / blank.name)
    return Store.at(root / blank.name)


def test_a_link_and_its_pin_open_one_campaign_to_one_browser_once(store):
    put_campaign(store)
    put_campaign(store, "other", 2)
    made = invite(store, COMMAND, Wanted("Wang", "triage", days=3))
    opened = exchange(store, made.code, made.pin)
    assert isinstance(opened, Exchanged)
    assert opened.expires == made.expires
    login = store.rows("SELECT token_sha256 FROM login")[0]["token_sha256"]
    who = Actor("invite", made.user, login=login)
    assert store.snapshot(lambda snapshot: roles_of(snapshot, who, 1)) == {"expert"}
    assert store.snapshot(lambda snapshot: roles_of(snapshot, who, 2)) == set()
    later(store)
    assert exchange(store, made.code, made.pin) == Refused(0)
    assert opened_by(store, made.code, login)
    assert not opened_by(store, made.code + WRONG, login)
    assert first_broken_of(store) is None


def later(store):
    """A minute after links were used."""
    store.transaction(lambda tx: tx.execute("UPDATE invite SET used = used - INTERVAL 61 SECOND"))


def test_a_link_used_twice_within_a_minute_ends_what_it_opened_first(store):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    tokens = [exchange(store, made.code, made.pin) for _ in range(2)]
    assert all(isinstance(token, Exchanged) for token in tokens)
    rows = store.rows("SELECT token_sha256 AS login, revoked IS NULL AS open FROM login")
    open_now = {row["login"]: row["open"] for row in rows}
    assert [open_now[hashlib.sha256(token.token.encode()).hexdigest()] for token in tokens] == [False, True]
    assert actions(store) == ["invite", "login", "login"]
    # The minute counts from the first time.
    later(store)
    assert exchange(store, made.code, made.pin) == Refused(0)


def test_a_wrong_pin_within_the_minute_counts_as_ever(store):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    exchange(store, made.code, made.pin)
    wrong = "000000" if made.pin != "000000" else "000001"
    assert exchange(store, made.code, wrong) == Refused(4)
    assert store.rows("SELECT count(*) AS n FROM login WHERE revoked IS NULL") == [{"n": 1}]


def test_of_code_pin_and_token_only_hashes_are_kept(store):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    opened = exchange(store, made.code, made.pin)
    assert isinstance(opened, Exchanged)
    told = json.dumps(
        [store.rows(f'SELECT * FROM "{table}"') for table in ("invite", "login", "audit", "user", "role")], default=str
    )
    assert made.code not in told
    assert opened.token not in told
    assert f'"{made.pin}"' not in told


def test_five_wrong_pins_lock_a_link(store):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    wrong = "000000" if made.pin != "000000" else "000001"
    left = [exchange(store, made.code, wrong) for _ in range(6)]
    assert left == [Refused(4), Refused(3), Refused(2), Refused(1), Refused(0), Refused(0)]
    assert exchange(store, made.code, made.pin) == Refused(0)
    assert actions(store).count("login-refused") == 5


def ended(how, store, made):
    changes = {
        "unknown": "UPDATE invite SET code_sha256 = 'other'",
        "used": "UPDATE invite SET used = $now - INTERVAL 61 SECOND",
        "expired": "UPDATE invite SET expires = $now",
        "revoked": "UPDATE invite SET revoked = $now",
        "closed": "UPDATE campaign SET closed = $now",
        "removed": 'UPDATE "user" SET removed = $now',
    }
    values = {} if how == "unknown" else {"now": utc_now()}
    store.transaction(lambda tx: tx.execute(changes[how], values))


@pytest.mark.parametrize("how", ["unknown", "used", "expired", "revoked", "closed", "removed"])
def test_a_link_that_has_ended_gives_one_answer_whatever_the_pin(store, how):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    ended(how, store, made)
    assert exchange(store, made.code, made.pin) == exchange(store, made.code, "no pin") == Refused(0)
    assert store.rows("SELECT failures FROM invite") == [{"failures": 0}]


def test_a_second_invite_ends_the_first_that_was_not_used(store):
    put_campaign(store)
    first = invite(store, COMMAND, Wanted("Wang", "triage"))
    second = invite(store, COMMAND, Wanted("Wang", "triage", ("surgery",)))
    assert first.user == second.user
    assert (first.renewed, second.renewed) == (False, True)
    assert exchange(store, first.code, first.pin) == Refused(0)
    assert isinstance(exchange(store, second.code, second.pin), Exchanged)
    third = invite(store, COMMAND, Wanted("Wang", "triage"))
    assert store.rows("SELECT count(*) AS n FROM invite WHERE revoked IS NULL")[0]["n"] == 2
    assert third.user == second.user
    assert list_users(store, COMMAND)[0]["specialties"] == ["surgery"]


def test_someone_of_the_same_name_in_another_campaign_is_another_person(store):
    put_campaign(store)
    put_campaign(store, "other", 2)
    one, two = (invite(store, COMMAND, Wanted("Wang", name)) for name in ("triage", "other"))
    assert one.user != two.user
    assert not two.renewed
    with pytest.raises(StoreError, match=f"give the number instead: {one.user}, {two.user}"):
        remove_user(store, COMMAND, "Wang")
    remove_user(store, COMMAND, str(two.user))


def test_an_invite_ends_with_its_campaign_at_the_latest(store):
    put_campaign(store, days=2)
    made = invite(store, COMMAND, Wanted("Wang", "1", days=14))
    assert timedelta(days=1.9) < made.expires - utc_now() <= timedelta(days=2)
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET closed = $now", {"now": utc_now()}))
    with pytest.raises(StoreError, match="campaign triage is over"):
        invite(store, COMMAND, Wanted("Li", "triage"))
    with pytest.raises(StoreError, match="there is no campaign nothing"):
        invite(store, COMMAND, Wanted("Li", "nothing"))


def test_taking_an_invite_back_ends_what_it_opened(store):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    exchange(store, made.code, made.pin)
    login = store.rows("SELECT token_sha256 FROM login")[0]["token_sha256"]
    who = Actor("invite", made.user, login=login)
    take_back_invites(store, COMMAND, "Wang")
    assert not store.snapshot(lambda snapshot: may(snapshot, who, "verdict:write", 1))
    assert not can_enter(store, oidc=True)
    with pytest.raises(StoreError, match="has no invitation to take back"):
        take_back_invites(store, COMMAND, "Wang")


def test_a_login_given_back_is_ended(store):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    exchange(store, made.code, made.pin)
    login = store.rows("SELECT token_sha256 FROM login")[0]["token_sha256"]
    end_login(store, login)
    end_login(store, login)
    assert store.snapshot(lambda snapshot: roles_of(snapshot, Actor("invite", made.user, login=login))) == set()
    assert actions(store) == ["invite", "login", "logout"]


@pytest.mark.parametrize(
    ("role", "allowed"), [("lead", True), ("admin", True), ("engineer", False), ("auditor", False)]
)
def test_leads_and_admins_invite(store, role, allowed):
    put_campaign(store)
    add(store)
    someone = Actor("oidc", add(store, "Someone", role, "1"))
    if allowed:
        assert invite(store, someone, Wanted("Wang", "triage")).campaign == "triage"
    else:
        with pytest.raises(AccessError):
            invite(store, someone, Wanted("Wang", "triage"))


def test_a_lead_of_one_campaign_takes_back_the_invites_of_that_one_alone(store):
    put_campaign(store)
    put_campaign(store, "other", 2)
    add(store)
    number = add(store, "Lea", "expert", "1")
    grant(store, COMMAND, "Lea", "lead", 1)
    lead = Actor("oidc", number)
    own, other = (invite(store, COMMAND, Wanted(name, to)) for name, to in (("Wang", "triage"), ("Li", "other")))
    with pytest.raises(AccessError, match="this needs the role lead or admin"):
        take_back_invites(store, lead, "Li")
    with pytest.raises(AccessError):
        invite(store, lead, Wanted("Zhao", "other"))
    take_back_invites(store, lead, "Wang")
    assert exchange(store, own.code, own.pin) == Refused(0)
    assert isinstance(exchange(store, other.code, other.pin), Exchanged)


def test_nobody_gets_in_to_a_campaign_that_is_closed(store):
    put_campaign(store)
    used, unused = (invite(store, COMMAND, Wanted(name, "triage")) for name in ("Wang", "Li"))
    exchange(store, used.code, used.pin)
    assert can_enter(store, oidc=False)
    store.transaction(lambda tx: tx.execute("UPDATE invite SET revoked = now() WHERE id = 2"))
    assert can_enter(store, oidc=False)
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET closed = now()"))
    assert not can_enter(store, oidc=False)
    assert unused.campaign == "triage"


def test_whether_anyone_could_get_in(store):
    put_campaign(store)
    local_user(store)
    assert not can_enter(store, oidc=True)
    add(store, subject="1")
    assert can_enter(store, oidc=True)
    assert not can_enter(store, oidc=False)
    invite(store, COMMAND, Wanted("Wang", "triage"))
    assert can_enter(store, oidc=False)


def test_a_role_taken_back_ends_its_browsers_for_good_whatever_comes_later(store):
    put_campaign(store)
    made = invite(store, COMMAND, Wanted("Wang", "triage"))
    exchange(store, made.code, made.pin)
    login = store.rows("SELECT token_sha256 FROM login")[0]["token_sha256"]
    take_back(store, COMMAND, "Wang", "expert", 1)
    again = invite(store, COMMAND, Wanted("Wang", "triage"))
    assert again.user == made.user
    lost = Actor("invite", made.user, login=login)
    assert store.snapshot(lambda snapshot: roles_of(snapshot, lost, 1)) == set()
