"""Access: roles of our own, looked up on every call, and nothing by default."""

from datetime import timedelta

import pytest

from store.access import ACTIONS, ROLES, AccessError, Actor, may, require, roles_of
from store.clock import utc_now
from tests.evals.review.campaigns import add_role, add_user

EXPECTED = {
    "engineer": {
        "run:read", "run:act", "campaign:open", "campaign:status", "campaign:results", "release:read",
        "release:propose", "release:confirm",
    },
    "expert": {"verdict:write"},
    "lead": {
        "run:read", "campaign:open", "campaign:close", "campaign:status", "campaign:results", "campaign:export",
        "user:invite", "user:list", "release:read", "release:propose", "release:approve", "release:make",
        "release:restore", "release:confirm",
    },
    "auditor": {"run:read", "campaign:status", "campaign:results", "user:list", "audit:read", "release:read"},
    "admin": {"user:invite", "user:manage", "user:list"},
}  # fmt: skip


def person(store, *roles, campaign=None):
    def add(transaction):
        actor = add_user(transaction, "someone")
        for role in roles:
            add_role(transaction, actor, role, campaign)
        return actor

    return store.transaction(add)


def allowed(store, actor, campaign=None):
    return store.snapshot(lambda now: {action for action in ACTIONS if may(now, actor, action, campaign)})


def change(store, sql, **values):
    store.transaction(lambda transaction: transaction.execute(sql, values))


def refusal(store, actor, action, campaign=None):
    with pytest.raises(AccessError) as refused:
        store.snapshot(lambda now: require(now, actor, action, campaign))
    return str(refused.value)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_the_table_says_and_nothing_else(store, role):
    actor = person(store, role)
    assert allowed(store, actor) == allowed(store, actor, 3) == EXPECTED[role]
    for action in ACTIONS:
        if action in EXPECTED[role]:
            assert store.snapshot(lambda now, action=action: require(now, actor, action)) == role
        else:
            assert "; ask an admin for it" in refusal(store, actor, action)


def test_an_action_that_is_not_in_the_table_is_nobodys_not_even_the_machines(store):
    for actor in (person(store, *ROLES), Actor("local", 1), Actor("command", None, "me")):
        assert not store.snapshot(lambda now, actor=actor: may(now, actor, "store:burn"))
        assert refusal(store, actor, "store:burn") == "nobody may do this"


def test_whoever_can_open_the_file_may_do_everything(store):
    for actor in (Actor("local", None), Actor("local", 7), Actor("command", None, "me")):
        assert allowed(store, actor) == allowed(store, actor, 3) == set(ACTIONS)


def test_who_is_not_known_may_do_nothing_and_is_told_so(store):
    for actor in (Actor("oidc", None), Actor("invite", None, login="0" * 64)):
        assert allowed(store, actor) == set()
        assert refusal(store, actor, "run:read") == "you are not known here; ask an admin to add you (assay user add)"
    assert allowed(store, Actor("oidc", 4711)) == allowed(store, person(store)) == set()


def test_a_role_for_one_campaign_counts_there_alone(store):
    actor = person(store, "expert", campaign=3)
    assert (allowed(store, actor, 3), allowed(store, actor, 4)) == ({"verdict:write"}, set())
    # Without a campaign the question is whether there is any.
    assert allowed(store, actor) == {"verdict:write"}
    assert refusal(store, actor, "verdict:write", 4) == "this needs the role expert; ask an admin for it"


ALONE = {"engineer": {"campaign:status"}, "expert": {"verdict:write"}, "lead": {"campaign:status"},
         "auditor": {"campaign:status"}, "admin": set()}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_a_bound_role_is_none_for_what_is_about_no_campaign(store, role):
    actor = person(store, role, campaign=3)
    assert allowed(store, actor) == ALONE[role]
    assert (allowed(store, actor, 3), allowed(store, actor, 4)) == (EXPECTED[role], set())
    for action in set(ACTIONS) - ALONE[role]:
        assert refusal(store, actor, action).startswith(("this needs the role ", "nobody may"))


def test_the_role_that_allows_is_the_one_that_is_told(store):
    actor = person(store, "auditor", "lead")
    for action, role in (("campaign:results", "lead"), ("audit:read", "auditor"), ("user:list", "lead")):
        assert store.snapshot(lambda now, action=action: require(now, actor, action)) == role


def test_what_is_taken_back_is_gone_at_once_and_can_be_given_again(store):
    actor = person(store, "expert", "lead")
    change(store, "UPDATE role SET revoked = $now WHERE role = 'lead'", now=utc_now())
    assert store.snapshot(lambda now: roles_of(now, actor)) == {"expert"}
    store.transaction(lambda transaction: add_role(transaction, actor, "lead"))
    assert store.snapshot(lambda now: roles_of(now, actor)) == {"expert", "lead"}
    change(store, 'UPDATE "user" SET removed = $now', now=utc_now())
    assert allowed(store, actor) == set()


def test_inside_a_transaction_what_it_took_back_counts(store):
    actor = person(store, "lead")

    def work(transaction):
        transaction.execute("UPDATE role SET revoked = granted")
        require(transaction, actor, "campaign:close")

    with pytest.raises(AccessError):
        store.transaction(work)
    assert allowed(store, actor) == EXPECTED["lead"]


LOGIN = "a" * 64


@pytest.fixture
def invited(store):
    """Someone with an invite to campaign 3, who has more roles by other ways in."""
    actor = person(store, "expert", campaign=3)
    store.transaction(lambda transaction: [add_role(transaction, actor, role) for role in ("lead", "expert")])
    now, later = utc_now(), utc_now() + timedelta(hours=1)
    values = {"user": actor.user, "now": now, "later": later}
    change(
        store,
        "INSERT INTO invite "
        "(id, code_sha256, pin_sha256, user_id, campaign_id, created, created_by, expires, failures) "
        "VALUES (1, 'c', 'p', $user, 3, $now, 'user:1', $later, 0)",
        **values,
    )
    change(
        store,
        "INSERT INTO login (token_sha256, user_id, invite_id, created, expires) "
        f"VALUES ('{LOGIN}', $user, 1, $now, $later)",
        **values,
    )
    return Actor("invite", actor.user, login=LOGIN)


def test_an_invite_carries_the_expert_role_in_its_campaign_and_nothing_else(store, invited):
    assert allowed(store, invited, 3) == allowed(store, invited) == {"verdict:write"}
    assert allowed(store, invited, 4) == set()
    # The same cookie under another name, or the same name without it.
    assert allowed(store, Actor("invite", invited.user + 1, login=LOGIN)) == set()
    assert allowed(store, Actor("invite", invited.user, login="b" * 64)) == set()
    assert allowed(store, Actor("invite", invited.user)) == set()
    assert allowed(store, Actor("oidc", invited.user, login=LOGIN)) == set()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE login SET revoked = $now",
        "UPDATE login SET expires = $now",
        "UPDATE invite SET revoked = $now",
        "UPDATE role SET revoked = $now WHERE campaign_id = 3",
        'UPDATE "user" SET removed = $now',
        "DELETE FROM login WHERE created <= $now",
    ],
)
def test_an_invite_ends_with_its_login_its_role_and_its_person(store, invited, sql):
    change(store, sql, now=utc_now())
    assert allowed(store, invited, 3) == set()
    said = "this invitation has ended; ask whoever invited you for a new one"
    assert refusal(store, invited, "verdict:write", 3) == said


def test_an_invite_to_a_campaign_says_for_another_one_that_the_role_is_missing(store, invited):
    assert refusal(store, invited, "verdict:write", 4) == "this needs the role expert; ask an admin for it"


def test_people_and_commands_are_named_in_the_audit_log_by_number_and_account():
    assert Actor("oidc", 3).named == "user:3"
    assert Actor("command", None, "me").named == "command:me"
