"""Log-likelihoods and accuracies are those of lm-evaluation-harness, where it is installed."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

import trainer.demo
from evals.choice import accuracy, accuracy_norm, item_prompt, score_items
from evals.choice_items import ChoiceItem, read_items
from evals.harness import evaluate_task, open_tasks
from evals.likelihood import likelihoods
from evals.run import Ledger, Subject

pytestmark = [
    pytest.mark.skipif(find_spec("lm_eval") is None, reason="lm-evaluation-harness is not installed"),
    pytest.mark.filterwarnings("ignore"),  # the harness and what it imports warn of themselves
    pytest.mark.slow,
]

SAMPLE = Path(trainer.demo.__file__).parent / "sample"


@pytest.fixture(scope="module")
def model(folder):
    made = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(3)
    return made.eval()


def harness(model, tokenizer, items, shots):
    """What a multiple_choice task asks for these items, and what it makes of the answers."""
    from lm_eval.api.instance import Instance  # noqa: PLC0415 - the package is optional
    from lm_eval.models.huggingface import HFLM  # noqa: PLC0415 - the package is optional

    shown = "".join("".join(item_prompt(shot)) + shot.choices[shot.answer] + "\n\n" for shot in shots)
    asks = [
        (shown + context, delimiter + choice)
        for item in items
        for context, delimiter in [item_prompt(item)]
        for choice in item.choices
    ]
    judge = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, device="cpu")
    requests = [Instance("loglikelihood", {}, ask, number) for number, ask in enumerate(asks)]
    answers = iter(judge.loglikelihood(requests, disable_tqdm=True))
    return [[next(answers)[0] for _ in item.choices] for item in items]


@pytest.mark.parametrize("shots", [0, 3])
def test_log_likelihoods_and_accuracies_are_those_of_the_harness(model, tokenizer, shots):
    items = [item for name in ("facts", "triage_choice") for item in read_items(SAMPLE / f"{name}.jsonl")]
    too_long = ChoiceItem("long", "en", "c", "What is 2 plus 2? " * 120, ("four", "It is five.", "2"), 0)
    examples, asked = items[:shots], [*items[shots:], too_long]
    expected = harness(model, tokenizer, asked, examples)
    found = score_items(model, tokenizer, asked, shots=examples)
    assert len(asked) > 50
    assert [score.id for score in found if score.cut] == ["long"]
    for score, lls in zip(found, expected, strict=True):
        assert score.lls == pytest.approx(lls, abs=1e-4)
    right = [best(lls) == item.answer for lls, item in zip(expected, asked, strict=True)]
    normed = [
        best([ll / len(choice) for ll, choice in zip(lls, item.choices, strict=True)]) == item.answer
        for lls, item in zip(expected, asked, strict=True)
    ]
    assert accuracy(found) == sum(right) / len(right)
    assert accuracy_norm(found) == sum(normed) / len(normed)


def best(values):
    return max(range(len(values)), key=values.__getitem__)


def test_acc_and_acc_norm_of_a_task_are_those_of_the_harness(model, tokenizer, tmp_path, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    items = read_items(SAMPLE / "triage_choice.jsonl")[:120]
    [delimiter] = {item_prompt(item)[1] for item in items}
    rows = [{"context": item_prompt(item)[0], "choices": list(item.choices), "answer": item.answer} for item in items]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {
        "task": "triage_choice", "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "rows.jsonl")}}, "test_split": "test",
        "output_type": "multiple_choice", "doc_to_text": "{{context}}", "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{answer}}", "target_delimiter": delimiter,
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    }  # fmt: skip
    # JSON is YAML.
    (tmp_path / "task.yaml").write_text(json.dumps(settings))
    [task] = open_tasks(("triage_choice",), tmp_path)
    theirs = evaluate_task(model, tokenizer, task, Ledger(tmp_path, Subject("base", "b" * 64)))
    ours = score_items(model, tokenizer, items)
    assert theirs.score("acc").value == pytest.approx(accuracy(ours), abs=1e-12)
    assert theirs.score("acc_norm").value == pytest.approx(accuracy_norm(ours), abs=1e-12)
    assert accuracy(ours) != accuracy_norm(ours)


def test_the_likelihood_of_a_long_text_is_that_of_the_harness(model, tokenizer):
    from lm_eval.api.instance import Instance  # noqa: PLC0415 - the package is optional
    from lm_eval.models.huggingface import HFLM  # noqa: PLC0415 - the package is optional

    texts = ["It is four.", "What is 2 plus 2? 二加二等于四。" * 150]
    judge = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1, device="cpu", prefix_token_id=_first(tokenizer))
    requests = [Instance("loglikelihood_rolling", {}, (text,), number) for number, text in enumerate(texts)]
    expected = judge.loglikelihood_rolling(requests, disable_tqdm=True)
    found = likelihoods(model, tokenizer, [(str(number), text) for number, text in enumerate(texts)])
    assert found[1].tokens > 2 * model.config.max_position_embeddings
    assert [-one.nats for one in found] == pytest.approx(expected, rel=1e-5)


def _first(tokenizer):
    return tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
