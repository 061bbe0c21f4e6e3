"""Making a release: what it takes, what it leaves behind, and what it says no to."""

import json

import pytest

from evals.gate.approvals import GateError, override, refuse
from evals.gate.live import live_in
from evals.gate.looking import look, look_again
from evals.release import making
from evals.release.errors import RefusedError, ReleaseError
from evals.release.papers import read_papers, text_sha256
from evals.release.rows import releases_of
from store.access import AccessError
from store.envelope import open_envelope
from store.heads import verify_audit
from store.keys import registered_keys
from store.loading import load_spools
from store.pins import held
from store.users import remove_user
from tests.evals.gate.passing import BASE_FOLDER, COMMAND, evaluate, sign
from tests.evals.release.world import refused, sql

REASON = "The clinic opens tomorrow, and nothing else answers."


def rows(world, environment="prod"):
    return world.store.snapshot(lambda snapshot: releases_of(snapshot, environment))


def test_what_passes_and_is_approved_by_two_becomes_live_and_its_papers_lie_beside_its_files(approved):
    made = approved.make(reason="the  first\none")
    assert (made.already, made.told) == (False, None)
    row = made.release
    assert (row.kind, row.version, row.environment, row.override) == ("release", 1, "prod", False)
    assert (row.created_by, row.by, row.role, row.reason) == (
        f"user:{approved.made.sun.user}", "Sun", "lead", "the first one",
    )  # fmt: skip
    assert row.until is None
    assert approved.store.snapshot(lambda snapshot: live_in(snapshot, "prod"))[:2] == (1, "triage@400")
    assert {path.name: path.read_text() for path in approved.folder.glob("*") if path.name in row.papers.by_name} == (
        row.papers.by_name
    )
    assert approved.verified().why == ""


def test_the_bundle_says_everything_and_its_envelope_signs_folder_bundle_and_card(approved):
    row = approved.make(reason="why not").release
    seen = approved.look()
    bundle = json.loads(row.bundle)
    assert bundle["evidence"] == json.loads(json.dumps(seen.evidence))
    assert (bundle["evidence_sha256"], bundle["decision"], bundle["override"]) == (seen.digest, "pass", False)
    assert [one["name"] for one in bundle["checks"]] == [check.name for check in seen.checks]
    assert (bundle["environment"], bundle["version"], bundle["store"]) == ("prod", 1, {"demo": False})
    assert bundle["what"]["sha256"] == seen.proposal.sha256
    assert sorted(bundle["what"]["files"]) == sorted(
        path.name for path in approved.folder.iterdir() if path.name != "manifest.json" and path.name not in
        row.papers.by_name
    )  # fmt: skip
    assert [(one["name"], one["way"], one["reason"]) for one in bundle["approvals"]] == [
        ("Li", "key", "Answers are better."), ("Zhao", "oidc", ""),
    ]  # fmt: skip
    assert {name: bundle["released"][name] for name in ("name", "role", "reason")} == {
        "name": "Sun", "role": "lead", "reason": "why not",
    }  # fmt: skip
    assert bundle["replaces"] is None
    trusted = approved.store.snapshot(registered_keys)
    statement = open_envelope(row.envelope, trusted).statement
    assert {one["name"]: one["digest"]["sha256"] for one in statement["subject"]} == {
        "release": row.sha256, "bundle": text_sha256(row.bundle), "card": text_sha256(row.papers.card),
    }  # fmt: skip


def test_the_lineage_goes_back_to_the_base_with_every_digest(once):
    bundle = json.loads(rows(once)[0].bundle)
    model, handbook, triage = bundle["lineage"]
    assert model == {"kind": "model", "name": "base-8b", "sha256": "a" * 64}
    assert (handbook["name"], handbook["stage"], handbook["checkpoint"]) == ("handbook", "cpt", "handbook/1@80")
    assert triage["checkpoint"] == "triage/1@400"
    assert triage["sha256"] == bundle["what"]["checkpoint_sha256"]
    assert (triage["owner"], triage["accounts"], triage["users"]) == (["Chen"], ["chen"], [once.made.chen.user])
    assert triage["data"] == [{"name": "letters.jsonl", "role": "train", "rows": 1200, "sha256": "d" * 64}]
    known = {row["sha256"] for row in once.store.rows("SELECT sha256 FROM checkpoint")}
    assert {handbook["sha256"], triage["sha256"]} <= known


def test_the_second_release_has_the_next_number_and_says_what_it_took_the_place_of(both):
    first, second = rows(both)
    assert (first.version, second.version) == (1, 2)
    assert (first.until, second.until) == (second.created, None)
    replaced = json.loads(second.bundle)["replaces"]
    assert (replaced["version"], replaced["candidate"], replaced["sha256"]) == (1, "triage@400", first.sha256)
    assert sorted(replaced["digests"]) == sorted(json.loads(second.bundle)["what"]["digests"])


def test_versions_count_in_each_environment(released):
    sign(released.made, released.made.li, environment="staging")
    sign(released.made, released.made.zhao, environment="staging")
    made = released.make(environment="staging")
    assert (made.release.version, made.release.environment) == (1, "staging")
    assert [row.environment for row in rows(released)] == ["prod"]


def test_the_audit_log_tells_of_it_its_end_is_signed_and_the_bundle_knows_that_end(approved):
    row = approved.make().release
    told = approved.store.rows("SELECT * FROM audit WHERE action = 'release'")
    assert [(one["actor"], one["role"]) for one in told] == [(row.created_by, "lead")]
    assert json.loads(told[0]["payload"]) == {
        "environment": "prod", "version": 1, "sha256": row.sha256, "decision": "pass", "override": False, "reason": "",
        "evidence_sha256": json.loads(row.bundle)["evidence_sha256"],
    }  # fmt: skip
    audit = json.loads(row.bundle)["audit"]
    assert audit == {"seq": told[0]["seq"], "hash": told[0]["hash"]}
    head = approved.store.rows("SELECT seq, hash FROM audit_head ORDER BY seq DESC LIMIT 1")[0]
    assert head == audit
    report = approved.store.snapshot(verify_audit)
    assert (report.holds, report.bundles) == (True, 1)


def test_what_is_released_is_held_checkpoint_folder_and_base(approved):
    approved.make()
    made = approved.made
    for target in (made.proposal.checkpoint, made.proposal.path, BASE_FOLDER):
        assert "release" in [pin.holder_kind for pin in held(approved.store, target)]


def test_the_decision_is_kept_once_with_the_approvals_that_it_was_made_on(approved):
    row = approved.make().release
    kept = approved.store.rows("SELECT id, evidence_sha256, decision FROM decision")
    assert kept == [{"id": row.decision_id, "evidence_sha256": approved.look().digest, "decision": "pass"}]


def test_what_is_live_already_stays_as_it_is(released):
    before = released.store.rows("SELECT count(*) AS n FROM audit")
    made = released.make()
    assert (made.already, made.release.version) == (True, 1)
    assert released.store.rows("SELECT count(*) AS n FROM audit") == before
    assert len(rows(released)) == 1


def test_what_was_live_before_is_put_back_and_not_released_once_more(superseded):
    first = superseded._replace(made=superseded.made._replace(candidate="triage@400"))
    assert refused(first.make) == "triage@400 was v1 of prod before; put it back: assay release restore v1"


def test_an_override_is_signed_by_as_many_and_stays_on_everything(passing):
    evaluate(passing.store, 400, lost=30, suites=("facts",))
    sql(passing.store, "DELETE FROM eval_run WHERE suite = 'facts' AND step = 400")
    load_spools(passing.store)
    seen = passing.look()
    assert seen.decision == "fail"
    assert refused(passing.make).startswith("the gate says fail for triage@400: forgetting/facts: ")
    override(passing.store, passing.made.li, seen, REASON)
    assert refused(passing.make).endswith("; 1 of 2 leads overrode it, 1 missing")
    override(passing.store, passing.made.zhao, seen, REASON)
    row = passing.make().release
    bundle = json.loads(row.bundle)
    assert (row.override, bundle["override"], bundle["decision"]) == (True, True, "fail")
    assert "**Released though the gate did not pass" in row.papers.card
    assert '"assay-override"' in row.papers.card
    found = passing.verified()
    assert (found.holds, found.bundle["override"]) == (True, True)


def test_a_refusal_stands_until_the_same_lead_approves(approved):
    refuse(approved.store, approved.made.sun, approved.look(), "Two answers are rude.")
    said = refused(approved.make)
    assert said.startswith("Sun refused triage@400 on ")
    assert said.endswith(": Two answers are rude.")
    sign(approved.made, approved.made.sun)
    assert approved.make().release.version == 1


def test_what_someone_signed_who_was_removed_since_does_not_count(approved):
    remove_user(approved.store, COMMAND, "Zhao")
    assert "does not count: the person is no lead any more" in refused(approved.make)


@pytest.mark.parametrize("who", ["chen", "qian", "wang"])
def test_only_a_lead_releases(approved, who):
    with pytest.raises(AccessError, match="this needs the role lead"):
        make_as(approved, getattr(approved.made, who))
    assert rows(approved) == []


def make_as(world, actor):
    return making.make(world.store, actor, world.made.candidate)


@pytest.mark.parametrize("name", ["", "a b", "../prod", "prod/eu", "x" * 41])
def test_a_name_that_is_none_of_an_environment_is_refused(approved, name):
    with pytest.raises(ReleaseError, match="names no environment"):
        approved.make(environment=name)


def test_nothing_proposed_is_said(passing):
    sql(passing.store, "DELETE FROM proposal")
    with pytest.raises(RefusedError, match="no folder was built from triage@400, so there is nothing to release"):
        passing.make()


def test_what_changes_while_it_is_being_released_stops_it(approved, monkeypatch):
    def looked(store, actor, named, **given):
        found = look(store, actor, named, **given)
        sql(store, "INSERT INTO flag VALUES (1, 'q001', $user, 'odd', TIMESTAMP '2026-11-29')", user=actor.user)
        return found

    monkeypatch.setattr(making, "look", looked)
    with pytest.raises(RefusedError, match="changed while it was being released"):
        approved.make()
    assert rows(approved) == []


def test_of_two_who_release_the_same_one_does(approved, monkeypatch):
    def looked(store, actor, named, **given):
        monkeypatch.undo()
        approved.make(reason="Sun was faster")
        return look(store, actor, named, **given)

    monkeypatch.setattr(making, "look", looked)
    made = approved.make()
    assert (made.already, made.release.version, made.release.reason) == (True, 1, "Sun was faster")
    assert len(rows(approved)) == 1


def test_a_reason_is_text_and_no_book(approved):
    for reason in ("odd \udcff", "long" * 1000):
        with pytest.raises(GateError):
            approved.make(reason=reason)
    assert rows(approved) == []


def test_the_look_inside_the_transaction_is_the_same_and_logs_nothing(passing):
    seen, before = passing.look(), passing.store.rows("SELECT count(*) AS n FROM audit")
    again = passing.store.transaction(lambda transaction: look_again(transaction, passing.store.root, seen))
    assert (again.digest, again.checks, again.decision) == (seen.digest, seen.checks, "pass")
    assert passing.store.rows("SELECT count(*) AS n FROM audit") == before


def test_papers_are_read_from_the_row_alone(once):
    row = rows(once)[0]
    assert read_papers(row.bundle, row.envelope) == row.papers
