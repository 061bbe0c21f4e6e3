"""Policies: defaults, what they may say, and one sentence for what they may not."""

import hashlib
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from evals.review.policy import DEFAULT, DEFAULT_FILE, PolicyError, ReviewPolicy, policy_from, read_policy
from evals.stats.decision import Rules


def test_an_empty_policy_has_the_defaults_of_the_design():
    assert policy_from("") == policy_from("[review]\n") == DEFAULT == ReviewPolicy(
        alpha=0.05, margin=0.15, futility=0.1, n_max=300, overlap=0.25, min_graders=2, min_specialties=1,
        max_position_z=3.0, max_blinding_index=0.2, max_skip=0.1, critical_limit=0.05, lease_minutes=25,
        sitting_hours=12, criteria=("accurate", "professional", "useful"), min_alpha=0.0, waive_agreement=False,
        max_differing=0.0,
    )  # fmt: skip


def test_what_a_policy_says_is_taken_and_the_rest_is_as_it_was():
    found = policy_from('[review]\nmargin = 0.2\nn_max = 80\noverlap = 1\ncriteria = ["kind"]\n[approval]\nx = 1\n')
    assert (found.margin, found.n_max, found.overlap, found.criteria) == (0.2, 80, 1.0, ("kind",))
    assert (found.alpha, found.lease_minutes) == (0.05, 25)
    assert found.rules == Rules(margin=0.2, alpha=0.05, futile_alpha=0.1, cap=80, least=59)


def test_the_file_that_assay_brings_says_the_defaults_and_each_of_them():
    assert read_policy(DEFAULT_FILE)[0] == DEFAULT
    said = tomllib.loads(DEFAULT_FILE.read_text(encoding="utf-8"))["review"]
    assert said.keys() == {field.name for field in fields(ReviewPolicy)}


def test_agreement_may_be_waived_or_asked_to_be_high_and_answers_may_differ():
    found = policy_from("[review]\nmin_alpha = -0.2\nwaive_agreement = true\nmax_differing = 1\n")
    assert (found.min_alpha, found.waive_agreement, found.max_differing) == (-0.2, True, 1.0)
    assert policy_from("[review]\nmin_alpha = -1\n").min_alpha == -1.0
    assert policy_from("[review]\nmin_alpha = 1\n").min_alpha == 1.0


@pytest.mark.parametrize(
    ("said", "pairs", "least"),
    [
        ("", 300, 59),
        ("", 1000, 59),
        ("", 59, 59),
        ("", 58, 0),
        ("n_max = 58", 300, 0),
        ("alpha = 0.01", 300, 90),
        ("critical_limit = 0.1", 300, 29),
        ("critical_limit = 0.01", 300, 299),
        ("critical_limit = 0.009", 300, 0),
        ("critical_limit = 0", 300, 0),
        ("critical_limit = 1", 300, 0),
    ],
)
def test_good_news_waits_until_critical_errors_can_be_known_well_enough_where_they_can(said, pairs, least):
    policy = policy_from(f"[review]\n{said}\n")
    rules = policy.rules_of(pairs)
    assert (rules.least, rules.cap) == (least, min(pairs, policy.n_max))


def test_criteria_may_be_none():
    assert policy_from("[review]\ncriteria = []\n").criteria == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[review", "pol.toml is no TOML: "),
        ("[reviews]\n", r"pol.toml has a section \[reviews\]; a policy has \[review\], \[auto\], "),
        ("review = 3\n", r"pol.toml: review must be a section, \[review\]"),
        ("[review]\nalfa = 0.1\n", r"pol.toml: \[review\] has no alfa; it has alpha, margin, "),
        ("[review]\nalpha = 0\n", "alpha is 0; give a number above 0 and below 1"),
        ("[review]\nalpha = 1.0\n", "alpha is 1.0; give a number above 0 and below 1"),
        ("[review]\nalpha = nan\n", "alpha is nan; give a number above 0 and below 1"),
        ('[review]\nmargin = "0.1"\n', "margin is '0.1'; give a number above 0 and below 1"),
        ("[review]\nmargin = true\n", "margin is True; give a number above 0 and below 1"),
        ("[review]\noverlap = 1.5\n", "overlap is 1.5; give a number from 0 to 1"),
        ("[review]\nn_max = 0\n", "n_max is 0; give a whole number from 1 to"),
        ("[review]\nlease_minutes = 2.5\n", "lease_minutes is 2.5; give a whole number from 1 to"),
        ("[review]\nmax_position_z = -1\n", "max_position_z is -1; give a number above 0, such as 3"),
        ("[review]\nmax_position_z = inf\n", "max_position_z is inf; give a number above 0, such as 3"),
        ('[review]\ncriteria = "kind"\n', "criteria is 'kind'; give a list of words"),
        ('[review]\ncriteria = ["kind", "kind"]\n', "criteria has a word twice or more than five; give each once"),
        ('[review]\ncriteria = ["a","b","c","d","e","f"]\n', "a word twice or more than five"),
        ("[review]\ncriteria = [1]\n", "give a list of words"),
        ('[review]\ncriteria = [" "]\n', "give a list of words"),
        ('[review]\ncriteria = ["kind", " kind"]\n', "give a list of words"),
        ("[review]\nlease_minutes = 100000\n", "lease_minutes is 100000; give a whole number from 1 to 1440"),
        ("[review]\nsitting_hours = 13\n", "sitting_hours is 13; give a whole number from 1 to 12"),
        ("[review]\nmin_alpha = 1.1\n", "min_alpha is 1.1; give a number from -1 to 1"),
        ("[review]\nmin_alpha = -2\n", "min_alpha is -2; give a number from -1 to 1"),
        ("[review]\nmin_alpha = nan\n", "min_alpha is nan; give a number from -1 to 1"),
        ("[review]\nmin_alpha = true\n", "min_alpha is True; give a number from -1 to 1"),
        ("[review]\nwaive_agreement = 1\n", "waive_agreement is 1; give true or false"),
        ('[review]\nwaive_agreement = "yes"\n', "waive_agreement is 'yes'; give true or false"),
        ("[review]\nmax_differing = 1.5\n", "max_differing is 1.5; give a number from 0 to 1"),
        ("[review]\nmax_differing = -0.1\n", "max_differing is -0.1; give a number from 0 to 1"),
    ],
)
def test_what_a_policy_may_not_say_is_refused_with_what_to_give_instead(text, sentence):
    with pytest.raises(PolicyError, match=sentence):
        policy_from(text, "pol.toml")


def test_a_policy_file_comes_with_its_text_and_its_digest(tmp_path: Path):
    path = tmp_path / "pol.toml"
    path.write_bytes("[review]\nalpha = 0.01 # 严\n".encode())
    policy, text, digest = read_policy(path)
    assert (policy.alpha, text) == (0.01, "[review]\nalpha = 0.01 # 严\n")
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(text.encode()).hexdigest()


def test_a_policy_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(PolicyError, match=r"cannot read the policy .*none\.toml: No such file"):
        read_policy(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match=r"the policy .*bad\.toml is no UTF-8 text"):
        read_policy(tmp_path / "bad.toml")
