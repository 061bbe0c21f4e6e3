"""A second lead confirms what one lead alone has put back; nothing is undone where nobody does."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evals.gate.approvals import GateError
from evals.release.countersigning import WITHIN, countersign, second_of
from evals.release.current import current
from evals.release.errors import RefusedError, ReleaseError
from evals.release.restoring import restore
from evals.release.rows import live_release
from store.access import AccessError, Actor
from store.heads import verify_audit
from tests.evals.gate.passing import COMMAND, passing_store
from tests.evals.release.world import release, signed, sql, twice, world_of


@pytest.fixture
def back(superseded):
    """v1 was put back by Sun in place of v2."""
    restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse")
    return superseded


def second(world):
    def read(snapshot):
        live = live_release(snapshot, "prod")
        return live, second_of(snapshot, live)

    return world.store.snapshot(read)


def test_a_restore_acts_at_once_and_waits_for_another_lead(back):
    live, found = second(back)
    assert (live.version, found.by, found.confirmed, found.due) == (1, "", None, live.created + timedelta(hours=24))
    assert (found.is_late(found.due), found.is_late(found.due + timedelta(seconds=1))) == (False, True)
    assert current(back.store, back.made.li).second == found


def test_another_lead_confirms_it_once_and_the_log_tells_of_it(back):
    live, found = countersign(back.store, back.made.li)
    assert (live.version, found.by) == (1, "Li")
    assert second(back)[1] == found
    assert not found.is_late(found.due + WITHIN)
    told = back.store.rows("SELECT seq, actor, role, object, payload FROM audit ORDER BY seq DESC LIMIT 1")[0]
    assert (told["actor"], told["role"], told["object"]) == (back.made.li.named, "lead", "environment:prod")
    assert json.loads(told["payload"]) == {
        "environment": "prod", "release": live.id, "version": 1, "sha256": live.sha256,
    }  # fmt: skip
    report = back.store.snapshot(verify_audit)
    assert (report.holds, report.last_signed) == (True, told["seq"])
    with pytest.raises(ReleaseError, match="Li has confirmed v1 of prod already, on "):
        countersign(back.store, back.made.zhao)


def test_nobody_confirms_their_own(back):
    with pytest.raises(ReleaseError, match="Sun put v1 of prod back; another lead must confirm it"):
        countersign(back.store, back.made.sun)
    assert second(back)[1].confirmed is None


def test_what_a_command_without_a_key_put_back_two_different_leads_confirm(superseded):
    restore(superseded.store, COMMAND, "v1", reason="v2 is worse")
    assert second(superseded)[1].missing == 2
    found = countersign(superseded.store, COMMAND, key=superseded.li_key)[1]
    assert (found.by, found.confirmed, found.first, found.missing) == ("", None, "Li", 1)
    assert found == second(superseded)[1]
    assert found.is_late(found.due + timedelta(seconds=1))
    for again in ({"actor": superseded.made.li}, {"actor": COMMAND, "key": superseded.li_key}):
        with pytest.raises(ReleaseError, match="Li counts as who put v1 of prod back; another lead must confirm it"):
            countersign(superseded.store, **again)
    found = countersign(superseded.store, superseded.made.zhao)[1]
    assert (found.by, found.first, found.missing) == ("Zhao", "Li", 0)
    assert found == second(superseded)[1]
    with pytest.raises(ReleaseError, match="Zhao has confirmed v1 of prod already"):
        countersign(superseded.store, superseded.made.sun)


def test_with_a_key_a_command_is_a_lead(superseded):
    made = restore(superseded.store, COMMAND, "v1", reason="v2 is worse", key=superseded.li_key).release
    assert (made.created_by, made.by, made.role) == (superseded.made.li.named, "Li", "lead")
    told = superseded.store.rows("SELECT actor FROM audit WHERE action = 'restore'")
    assert told == [{"actor": superseded.made.li.named}]
    with pytest.raises(ReleaseError, match="Li put v1 of prod back"):
        countersign(superseded.store, COMMAND, key=superseded.li_key)
    assert countersign(superseded.store, COMMAND, key=superseded.zhao_key)[1].by == "Zhao"


def test_a_key_that_does_not_count_puts_nothing_back(superseded):
    with pytest.raises(GateError, match="this key is registered for nobody here"):
        restore(superseded.store, COMMAND, "v1", reason="v2 is worse", key=Ed25519PrivateKey.generate())
    assert second(superseded)[0].version == 2


def test_somebody_at_this_machine_is_no_second_lead_by_another_login_of_the_same_name(superseded):
    sql(superseded.store, 'INSERT INTO "user" BY NAME SELECT * REPLACE (99 AS id, \'local\' AS issuer, '
        "'li' AS subject) FROM \"user\" WHERE name = 'Li'")  # fmt: skip
    restore(superseded.store, Actor("local", 99), "v1", reason="v2 is worse")
    with pytest.raises(ReleaseError, match="Li put v1 of prod back"):
        countersign(superseded.store, superseded.made.li)
    assert countersign(superseded.store, superseded.made.zhao)[1].by == "Zhao"


def test_what_is_confirmed_is_what_was_looked_at(back):
    seen = second(back)[0]
    restore(back.store, back.made.sun, "v2", reason="v1 is slower", expected=seen.id)
    with pytest.raises(ReleaseError, match="since you looked, v2 of prod was made live by Sun; look again"):
        countersign(back.store, back.made.li, expected=seen.id)
    with pytest.raises(ReleaseError, match="since you looked, v2 of prod was made live by Sun; look again"):
        restore(back.store, back.made.li, "v1", reason="v2 is worse", expected=seen.id)
    with pytest.raises(ReleaseError, match="v2 of prod is live, and not v1; look again"):
        countersign(back.store, back.made.li, version=1)
    live = second(back)[0]
    assert second(back)[1].confirmed is None
    assert countersign(back.store, back.made.li, expected=live.id, version=2)[1].by == "Li"


@pytest.mark.parametrize("reason", ["\u200b", "\u202e v2 is worse", "\u034f"])
def test_a_reason_that_does_not_show_puts_nothing_back(superseded, reason):
    with pytest.raises((GateError, ReleaseError), match=r"does not show|for a reason"):
        restore(superseded.store, superseded.made.sun, "v1", reason=reason)
    assert second(superseded)[0].version == 2


def test_on_the_command_line_a_lead_has_a_key(back):
    with pytest.raises(GateError, match="with a key of one's own"):
        countersign(back.store, COMMAND)
    assert countersign(back.store, COMMAND, key=back.zhao_key)[1].by == "Zhao"


@pytest.mark.parametrize("who", ["chen", "qian", "wang"])
def test_only_a_lead_confirms(back, who):
    with pytest.raises(AccessError, match="this needs the role lead"):
        countersign(back.store, getattr(back.made, who))


def test_what_was_released_needs_no_other_word(superseded, passing):
    assert second(superseded)[1] is None
    with pytest.raises(RefusedError, match="v2 of prod needs no second lead: it was released, and not put back"):
        countersign(superseded.store, superseded.made.li)
    with pytest.raises(RefusedError, match="nothing is live in prod"):
        countersign(passing.store, passing.made.li)


def test_each_restore_is_confirmed_for_itself(back):
    countersign(back.store, back.made.li)
    restore(back.store, back.made.sun, "v2", reason="v1 is slower")
    restore(back.store, back.made.sun, "v1", reason="v2 is worse still")
    assert second(back)[1].confirmed is None


def test_where_one_lead_is_enough_none_is_waited_for(tmp_path):
    policy = '[review]\nn_max = 40\ncriteria = ["accurate"]\ncritical_limit = 0.3\n[approval]\napprovals_required = 1\n'
    world = release(signed(world_of(passing_store(tmp_path / "runs", policy=policy), tmp_path)))
    world = twice(world)
    restore(world.store, world.made.sun, "v1", reason="v2 is worse")
    assert second(world)[1] is None
    with pytest.raises(RefusedError, match="v1 of prod needs no second lead: one lead is enough by its policy"):
        countersign(world.store, world.made.li)


def test_a_damaged_bundle_asks_for_another_lead(back):
    sql(back.store, "UPDATE release SET bundle = '{' WHERE kind = 'restore'")
    assert second(back)[1].confirmed is None
