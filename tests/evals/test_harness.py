"""Tasks of lm-evaluation-harness by name, with data of one's own and no network."""

import json
from importlib.util import find_spec

import pytest
from transformers import AutoModelForCausalLM

from evals.harness import evaluate_task, open_tasks
from evals.leak import TrainingText, check_leaks
from evals.run import Ledger, Subject
from evals.text.errors import DataError

pytestmark = [
    pytest.mark.skipif(find_spec("lm_eval") is None, reason="lm-evaluation-harness is not installed"),
    pytest.mark.filterwarnings("ignore"),  # the harness and what it imports warn of themselves
]

TASK = """
task: own_sums
dataset_path: json
dataset_kwargs: {data_files: {test: %s}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: "{{answer}}"
metric_list:
  - metric: acc
  - metric: acc_norm
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    rows = [{"question": f"What is {n} plus 2?", "choices": ["four", "two"], "answer": n % 2} for n in range(10)]
    (tmp_path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "own.yaml").write_text(TASK % (tmp_path / "sums.jsonl"))
    return tmp_path


@pytest.mark.slow
def test_a_task_s_results_are_kept_and_compared_like_a_suite_s(tasks, folder, tokenizer, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(folder)
    [task] = open_tasks(("own_sums",), tasks)
    evaluate_task(model, tokenizer, task, Ledger(tmp_path, Subject("base", "b" * 64)))
    texts = [TrainingText("train.jsonl", 0, "What is 3 plus 2? two, said she")]
    ledger = Ledger(
        tmp_path, Subject("r@1", "t" * 64, base="b" * 64), leaks={task.digest: check_leaks(task.probes, texts)}
    )
    found = evaluate_task(model, tokenizer, task, ledger)
    right = sum(row.correct for row in found.items)
    assert found.score("acc").value == right / 10
    assert found.score("acc").low < right / 10 < found.score("acc").high
    assert found.score("acc").signature.startswith("lm-eval ")
    assert found.score("acc", "base").value == 0
    assert [row.id for row in found.items if row.leaked] == ["3"]
    assert task.text(3).question == "What is 3 plus 2?"
    assert (task.text(3).choices, task.text(3).gold) == (("four", "two"), 1)
    assert evaluate_task(None, None, task, ledger) == found


def test_a_task_that_is_not_there_is_refused_in_one_sentence(tasks):
    with pytest.raises(DataError, match="there is no task called own_sum in "):
        open_tasks(("own_sum",), tasks)
    (tasks / "sums.jsonl").unlink()
    with pytest.raises(DataError, match=r"the task own_sums cannot be opened: .*; name one task whose data is here"):
        open_tasks(("own_sums",), tasks)
