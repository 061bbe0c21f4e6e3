"""`assay train`: real rows to the end, and one clear sentence for everything that is wrong."""

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from transformers import AutoTokenizer

import assay.cli
from store.runs import list_runs, show_run
from trainer.demo.tiny import make_model

MEDICAL = Path(__file__).parents[2] / ".." / "shared" / "data" / "sft" / "medical_zh_1000.jsonl"


@pytest.fixture
def refused(capsys, store):
    """Calls the command line and returns its sentence; nothing else may have happened."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["train", *map(str, arguments), "--store", str(store.path)])
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert list_runs(store) == []
        assert [path.name for path in store.root.iterdir() if path.is_dir()] == []
        assert err.count("\n") == 1
        return err.removeprefix("assay: ").rstrip("\n")

    return call


def test_a_missing_data_file_is_named(refused, model_folder):
    assert refused("--model", model_folder, "--data", "no.jsonl") == f"there is no data file {Path.cwd() / 'no.jsonl'}"


def test_wrong_columns_are_named(refused, model_folder, tmp_path):
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"question": "q", "answer": "a"}\n')
    said = refused("--model", model_folder, "--data", path)
    assert said.startswith(f"{path} line 1 has the columns question, answer; Assay reads messages (chat); ")


def test_a_broken_line_is_named(refused, model_folder, tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text('{"prompt": "q", "completion": "a"}\n{"prompt": "q" "completion": "a"}\n')
    said = refused("--model", model_folder, "--data", path)
    assert said == f"{path} line 2 is broken JSON: Expecting ',' delimiter (column 16)"


def test_empty_data_is_named(refused, model_folder, tmp_path):
    path = tmp_path / "empty.jsonl"
    path.touch()
    assert refused("--model", model_folder, "--data", path) == f"{path} is empty: it has no rows"


def test_data_without_any_answer_is_named(refused, model_folder, tmp_path):
    path = tmp_path / "blank.jsonl"
    path.write_text('{"prompt": "q", "completion": ""}\n')
    said = refused("--model", model_folder, "--data", path)
    assert said.startswith(f"no row of {path} has an answer left to learn from")


def test_a_folder_that_is_no_model_is_named(refused, data_file, tmp_path, model_folder):
    folder = tmp_path / "model"
    folder.mkdir()
    assert refused("--model", folder, "--data", data_file) == f"{folder} is no model: it has no config.json"
    (folder / "config.json").write_text("{}")
    assert "no weights (*.safetensors)" in refused("--model", folder, "--data", data_file)
    (folder / "model.safetensors").write_bytes(b"no tensors")
    assert refused("--model", folder, "--data", data_file).startswith(f"the tokenizer in {folder} cannot be loaded: ")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "config.json"):
        (folder / name).write_bytes((model_folder / name).read_bytes())
    assert refused("--model", folder, "--data", data_file).startswith(f"the model in {folder} cannot be loaded: ")


def test_a_tokenizer_of_another_model_is_named(refused, data_file, tmp_path, model_folder):
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer.add_tokens([f"word{number}" for number in range(100)])
    tokenizer.save_pretrained(folder)
    said = refused("--model", folder, "--data", data_file)
    assert re.fullmatch(r"the tokenizer has \d+ tokens, the model \d+; they do not belong together", said)


def test_an_adapter_is_told_from_a_model(refused, data_file, tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    said = refused("--model", tmp_path, "--data", data_file)
    assert said == f"{tmp_path} is an adapter, not a model; name the model it was trained on"


def test_a_hub_name_is_not_fetched_without_permission(refused, data_file):
    said = refused("--model", "someone/model", "--data", data_file)
    assert said == (
        "there is no model folder someone/model; a hub name is only fetched with --set model.allow_download=true"
    )


def test_an_unknown_key_names_the_nearest(refused, tmp_path):
    path = tmp_path / "job.toml"
    path.write_text("[train]\nbatchsize = 4\n")
    assert refused(path) == "there is no key in [train] called batchsize; did you mean batch_size?"


def test_no_model_and_no_data_say_how_to_name_them(refused):
    assert refused() == "no model is named; give [model] path, or --model DIR"


def test_lora_on_layers_the_model_lacks_is_named(refused, model_folder, data_file):
    said = refused("--model", model_folder, "--data", data_file, "--set", "lora.target=['query']")
    assert said == (
        "lora.target = query fits no layer of the model; its linear layers are called q_proj, k_proj, v_proj, "
        "o_proj, gate_proj, up_proj, down_proj, lm_head"
    )


def test_resume_of_an_unknown_run_is_named(refused, store):
    assert refused("--resume", "ghost") == (
        f"there is no run ghost in {store.root} to go on with. `assay runs ls` lists the runs."
    )


def test_resume_takes_no_other_model_or_data(refused):
    said = refused("--resume", "r", "--data", "x.jsonl")
    assert said == "--resume goes on with what the run began with; leave out CONFIG, --model, --data and --from"


def test_a_name_that_cannot_be_a_folder_is_named(refused, model_folder, data_file):
    said = refused("--model", model_folder, "--data", data_file, "--set", "run.name=a/b")
    assert said.startswith("'a/b' cannot be a run's name")


def test_a_flipped_bit_in_the_only_checkpoint_is_one_sentence(config_for, store, capsys):
    from trainer.session import start_run  # noqa: PLC0415 - only here

    ended = start_run(config_for(train__steps=2, checkpoint__every=9), store)
    (path,) = (ended.folder / "checkpoints").glob("*/adapter_model.safetensors")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        assay.cli.main(["train", "--resume", "r", "--store", str(store.path), "--set", "train.steps=4"])
    out, err = capsys.readouterr()
    assert (exit_.value.code, out) == (2, "")
    assert err == (
        f"assay: run r cannot go on, no checkpoint of it is whole: "
        f"{path} is damaged: its SHA-256 is not the sealed one; the folder is not used\n"
    )


def test_a_run_ends_with_where_it_is_and_what_comes_next(model_folder, data_file, store):
    command = assay.cli.root
    arguments = ["train", "--model", model_folder, "--data", data_file, "--set", "train.steps=2", "--store", store.path]
    result = CliRunner().invoke(command, list(map(str, arguments)), standalone_mode=False)
    assert result.stdout.splitlines() == [
        f"run sums is in {store.root / 'sums'}",
        f"next: assay runs show sums --store {store.path}, or assay dash --store {store.path} to see it",
    ]


@pytest.mark.parametrize("module", ["trainer.command", "trainer.demo.command"])
def test_a_typing_error_does_not_wait_for_torch(module):
    code = f"import sys, {module}; print(sorted(set(sys.modules) & {{'torch', 'transformers', 'streamlit'}}))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.skipif(not MEDICAL.exists(), reason="the medical rows are not on this machine")
def test_real_medical_rows_are_trained_to_the_end(tmp_path, store, assay):
    model_folder = tmp_path / "model"
    make_model(model_folder, MEDICAL.read_text().splitlines(), seed=0, vocabulary=2000, width=32, layers=2)
    result = assay(
        "train", "--model", model_folder, "--data", MEDICAL, "--store", store.path, "--set", "run.name=medical",
        "--set", "data.max_length=128", "--set", "train.batch_size=16", "--set", "checkpoint.every=40",
        "--set", "optim.lr=1e-2", "--set", "train.eval_every=20",
    )  # fmt: skip
    assert (result.returncode, result.stderr.count("Traceback")) == (0, 0)
    run = show_run(store, "medical")
    (left_out,) = [item for item in run["events"] if item["kind"] == "data" and "left out" in item["message"]]
    lost = len(left_out["data"]["rows"])
    assert 0 < lost < 60
    held_out = round(0.02 * (1000 - lost))
    learned = 1000 - lost - held_out
    steps = math.ceil(learned / 16)
    assert (run["status"], run["step"], run["total_steps"]) == ("finished", steps, steps)
    assert [item["step"] for item in run["checkpoints"]] == [40, steps]
    assert [(item["role"], item["rows"]) for item in run["datasets"]] == [("train", learned), ("validation", held_out)]
    tasks = store.rows("SELECT task, count(*) AS n FROM sample GROUP BY task")
    assert sum(row["n"] for row in tasks) == 1000
    assert {json.loads(line)["department"] for line in MEDICAL.read_text().splitlines()} == {
        row["task"] for row in tasks
    }
    values = store.rows(
        "SELECT m.value FROM metric m JOIN metric_name n ON n.id = m.metric_id WHERE n.name = 'val_loss' ORDER BY step"
    )
    assert values[-1]["value"] < values[0]["value"]
