"""The examples of the documentation run as they stand, in a folder that is not the repository's."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.trainer.adapters.hosts import SENTENCES, shown
from tests.trainer.seen import batches, metric

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"

RUNS = {
    "transformers_callback": "called", "transformers_mixin": "watched", "trl_sft": "guarded", "trl_dpo": "preferred",
}  # fmt: skip


def test_every_example_is_run_here():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(RUNS)


def row_of(example, number):
    question, answer = SENTENCES[number].split("? ")
    if example == "trl_dpo":
        return {"prompt": f"{question}?", "chosen": f" {answer}", "rejected": " No idea."}
    return {"text": SENTENCES[number]}


@pytest.mark.parametrize("example", RUNS)
def test_an_example_records_its_run(example, model_folder, store, tmp_path):
    if example.startswith("trl") and find_spec("trl") is None:
        pytest.skip("TRL is not installed")
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row_of(example, number)) + "\n" for number in range(32)))
    known = {**os.environ, "ASSAY_STORE": str(store.root), "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-P", EXAMPLES / f"{example}.py", model_folder, rows, "8"],
        cwd=tmp_path, env=known | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = shown(store, RUNS[example])
    assert (run["status"], run["step"], run["total_steps"]) == ("finished", 8, 8)
    assert len(metric(store, "loss", RUNS[example])) == 8
    assert [item["step"] for item in run["checkpoints"]] == [4, 8]
    if example != "transformers_callback":
        assert [len(item["losses"]) for item in batches(store, RUNS[example])] == [8] * 8
    if example in ("transformers_mixin", "trl_dpo"):
        assert [(item["path"], item["rows"]) for item in run["datasets"]] == [(str(rows), 32)]
    assert run["config"]["guard"]["mode"] == ("act" if example == "trl_sft" else "watch")
