"""Domain text, then answers, then preferences: each stage goes on from the one before, and the store says so."""

import json

import pytest
import torch

import assay.cli
from store.pins import held
from tests.trainer.preferred import PREFERENCES, written
from tests.trainer.seen import checkpoints, metric, weights
from tests.trainer.test_objective import logps
from trainer.asked import find_asked, load_asked
from trainer.evaluator import training_files
from trainer.job import prepare

STAGES = ("cpt", "sft", "dpo")


@pytest.fixture
def files(tmp_path, data_file):
    """The data of each stage."""
    text = [{"text": f"{n} plus {n} makes {2 * n}. It is {2 * n}."} for n in range(20)]
    found = {"cpt": written(tmp_path / "text.jsonl", text), "dpo": written(tmp_path / "preferences.jsonl")}
    return {**found, "sft": str(data_file)}


@pytest.fixture
def train(store, files, model_folder):
    """Trains a stage by its command, from the model or from the run of another stage."""

    def call(stage, before=None, **settings):
        start = ("--from", f"{before}@4") if before else ("--model", model_folder)
        fixed = {
            "train.stage": stage, "run.name": stage, "train.steps": 4, "train.batch_size": 4, "checkpoint.every": 2,
            "optim.lr": 5e-3, "train.device": "cpu", "record.system_seconds": 0, "eval.samples": 0, "lora.rank": 4,
        }  # fmt: skip
        chosen = [f"--set={key}={value}" for key, value in {**fixed, **settings}.items()]
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["train", *map(str, start), "--data", files[stage], *chosen, "--store", str(store.path)])
        assert (ended.value.code or 0) == 0

    return call


@pytest.mark.parametrize("methods", [("lora", "lora", "lora"), ("full", "lora", "full")])
def test_three_stages_are_one_lineage_and_the_last_one_is_held_to_the_one_before(
    train, store, files, config_for, methods
):
    before = None
    for stage, method in zip(STAGES, methods, strict=True):
        train(stage, before, **{"train.method": method})
        before = stage
    rows = store.rows("SELECT name, stage, parent FROM run ORDER BY id")
    assert rows == [
        {"name": "cpt", "stage": "cpt", "parent": None},
        {"name": "sft", "stage": "sft", "parent": "cpt/1@4"},
        {"name": "dpo", "stage": "dpo", "parent": "sft/1@4"},
    ]
    for parent, child in (("cpt", "sft"), ("sft", "dpo")):
        assert [pin.holder for pin in held(store, f"{parent}/checkpoints/00000004-b1")] == [child]
    assert metric(store, "loss", "dpo")[1, 1] == pytest.approx(0.6931472, abs=1e-5)
    # The reference is what the answers' stage came to, not the model that all began with.
    kept = json.loads((checkpoints(store, "dpo")[-1] / "reference.json").read_text())
    reference = {row: both for row, *both in kept["rows"]}
    pairs = prepare(config_for(train__stage="dpo", data__train=files["dpo"], data__validation=0.0)).data.train
    after_sft, before_all = (load_asked(find_asked(name, store))[0] for name in ("sft@4", "cpt@2"))
    with torch.no_grad():
        for pair in pairs[:6]:
            sides = [(side.ids[None].long(), side.answer[None]) for side in (pair, pair.rejected)]
            assert reference[pair.row] == pytest.approx([logps(after_sft, *side).item() for side in sides], abs=1e-3)
            assert abs(reference[pair.row][0] - logps(before_all, *sides[0]).item()) > 0.1
    if methods[1:] == ("lora", "lora"):
        first, last = (weights(checkpoints(store, run)[-1]) for run in ("sft", "dpo"))
        assert first.keys() == last.keys()
        assert any(not torch.equal(first[name], last[name]) for name in first)


def test_what_all_stages_were_trained_on_is_known_of_the_last_one(train, store, files):
    for stage, before in zip(STAGES, (None, *STAGES), strict=False):
        train(stage, before)
    found = training_files(find_asked("dpo@4", store), store)
    assert [(file.path, file.pairs) for file in found] == [
        (files["dpo"], True), (files["sft"], False), (files["cpt"], False),
    ]  # fmt: skip


def test_a_bad_row_of_preferences_is_one_sentence(files, store, model_folder, capsys):
    path = written(store.root.parent / "bad.jsonl", [PREFERENCES[0], {"prompt": "What?", "chosen": "It."}])
    arguments = ["train", "--model", model_folder, "--data", path, "--set=train.stage=dpo", "--store", store.path]
    with pytest.raises(SystemExit) as ended:
        assay.cli.main([*map(str, arguments)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"assay: {path} line 2 lacks rejected: a row of preferences has chosen and rejected, beside prompt, "
        f"instruction or conversations; this one has the columns prompt, chosen\n"
    )
