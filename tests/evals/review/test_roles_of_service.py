"""Every role against every function of the service: what the table of actions says, and nothing by default."""

import pytest

from evals.review.service import (
    assignments,
    begin_sitting,
    close_campaign,
    close_sitting,
    flag,
    given,
    guess,
    next_pair,
    peek,
    reopen,
    save_draft,
    sitting,
    skip,
    submit,
)
from evals.review.types import Answer, ReviewError
from store.access import ACTIONS, ROLES, AccessError, Actor
from store.database import Store
from tests.evals.review.campaigns import add_role, add_user, make_campaign
from tests.evals.review.sat import pair_of

TOKEN = "0" * 32

FUNCTIONS = {
    "assignments": ("verdict:write", lambda store, actor, campaign: assignments(store, actor)),
    "begin_sitting": ("verdict:write", lambda store, actor, campaign: begin_sitting(store, actor, campaign, 5)),
    "close_sitting": ("verdict:write", close_sitting),
    "sitting": ("verdict:write", sitting),
    "next_pair": ("verdict:write", next_pair),
    "given": ("verdict:write", given),
    "submit": ("verdict:write", lambda store, actor, campaign: submit(store, actor, TOKEN, Answer("left"))),
    "skip": ("verdict:write", lambda store, actor, campaign: skip(store, actor, TOKEN, "odd")),
    "flag": ("verdict:write", lambda store, actor, campaign: flag(store, actor, TOKEN, "odd")),
    "save_draft": ("verdict:write", lambda store, actor, campaign: save_draft(store, actor, TOKEN, {})),
    "guess": ("verdict:write", lambda store, actor, campaign: guess(store, actor, TOKEN, "left")),
    "reopen": ("verdict:write", lambda store, actor, campaign: reopen(store, actor, TOKEN)),
    "close_campaign": ("campaign:close", lambda store, actor, campaign: close_campaign(store, actor, campaign, "over")),
}
"""Functions by the action that each needs."""


@pytest.fixture
def made(store):
    return make_campaign(store, pairs=4, graders=1, practice=0)


def person(store, role=None, campaign=None):
    def add(transaction):
        actor = add_user(transaction, role or "nobody")
        if role:
            add_role(transaction, actor, role, campaign)
        return actor

    return store.transaction(add)


def refused(call, *args):
    """Whether the role was refused; what comes after it may be refused for other reasons."""
    try:
        call(*args)
    except AccessError:
        return True
    except ReviewError:
        return False
    return False


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_call_what_the_table_says_and_nothing_else(store, made, role):
    actor = person(store, role)
    allowed = {name for name, (_, call) in FUNCTIONS.items() if not refused(call, store, actor, made.campaign)}
    assert allowed == {name for name, (action, _) in FUNCTIONS.items() if role in ACTIONS[action]}


def test_who_has_no_role_or_one_elsewhere_or_is_unknown_may_call_nothing(store, made):
    elsewhere = person(store, "expert", 99)
    strangers = [person(store), Actor("oidc", None), Actor("oidc", 4711), Actor("invite", 1, login="0" * 64)]
    for name, (_, call) in FUNCTIONS.items():
        assert all(refused(call, store, actor, made.campaign) for actor in strangers), name
    for name in ("begin_sitting", "close_sitting", "sitting", "next_pair", "given", "close_campaign"):
        assert refused(FUNCTIONS[name][1], store, elsewhere, made.campaign), name
    assert assignments(store, elsewhere) == []
    assert store.rows("SELECT * FROM audit") == store.rows("SELECT * FROM sitting") == []


def test_a_role_that_is_taken_back_is_gone_at_once_in_the_middle_of_a_pair(store, made):
    grader = made.graders[0]
    begin_sitting(store, grader, made.campaign, 4)
    view = pair_of(store, grader, made.campaign)
    store.transaction(lambda now: now.execute("UPDATE role SET revoked = granted WHERE user_id = $user", {"user": 1}))
    calls = [
        lambda: submit(store, grader, view.token, Answer("left")),
        lambda: save_draft(store, grader, view.token, {"choice": "left"}),
        lambda: skip(store, grader, view.token, "odd"),
        lambda: next_pair(store, grader, made.campaign),
        lambda: sitting(store, grader, made.campaign),
    ]
    assert all(refused(call) for call in calls)
    assert store.rows("SELECT * FROM verdict") == store.rows("SELECT * FROM draft") == []


def test_a_person_who_was_removed_may_do_nothing(store, made):
    store.transaction(lambda now: now.execute('UPDATE "user" SET removed = created WHERE id = 1'))
    assert all(refused(call, store, made.graders[0], made.campaign) for _, call in FUNCTIONS.values())


def test_whoever_has_seen_results_cannot_judge_any_more(store, made):
    grader = made.graders[0]
    begin_sitting(store, grader, made.campaign, 4)
    view = pair_of(store, grader, made.campaign)
    store.transaction(lambda now: peek(now, grader, "expert", f"pair:{made.campaign}/item-03", {}))
    for call in (
        lambda: next_pair(store, grader, made.campaign),
        lambda: submit(store, grader, view.token, Answer("left")),
        lambda: begin_sitting(store, grader, made.campaign, 9),
    ):
        with pytest.raises(ReviewError, match="you have seen results of this review, so you cannot judge"):
            call()
    # Another campaign's results are no matter, nor is a campaign whose number begins alike.
    other = make_campaign(store, pairs=2, graders=0, practice=0).campaign
    store.transaction(lambda now: add_role(now, grader, "expert", other))
    begin_sitting(store, grader, other, 2)
    pair_of(store, grader, other)


def test_in_a_demo_whoever_has_seen_results_judges_unblinded(root):
    store = Store.at(root / "demo.duckdb")
    store.create(demo=True)
    made = make_campaign(store, pairs=2, graders=1, practice=0)
    grader = made.graders[0]
    begin_sitting(store, grader, made.campaign, 2)
    submit(store, grader, pair_of(store, grader, made.campaign).token, Answer("left"))
    store.transaction(lambda now: peek(now, grader, "expert", f"campaign:{made.campaign}", {}))
    submit(store, grader, pair_of(store, grader, made.campaign).token, Answer("left"))
    assert store.rows("SELECT unblinded FROM verdict ORDER BY id") == [{"unblinded": False}, {"unblinded": True}]


def test_the_user_of_the_machine_may_judge_until_a_command_has_shown_results(store, made):
    def add(transaction):
        actor = add_user(transaction, "me")
        transaction.execute("""UPDATE "user" SET issuer = 'local' WHERE id = $user""", {"user": actor.user})
        return Actor("local", actor.user)

    local = store.transaction(add)
    begin_sitting(store, local, made.campaign, 2)
    pair_of(store, local, made.campaign)
    command = Actor("command", None, "me")
    with pytest.raises(ReviewError, match="a verdict needs a person"):
        next_pair(store, command, made.campaign)
    store.transaction(lambda now: peek(now, command, "lead", f"campaign:{made.campaign}", {}))
    with pytest.raises(ReviewError, match="you have seen results"):
        next_pair(store, local, made.campaign)
    begin_sitting(store, made.graders[0], made.campaign, 2)
