"""Whose a run is."""

import pytest

from assay.recording import Run
from store.access import Actor
from store.loading import load_spools
from store.owners import Owners, owners_of, owning, owns, unknown_accounts, unknown_owners
from store.users import NewUser, add_user


def owners(store, root, **facts):
    (root / "r").mkdir()
    run = Run(root / "r", facts=facts)
    run.log(1, loss=1.0)
    run.finish()
    load_spools(store)
    return store.snapshot(lambda snapshot: owners_of(snapshot, 1))


def test_a_run_is_its_accounts_and_its_owners(store, root):
    facts = {"config": {"run": {"owner": "Lin"}}, "provenance": {"account": "ann"}}
    assert owners(store, root, **facts) == Owners(frozenset({"ann"}), frozenset({"Lin"}))


def test_those_who_had_it_before_are_among_them(store, root):
    config = {"run": {"owner": "Lin"}}
    found = owners(store, root, config=config, provenance={"account": "bob", "accounts": ["ann", "bob"]})
    assert found == Owners(frozenset({"ann", "bob"}), frozenset({"Lin"}))


def test_an_empty_owner_is_nobody(store, root):
    found = owners(store, root, config={"run": {"owner": " "}}, provenance={"account": "ann"})
    assert found == Owners(frozenset({"ann"}), frozenset())


@pytest.mark.parametrize(
    "facts",
    [
        {"source": "/logs", "provenance": {"watched": "log", "account": "ann"}},
        {},
        {"config": {"run": "triage"}, "provenance": {"account": 7, "accounts": {"a": 1}}},
    ],
)
def test_watched_and_scripted_runs_are_nobodys(store, root, facts):
    assert owners(store, root, **facts) == Owners(frozenset(), frozenset())


def test_a_run_that_is_gone_is_nobodys(store):
    assert store.snapshot(lambda snapshot: owners_of(snapshot, None)) == Owners(frozenset(), frozenset())


LI = {"id": 7, "name": "Li Na", "issuer": "https://login.example.org", "subject": "li.na"}


@pytest.mark.parametrize(
    ("owner", "is_hers"),
    [
        ("Li Na", True), ("li na", True), (" LI  NA ", True), ("Li.Na", True), ("7", True), ("Li", False),
        ("Lina", False), ("77", False),
    ],
)  # fmt: skip
def test_an_owner_is_whoever_people_would_take_for_the_same(owner, is_hers):
    assert owns(Owners(frozenset(), frozenset({owner})), LI) is is_hers


@pytest.mark.parametrize(
    ("account", "is_hers"), [("Li Na", True), (" li.NA ", True), ("li", False), ("7", False), ("", False)]
)
@pytest.mark.parametrize("issuer", ["local", None, LI["issuer"]])
def test_an_account_is_whoever_has_it_as_login_or_name_however_they_log_in(account, is_hers, issuer):
    assert owns(Owners(frozenset({account}), frozenset()), {**LI, "issuer": issuer}) is is_hers


def test_who_has_no_login_owns_no_more_than_their_name():
    assert not owns(Owners(frozenset({"None"}), frozenset({""})), {"id": 1, "name": "Ann", "subject": None})


def test_owners_whom_nobody_here_is_are_named(store):
    add_user(store, Actor("command", None, "root"), NewUser("Chen", "admin", "https://login.example.org", "chen.w"))
    owners = Owners(frozenset(), frozenset({"Chne", "chen", "CHEN.W", "1", "2"}))
    assert store.snapshot(lambda snapshot: unknown_owners(snapshot, owners)) == ["2", "Chne"]


def test_accounts_that_nobody_here_has_are_named_and_owners_have_numbers(store):
    for name, subject in (("Chen", "chen.w"), ("Lin", "lin")):
        add_user(store, Actor("command", None, "root"), NewUser(name, "admin", "https://login.example.org", subject))
    owners = Owners(frozenset({"gpu-1", "Chen.W", "chen", "1"}), frozenset({"lin"}))
    assert store.snapshot(lambda snapshot: unknown_accounts(snapshot, owners)) == ["1", "gpu-1"]
    assert store.snapshot(lambda snapshot: owning(snapshot, owners)) == [1, 2]
