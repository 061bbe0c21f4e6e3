"""Requests: each is taken by one trainer, once, in order."""

import threading

import pytest

import assay
from store.errors import StoreError
from store.loading import load_spools
from store.requests import SERVER, Request, ask, finish, take, waiting
from store.users import NewUser, add_user, grant, local_user, take_back
from tests.store.people import COMMAND, ISSUER


@pytest.fixture
def running(root, store):
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
    load_spools(store)
    return store


def test_a_request_waits_until_it_is_taken_and_says_what_came_of_it(running):
    first = ask(running, "mine", "save-now", actor="command:ann")
    second = ask(running, "mine", "note", {"text": "looks odd"}, actor="command:bo")
    expected = [
        Request(first, "save-now", {}, "command:ann", "ann"),
        Request(second, "note", {"text": "looks odd"}, "command:bo", "bo"),
    ]
    assert waiting(running, "mine") == expected
    assert take(running, "mine") == expected
    assert take(running, "mine") == waiting(running, "mine") == []
    finish(running, first, "saved step 12")
    rows = running.rows(
        "SELECT id, result, taken IS NOT NULL AS taken, done IS NOT NULL AS done FROM request ORDER BY id"
    )
    assert rows == [
        {"id": 1, "result": "saved step 12", "taken": True, "done": True},
        {"id": 2, "result": None, "taken": True, "done": False},
    ]


def test_two_takers_never_get_the_same_request(running):
    for _ in range(20):
        ask(running, "mine", "save-now", actor="command:ann")
    taken = []
    threads = [threading.Thread(target=lambda: taken.extend(take(running, "mine"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(request.id for request in taken) == list(range(1, 21))


def test_a_taker_of_some_kinds_leaves_the_others_waiting(running):
    wanted = ask(running, "mine", "evaluate", {"suites": ["a.toml"]}, actor="command:ann")
    other = ask(running, "mine", "pause", actor="command:bo")
    assert [request.id for request in waiting(running, "mine", ["evaluate"])] == [wanted]
    assert take(running, "mine", ["evaluate"]) == [
        Request(wanted, "evaluate", {"suites": ["a.toml"]}, "command:ann", "ann")
    ]
    assert take(running, "mine", ["evaluate"]) == []
    assert [request.id for request in take(running, "mine")] == [other]


def test_what_the_server_does_itself_waits_for_the_server_alone(running):
    number = ask(running, "mine", "check-data", actor="command:ann")
    assert take(running, "mine") == []
    assert [request.id for request in take(running, "mine", SERVER)] == [number]


def test_polling_where_nothing_waits_writes_nothing(running):
    before = running.path.stat().st_mtime_ns
    assert take(running, "mine") == []
    assert running.path.stat().st_mtime_ns == before


def test_nobody_can_ask_of_a_run_that_is_not_there_or_for_what_there_is_not(running):
    with pytest.raises(StoreError, match="there is no run yours"):
        ask(running, "yours", "save-now", actor="command:ann")
    with pytest.raises(ValueError, match="no request of kind 'explode'"):
        ask(running, "mine", "explode", actor="command:ann")


def test_asked_once_the_same_waits_once_and_what_differs_waits_beside_it(running):
    first = ask(running, "mine", "pause", actor="command:ann", once=True)
    assert ask(running, "mine", "pause", actor="command:bo", once=True) == first
    other = ask(running, "mine", "rollback", {"step": 4}, actor="command:ann", once=True)
    assert ask(running, "mine", "rollback", {"step": 8}, actor="command:ann", once=True) == other + 1
    assert ask(running, "mine", "pause", actor="command:ann", once=True) == first
    assert [request.kind for request in waiting(running, "mine")] == ["pause", "rollback", "rollback"]


def test_asked_once_a_second_press_just_after_it_was_taken_asks_nothing(running):
    first = ask(running, "mine", "save-now", actor="command:ann", once=True)
    take(running, "mine")
    assert ask(running, "mine", "save-now", actor="command:ann", once=True) == first
    running.transaction(lambda tx: tx.execute("UPDATE request SET created = created - INTERVAL 1 MINUTE"))
    assert ask(running, "mine", "save-now", actor="command:ann", once=True) == first + 1


def result(store, number):
    [row] = store.rows("SELECT result, done IS NOT NULL AS done FROM request WHERE id = $id", {"id": number})
    return row["done"], row["result"]


@pytest.mark.parametrize(("kind", "role"), [("pause", "engineer"), ("open-campaign", "lead"), ("propose", "lead")])
def test_what_someone_asked_whose_role_was_taken_back_is_refused_with_the_reason(running, kind, role):
    root = add_user(running, COMMAND, NewUser("Root", "admin", ISSUER, "0"))
    number = add_user(running, COMMAND, NewUser("Eva", role, ISSUER, "1"))
    fine = ask(running, "mine", kind, actor=f"user:{number}")
    assert take(running, "mine") == [Request(fine, kind, {}, f"user:{number}", "Eva")]
    late = [ask(running, "mine", kind, actor=f"user:{who}") for who in (number, root, 4711)]
    grant(running, COMMAND, "Eva", "auditor", None)
    take_back(running, COMMAND, "Eva", role, None)
    assert take(running, "mine") == []
    for each in late:
        done, said = result(running, each)
        assert done
        assert said.startswith("not done: this needs the role engineer")
    assert waiting(running, "mine") == []


def test_whoever_sits_at_the_machine_may_ask(running):
    number = local_user(running)
    asked = ask(running, "mine", "pause", actor=f"user:{number}")
    assert [request.id for request in take(running, "mine")] == [asked]


@pytest.mark.parametrize("odd", ["Eva", "user:", "user:x", "command:", "rules", "user:²", "oidc:1"])
def test_who_is_not_named_as_accounts_and_people_are_may_not_ask(running, odd):
    number = ask(running, "mine", "pause", actor=odd)
    assert take(running, "mine") == []
    assert result(running, number) == (True, f"not done: {odd} does not say who asks; ask again")


def test_a_rollback_asked_by_an_older_command_is_taken(running):
    ask(running, "mine", "rollback", {"step": 1}, actor="ann")
    assert [(request.actor, request.called) for request in take(running, "mine")] == [("ann", "ann")]
