"""Putting an earlier release back: one lead, a reason, everything read again; and whether it could be done today."""

import json
import shutil

import pytest

from evals.release import restoring
from evals.release.current import current
from evals.release.errors import RefusedError, ReleaseError
from evals.release.listing import listed
from evals.release.restoring import can_restore, restore
from evals.release.rows import find_release, releases_of
from evals.release.settling import settle_papers
from store.access import AccessError
from store.heads import verify_audit
from store.keys import retire_key, server_key_path
from tests.evals.gate.passing import BASE_FOLDER, COMMAND
from tests.evals.release.world import refused, sql


def rows(world):
    return world.store.snapshot(lambda snapshot: releases_of(snapshot, "prod"))


def put_back(world, named="v1", reason="v2 is worse"):
    return restore(world.store, world.made.sun, named, reason=reason)


def first(world):
    return world._replace(made=world.made._replace(candidate="triage@400"))


def test_an_earlier_release_is_live_again_under_its_own_number(superseded):
    made = put_back(superseded, reason="v2  is\nworse")
    first, second, third = rows(superseded)
    assert made.release == third
    assert (third.kind, third.version, third.candidate, third.reason) == ("restore", 1, "triage@400", "v2 is worse")
    assert (third.bundle, third.envelope, third.sha256) == (first.bundle, first.envelope, first.sha256)
    assert (first.until, second.until, third.until) == (second.created, third.created, None)
    assert current(superseded.store, superseded.made.li).folder.name.startswith("triage@400")


def test_the_audit_log_tells_of_it_and_its_end_is_signed(superseded):
    made = put_back(superseded)
    told = superseded.store.rows("SELECT * FROM audit WHERE action = 'restore'")
    assert json.loads(told[0]["payload"]) == {
        "environment": "prod", "version": 1, "sha256": made.release.sha256, "reason": "v2 is worse",
    }  # fmt: skip
    assert superseded.store.rows("SELECT max(seq) AS seq FROM audit_head") == [{"seq": told[0]["seq"]}]
    assert superseded.store.snapshot(verify_audit).holds


def test_a_digest_names_it_as_well(superseded):
    wanted = rows(superseded)[0].sha256
    assert put_back(superseded, f"sha256:{wanted}").release.version == 1
    assert put_back(superseded, "2").release.version == 2
    assert put_back(superseded, wanted[:12]).release.version == 1


def test_what_is_live_stays_as_it_is(superseded):
    made = restore(superseded.store, superseded.made.sun, "v2", reason="")
    assert (made.already, made.release.version, len(rows(superseded))) == (True, 2, 2)


def test_of_two_who_put_back_the_same_one_does(superseded, monkeypatch):
    def settled(store, release):
        monkeypatch.undo()
        put_back(superseded, reason="Sun was faster")
        return settle_papers(store, release)

    monkeypatch.setattr(restoring, "settle_papers", settled)
    made = put_back(superseded)
    assert (made.already, made.release.version, made.release.reason) == (True, 1, "Sun was faster")
    assert len(rows(superseded)) == 3


def test_what_a_restore_took_the_place_of_is_put_back_itself_and_not_released_anew(superseded):
    put_back(superseded)
    assert refused(superseded.make) == "triage@600 was v2 of prod before; put it back: assay release restore v2"


@pytest.mark.parametrize("who", ["chen", "qian", "wang"])
def test_only_a_lead_puts_back(both, who):
    with pytest.raises(AccessError, match="this needs the role lead"):
        restore(both.store, getattr(both.made, who), "v1", reason="why not")


@pytest.mark.parametrize("named", ["v3", "0", "f" * 12])
def test_what_never_was_cannot_be_named(both, named):
    with pytest.raises(ReleaseError, match=f"there is no release {named} of prod; there are: v1, v2"):
        both.store.snapshot(lambda snapshot: find_release(snapshot, named, "prod"))


@pytest.mark.parametrize("named", ["", "latest", "abc", "v"])
def test_what_is_neither_number_nor_digest_is_said(both, named):
    with pytest.raises(ReleaseError, match="is no digest of a release; give 12 of its characters or more"):
        both.store.snapshot(lambda snapshot: find_release(snapshot, named, "prod"))


def test_it_can_be_put_back_as_long_as_everything_is_there(superseded):
    assert [(one.release.version, one.can_be_put_back, one.why_not) for one in listed(
        superseded.store, superseded.made.li
    )] == [(2, True, ""), (1, True, "")]  # fmt: skip


def gone(world):
    shutil.rmtree(first(world).folder)


def checkpoint_gone(world):
    shutil.rmtree(first(world).made.checkpoint)


def larger(world):
    (first(world).folder / "tokenizer.json").write_text("{} ")


def base_gone(world):
    (world.store.root / BASE_FOLDER / "model.safetensors").unlink()


def forged(world):
    sql(world.store, "UPDATE release SET bundle = concat(bundle, ' ') WHERE version = 1")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (gone, "its folder .exports/triage@400-"),
        (checkpoint_gone, "its checkpoint triage/checkpoints/00000400-b1 is gone"),
        (larger, "tokenizer.json has another size"), (base_gone, "its base is gone from"),
        (forged, "the row of v1 of prod does not hold: bundle.json is not the one that was signed"),
    ],
)  # fmt: skip
def test_why_it_cannot_be_put_back_today_is_said(superseded, change, why):
    change(superseded)
    possible, said = can_restore(superseded.store, rows(superseded)[0])
    assert not possible
    assert why in said
    assert can_restore(superseded.store, rows(superseded)[1])[0] == (change is not base_gone)
    with pytest.raises(RefusedError, match="v1 of prod cannot be put back: "):
        put_back(superseded)


def test_a_release_of_an_earlier_servers_key_is_put_back_too(superseded):
    known = superseded.store.rows("SELECT key_id FROM signing_key WHERE user_id IS NULL")[0]["key_id"]
    retire_key(superseded.store, COMMAND, known)
    server_key_path(superseded.store).unlink()
    assert put_back(superseded).release.version == 1
    assert can_restore(superseded.store, rows(superseded)[1]) == (True, "")
