"""Which results of suites count: a name is no identity, and neither is the order in which results were loaded."""

import os
import shutil
from dataclasses import replace

import pytest

from evals.gate.looking import look
from evals.gate.policy import ForgettingPolicy, whole_policy
from store.database import Store
from store.evaluations import Evaluation, ItemRow, ItemText, keep
from store.loading import load_spools
from tests.evals.gate.passing import COMMAND, POLICY, base_of, evaluate

HARD, EASY = "a" * 64, "b" * 64


def ask(made, sha256, right, *, step=400, of=150, measures="kept", scorer="assay-eval 1", created=2.0, **settings):
    """Put `triage@400`, or with no step its base, to `facts`: as many questions as `right` has flags, of `of`."""
    texts = [ItemText(f"fact-{n:03}", f"Fact {n}?", "en", "", "yes", ("no", "yes"), 1) for n in range(of)]
    rows = [ItemRow(text.id, known, int(known)) for text, known in zip(texts, right, strict=False)]
    mine = made.store.rows("SELECT sha256 FROM checkpoint WHERE path LIKE 'triage/%' AND step = $step", {"step": step})
    keep(made.store.root, Evaluation(
        artifact=mine[0]["sha256"] if step else base_of(made.store), model="any", suite="facts", suite_sha256=sha256,
        measures=measures, kind="choice", scorer=scorer, of=of, created=1_790_000_000.0 + created, seconds=1.0,
        scores=(), items=tuple(rows), run="triage" if step else None, branch=1 if step else None, step=step,
        base=base_of(made.store) if step else None,
        data={
            "settings": {"name": "facts", "kind": "choice", "few_shot": 0, "style": "chat", "seed": 0, **settings},
            "leak": {"status": "clean"},
        },
    ), texts)  # fmt: skip


def lost(n, of=150):
    return [place >= n for place in range(of)]


def both(made, sha256, right, **asked):
    """The base knows all; the candidate what `right` says."""
    ask(made, sha256, lost(0, asked.get("of", 150)), step=None, **asked)
    ask(made, sha256, right, **asked)
    load_spools(made.store)


def forgetting(made, policy=None):
    found = look(made.store, COMMAND, "triage@400", policy=policy)
    return {
        one.name.removeprefix("forgetting/"): (one.result, one.sentence.removeprefix("forgetting."))
        for one in found.checks
        if one.name.startswith("forgetting")
    }


def naming(*suites):
    return replace(whole_policy(POLICY), forgetting=ForgettingPolicy(suites))


@pytest.fixture
def asked(made):
    """The candidate was asked nothing yet that it should have kept."""
    for file in (made.store.root / ".evals").glob("*.json"):
        if '"suite": "facts"' in file.read_text():
            file.unlink()
    ours = "SELECT id FROM eval_run WHERE suite = 'facts'"
    for statement in (
        f"DELETE FROM item_result WHERE eval_id IN ({ours})", f"DELETE FROM score WHERE eval_id IN ({ours})",
        "DELETE FROM eval_run WHERE suite = 'facts'",
    ):  # fmt: skip
        made.store.transaction(lambda transaction, said=statement: transaction.execute(said))
    return made


def test_easier_questions_under_the_same_name_take_the_place_of_nothing(asked):
    both(asked, HARD, lost(12))
    assert forgetting(asked) == {"facts": ("fail", "lost")}
    both(asked, EASY, lost(0, 130), of=130, created=9.0)
    wanted = {"facts@aaaaaaaaaaaa": ("fail", "lost"), "facts@bbbbbbbbbbbb": ("pass", "kept")}
    assert forgetting(asked) == wanted
    assert forgetting(asked, naming("facts")) == wanted


def test_a_policy_means_one_of_them_by_its_digest(asked):
    both(asked, HARD, lost(12))
    both(asked, EASY, lost(0), created=9.0, style="plain")
    assert forgetting(asked, naming("facts@aaaaaaaaaaaa")) == {"facts": ("fail", "lost")}
    assert forgetting(asked, naming(f"facts@{EASY}")) == {"facts": ("pass", "kept")}
    assert forgetting(asked, naming("facts@cccccccccccc")) == {"facts@cccccccccccc": ("missing", "missing")}
    assert forgetting(asked, naming("facts@aaaaaaa")) == {"facts@aaaaaaa": ("missing", "missing")}


def test_a_check_says_which_suite_it_was_and_how_much_of_it(asked):
    both(asked, HARD, lost(0))
    says = {one.name: one.says for one in look(asked.store, COMMAND, "triage@400").checks}
    assert says["forgetting/facts"].startswith("facts (aaaaaaaaaaaa, 150 items): at most ")
    assert says["scores/letters"].startswith("bleu of letters (letters00000, 30 items) is +40.0 ")


def test_a_base_that_was_asked_another_suite_of_the_name_is_told_apart(asked):
    ask(asked, HARD, lost(0), step=None)
    ask(asked, EASY, lost(0, 130), of=130)
    load_spools(asked.store)
    assert forgetting(asked) == {"facts": ("missing", "base.instead")}
    found = {one.name: one.says for one in look(asked.store, COMMAND, "triage@400").checks}["forgetting/facts"]
    assert "another suite called facts (aaaaaaaaaaaa, 150 items), not this one (bbbbbbbbbbbb, 130 items)" in found


def test_more_of_the_same_questions_are_no_other_suite(asked):
    both(asked, HARD, lost(1, 60), size=60)
    assert forgetting(asked) == {"facts": ("inconclusive", "unsure")}
    both(asked, EASY, lost(1), created=9.0, size=150)
    assert forgetting(asked) == {"facts": ("pass", "kept")}


@pytest.mark.parametrize(("of", "settings"), [(150, {"seed": 1}), (150, {"style": "plain"}), (400, {})])
def test_other_questions_or_another_way_to_ask_are_another_suite(asked, of, settings):
    both(asked, HARD, lost(12))
    both(asked, EASY, lost(12, of)[:of], of=of, created=9.0, **settings)
    assert forgetting(asked)["facts@aaaaaaaaaaaa"] == ("fail", "lost")


@pytest.mark.parametrize("first", ["assay-eval 1", "assay-eval 2"])
def test_the_newer_result_counts_in_whatever_order_they_were_loaded(asked, first):
    right = {"assay-eval 1": lost(0), "assay-eval 2": lost(12)}
    for scorer in sorted(right, key=lambda scorer: scorer != first):
        both(asked, HARD, right[scorer], scorer=scorer, created=float(scorer[-1]))
    assert forgetting(asked) == {"facts": ("fail", "lost")}


def test_a_copy_with_other_times_is_loaded_no_more_and_its_evidence_is_the_same(made, tmp_path):
    shutil.copytree(made.store.root, tmp_path / "copy")
    copy = Store.at(tmp_path / "copy" / made.store.path.name)
    for file in (copy.root / ".evals").glob("*.json"):
        os.utime(file, (1, 1))
    ids = "SELECT id, key FROM eval_run ORDER BY id"
    before = copy.rows(ids)
    load_spools(copy)
    assert copy.rows(ids) == before == made.store.rows(ids)
    assert look(copy, COMMAND, "triage@400").digest == look(made.store, COMMAND, "triage@400").digest


def test_a_result_with_another_content_is_loaded_though_its_moment_is_the_same(made):
    evaluate(made.store, 400, lost=12, suites=("facts",))
    load_spools(made.store)
    assert forgetting(made) == {"facts": ("fail", "lost")}
