"""A policy whole: read, refused, compared."""

import hashlib
from dataclasses import replace

import pytest

from evals.gate.policy import (
    ApprovalPolicy,
    AutoPolicy,
    ForgettingPolicy,
    HealthPolicy,
    Policy,
    default_policy,
    read_policy_file,
    weaker_than,
    whole_policy,
)
from evals.review.policy import DEFAULT_FILE, PolicyError, ReviewPolicy


def test_the_policy_that_assay_brings_says_what_the_classes_say():
    found = default_policy()
    assert (found.review, found.auto, found.forgetting, found.health, found.approval) == (
        ReviewPolicy(), AutoPolicy(), ForgettingPolicy(), HealthPolicy(), ApprovalPolicy(),
    )  # fmt: skip
    assert found.sha256 == hashlib.sha256(DEFAULT_FILE.read_bytes()).hexdigest()
    assert found.text == DEFAULT_FILE.read_text(encoding="utf-8")


def test_an_empty_policy_is_the_default_one():
    assert whole_policy("").approval == ApprovalPolicy(approvals_required=2)


def test_every_section_is_read():
    found = whole_policy(
        '[auto]\nsuites = ["triage"]\nmin_gain = 2\nmax_loss = 0\n[forgetting]\nsuites = ["facts"]\nmargin = 0.05\n'
        "max_leaked = 1\n[health]\nrequire_exact = true\nrequire_stable = false\n[approval]\napprovals_required = 1\n"
        "[review]\nmin_alpha = -1\nwaive_agreement = true\nmax_differing = 0.5\n"
    )
    assert found.auto == AutoPolicy(("triage",), 2.0, 0.0)
    assert found.forgetting == ForgettingPolicy(("facts",), 0.05, 1.0)
    assert found.health == HealthPolicy(require_exact=True, require_stable=False)
    assert found.approval == ApprovalPolicy(1)
    assert (found.review.min_alpha, found.review.waive_agreement, found.review.max_differing) == (-1.0, True, 0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[approval]\napprovals_required = 3", "[approval] approvals_required is 3; give 1 or 2"),
        ("[approval]\napprovals_required = true", "[approval] approvals_required is True; give 1 or 2"),
        ("[approval]\napprovals_required = 0", "[approval] approvals_required is 0; give 1 or 2"),
        ("[forgetting]\nmargin = 5", "[forgetting] margin is 5; give a share from 0 to 1"),
        ("[forgetting]\nmargin = nan", "[forgetting] margin is nan; give a share from 0 to 1"),
        ("[auto]\nmin_gain = -1", "[auto] min_gain is -1; give points from 0 to 100"),
        ('[auto]\nsuites = "triage"', "[auto] suites is 'triage'; give a list of names of suites"),
        ('[auto]\nsuites = ["a", "a"]', "[auto] suites is ['a', 'a']; give a list"),
        ("[health]\nrequire_exact = 1", "[health] require_exact is 1; give true or false"),
        ("[health]\nexact = true", "[health] has no exact; it has require_exact, require_stable"),
        ("[gate]\nx = 1", "has a section [gate]"),
        ("auto = 1", "auto must be a section, [auto]"),
        ("[auto", "is no TOML"),
        ("[review]\nmin_alpha = 2", "[review] min_alpha is 2; give a number from -1 to 1"),
        ("[review]\nwaive_agreement = 1", "[review] waive_agreement is 1; give true or false"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(text, said):
    with pytest.raises(PolicyError) as refused:
        whole_policy(text, "mine.toml")
    assert str(refused.value).startswith("mine.toml")
    assert said in str(refused.value)


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(PolicyError, match="cannot read the policy"):
        read_policy_file(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff")
    with pytest.raises(PolicyError, match="no UTF-8"):
        read_policy_file(tmp_path / "odd.toml")


WEAKER = [
    ("review", "alpha", 0.1), ("review", "margin", 0.2), ("review", "overlap", 0.0), ("review", "min_graders", 1),
    ("review", "max_position_z", 4.0), ("review", "max_blinding_index", 0.3), ("review", "max_skip", 0.2),
    ("review", "critical_limit", 0.3), ("review", "criteria", ()), ("review", "min_alpha", -1.0),
    ("review", "waive_agreement", True), ("review", "max_differing", 0.1), ("auto", "suites", ("triage",)),
    ("auto", "max_loss", 2.0), ("forgetting", "suites", ("facts",)), ("forgetting", "margin", 0.05),
    ("forgetting", "max_leaked", 0.2), ("health", "require_stable", False), ("approval", "approvals_required", 1),
]  # fmt: skip


@pytest.mark.parametrize(("section", "key", "value"), WEAKER)
def test_a_setting_that_asks_for_less_is_named(section, key, value):
    mine = replace(Policy(), **{section: replace(getattr(Policy(), section), **{key: value})})
    assert [(one.section, one.key, one.value) for one in weaker_than(mine, Policy())] == [(section, key, value)]
    assert weaker_than(Policy(), mine) == []


def test_a_policy_that_asks_for_more_is_weaker_in_nothing():
    strict = Policy(
        review=ReviewPolicy(alpha=0.01, min_graders=5, criteria=("accurate", "professional", "useful", "kind")),
        forgetting=ForgettingPolicy(margin=0.01), health=HealthPolicy(require_exact=True),
    )  # fmt: skip
    assert weaker_than(strict, Policy()) == []
    assert {one.key for one in weaker_than(Policy(), strict)} == {
        "alpha", "min_graders", "criteria", "margin", "require_exact",
    }  # fmt: skip
