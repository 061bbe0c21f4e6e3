"""Who may do what about releases: each role with each function, and nobody else with any."""

import importlib
import inspect
import pkgutil

import pytest

import evals.gate
import evals.release
from store.access import ACTIONS, ROLES, Actor
from tests.evals.release.roles import RELEASING
from tests.evals.review.asking import person, refused
from trainer.propose import propose

INSIDE = {"acting", "add_proposal", "keep_decision", "person_named", "put_row", "signer_of"}
"""What works in a transaction that someone else has opened: parts of the others."""


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_call_what_the_table_says_and_nothing_else(passing, role):
    actor = person(passing.store, role)
    allowed = {name for name, (_, call) in RELEASING.items() if not refused(call, passing, actor)}
    assert allowed == {name for name, (action, _) in RELEASING.items() if role in ACTIONS[action]}


def test_who_has_no_role_or_is_unknown_may_call_nothing(passing):
    strangers = [person(passing.store), Actor("oidc", None), Actor("oidc", 4711), Actor("invite", 1, login="0" * 64)]
    passing.look()  # Sun's, which is written down
    before = passing.store.rows("SELECT count(*) AS n FROM audit")
    for name, (_, call) in RELEASING.items():
        assert all(refused(call, passing, actor) for actor in strangers), name
    assert passing.store.rows("SELECT count(*) AS n FROM audit") == before


def test_the_table_holds_every_function_that_takes_who_asks():
    found = {propose.__name__}
    for package in (evals.gate, evals.release):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            made = importlib.import_module(module.name)
            for name in getattr(made, "__all__", ()):
                function = getattr(made, name)
                if inspect.isfunction(function) and function.__module__ == module.name:
                    asks = inspect.signature(function).parameters.get("actor")
                    found |= {name} if asks is not None and asks.annotation is Actor else set()
    assert found == {*RELEASING, *INSIDE}
