"""The lineage strip's later part: scores, blind reviews, approvals and releases, on a run and of a candidate."""

from urllib.parse import parse_qsl

import pytest
import streamlit as st

from dashboard import identity
from evals.gate.approvals import override, refuse
from evals.gate.looking import look
from evals.release.lineage import lineage_of
from store import lineage
from store.loading import load_spools
from store.refs import find_run
from store.runs import remove_run
from tests.dashboard.opening import open_page
from tests.dashboard.released import again
from tests.evals.gate.passing import evaluate


@pytest.fixture
def made(whole_releases, tmp_path):
    return again(whole_releases, tmp_path / "runs")


def links(monkeypatch, made, page, lang="en", **asked):
    """Page, words and address of each link of the strip, as the auditor sees them."""
    st.cache_data.clear()
    monkeypatch.setattr(identity, "actor", lambda: made.first.qian)
    monkeypatch.setenv("ASSAY_STORE", str(made.store.path))
    app = open_page(page, {"lang": lang, **asked})
    return [_read(link.proto) for link in app.get("page_link")]


def _read(proto):
    asked = {name: value for name, value in parse_qsl(proto.query_string) if name != "lang"}
    return proto.page, proto.label.replace("\\", "").replace(":gray[", "").replace("] ", " "), asked


ONWARD = [
    ("run", "scores 1 suite", {"run": "triage", "view": "scores"}),
    ("run", "forgetting 1 suite", {"run": "triage", "view": "forgetting"}),
    ("campaigns", "campaign 1, closed", {"campaign": "1"}),
]


def test_a_run_leads_to_all_that_became_of_its_checkpoints(monkeypatch, whole_releases):
    found = links(monkeypatch, whole_releases, "run", run="triage")
    begin = found.index(ONWARD[0])
    assert found[begin : begin + 8] == [
        *ONWARD, ("campaigns", "campaign 2, closed", {"campaign": "2"}),
        ("release-check", "approvals 2 approved", {"run": "triage", "at": "1@400"}),
        ("release-check", "approvals 2 approved", {"run": "triage", "at": "1@600"}),
        ("releases", "live prod v1", {}), ("releases", "was live prod v2", {}),
    ]  # fmt: skip


def test_a_release_check_shows_the_whole_way_to_its_candidate(monkeypatch, whole_releases):
    found = links(monkeypatch, whole_releases, "release_check", run="triage", at="1@400")
    begin = found.index(("run", "cpt handbook@80", {"run": "handbook"}))
    assert found[begin : begin + 8] == [
        ("run", "cpt handbook@80", {"run": "handbook"}), ("run", "sft triage", {"run": "triage"}),
        ("run", "checkpoint triage@400", {"run": "triage", "view": "checkpoints", "at": "1@400"}), *ONWARD,
        ("release-check", "approvals 2 approved", {"run": "triage", "at": "1@400"}), ("releases", "live prod v1", {}),
    ]  # fmt: skip


def test_the_page_of_releases_shows_the_way_to_what_is_live(monkeypatch, whole_releases):
    found = links(monkeypatch, whole_releases, "releases", lang="zh")
    assert ("releases", "线上 prod v1", {}) in found
    assert ("release-check", "审批 2 人批准", {"run": "triage", "at": "1@400"}) in found
    assert "盲评 2 号，已结束" not in [label for _, label, _ in found]


def test_a_run_whose_checkpoints_nobody_judged_leads_no_further(monkeypatch, whole_releases):
    found = links(monkeypatch, whole_releases, "run", run="handbook")
    assert [label for page, label, _ in found if page != "run"] == []


def test_refusals_and_overrides_are_told_before_approvals(made):
    first = made.first
    sha256 = first.proposal.checkpoint_sha256
    seen = look(first.store, first.sun, first.candidate, environment="staging")
    refuse(first.store, first.sun, seen, "not for staging")
    rows = lineage.signatures(first.store, [sha256])
    assert [(row["environment"], row["approved"], row["overridden"], row["refused"]) for row in rows] == [
        ("prod", 2, 0, 0), ("staging", 0, 0, 1),
    ]  # fmt: skip


def test_the_last_word_of_each_person_counts(monkeypatch, made):
    first = made.first
    evaluate(first.store, 400, lost=40)
    load_spools(first.store)
    seen = look(first.store, first.li, first.candidate)
    assert seen.decision == "fail"
    override(first.store, first.li, seen, "The hospital needs it today, whatever it lost.")
    rows = lineage.signatures(first.store, [first.proposal.checkpoint_sha256])
    assert [(row["environment"], row["approved"], row["overridden"]) for row in rows] == [("prod", 1, 1)]
    assert ("release-check", "approvals 1 overrode the gate", {"run": "triage", "at": "1@400"}) in links(
        monkeypatch, made, "run", run="triage"
    )


def test_a_candidate_that_nobody_signed_is_proposed(monkeypatch, made):
    made.store.transaction(lambda tx: tx.execute("DELETE FROM approval WHERE proposal_id = 2"))
    found = links(monkeypatch, made, "run", run="triage")
    assert ("release-check", "approvals proposed, none yet", {"run": "triage", "at": "1@600"}) in found


def test_many_are_cut_and_lead_on_to_all_of_them(monkeypatch, made):
    copy = """
        INSERT INTO campaign SELECT id + $n, concat(name, $n), * EXCLUDE (id, name)
        FROM (SELECT id, name, * EXCLUDE (id, name) FROM campaign WHERE id = 1)
    """
    for number in range(10, 14):
        made.store.transaction(lambda tx, number=number: tx.execute(copy, {"n": number}))
    found = [one for one in links(monkeypatch, made, "run", run="triage") if one[0] == "campaigns"]
    assert found[0] == ("campaigns", "2 earlier", {})
    assert [label for _, label, _ in found[1:]] == [f"campaign {number}, closed" for number in (11, 12, 13, 14)]


def test_the_line_of_a_report_is_made_of_the_same_rows(whole_releases):
    first = whole_releases.first
    proposal = first.proposal
    found = first.store.snapshot(
        lambda snapshot: lineage_of(snapshot, first.candidate, proposal.checkpoint_sha256, proposal.run_id)
    )
    assert [(link.kind, link.name) for link in found.links()] == [
        ("run", "handbook@80"), ("run", "triage"), ("checkpoint", "triage@400"), ("scores", "letters"),
        ("scores", "facts"), ("campaign", "triage@400 against base"), ("signed", "prod"),
        ("release", "prod v1"),
    ]  # fmt: skip
    assert found.releases[0]["live"]


def test_of_a_run_that_is_gone_what_is_known_of_its_checkpoint_stays(monkeypatch, made):
    first = made.first
    proposal = first.proposal
    made.store.transaction(lambda tx: tx.execute("UPDATE pin SET released = created"))
    remove_run(made.store, "triage")
    found = made.store.snapshot(
        lambda snapshot: lineage_of(snapshot, first.candidate, proposal.checkpoint_sha256, None)
    )
    assert [(link.kind, link.name) for link in found.links()][:2] == [
        ("checkpoint", "triage@400"), ("campaign", "triage@400 against base"),
    ]  # fmt: skip
    assert found.checkpoint == {"run": None, "branch": None, "step": 400, "sha256": proposal.checkpoint_sha256}


def test_what_happened_after_a_checkpoint_is_no_part_of_its_way(made):
    number = find_run(made.store, "triage")["id"]
    checkpoint = "SELECT min(created) AS at FROM checkpoint WHERE run_id = $id"
    written = made.store.rows(checkpoint, {"id": number})[0]["at"]
    alarm = "INSERT INTO event SELECT $id, 1, $step, $at, 'guard', 'alarm', $words, NULL"
    for step, words, after in ((100, "before", "- INTERVAL 1 MINUTE"), (610, "after", "+ INTERVAL 1 DAY")):
        values = {"id": number, "step": step, "words": words, "at": written}
        made.store.transaction(
            lambda tx, values=values, after=after: tx.execute(alarm.replace("$at", f"$at {after}"), values)
        )
    rows = lineage.moments(made.store, number, written).to_pylist()
    assert [row["words"] for row in rows] == ["before"]
    assert [row["words"] for row in lineage.moments(made.store, number).to_pylist()] == ["before", "after"]


@pytest.mark.parametrize("read", [lineage.scores, lineage.campaigns, lineage.signatures, lineage.releases])
def test_of_no_checkpoint_nothing_is_known(empty_store, read):
    assert read(empty_store, []) == []
