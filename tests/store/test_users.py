"""People, their roles and invitations, as the commands and services of the store have them."""

import json
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from assay.errors import AssayError
from store.access import AccessError, Actor, may, roles_of
from store.audit import first_broken
from store.clock import utc_now
from store.commands.user import user
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
from store.users import NewUser, add_user, grant, list_users, local_user, remove_user, take_back, user_of
from tests.store.people import COMMAND, ISSUER, planned, put_campaign

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


def add(store, name="Root", role="admin", subject=None, **more):
    return add_user(store, COMMAND, NewUser(name, role, ISSUER if subject else None, subject, **more))


def held(store, number, campaign=None):
    return store.snapshot(lambda snapshot: roles_of(snapshot, Actor("oidc", number), campaign))


def actions(store):
    return [row["action"] for row in store.rows("SELECT action FROM audit ORDER BY seq")]


def test_the_first_person_of_a_store_must_be_an_admin(store):
    local_user(store)
    with pytest.raises(StoreError, match="the first one must be an admin"):
        add(store, role="lead")
    number = add(store)
    assert held(store, number) == {"admin"}
    assert add(store, "Lea", "lead") == number + 1


def test_whoever_sits_at_the_machine_is_one_person(store):
    number = local_user(store)
    assert local_user(store) == number
    assert [row["issuer"] for row in list_users(store, COMMAND)] == ["local"]
    assert actions(store) == ["user-add"]


def test_a_login_is_known_by_issuer_and_subject_together(store):
    number = add(store, subject="7")
    assert store.snapshot(lambda snapshot: user_of(snapshot, ISSUER, "7")) == number
    assert store.snapshot(lambda snapshot: user_of(snapshot, "https://elsewhere", "7")) is None
    assert store.snapshot(lambda snapshot: user_of(snapshot, ISSUER, "8")) is None


@pytest.mark.parametrize(
    ("name", "subject", "sentence"),
    [
        ("Root", None, "someone here is called Root"),
        ("Lea", "1", "belongs to someone here"),
        (" ", None, "needs a name"),
    ],
)
def test_names_and_logins_are_taken_once(store, name, subject, sentence):
    add(store, subject="1")
    with pytest.raises(StoreError, match=sentence):
        add(store, name, "lead", subject)


def test_roles_are_given_for_one_campaign_or_for_all_and_taken_back(store):
    put_campaign(store)
    put_campaign(store, "other", 2)
    add(store)
    number = add(store, "Lea", "lead")
    grant(store, COMMAND, "Lea", "expert", 1)
    grant(store, COMMAND, "Lea", "expert", 1)
    assert held(store, number, 1) == {"lead", "expert"}
    assert held(store, number, 2) == {"lead"}
    take_back(store, COMMAND, "Lea", "expert", 1)
    assert held(store, number, 1) == {"lead"}
    with pytest.raises(StoreError, match="does not have the role expert"):
        take_back(store, COMMAND, "Lea", "expert", 1)
    assert actions(store) == ["user-add", "user-add", "role-grant", "role-revoke"]


def test_the_last_admin_stays(store):
    add(store)
    with pytest.raises(StoreError, match="the last admin"):
        take_back(store, COMMAND, "Root", "admin", None)
    with pytest.raises(StoreError, match="the last admin"):
        remove_user(store, COMMAND, "Root")


def test_someone_removed_can_do_nothing_and_the_login_is_free_again(store):
    add(store)
    number = add(store, "Lea", "lead", "1")
    remove_user(store, COMMAND, "Lea")
    assert held(store, number) == set()
    assert [row["name"] for row in list_users(store, COMMAND)] == ["Root"]
    assert add(store, "Lea", "engineer", "1") == number + 1


@pytest.mark.parametrize("role", ["engineer", "expert", "lead", "auditor"])
def test_only_an_admin_manages_people(store, role):
    add(store)
    someone = Actor("oidc", add(store, "Someone", role, "1"))
    for act in (
        lambda: add_user(store, someone, NewUser("New", "lead")),
        lambda: grant(store, someone, "Someone", "admin", None),
        lambda: take_back(store, someone, "Root", "admin", None),
        lambda: remove_user(store, someone, "Root"),
    ):
        with pytest.raises(AccessError, match="this needs the role admin"):
            act()
    assert [row["name"] for row in list_users(store, COMMAND)] == ["Root", "Someone"]


def test_a_second_grader_plans_second_verdicts_of_pairs_nobody_has_seen(store):
    put_campaign(store)
    store.transaction(
        lambda tx: tx.execute(
            'INSERT INTO lease (token, campaign_id, item, grader, sitting, "left", shown_first, issued, expires) '
            "VALUES ('t', 1, 'q0', 9, 1, 'first', 'left', $now, $now)",
            {"now": utc_now()},
        )
    )
    invite(store, COMMAND, Wanted("Wang", "triage"))
    assert planned(store) == [1, 1, 1, 1]
    invite(store, COMMAND, Wanted("Wang", "triage"))
    assert planned(store) == [1, 1, 1, 1]
    invite(store, COMMAND, Wanted("Li", "triage"))
    assert planned(store) == [1, 2, 1, 1]


def test_a_role_for_all_campaigns_makes_a_second_grader_too(store):
    put_campaign(store)
    add(store)
    invite(store, COMMAND, Wanted("Wang", "triage"))
    add(store, "Li", "expert")
    assert planned(store) == [2, 2, 1, 1]


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
    assert exchange(store, made.code, made.pin) == Refused(0)
    assert opened_by(store, made.code, login)
    assert not opened_by(store, made.code + WRONG, login)
    assert first_broken_of(store) is None


def first_broken_of(store):
    return store.snapshot(first_broken)


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
        "used": "UPDATE invite SET used = $now",
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


def test_whether_anyone_could_get_in(store):
    put_campaign(store)
    local_user(store)
    assert not can_enter(store, oidc=True)
    add(store, subject="1")
    assert can_enter(store, oidc=True)
    assert not can_enter(store, oidc=False)
    invite(store, COMMAND, Wanted("Wang", "triage"))
    assert can_enter(store, oidc=False)


def run(root, *words, code=0):
    result = CliRunner().invoke(user, [*words, "--store", str(root)])
    assert result.exit_code == code, result.output
    return result


def test_the_command_adds_lists_and_changes_people(root):
    run(root, "add", "Ann", "--role", "admin", "--oidc", ISSUER, "7")
    run(root, "add", "Li", "--role", "expert", "--specialty", "law")
    run(root, "role", "Li", "--grant", "lead")
    run(root, "role", "Li", "--revoke", "expert")
    people = json.loads(run(root, "ls", "--json").stdout)
    assert [(row["name"], row["subject"], row["specialties"]) for row in people] == [
        ("Ann", "7", []),
        ("Li", None, ["law"]),
    ]
    assert people[1]["roles"] == [{"role": "lead", "campaign": None}]
    shown = run(root, "ls").stdout
    assert f"7 at {ISSUER}" in shown
    run(root, "revoke", "Li")
    assert [row["name"] for row in json.loads(run(root, "ls", "--json").stdout)] == ["Ann"]


def test_the_command_hands_out_link_code_and_pin_apart(store, root):
    put_campaign(store)
    words = ("invite", "--name", "王医生", "--campaign", "triage", "--url", "https://assay.example.org/")
    shown = run(root, *words).stdout
    link = next(line for line in shown.splitlines() if line.startswith("https://"))
    assert link.startswith("https://assay.example.org/invite/")
    pin = shown.split("PIN ", 1)[1].split()[0]
    assert "█" in shown
    assert isinstance(exchange(store, link.rsplit("/", 1)[1], pin), Exchanged)
    made = json.loads(run(root, *words, "--json").stdout)
    assert made["link"].endswith(made["code"])
    assert len(made["pin"]) == 6
    run(root, "revoke", "王医生", "--invite")
    assert exchange(store, made["code"], made["pin"]) == Refused(0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "A", "--role", "admin", "--oidc", "ann@example.org", "7"), "is no issuer"),
        (("add", "A", "--role", "admin", "--oidc", ISSUER, ""), "the subject is empty"),
        (("role", "A"), "say what to do"),
        (("role", "A", "--grant", "lead", "--revoke", "lead"), "say what to do"),
        (("role", "A", "--grant", "lead", "--campaign", "none"), "there is no campaign none"),
        (("revoke", "A"), "there is nobody called A"),
        (("invite", "--name", "A", "--campaign", "c", "--url", "example.org"), "is no address of a dashboard"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(store, root, words, sentence):
    result = CliRunner().invoke(user, [*words, "--store", str(root)])
    assert isinstance(result.exception, AssayError)
    assert sentence in str(result.exception)
    assert result.stdout == ""
