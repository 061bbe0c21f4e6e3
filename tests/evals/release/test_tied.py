"""What is live is tied to the audit log and to what was signed; a restore leaves a paper that anyone can keep."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from evals.gate.approvals import refuse
from evals.release.confirming import confirm
from evals.release.current import DamagedError, current
from evals.release.errors import RefusedError, ReleaseError
from evals.release.lineage import Link
from evals.release.listing import listed
from evals.release.moments import live_at, span_of
from evals.release.own import check_own
from evals.release.report import report_html
from evals.release.reporting import reported
from evals.release.restored import RESTORED
from evals.release.restoring import restore
from evals.release.rows import live_release, releases_of
from evals.release.verifying import verify_release
from store.audit import Entry, append
from store.clock import utc_now
from store.heads import verify_audit
from store.heads_known import read_known
from store.keys import retire_key
from store.users import remove_user
from tests.evals.gate.passing import BASE_FOLDER, COMMAND
from tests.evals.release.world import refused, sql

COPIED = """
INSERT INTO release SELECT * REPLACE (3 AS id, 'restore' AS kind) FROM release WHERE id = 1
"""


@pytest.fixture
def back(superseded):
    """Sun put v1 back in place of v2."""
    restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse")
    return superseded


def problems(world, bundles=()):
    return world.store.snapshot(lambda snapshot: verify_audit(snapshot, None, bundles)).problems


def live(world):
    return world.store.snapshot(lambda snapshot: live_release(snapshot, "prod"))


def why_damaged(world):
    with pytest.raises(DamagedError) as caught:
        current(world.store, world.made.li)
    return str(caught.value)


def base_file(world):
    return world.store.root / BASE_FOLDER / "model.safetensors"


def change_base(world):
    place = base_file(world)
    place.write_bytes(place.read_bytes()[:-1] + b"X")


def test_a_store_that_nobody_touched_agrees(back):
    confirm(back.store, back.made.chen, "0" * 64, host="gpu-1")
    key = back.store.rows("SELECT key_id FROM signing_key WHERE user_id = $li", {"li": back.made.li.user})
    retire_key(back.store, COMMAND, key[0]["key_id"])
    remove_user(back.store, COMMAND, "Zhao")
    assert problems(back) == ()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM release WHERE id = 2", "tells of what is gone from the store: release of prod v2"),
        (COPIED, "release 3 (prod v1) stands in no row of the audit log"),
        ("UPDATE release SET created = created + INTERVAL 30 DAY WHERE id = 1", "tells another time"),
        ("UPDATE release SET id = 3 - id", "the rows of release stand in another order than the audit log tells"),
        ("UPDATE approval SET reason = 'None.' WHERE id = 1", "approval 1 was changed: row"),
        ("DELETE FROM approval WHERE id = 1", "tells of what is gone from the store: approval 1"),
        ("DELETE FROM confirmation", "tells of what is gone from the store: confirmation of gpu-1"),
        ("UPDATE confirmation SET host = 'gpu-2'", "confirmation of gpu-2 was changed: row"),
        ("UPDATE signing_key SET retired = NULL", "tells of what is gone from the store: key"),
        ("UPDATE signing_key SET created = created - INTERVAL 1 DAY WHERE user_id IS NULL", "tells another time"),
        ("INSERT INTO signing_key SELECT * REPLACE ('k' AS key_id) FROM signing_key LIMIT 1", "key k stands in no row"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_what_the_log_tells_is_named(superseded, statement, said):
    confirm(superseded.store, superseded.made.chen, "0" * 64, host="gpu-1")
    key = superseded.store.rows("SELECT key_id FROM signing_key WHERE user_id = $u", {"u": superseded.made.li.user})
    retire_key(superseded.store, COMMAND, key[0]["key_id"])
    assert problems(superseded) == ()
    sql(superseded.store, statement)
    assert said in "; ".join(problems(superseded))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM release WHERE id = 2", "tells of what is gone from the store: release of prod v2"),
        (COPIED, "restore.intoto.json does not hold"),
        ("UPDATE release SET created = created + INTERVAL 30 DAY WHERE id = 1", "tells another time"),
    ],
)  # fmt: skip
def test_nothing_is_handed_out_put_back_or_released_beside_a_row_that_does_not_agree(superseded, statement, said):
    sql(superseded.store, statement)
    assert said in why_damaged(superseded)
    assert "are not what the audit log tells" in refused(superseded.make)
    named = "v2" if "INTO" in statement else "v1"
    if live(superseded).version != int(named[1]):
        with pytest.raises(RefusedError, match="are not what the audit log tells"):
            restore(superseded.store, superseded.made.sun, named, reason="why not")


def test_the_base_of_what_is_live_is_read_and_named(superseded):
    found = current(superseded.store, superseded.made.li)
    assert (found.base.path, found.warning) == (superseded.store.root / BASE_FOLDER, "")
    assert found.base.sha256 == superseded.made.proposal.digests["base"]
    assert check_own(superseded.store, live(superseded)).why == ""
    assert {one.can_be_put_back for one in listed(superseded.store, superseded.made.li)} == {True}
    change_base(superseded)
    assert "is not the one it was trained on; put that one back" in why_damaged(superseded)
    assert "is not the one it was trained on" in check_own(superseded.store, live(superseded)).why
    assert [one.can_be_put_back for one in listed(superseded.store, superseded.made.li)] == [False, False]


def test_a_verifier_is_given_the_base_or_knows_that_it_was_not_looked_at(superseded):
    base = superseded.store.root / BASE_FOLDER
    assert verify_release(superseded.folder, superseded.keys).base is None
    assert verify_release(superseded.folder, superseded.keys, base).base == base
    change_base(superseded)
    found = verify_release(superseded.folder, superseded.keys, base)
    assert (found.holds, found.why) == (False, f"the base in {base} is not the one it was trained on")
    with pytest.raises(ReleaseError, match="is no folder; name the one of the base with --base"):
        verify_release(superseded.folder, superseded.keys, base / "nowhere")


def test_signers_are_told_of_rows_that_hold_alone(superseded):
    sql(superseded.store, "UPDATE release SET bundle = replace(bundle, 'Zhao', 'Mallory') WHERE id = 2")
    first, second = live_at(superseded.store, superseded.made.li, span_of(f"{utc_now():%Y-%m-%d}"))
    assert [one.name for one in first.signed] == ["Li", "Zhao"]
    assert (first.why, second.signed) == ("", ())
    assert second.why.startswith("the row of v2 of prod does not hold: bundle.json is not the one that was signed")


def test_a_minute_is_all_of_it_and_who_put_back_is_told(back):
    since = live(back).created
    found = live_at(back.store, back.made.li, span_of(f"{since:%Y-%m-%dT%H:%M}"))[-1]
    assert (found.release.by, found.second.confirmed) == ("Sun", None)


def test_a_restore_leaves_a_signed_paper_beside_the_files(back):
    folder = back.store.root / live(back).path
    text = (folder / RESTORED).read_text()
    assert text == live(back).statement
    found = verify_release(folder, back.keys)
    assert (found.holds, found.restored["name"], found.restored["reason"]) == (True, "Sun", "v2 is worse")
    assert found.restored["replaces"]["version"] == 2
    (folder / RESTORED).unlink()
    current(back.store, back.made.li)
    assert (folder / RESTORED).read_text() == text
    (folder / RESTORED).write_text(text.replace("A", "B", 1))
    assert not verify_release(folder, back.keys).holds
    assert "restore.intoto.json is not the one that was written" in why_damaged(back)


def test_a_log_cut_off_after_a_restore_is_known_by_its_paper(back, tmp_path):
    paper = tmp_path / RESTORED
    paper.write_text(live(back).statement)
    [known] = read_known(paper)
    assert problems(back, [known]) == ()
    assert len(read_known(back.store.root / live(back).path)) == 2
    cut = known.seq - 1
    for statement in (
        "DELETE FROM audit WHERE seq > $cut", "DELETE FROM audit_head WHERE seq > $cut",
        "DELETE FROM release WHERE kind = 'restore' AND $cut > 0",
    ):  # fmt: skip
        sql(back.store, statement, cut=cut)
    assert problems(back) == ()
    assert problems(back, [known]) == (f"the log was cut off: it ends at row {cut}, but {paper} knows row {known.seq}",)


def test_what_a_lead_refuses_is_not_put_back_and_is_told(superseded):
    first = superseded._replace(made=superseded.made._replace(candidate="triage@400"))
    refuse(superseded.store, superseded.made.li, first.look(), "gives dangerous advice on dosage")
    said = refused(lambda: restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse"))
    assert said.startswith("v1 of prod cannot be put back: Li refused triage@400 on ")
    assert said.endswith(" UTC: gives dangerous advice on dosage")
    newest, oldest = listed(superseded.store, superseded.made.li)
    assert (newest.can_be_put_back, oldest.can_be_put_back) == (True, False)
    assert oldest.why_not in said
    assert oldest.why_not in report_html(reported(superseded.store, superseded.made.li, "v1"), "en")
    assert len(superseded.store.snapshot(lambda snapshot: releases_of(snapshot, "prod"))) == 2


def test_a_clock_behind_the_log_keeps_nobody_from_a_restore(superseded):
    later = utc_now() + timedelta(days=1)
    superseded.store.transaction(lambda tx: append(tx, Entry("rules", "", "peek", "campaign:1", {}), now=later))
    made = restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse")
    assert made.warning.startswith("this machine's clock says ")
    told = superseded.store.rows("SELECT payload FROM audit WHERE action = 'restore'")
    assert json.loads(told[0]["payload"])["clock"] == "behind"
    assert current(superseded.store, superseded.made.li).release.version == 1
    assert problems(superseded) == ()


def test_the_first_characters_of_a_digest_name_what_a_server_runs(superseded):
    digest = superseded.made.proposal.sha256
    assert confirm(superseded.store, superseded.made.chen, digest[:12], host="gpu-1").is_live
    with pytest.raises(ReleaseError, match="000000000000 begins the digest of no release of prod"):
        confirm(superseded.store, superseded.made.chen, "0" * 12, host="gpu-1")


def test_the_report_names_no_place_on_a_machine(superseded):
    found = reported(superseded.store, superseded.made.li, "v2")
    page = report_html(replace(found, line=(Link("base", "/srv/ann/models/org/base-8b", {}),)), "en")
    assert "base org/base-8b<" in page
    assert "/srv/ann" not in page
