"""The people of a demo have one role each, and nobody can play them in any other store."""

import pytest

from assay.errors import AssayError
from store.access import ROLES, Actor, may, roles_of
from store.audit import first_broken
from store.database import Store
from store.personas import ISSUER, PEOPLE, add_people, people_of
from tests.store.people import COMMAND, actions


@pytest.fixture
def demo(root):
    made = Store.at(root / "assay.duckdb")
    made.create(demo=True)
    return made


def held(store, actor):
    return set(store.snapshot(lambda snapshot: roles_of(snapshot, actor)))


def test_the_people_of_a_demo_are_added_once_with_one_role_each(demo):
    people = add_people(demo, COMMAND)
    assert list(people) == list(PEOPLE) == ["engineer", "expert", "li", "zhao", "auditor"]
    assert [held(demo, one.actor) for one in people.values()] == [
        {"engineer"}, {"expert"}, {"lead"}, {"lead"}, {"auditor"},
    ]  # fmt: skip
    assert {role for _, role in PEOPLE.values()} == set(ROLES) - {"admin"}
    assert add_people(demo, COMMAND) == people == demo.snapshot(people_of)
    assert actions(demo) == ["user-add"] * 5
    assert demo.snapshot(first_broken) is None


def test_who_plays_an_expert_may_judge_and_nothing_else(demo):
    wang = add_people(demo, COMMAND)["expert"].actor
    allowed = [action for action in ("verdict:write", "run:read", "release:approve", "user:manage", "audit:read")
               if demo.snapshot(lambda snapshot, action=action: may(snapshot, wang, action))]  # fmt: skip
    assert allowed == ["verdict:write"]
    assert wang.named == f"user:{wang.user}"


def test_a_store_of_real_runs_has_no_such_people(store):
    with pytest.raises(AssayError, match="holds real runs, where everyone is who they are"):
        add_people(store, COMMAND)
    assert store.snapshot(people_of) == {}
    assert store.rows('SELECT 1 FROM "user"') == []


def test_playing_counts_for_nothing_outside_of_a_demo_and_for_nobody_else_in_one(demo):
    li = add_people(demo, COMMAND)["li"].actor
    demo.transaction(lambda tx: tx.execute('UPDATE "user" SET issuer = NULL WHERE id = $id', {"id": li.user}))
    assert held(demo, li) == set()
    assert held(demo, Actor("oidc", li.user)) == {"lead"}
    demo.transaction(
        lambda tx: tx.execute('UPDATE "user" SET issuer = $issuer WHERE id = $id', {"issuer": ISSUER, "id": li.user})
    )
    assert held(demo, li) == {"lead"}
    demo.transaction(lambda tx: tx.execute("UPDATE meta SET demo = false"))
    assert held(demo, li) == set()
