"""What Release check reads of the store, and what a candidate's state is made of."""

from datetime import timedelta

import pytest

from dashboard.queries import release_check as queries
from dashboard.release_states import State, signatures, state_of
from evals.gate.approvals import override, refuse
from evals.gate.looking import look
from evals.gate.policy import whole_policy
from evals.release.making import make
from store.clock import utc_now
from store.loading import load_spools
from store.places import find_checkpoint
from store.requests import ask, finish, take
from tests.evals.gate.passing import (
    POLICY,
    copied,
    evaluate,
    judge,
    new_campaign,
    next_candidate,
    passing_store,
    sign,
)

NOW = utc_now()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return passing_store(tmp_path_factory.mktemp("passing") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return copied(whole, tmp_path / "runs")


def place_of(made):
    return made.store.snapshot(lambda snapshot: find_checkpoint(snapshot, made.store.root, made.candidate))


def listed(made):
    return queries.candidates(made.store, "prod").to_pylist()


def test_a_candidate_is_a_checkpoint_that_was_judged_or_built(made):
    [row] = listed(made)
    assert (row["run"], row["branch"], row["step"], row["state"]) == ("triage", 1, 400, "stable")
    assert (row["campaign"], row["judging"], row["proposal"]) == (made.campaign, False, made.proposal.id)
    assert (row["version"], row["released"], row["is_live"], row["override"]) == (None, None, False, False)
    assert row["closed"] <= row["built"] == row["time"]


def test_candidates_come_newest_first_and_know_what_is_live(made):
    for lead in (made.li, made.zhao):
        sign(made, lead)
    make(made.store, made.li, made.candidate)
    after = next_candidate(made)
    for lead in (made.li, made.zhao):
        sign(after, lead)
    rows = listed(made)
    assert [(row["step"], row["version"], row["is_live"]) for row in rows] == [(600, None, False), (400, 1, True)]
    make(made.store, made.li, after.candidate)
    assert [(row["step"], row["version"], row["is_live"]) for row in listed(made)] == [(600, 2, True), (400, 1, False)]
    assert [row["version"] for row in queries.candidates(made.store, "staging").to_pylist()] == [None, None]
    sha256 = made.proposal.checkpoint_sha256
    [row] = queries.released(made.store, "prod", sha256).to_pylist()
    assert (row["version"], row["is_live"], row["next_version"]) == (1, False, 2)
    known = queries.digests(made.store, "prod", 1)
    assert known is not None
    assert (known["candidate"], known["sha256"], known["merged"]) == ("triage@400", made.proposal.sha256, False)
    assert queries.digests(made.store, "prod", 3) is None


def test_an_open_campaign_is_known_with_those_who_have_seen_it(made):
    sha256 = made.proposal.checkpoint_sha256
    assert queries.judging(made.store, sha256) == {}
    number = new_campaign(made)
    assert queries.judging(made.store, sha256) == {number: frozenset()}
    assert [row["judging"] for row in listed(made)] == [True]
    look(made.store, made.li, made.candidate)
    assert queries.judging(made.store, sha256) == {number: frozenset({made.li.named})}


def test_the_stamp_changes_with_what_is_weighed_and_not_with_a_look(made):
    place = place_of(made)
    before = queries.stamp(made.store, place)
    look(made.store, made.li, made.candidate)
    assert queries.stamp(made.store, place) == before
    sign(made, made.li)
    signed = queries.stamp(made.store, place)
    assert signed.audit > before.audit
    judge(made.store, made.wang, new_campaign(made))
    assert queries.stamp(made.store, place).audit > signed.audit


@pytest.mark.parametrize("run", ["triage", "handbook"])
def test_the_stamp_changes_with_a_score_and_with_an_alarm_of_its_history(made, run):
    place = place_of(made)
    before = queries.stamp(made.store, place)
    evaluate(made.store, 600)
    load_spools(made.store)
    scored = queries.stamp(made.store, place)
    assert (scored.kept, scored.told) == (before.kept + 2, before.told)
    made.store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO event (run_id, step, branch, time, level, kind, message) "
            "SELECT id, 80, 1, TIMESTAMP '2030-01-01', 'alarm', 'guard', 'jump' FROM run WHERE name = $run",
            {"run": run},
        )
    )
    assert queries.stamp(made.store, place).told == before.told + 1


def test_requests_to_build_are_told_apart_from_others(made):
    first = ask(made.store, "triage", "propose", {"place": "1@400"}, actor=made.chen.named)
    ask(made.store, "triage", "evaluate", {"places": ["1@400"]}, actor=made.chen.named)
    run_id = place_of(made).run_id
    [row] = queries.asked(made.store, run_id).to_pylist()
    assert (row["id"], row["args"], row["taken"], row["result"]) == (first, '{"place": "1@400"}', None, None)
    take(made.store, "triage", ("propose",))
    finish(made.store, first, "not built: no room")
    assert [row["result"] for row in queries.asked(made.store, run_id).to_pylist()] == ["not built: no room"]


def test_only_the_newest_word_of_each_on_the_newest_evidence_counts(made):
    sign(made, made.li)
    refuse(made.store, made.li, look(made.store, made.li, made.candidate), "Wait.")
    sign(made, made.zhao)
    rows = queries.signed(made.store, "prod").to_pylist()
    assert [(row["name"], row["kind"]) for row in rows] == [("Zhao", "approve"), ("Li", "refuse"), ("Li", "approve")]
    found = signatures(rows, made.proposal.checkpoint_sha256, made.proposal.id)
    assert [(row["name"], row["kind"]) for row in found] == [("Zhao", "approve"), ("Li", "refuse")]
    assert signatures(rows, made.proposal.checkpoint_sha256, made.proposal.id + 1) == []
    assert queries.signed(made.store, "staging").num_rows == 0


@pytest.mark.parametrize(("opened_with", "required"), [(POLICY, 2), (POLICY.replace("= 2\n", "= 1\n"), 1)])
def test_a_list_asks_for_as_many_leads_as_the_gate_whatever_policy_is_named(tmp_path, opened_with, required):
    made = passing_store(tmp_path / "runs", policy=opened_with)
    named = whole_policy("[approval]\napprovals_required = 1\n")
    seen = look(made.store, made.li, made.candidate, policy=named)
    assert (seen.decision, seen.standing.required) == ("fail", required)
    override(made.store, made.li, seen, "The clinic opens tomorrow, and nothing else answers.")
    rows = queries.signed(made.store, "prod").to_pylist()
    state = state_of(listed(made)[0], signatures(rows, made.proposal.checkpoint_sha256, made.proposal.id))
    assert (state.given, state.required, state.word) == (1, required, "signing" if required == 2 else "signed")


def candidate(**changed):
    row = {"campaign": 1, "judging": False, "proposal": 1, "version": None, "is_live": False, "override": False}
    return {**row, **changed}


def word(user, kind, decision="pass", policy=None, evidence="e", registered=None):
    return {
        "user": user, "name": f"lead {user}", "kind": kind, "decision": decision, "policy": policy,
        "registered": registered,
        "evidence": evidence, "created": NOW + timedelta(minutes=user),
    }  # fmt: skip


ONE = "[approval]\napprovals_required = 1\n"

TWO = "[approval]\napprovals_required = 2\n"


@pytest.mark.parametrize(
    ("row", "signed", "state"),
    [
        (candidate(proposal=None, judging=True), [], State("judging")),
        (candidate(judging=True), [], State("judging")),
        (candidate(proposal=None), [], State("judged")),
        (candidate(), [], State("built")),
        (candidate(), [word(1, "approve")], State("signing", 1, 2, signers=frozenset({1}))),
        (candidate(), [word(2, "approve"), word(1, "approve")], State("signed", 2, 2, signers=frozenset({1, 2}))),
        (
            candidate(), [word(1, "approve", policy=ONE, registered=[ONE])],
            State("signed", 1, 1, signers=frozenset({1})),
        ),
        (candidate(), [word(1, "approve", policy=ONE)], State("signing", 1, 2, signers=frozenset({1}))),
        (
            candidate(), [word(1, "override", "fail", policy=ONE, registered=[ONE, TWO])],
            State("signing", 1, 2, signers=frozenset({1}), override=True),
        ),
        (candidate(), [word(1, "approve", policy="[")], State("signing", 1, 2, signers=frozenset({1}))),
        (
            candidate(), [word(2, "refuse"), word(1, "approve")],
            State("refused", refused_by="lead 2", signers=frozenset({1, 2})),
        ),
        (
            candidate(), [word(1, "override", "fail")],
            State("signing", 1, 2, signers=frozenset({1}), override=True),
        ),
        (candidate(version=3, is_live=True), [word(1, "approve")], State("live")),
        (candidate(version=3, is_live=True, override=True), [], State("live", override=True)),
        (candidate(version=3), [word(1, "approve")], State("replaced")),
    ],
)  # fmt: skip
def test_the_state_of_a_candidate_follows_from_its_rows(row, signed, state):
    assert state_of(row, signed) == state
