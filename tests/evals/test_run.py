"""A model at suites: scored once, compared with its base, left as it was."""

import json
import os
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from evals.leak import TrainingText, check_leaks
from evals.run import Ledger, Subject, evaluate, item_texts
from evals.suite import read_suite
from store import eval_rows
from store.database import Store
from store.eval_rows import EvalLoader
from store.evaluations import evaluation_files, keep
from tests.evals.written import written

QUESTIONS = [
    {"id": f"q{n}", "lang": "en", "category": "sums" if n % 2 else "zh", "question": f"What is {n} plus 2?",
     "choices": ["four", "two", "等于"], "answer": n % 3}
    for n in range(12)
]  # fmt: skip
OPEN = [{"id": f"o{n}", "question": f"二加{n}？", "reference": f"等于{n}。科室：内科"} for n in range(3)]
TEXTS = [{"id": f"t{n}", "text": "It is four. 二加二等于四。" * (n + 1)} for n in range(3)]


@pytest.fixture
def suites(tmp_path):
    written(tmp_path, *QUESTIONS, name="facts.jsonl")
    written(tmp_path, *OPEN, name="open.jsonl")
    written(tmp_path, *TEXTS, name="texts.jsonl")
    (tmp_path / "open.toml").write_text(
        'measures = "learned"\nkind = "open"\nfile = "open.jsonl"\nlang = "zh"\nmax_new_tokens = 8\n'
        'fields = { department = "科室：(\\\\S+)" }\n'
    )
    (tmp_path / "texts.toml").write_text('measures = "kept"\nkind = "text"\nfile = "texts.jsonl"\n')
    return [read_suite(tmp_path / name) for name in ("facts.jsonl", "open.toml", "texts.toml")]


@pytest.fixture
def model(folder):
    return AutoModelForCausalLM.from_pretrained(folder)


@pytest.fixture
def tuned(folder):
    model = AutoModelForCausalLM.from_pretrained(folder)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)
    return model


BASE = Subject("base", "b" * 64)
TUNED = Subject("run@4", "t" * 64, base="b" * 64, run="run", branch=1, step=4)


def test_a_model_is_compared_with_its_base(model, tuned, tokenizer, suites, tmp_path):
    list(evaluate(model, tokenizer, suites, Ledger(tmp_path, BASE)))
    facts, said, texts = evaluate(tuned, tokenizer, suites, Ledger(tmp_path, TUNED))
    assert facts.score("acc").n == 12
    change = facts.score("acc", "base")
    assert change.low <= change.value <= change.high
    assert said.score("bleu").signature.startswith("nrefs:1|")
    assert said.score("field/department").value == 0
    assert said.score("chrf", "base") is not None
    assert texts.score("kl").value > 0
    assert texts.score("nll", "base").value == pytest.approx(
        texts.score("nll").value - Ledger(tmp_path, BASE).known(suites[2]).score("nll").value
    )


def test_the_base_against_itself_diverges_by_nothing(model, tokenizer, suites, tmp_path):
    list(evaluate(model, tokenizer, suites[2:], Ledger(tmp_path, BASE)))
    [same] = evaluate(model, tokenizer, suites[2:], Ledger(tmp_path, TUNED))
    assert same.score("kl").value == pytest.approx(0, abs=1e-6)
    assert same.score("bits_per_byte", "base").value == 0


def test_nothing_is_scored_twice(model, tokenizer, suites, tmp_path):
    first = list(evaluate(model, tokenizer, suites, Ledger(tmp_path, BASE)))
    with_nothing_to_ask = None
    assert list(evaluate(with_nothing_to_ask, tokenizer, suites, Ledger(tmp_path, BASE))) == first


def test_a_result_in_the_file_is_the_result(model, tokenizer, suites, tmp_path):
    [found] = evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, BASE))
    assert Ledger(tmp_path, BASE).known(suites[0]) == found


def test_results_become_rows_once_and_of_a_known_run_only(model, tuned, tokenizer, suites, tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    list(evaluate(model, tokenizer, suites, Ledger(tmp_path, BASE)))
    list(evaluate(tuned, tokenizer, suites, Ledger(tmp_path, TUNED)))
    loader = EvalLoader(store)
    assert (loader.load(), loader.load(), EvalLoader(store).load()) == (3, 0, 0)
    assert store.rows("SELECT count(*) AS n FROM eval_run") == [{"n": 3}]
    assert store.rows("SELECT count(*) AS n FROM item_result") == [{"n": 12 + 3 + 3}]
    assert store.rows("SELECT count(*) AS n FROM eval_item") == [{"n": 12 + 3 + 3}]


def test_a_damaged_result_is_scored_anew(model, tokenizer, suites, tmp_path):
    [found] = evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, BASE))
    evaluation_files(tmp_path)[0].write_text('{"format": 1')
    [again] = evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, BASE))
    assert again.items == found.items
    assert json.loads(evaluation_files(tmp_path)[0].read_text())["suite"] == "facts"


def test_the_model_and_all_random_numbers_are_left_as_they_were(model, tokenizer, suites, tmp_path):
    model.train()
    model.model.layers[0].eval()
    torch.manual_seed(3), random.seed(3), np.random.seed(3)
    wanted = (torch.rand(2).tolist(), random.random(), np.random.rand())
    torch.manual_seed(3), random.seed(3), np.random.seed(3)
    list(evaluate(model, tokenizer, suites, Ledger(tmp_path, BASE)))
    assert (torch.rand(2).tolist(), random.random(), np.random.rand()) == wanted
    assert model.training
    assert not model.model.layers[0].training
    assert torch.is_grad_enabled()


def test_a_subset_is_deepened_where_it_is_yellow(model, tuned, tokenizer, tmp_path):
    many = [
        {**QUESTIONS[0], "id": f"m{n}", "category": "c", "question": f"What is {n}?", "answer": 0} for n in range(300)
    ]
    written(tmp_path, *many, name="many.jsonl")
    (tmp_path / "many.toml").write_text('measures = "kept"\nkind = "choice"\nfile = "many.jsonl"\nsize = 100\n')
    suite = read_suite(tmp_path / "many.toml")
    [base] = evaluate(model, tokenizer, [suite], Ledger(tmp_path, BASE))
    assert len(base.items) == 300
    [same] = evaluate(model, tokenizer, [suite], Ledger(tmp_path, TUNED._replace(artifact="same")))
    assert len(same.items) == 100


def loaded(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    return store, EvalLoader(store).load()


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"format": 1, "scores": [], "items": [], "created": "yesterday"}', "\xff"]
)
def test_a_file_that_is_no_result_keeps_no_other_out(model, tokenizer, suites, tmp_path, text):
    list(evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, BASE)))
    (tmp_path / ".evals" / "0.json").write_bytes(text.encode("latin-1"))
    assert loaded(tmp_path)[1] == 1


def test_a_result_of_wrong_types_keeps_no_other_out(model, tokenizer, suites, tmp_path):
    list(evaluate(model, tokenizer, suites[:2], Ledger(tmp_path, BASE)))
    file = evaluation_files(tmp_path)[0]
    file.write_text(json.dumps({**json.loads(file.read_text()), "created": "yesterday"}))
    assert loaded(tmp_path)[1] == 1


def test_damaged_items_of_a_suite_are_written_again(model, tuned, tokenizer, suites, tmp_path):
    list(evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, BASE)))
    (tmp_path / ".evals" / "suites" / f"{suites[0].digest}.json").write_text("{")
    list(evaluate(tuned, tokenizer, suites[:1], Ledger(tmp_path, TUNED._replace(run=None))))
    store, count = loaded(tmp_path)
    assert count == 2
    assert store.rows("SELECT count(*) AS n FROM eval_item") == [{"n": 12}]


def test_a_result_that_was_scored_again_replaces_its_rows(model, tokenizer, suites, tmp_path):
    [first] = evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, BASE))
    store, _ = loaded(tmp_path)
    keep(tmp_path, replace(first, created=first.created + 60, model="again"), item_texts(suites[0]))
    file = evaluation_files(tmp_path)[0]
    os.utime(file, (first.created + 60, first.created + 60))
    assert EvalLoader(store).load() == 1
    assert store.rows("SELECT model FROM eval_run") == [{"model": "again"}]


def test_a_base_whose_predictions_are_damaged_is_asked_again(model, tuned, tokenizer, suites, tmp_path):
    base = Ledger(tmp_path, BASE)
    [first] = evaluate(model, tokenizer, suites[2:], base)
    (tmp_path / ".evals" / f"{first.key}.npz").write_bytes(b"PK nonsense")
    assert base.known(suites[2]) is None
    list(evaluate(model, tokenizer, suites[2:], base))
    [found] = evaluate(tuned, tokenizer, suites[2:], Ledger(tmp_path, TUNED))
    assert found.score("kl").value > 0


def test_a_checkpoint_that_others_begin_with_is_asked_everything(model, tokenizer, tmp_path):
    many = [{**QUESTIONS[0], "id": f"m{n}", "category": "c", "question": f"What is {n}?"} for n in range(150)]
    written(tmp_path, *many, name="many.jsonl")
    (tmp_path / "many.toml").write_text('measures = "kept"\nkind = "choice"\nfile = "many.jsonl"\nsize = 100\n')
    suite = read_suite(tmp_path / "many.toml")
    list(evaluate(model, tokenizer, [suite], Ledger(tmp_path, BASE)))
    [part] = evaluate(model, tokenizer, [suite], Ledger(tmp_path, TUNED))
    assert len(part.items) == 100
    [whole] = evaluate(model, tokenizer, [suite], Ledger(tmp_path, TUNED, as_base=True))
    assert len(whole.items) == 150


def test_a_leak_check_that_could_not_be_made_is_made_up_for(model, tuned, tokenizer, suites, tmp_path):
    list(evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, BASE)))
    [before] = evaluate(tuned, tokenizer, suites[:1], Ledger(tmp_path, TUNED))
    assert before.data["leak"]["status"] == "unchecked"
    texts = [TrainingText("train.jsonl", 0, "What is 3 plus 2? four, said she.")]
    report = {suites[0].digest: check_leaks(suites[0].probes, texts)}
    [after] = evaluate(tuned, tokenizer, suites[:1], Ledger(tmp_path, TUNED, leaks=report))
    assert [row.id for row in after.items if row.leaked] == ["q3"]
    clean = [row for row in after.scores if row.clean]
    assert [(row.metric, row.n) for row in clean] == [("acc", 11)]


def test_with_other_tokens_than_the_base_s_only_bits_a_byte_are_compared(model, tokenizer, suites, tmp_path):
    list(evaluate(model, tokenizer, suites[2:], Ledger(tmp_path, BASE)))
    [file] = evaluation_files(tmp_path)
    fields = json.loads(file.read_text())
    file.write_text(json.dumps({**fields, "data": {**fields["data"], "tokens": "of another tokenizer"}}))
    [found] = evaluate(model, tokenizer, suites[2:], Ledger(tmp_path, TUNED))
    assert found.score("bits_per_byte", "base").value == 0
    assert found.score("nll", "base") is None
    assert found.score("kl").value is None
    assert found.score("kl").signature == "not comparable: other tokens than the base's"


def test_questions_longer_than_the_model_reads_are_named(model, tokenizer, tmp_path):
    long = "What is 2 plus 2? " * 200
    written(tmp_path, QUESTIONS[0], {**QUESTIONS[1], "question": long}, name="facts.jsonl")
    written(tmp_path, {**OPEN[0], "id": "far", "question": long}, OPEN[1], name="open.jsonl")
    (tmp_path / "open.toml").write_text(
        'measures = "learned"\nkind = "open"\nfile = "open.jsonl"\nlang = "zh"\nmax_new_tokens = 4\n'
    )
    suites = [read_suite(tmp_path / name) for name in ("facts.jsonl", "open.toml")]
    facts, said = evaluate(model, tokenizer, suites, Ledger(tmp_path, BASE))
    assert (facts.data["cut"], said.data["cut"]) == (["q1"], ["far"])
    assert (len(facts.items), len(said.items)) == (2, 2)


def test_a_result_of_a_run_that_is_not_there_is_read_once(model, tokenizer, suites, tmp_path, monkeypatch):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    list(evaluate(model, tokenizer, suites[:1], Ledger(tmp_path, TUNED)))
    read, files = eval_rows.read_file, []
    monkeypatch.setattr(eval_rows, "read_file", lambda path: files.append(path) or read(path))
    loader = EvalLoader(store)
    assert [loader.load() for _ in range(3)] == [0, 0, 0]
    assert len(files) == 1
    store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO run (id, name, status, created, heartbeat, tags, starred, archived) "
            "VALUES (1, 'run', 'finished', now(), now(), [], false, false)"
        )
    )
    assert loader.load() == 1
    assert store.rows("SELECT run_id FROM eval_run") == [{"run_id": 1}]
