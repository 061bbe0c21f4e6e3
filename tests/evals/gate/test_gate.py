"""The gate itself: evidence in, checks out."""

import json
from dataclasses import replace

import pytest

from evals.gate.evidence import evidence_digest, plain
from evals.gate.gate import decision_of, gate
from evals.gate.policy import AutoPolicy, ForgettingPolicy, HealthPolicy
from evals.gate.types import Check
from evals.gate.words import SAYS
from evals.review.policy import ReviewPolicy
from tests.evals.gate.made_evidence import EVIDENCE, POLICY, changed


def checks(changes=None, policy=POLICY):
    return {one.name: one for one in gate(policy, changed(changes or {}))}


def test_evidence_that_shows_everything_passes():
    found = gate(POLICY, EVIDENCE)
    assert [one.name for one in found if one.result != "pass"] == []
    assert decision_of(found) == "pass"
    assert [one.name for one in found] == [
        "stable", "alarms", "exact", "scores/triage", "not_worse/triage", "forgetting/general", "campaign", "policy",
        "experts", "critical", "blinding", "agreement", "position", "graders", "specialties", "skips", "genuine",
        "leaks", "answers", "files", "proposal", "digests", "clock",
    ]  # fmt: skip


ALARM = {"step": 500, "branch": 1, "kind": "guard", "message": "stays high"}

INSTEAD = {"base": [{"sha256": "o" * 64, "n": 90}], "live": [{"sha256": "o" * 64, "n": 90}]}

GONE = {"state": "gone", "what": "triage/checkpoints/00000600-b1"}

WAIVED = replace(POLICY, review=ReviewPolicy(waive_agreement=True))

NAMED = replace(POLICY, auto=AutoPolicy(suites=("law",)), forgetting=ForgettingPolicy(suites=("math",)))

EXACT = replace(POLICY, health=HealthPolicy(require_exact=True))

LOOSE = replace(POLICY, health=HealthPolicy(require_stable=False))

TABLE = [
    # what is changed, the check that says so, its result, the sentence
    ({"checkpoint": GONE}, "files", "missing", "files.gone"),
    ({"checkpoint": {"state": "changed", "what": "x is missing"}}, "files", "fail", "files.changed"),
    ({}, "files", "pass", "files.whole"),
    ({"proposal": None}, "proposal", "missing", "proposal.none"),
    ({"proposal.folder": GONE}, "proposal", "missing", "proposal.gone"),
    ({"proposal.folder": {"state": "changed", "what": "x was added"}}, "proposal", "fail", "proposal.changed"),
    ({}, "proposal", "pass", "proposal.whole"),
    ({"proposal.digests.tokenizer": None}, "digests", "missing", "digests.unknown"),
    ({"proposal.digests.adapter": None}, "digests", "missing", "digests.unknown"),
    ({"proposal.digests.base": None}, "digests", "missing", "digests.unknown"),
    (
        {"proposal.digests.base": None, "proposal.digests.adapter": None, "proposal.digests.weights": "w"},
        "digests",
        "pass",
        "digests.known",
    ),
    ({"proposal.digests.chat_template": None}, "digests", "pass", "digests.known"),
    ({}, "answers", "pass", "answers.same"),
    ({"proposal.answers.0.differing": 1}, "answers", "fail", "answers.differ"),
    ({"proposal.answers": []}, "answers", "missing", "answers.none"),
    ({"proposal.answers.0.campaign": 2}, "answers", "missing", "answers.none"),
    ({}, "stable", "pass", "stable.yes"),
    ({"candidate.state": "sealed"}, "stable", "fail", "stable.not"),
    ({"candidate.state": "suspect"}, "stable", "fail", "stable.suspect"),
    ({"candidate.state": "sealed"}, LOOSE, "stable", "pass", "stable.waived"),
    ({"candidate.state": "suspect"}, LOOSE, "stable", "fail", "stable.suspect"),
    ({"health.parents": [{"name": "base/1@80", "state": "suspect"}]}, "stable", "fail", "stable.parent.suspect"),
    ({"health.parents": [{"name": "base/1@80", "state": "sealed"}]}, "stable", "fail", "stable.parent.sealed"),
    ({"health.parents": [{"name": "base/1@80", "state": "sealed"}]}, LOOSE, "stable", "pass", "stable.yes"),
    ({}, "alarms", "pass", "alarms.none"),
    ({"health.alarms": [ALARM]}, "alarms", "fail", "alarms.open"),
    ({"health.alarms": [ALARM, ALARM]}, "alarms", "fail", "alarms.more"),
    ({}, "exact", "pass", "exact.proved"),
    ({"health.exact": {"times": 0, "equal": 0}}, "exact", "pass", "exact.waived"),
    ({"health.exact": {"times": 3, "equal": 1}}, EXACT, "exact", "fail", "exact.not"),
    ({"health.exact": {"times": 0, "equal": 0}}, EXACT, "exact", "missing", "exact.unknown"),
    ({"scores": []}, "scores", "missing", "scores.none"),
    ({}, NAMED, "scores/law", "missing", "scores.missing"),
    ({"scores.0.over_base": None}, "scores/triage", "missing", "scores.base"),
    ({"scores.0.over_base": None, "scores.0.instead": INSTEAD}, "scores/triage", "missing", "scores.base.instead"),
    ({"scores.0.over_live": None}, "not_worse/triage", "missing", "scores.live"),
    ({"scores.0.over_live": None, "scores.0.instead": INSTEAD}, "not_worse/triage", "missing", "scores.live.instead"),
    ({"scores.0.over_base": {"n": 0}}, "scores/triage", "missing", "scores.leaked"),
    ({}, "scores/triage", "pass", "scores.gained"),
    ({"scores.0.over_base.low": -0.2}, "scores/triage", "inconclusive", "scores.unsure"),
    ({"scores.0.over_base.low": -3.0, "scores.0.over_base.value": 0.0}, "scores/triage", "fail", "scores.lost"),
    ({}, "not_worse/triage", "pass", "scores.kept"),
    ({"scores.0.over_live.low": -1.0}, "not_worse/triage", "inconclusive", "scores.kept_unsure"),
    ({"scores.0.over_live.low": -3.0, "scores.0.over_live.value": -1.0}, "not_worse/triage", "fail", "scores.worse"),
    ({"forgetting": []}, "forgetting", "missing", "forgetting.none"),
    ({}, NAMED, "forgetting/math", "missing", "forgetting.missing"),
    ({"forgetting.0.drop": None}, "forgetting/general", "missing", "forgetting.base"),
    (
        {"forgetting.0.drop": None, "forgetting.0.instead": INSTEAD},
        "forgetting/general",
        "missing",
        "forgetting.base.instead",
    ),
    ({"forgetting.0.drop": {"n": 0}}, "forgetting/general", "missing", "forgetting.leaked"),
    ({}, "forgetting/general", "pass", "forgetting.kept"),
    ({"forgetting.0.drop.bound": 0.03}, "forgetting/general", "inconclusive", "forgetting.unsure"),
    (
        {"forgetting.0.drop.bound": 0.05, "forgetting.0.drop.value": 0.03},
        "forgetting/general",
        "fail",
        "forgetting.lost",
    ),
    ({}, "leaks", "pass", "leaks.clean"),
    ({"scores.0.leaked": 20}, "leaks", "pass", "leaks.some"),
    ({"scores.0.leaked": 21}, "leaks/triage", "fail", "leaks.many"),
    ({"forgetting.0.leak": "unchecked"}, "leaks/general", "missing", "leaks.unchecked"),
    ({"scores": [], "forgetting": []}, "leaks", "missing", "leaks.none"),
    ({"review": None}, "campaign", "missing", "campaign.none"),
    ({"review.closed": False}, "campaign", "missing", "campaign.open"),
    ({"review.against_wanted": False}, "campaign", "fail", "campaign.baseline"),
    ({}, "campaign", "pass", "campaign.closed"),
    ({}, "policy", "pass", "policy.same"),
    ({"policy_sha256": "q" * 64}, "policy", "fail", "policy.changed"),
    ({}, "experts", "pass", "experts.superior"),
    ({"review.decision": "not_worse"}, "experts", "pass", "experts.not_worse"),
    ({"review.decision": "futile"}, "experts", "fail", "experts.futile"),
    ({"review.decision": "harm"}, "experts", "fail", "experts.harm"),
    ({"review.decision": "inconclusive"}, "experts", "inconclusive", "experts.inconclusive"),
    ({"review.decision": "continue"}, "experts", "inconclusive", "experts.continue"),
    ({"review.judged": 70}, "experts", "pass", "experts.counted"),
    ({"review.judged": 70, "review.decision": "harm"}, "experts", "fail", "experts.counted"),
    ({"review.others": [{"name": "spring", "decision": "harm"}]}, "experts", "fail", "experts.elsewhere"),
    ({"review.overall": None}, "experts", "missing", "experts.none"),
    ({}, "critical", "pass", "critical.within"),
    ({"review.critical.fixed_upper": 0.06}, "critical", "inconclusive", "critical.unsure"),
    ({"review.critical.shown_above": True}, "critical", "fail", "critical.many"),
    ({"review.critical.candidate": 4}, "critical", "fail", "critical.many"),
    ({"review.critical.n": 0}, "critical", "missing", "critical.none"),
    ({}, "blinding", "pass", "blinding.held"),
    ({"review.blinding.index": 0.5, "review.blinding.low": 0.1}, "blinding", "fail", "blinding.broken"),
    ({"review.blinding.held": None}, "blinding", "inconclusive", "blinding.few"),
    ({"review.blinding": None}, "blinding", "missing", "blinding.none"),
    ({}, "agreement", "pass", "agreement.good"),
    ({"review.agreement.alpha": 0.0}, "agreement", "fail", "agreement.poor"),
    ({"review.agreement.alpha": None}, "agreement", "pass", "agreement.undefined"),
    ({"review.agreement": None}, "agreement", "missing", "agreement.none"),
    ({"review.agreement": None}, WAIVED, "agreement", "pass", "agreement.waived"),
    ({}, "position", "pass", "position.within"),
    ({"review.position.z": -3.1}, "position", "fail", "position.beyond"),
    ({"review.position": None}, "position", "missing", "position.none"),
    ({}, "graders", "pass", "graders.enough"),
    ({"review.graders": [{"grader": 2}]}, "graders", "fail", "graders.few"),
    ({}, "specialties", "pass", "specialties.enough"),
    ({"review.specialties": []}, "specialties", "fail", "specialties.few"),
    ({}, "skips", "pass", "skips.few"),
    ({"review.skips.share": 0.11}, "skips", "fail", "skips.many"),
    ({}, "genuine", "pass", "genuine.yes"),
    ({"review.simulated": 3}, "genuine", "fail", "genuine.simulated"),
    ({"review.unblinded": 1}, "genuine", "fail", "genuine.unblinded"),
    ({"demo": True, "review.simulated": 3}, "genuine", "pass", "genuine.demo"),
    ({}, "clock", "pass", "clock.forward"),
    ({"clock.backwards": 17}, "clock", "fail", "clock.backwards"),
]


def _row(row):
    changes, *rest = row
    policy = POLICY if isinstance(rest[0], str) else rest.pop(0)
    return changes, policy, *rest


@pytest.mark.parametrize(("changes", "policy", "name", "result", "sentence"), list(map(_row, TABLE)))
def test_a_change_of_the_evidence_is_seen_by_its_check(changes, policy, name, result, sentence):
    found = checks(changes, policy)[name]
    assert (found.result, found.sentence) == (result, sentence)
    assert "{" not in found.says


def test_every_sentence_is_said_by_some_evidence():
    assert {row[-1] for row in TABLE} == SAYS.keys()


@pytest.mark.parametrize(
    ("results", "decision"),
    [
        (["pass", "pass"], "pass"), (["pass", "inconclusive"], "inconclusive"), (["inconclusive", "fail"], "fail"),
        (["inconclusive", "missing"], "fail"), ([], "fail"),
    ],
)  # fmt: skip
def test_the_weakest_check_decides(results, decision):
    assert (
        decision_of([Check(str(place), None, None, result, "clock.forward") for place, result in enumerate(results)])
        == decision
    )


def test_without_a_campaign_one_check_says_so_and_no_statistics_are_made_up():
    found = checks({"review": None})
    assert found["campaign"].says.startswith("no expert has judged it: assay review open --candidate triage/1@600")
    assert not {"experts", "critical", "graders"} & found.keys()
    assert found["answers"].result == "missing"


def test_against_the_base_nothing_need_be_known_of_what_is_live():
    found = checks({"baseline": {"kind": "base", "sha256": []}, "scores.0.over_live": None})
    assert "not_worse/triage" not in found


def test_only_suites_that_the_policy_names_count():
    named = replace(POLICY, forgetting=ForgettingPolicy(suites=("general",)))
    lost = {"suite": "facts", "sha256": "s", "metric": "acc", "scorer": "x", "n": 9, "leaked": 9, "leak": "leaked",
            "drop": {"n": 0}}  # fmt: skip
    evidence = changed({})
    evidence["forgetting"].append(lost)
    assert decision_of(gate(named, evidence)) == "pass"
    assert decision_of(gate(POLICY, evidence)) == "fail"


def test_the_gate_is_pure_and_goes_by_json_alone():
    again = json.loads(json.dumps(EVIDENCE))
    assert gate(POLICY, again) == gate(POLICY, EVIDENCE)
    assert evidence_digest(again) == evidence_digest(EVIDENCE)


def test_any_change_gives_another_digest():
    digests = {evidence_digest(changed(changes)) for changes in (row[0] for row in TABLE)}
    assert len(digests) == len({json.dumps(row[0], sort_keys=True) for row in TABLE})


def test_a_float_is_kept_to_nine_digits_and_what_is_none_by_its_word():
    assert plain({"a": 1 / 3, "b": [float("nan"), float("-inf")], "c": True}) == {
        "a": 0.333333333, "b": ["nan", "-inf"], "c": True,
    }  # fmt: skip
