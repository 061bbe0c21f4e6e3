"""`assay eval`: a checkpoint against its base, and an evaluator that follows a run."""

import json
import signal
import subprocess
import sys

import pytest

import assay.cli
from assay.errors import AssayError
from evals.suite import read_suite
from store.database import Store
from store.loading import load_spools
from store.requests import ask
from tests.evals.written import written
from trainer.asked import find_asked
from trainer.eval_watch import EvalWatch, question_suite
from trainer.evaluator import Evaluator, training_files
from trainer.session import start_run

FACTS = [
    {"id": f"f{n}", "lang": "en", "category": "sums", "question": f"What is {n} plus {n}?",
     "choices": [f"It is {2 * n}.", f"It is {2 * n + 7}."], "answer": 0}
    for n in range(10)
]  # fmt: skip
OPEN = [{"id": f"o{n}", "question": f"What is {n} plus 1?", "reference": f"It is {n + 1}."} for n in range(3)]


@pytest.fixture
def suites(tmp_path):
    written(tmp_path, *FACTS, name="facts.jsonl")
    written(tmp_path, *OPEN, name="held_out.jsonl")
    (tmp_path / "sums.toml").write_text(
        'measures = "learned"\nkind = "open"\nfile = "held_out.jsonl"\nlang = "en"\nmax_new_tokens = 8\n'
    )
    return [tmp_path / "facts.jsonl", tmp_path / "sums.toml"]


@pytest.fixture
def run(config_for, tmp_path):
    store = Store.at(tmp_path / "runs" / "assay.duckdb")
    store.create()
    start_run(config_for(), store)
    return store


@pytest.fixture
def call(run, capsys):
    """Calls the command line; its exit status, stdout and stderr."""

    def ask(*arguments):
        code = 0
        capsys.readouterr()
        try:
            assay.cli.main(["eval", *map(str, arguments), "--store", str(run.path)])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code or 0, out, err

    return ask


def options(suites):
    return [part for suite in suites for part in ("--suite", suite)]


def test_a_checkpoint_is_scored_against_its_base_and_the_one_before(call, run, suites):
    code, _, said = call("r@3", *options(suites), "--json")
    assert (code, said) == (0, "")
    second = json.loads(call("r", *options(suites), "--json")[1])
    facts, sums = second["suites"]
    assert (second["model"], second["step"], facts["n"], facts["light"]) == ("r@6", 6, 10, "green")
    assert facts["forgetting"]["lost"] + facts["forgetting"]["acc"] * 10 >= facts["forgetting"]["lost"]
    assert {row["versus"] for row in facts["scores"]} == {None, "base", "previous"}
    # Ten questions are rows of the training data, word for word.
    assert facts["leak"]["status"] == "leaked"
    assert {row["metric"] for row in sums["scores"]} >= {"bleu", "chrf", "f1"}
    rows = run.rows("SELECT model, suite FROM eval_run WHERE run_id IS NOT NULL ORDER BY step, suite")
    assert [tuple(row.values()) for row in rows] == [
        ("r@3", "facts"),
        ("r@3", "sums"),
        ("r@6", "facts"),
        ("r@6", "sums"),
    ]
    assert run.rows("SELECT count(*) AS n FROM eval_run WHERE run_id IS NULL") == [{"n": 2}]


def test_it_is_said_in_words(call, suites):
    _, shown, _ = call("r", *options(suites))
    assert "r@6 on facts 10 items" in shown
    assert "green: no sign of forgetting" in shown


def test_without_a_suite_there_is_nothing_to_ask(call, model_folder):
    code, shown, said = call("r")
    assert (code, shown) == (2, "")
    assert "name a suite with --suite, or in [eval]" in said
    assert call("nobody", "--watch")[0] == 2
    code, _, said = call(model_folder, "--task", "no_such_task", "--tasks", model_folder)
    assert (code, "there is no task called no_such_task in" in said) == (2, True)


@pytest.mark.slow
def test_ctrl_c_ends_a_follower(run, suites):
    command = [sys.executable, "-P", "-m", "assay", "eval", "r", *options(suites), "--watch", "--store", run.path]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as follower:
        assert follower.stdout.readline().startswith("r@3 on facts")
        follower.send_signal(signal.SIGINT)
        _, said = follower.communicate(timeout=60)
    assert (follower.returncode, "Traceback" in said) == (0, False), said


def watch(store, suites, said):
    def make(asked):
        return Evaluator(store, asked, say=said.append)

    return EvalWatch(store, "r", make([read_suite(suite) for suite in suites]), make, said.append)


def test_each_checkpoint_is_scored_in_order_and_once(run, suites):
    said = []
    watching = watch(run, suites, said)
    assert [list(watching.once()) for _ in range(4)] == [[]] * 4
    assert [found[0].evaluation.step for found in said] == [3, 6]


def test_a_question_from_a_page_is_answered_by_base_and_checkpoint(run):
    load_spools(run)
    said = []
    ask(run, "r", "evaluate", {"question": "What is 2 plus 2?", "places": ["base", "1@6", "1@5"]}, actor="command:ada")
    list(watch(run, [], said).once())
    [request] = run.rows("SELECT taken IS NOT NULL AS taken, result FROM request")
    assert request["taken"]
    assert request["result"].startswith("answered by base, 1@6; not done at 1@5: branch 1 of run r has no sealed")
    rows = run.rows(
        "SELECT e.measures, e.step, t.question, i.answer IS NOT NULL AS said FROM eval_run e "
        "JOIN item_result i ON i.eval_id = e.id JOIN eval_item t USING (suite_sha256) ORDER BY e.step NULLS FIRST"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("shown", None, "What is 2 plus 2?", True), ("shown", 6, "What is 2 plus 2?", True),
    ]  # fmt: skip


def test_a_question_s_suite_hangs_on_its_words_alone():
    assert question_suite("a").digest == question_suite("a").digest != question_suite("b").digest


def test_what_a_run_was_trained_on_is_known_with_what_its_parents_were(run, config_for, data_file, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(data_file.read_text())
    parent = max((run.root / "r" / "checkpoints").iterdir())
    start_run(config_for(run__name="child", model__adapter=str(parent), data__train=str(other)), run)
    assert [file.path for file in training_files(find_asked("child", run), run)] == [str(other), str(data_file)]


def test_what_a_base_was_pre_trained_on_is_no_leak(run, config_for, data_file, tmp_path):
    start_run(config_for(run__name="base", train__stage="pretrain", train__method="full"), run)
    other = tmp_path / "other.jsonl"
    other.write_text(data_file.read_text())
    parent = max((run.root / "base" / "checkpoints").iterdir())
    start_run(config_for(run__name="tuned", model__path=str(parent), data__train=str(other)), run)
    assert [file.path for file in training_files(find_asked("base", run), run)] == [str(data_file)]
    assert [file.path for file in training_files(find_asked("tuned", run), run)] == [str(other)]


def test_a_checkpoint_whose_base_is_gone_is_refused_in_one_sentence(run, suites, tmp_path, config_for):
    asked = find_asked("r", run)
    gone = asked._replace(config=asked.config.__class__(path=str(tmp_path / "gone"), adapter=asked.config.adapter))
    with pytest.raises(AssayError, match=r"is an adapter of the model in .*gone, which is not there; put it back"):
        Evaluator(run, [read_suite(suites[0])], say=print).score(gone._replace(start=None))
