"""What runs that are compared scored, kept and cost: which checkpoint speaks, and with which figures."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

import assay
from evals.forgetting.interval import drop_interval
from store.commands.runs import runs
from store.compare import compare_runs
from store.evaluations import keep
from store.loading import load_spools
from tests.dashboard.compared import TWO, compared_store
from tests.dashboard.evaluated import LEAKED, NOW, choice, choice_texts


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return compared_store(tmp_path_factory.mktemp("compared"))


def by_name(rows, suite, metric=None):
    [row] = [row for row in rows if row["suite"] == suite and metric in (None, row["metric"])]
    return row


def test_the_newest_checkpoint_of_the_active_path_speaks_where_none_is_best(store):
    found = by_name(compare_runs(store, ["triage", "second", "third"]).scores, "letters", "bleu")
    assert (found["measures"], found["main"]) == ("learned", True)
    assert found["runs"] == {
        "triage": {"branch": 2, "step": 250, "value": 71.4, "low": 66.4, "high": 76.4, "n": 4, "leaked": 0},
        "second": {"branch": 1, "step": 50, "value": 44.5, "low": 39.5, "high": 49.5, "n": 4, "leaked": 0},
        "third": None,
    }


def test_the_best_checkpoint_speaks_where_it_was_asked(store):
    with assay.run("best", store=store.root, total_steps=50) as run:
        for step, loss in ((20, 1.0), (50, 2.0)):
            run.log(step, val_loss=loss)
            path = f"best/checkpoints/{step}"
            digest = str(step).ljust(64, "f")
            run.record("checkpoint", s=step, b=1, state="stable", path=path, sha256=digest, bytes=step, data={})
            made = replace(choice(TWO, NOW + step), artifact=digest, run="best", branch=1, step=step)
            keep(store.root, made, choice_texts())
    load_spools(store)
    found = compare_runs(store, ["best", "second"])
    assert by_name(found.scores, "facts", "acc")["runs"]["best"]["step"] == 20
    assert (found.cost["best"]["checkpoint_step"], found.cost["best"]["checkpoint_bytes"]) == (20, 20)


def test_suites_that_only_one_run_was_asked_are_left_out(store):
    found = compare_runs(store, ["triage", "second"])
    assert [(row["suite"], row["metric"], row["main"]) for row in found.scores] == [
        ("letters", "bleu", True), ("letters", "chrf", False), ("letters", "field/department", False),
        ("facts", "acc", True), ("facts", "acc_norm", False),
    ]  # fmt: skip
    assert compare_runs(store, ["triage", "third"]).scores == []


def test_what_was_kept_is_against_the_base_with_what_was_lost_and_gained(store):
    found = by_name(compare_runs(store, ["triage", "second", "third"]).forgetting, "facts")
    assert found["metric"] == "acc"
    low, high = drop_interval(9, 1, 60)
    assert found["runs"]["triage"] == {
        "branch": 2, "step": 250, "change": pytest.approx(-8 / 60), "low": pytest.approx(-high),
        "high": pytest.approx(-low), "n": 60, "leaked": len(LEAKED), "lost": 9, "gained": 1,
    }  # fmt: skip
    assert (found["runs"]["second"]["lost"], found["runs"]["second"]["gained"]) == (2, 1)
    assert found["runs"]["third"] is None


def test_the_cost_is_what_the_store_knows(store):
    found = compare_runs(store, ["triage", "second", "third"]).cost
    assert found["second"] == {
        "tokens": 500, "tokens_per_s": 45.0, "memory_bytes": 60.0, "trained": 250, "parameters": 1000,
        "checkpoint_step": 50, "checkpoint_bytes": 9,
    }  # fmt: skip
    assert (found["triage"]["tokens"], found["triage"]["checkpoint_bytes"]) == (None, 13_451_368)
    assert set(found["third"].values()) == {None}


def test_the_command_says_the_same_in_words_and_in_json(store):
    def said(*more):
        return CliRunner().invoke(runs, ["compare", "triage", "second", "--store", str(store.path), *more]).stdout

    words = " ".join(said().split())
    assert "letters bleu 71.4 (66.4 to 76.4) @250 44.5 (39.5 to 49.5) @50" in words
    assert "-13.3 points" in words
    assert "9 lost, 1 gained" in words
    assert "2 of 60 in its training data" in words
    assert "trained parameters – 250 of 1,000 (25 %)" in words
    assert json.loads(said("--json"))["cost"]["second"]["tokens"] == 500


def test_runs_of_which_nothing_is_known_have_no_empty_tables(root):
    for name in ("a", "b"):
        assay.run(name, store=root).finish()
    said = CliRunner().invoke(runs, ["compare", "a", "b", "--store", str(root)]).stdout
    assert all(word not in said for word in ("score", "kept", "cost"))
