"""People, their roles and invitations, as the commands and services of the store have them."""

import json
import shutil

import pytest
from click.testing import CliRunner

from assay.errors import AssayError
from store.access import AccessError, Actor, roles_of
from store.clock import utc_now
from store.commands.user import user
from store.database import Store
from store.errors import StoreError
from store.invites import (
    Exchanged,
    Refused,
    Wanted,
    exchange,
    invite,
)
from store.users import (
    NewUser,
    add_user,
    grant,
    list_users,
    local_user,
    note_login,
    remove_user,
    take_back,
    user_of,
)
from tests.store.people import COMMAND, ISSUER, actions, add, first_broken_of, planned, put_campaign


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


def held(store, number, campaign=None):
    return store.snapshot(lambda snapshot: roles_of(snapshot, Actor("oidc", number), campaign))


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


@pytest.mark.parametrize("role", ["engineer", "auditor", "admin"])
def test_roles_about_more_than_campaigns_are_not_given_for_one(store, role):
    put_campaign(store)
    add(store)
    add(store, "Lea", "lead")
    with pytest.raises(StoreError, match=f"the role {role} is for everything, not for one campaign"):
        grant(store, COMMAND, "Lea", role, 1)
    assert held(store, 2) == {"lead"}


def test_someone_invited_before_makes_the_first_one_added_no_less_an_admin(store):
    put_campaign(store)
    invite(store, COMMAND, Wanted("Wang", "triage"))
    with pytest.raises(StoreError, match="the first one must be an admin"):
        add(store, "Lea", "lead")
    add(store)
    add(store, "Lea", "lead")


def test_a_login_at_a_provider_is_in_the_log_once(store):
    number = add(store, subject="1")
    for issued in (100, 100, 200):
        note_login(store, number, issued)
    rows = store.rows("SELECT actor, object, payload FROM audit WHERE action = 'login' ORDER BY seq")
    assert [json.loads(row["payload"]) for row in rows] == [
        {"way": "oidc", "issued": 100}, {"way": "oidc", "issued": 200}
    ]  # fmt: skip
    assert {(row["actor"], row["object"]) for row in rows} == {(f"user:{number}", f"user:{number}")}
    assert first_broken_of(store) is None


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
    first = run(root, *words)
    assert "renews" not in first.stderr
    assert "this renews the invitation of 王医生, number 1; for another person of that name" in " ".join(
        run(root, *words).stderr.split()
    )
    shown = run(root, *words).stdout
    link = next(line for line in shown.splitlines() if line.startswith("https://"))
    assert link.startswith("https://assay.example.org/invite/")
    pin = shown.split("PIN ", 1)[1].split()[0]
    assert "█" in shown
    assert isinstance(exchange(store, link.rsplit("/", 1)[1], pin), Exchanged)
    made = json.loads(run(root, *words, "--json").stdout)
    assert made["link"].endswith(made["code"])
    assert len(made["pin"]) == 6
    assert made["renewed"] is True
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
