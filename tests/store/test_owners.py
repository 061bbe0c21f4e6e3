"""Whose a run is."""

import pytest

from assay.recording import Run
from store.loading import load_spools
from store.owners import Owners, owners_of


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
