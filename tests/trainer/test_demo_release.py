"""What the headless demo does once its models are trained: the gate decides, and nothing is forced."""

import shutil

import pytest

from evals.gate.policy import default_policy, read_policy_file, weaker_than
from evals.stats.critical import clean_needed
from store.database import Store
from store.loading import load_spools
from tests.dashboard.storied import storied
from tests.evals.gate.passing import evaluate
from trainer.demo.blind import FIRST, PAIRS, POLICY, first_review, second_review
from trainer.demo.material import SAMPLE, make_material
from trainer.demo.release import Stage, fails, play_on


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return storied(tmp_path_factory.mktemp("told") / "runs")


@pytest.fixture
def stage(whole, tmp_path):
    """A copy of the store whose second candidate waits to be judged, and the lines that are told of it."""
    made, people = whole
    shutil.copytree(made.store.root, tmp_path / "runs")
    lines = []
    store = Store.at(tmp_path / "runs" / made.store.path.name)
    found = Stage(store, tmp_path, make_material(0), people, 0, lines.append)
    return found, made._replace(store=store), lines


def test_the_panel_judges_two_leads_approve_and_what_was_live_is_put_back_for_a_moment(stage):
    on, made, lines = stage
    play_on(on, made.campaign, made.checkpoint)
    assert [line.partition(":")[0] for line in lines] == [
        "blind review of triage@600 against triage@400", "release check of triage@600",
        lines[2], "Li released triage@600 as v2", "Zhao put v1 back", "Zhao put v2 back",
    ]  # fmt: skip
    assert lines[1].startswith("release check of triage@600: pass, ")
    assert lines[2].startswith("Li and Zhao approved triage@600 on evidence ")
    rows = made.store.rows("SELECT kind, version FROM release ORDER BY id")
    assert [(row["kind"], row["version"]) for row in rows] == [
        ("release", 1), ("release", 2), ("restore", 1), ("restore", 2),
    ]  # fmt: skip
    assert made.store.rows("SELECT simulated FROM campaign ORDER BY id DESC LIMIT 1") == [{"simulated": True}]


def test_what_the_gate_does_not_let_pass_is_told_and_not_released(stage):
    on, made, lines = stage
    evaluate(made.store, 600, lost=30)
    load_spools(made.store)
    play_on(on, made.campaign, made.checkpoint)
    assert lines[1].startswith("release check of triage@600: fail, ")
    assert "facts (facts0000000, 150 items): 20.0 points lost" in lines[1]
    assert lines[2:] == ["triage@600 is not released"]
    assert made.store.rows("SELECT count(*) AS n FROM release") == [{"n": 1}]


def test_what_the_demos_policy_has_against_a_checkpoint_that_nobody_proposed_is_told(stage):
    on, made, lines = stage
    earlier = made.checkpoint.with_name("00000200-b1")
    fails(on, earlier)
    assert lines == ["the gate would not let triage@200 pass: nobody has judged it"]


def test_the_demos_policy_is_weaker_where_it_says_so():
    policy = read_policy_file(SAMPLE / POLICY)
    assert {(one.section, one.key) for one in weaker_than(policy, default_policy())} == {
        ("review", "overlap"), ("review", "min_graders"), ("review", "waive_agreement"), ("review", "critical_limit"),
        ("review", "criteria"), ("auto", "suites"), ("forgetting", "suites"), ("forgetting", "margin"),
    }  # fmt: skip
    assert (policy.forgetting.margin, policy.approval.approvals_required) == (0.05, 2)
    # What fifteen verdicts can show.
    assert clean_needed(policy.review.critical_limit, policy.review.alpha, most=15) == 9


def test_no_complaint_is_asked_in_both_reviews():
    material = make_material(0)
    first, second = first_review(material), second_review(material)
    assert (len(first.rows), len(second.rows)) == (FIRST, PAIRS) == (36, 48)
    assert len({row["id"] for row in (*first.rows, *second.rows)}) == len(material.held_out) == 84
