"""Servers say what they run, and released is told from confirmed running."""

import json

import pytest

from evals.release.confirming import confirm, running
from evals.release.errors import ReleaseError
from evals.release.restoring import restore
from evals.release.rows import releases_of
from store.access import AccessError


def digests(world):
    return [one.sha256 for one in world.store.snapshot(lambda snapshot: releases_of(snapshot, "prod"))]


def said(world):
    found = world.store.snapshot(lambda snapshot: running(snapshot, "prod"))
    return [(one.host, one.version, one.is_live) for one in found]


def test_a_server_that_runs_what_is_live_confirms_it(superseded):
    found = confirm(superseded.store, superseded.made.chen, f"sha256:{digests(superseded)[1]}", host=" gpu-1 ")
    assert (found.is_live, found.sentence) == (True, "gpu-1 runs v2 of prod, which is live")
    assert said(superseded) == [("gpu-1", 2, True)]
    told = superseded.store.rows("SELECT actor, role, object, payload FROM audit WHERE action = 'confirm'")
    assert told == [{
        "actor": f"user:{superseded.made.chen.user}", "role": "engineer", "object": "environment:prod",
        "payload": json.dumps({
            "environment": "prod", "host": "gpu-1", "live": True, "sha256": digests(superseded)[1],
        }, separators=(",", ":")),
    }]  # fmt: skip


def test_what_is_not_live_is_noted_as_well(superseded):
    first, second = digests(superseded)
    found = confirm(superseded.store, superseded.made.chen, first, host="gpu-1")
    assert (found.is_live, found.live.version) == (False, 2)
    assert found.sentence == f"gpu-1 runs v1, but live is v2 ({second[:12]}); have it load that one"
    found = confirm(superseded.store, superseded.made.chen, "0" * 64, host="gpu-2")
    assert "runs 000000000000, which was never released in prod, but live is v2" in found.sentence
    assert said(superseded) == [("gpu-1", 1, False), ("gpu-2", None, False)]
    assert superseded.store.rows("SELECT count(*) AS n FROM confirmation") == [{"n": 2}]


def test_where_nothing_was_released_it_is_noted_too(superseded):
    found = confirm(superseded.store, superseded.made.chen, "0" * 64, host="gpu-1", environment="staging")
    assert found.sentence == "gpu-1 runs 000000000000, but nothing was ever released in staging"


def test_what_was_confirmed_before_a_restore_counts_for_that_time_alone(superseded):
    first, second = digests(superseded)
    confirm(superseded.store, superseded.made.chen, first, host="old")
    confirm(superseded.store, superseded.made.chen, second, host="new")
    assert said(superseded) == [("new", 2, True), ("old", 1, False)]
    restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse")
    assert said(superseded) == [("new", 2, False), ("old", 1, False)]
    confirm(superseded.store, superseded.made.chen, first, host="old")
    assert said(superseded) == [("new", 2, False), ("old", 1, True)]


@pytest.mark.parametrize("digest", ["", "v2", "0" * 11, "g" * 64, "sha256:" + "0" * 65])
def test_what_is_no_digest_is_refused(both, digest):
    with pytest.raises(ReleaseError, match="is no digest of a release; give 12 of its characters or more"):
        confirm(both.store, both.made.chen, digest, host="gpu-1")


def test_the_beginning_of_a_digest_has_to_be_a_releases(both):
    with pytest.raises(ReleaseError, match="begins the digest of no release of prod; give its 64 characters"):
        confirm(both.store, both.made.chen, "0" * 63, host="gpu-1")


@pytest.mark.parametrize("host", ["", "  ", "a\nb", "x" * 256, "gpu-\udcff"])
def test_a_server_has_a_name(both, host):
    with pytest.raises(ReleaseError, match="a server has a name of 1 to 255 characters"):
        confirm(both.store, both.made.chen, "0" * 64, host=host)


@pytest.mark.parametrize("who", ["wang", "qian"])
def test_experts_and_auditors_confirm_nothing(both, who):
    with pytest.raises(AccessError, match="this needs the role engineer or lead"):
        confirm(both.store, getattr(both.made, who), "0" * 64, host="gpu-1")
