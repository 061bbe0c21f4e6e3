"""An adapter that is trained on weights of 4 bits."""

import importlib.util
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from store.artifacts import read_manifest
from store.runs import show_run
from tests.trainer.seen import active, checkpoints, dies_at, learned
from trainer.config import Config, TrainConfig
from trainer.errors import ConfigError, ModelError
from trainer.frozen import Frozen
from trainer.job import begin_again, prepare
from trainer.session import resume_run, start_run

pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")


@pytest.fixture
def qlora(config_for):
    def make(**settings):
        return config_for(**{"train__method": "qlora", "train__steps": 8, "data__validation": 0.0, **settings})

    return make


def test_the_weights_are_held_in_4_bits_and_only_the_adapter_is_trained(qlora, config_for):
    job, plain = prepare(qlora()), prepare(config_for(data__validation=0.0))
    kinds = {type(item).__name__ for item in job.model.modules()}
    assert "Linear4bit" in kinds
    trained = {name: item for name, item in job.model.named_parameters() if item.requires_grad}
    assert trained
    assert all("lora_" in name and item.dtype == torch.float32 for name, item in trained.items())
    # Two numbers lie in a byte, and are counted as two.
    assert job.parameters == plain.parameters
    held = [item for item in job.model.parameters() if item.dtype == torch.uint8]
    assert len(held) == 14
    assert sum(item.numel() for item in held) < sum(item.numel() for item in plain.model.parameters()) / 2


def test_it_learns_and_its_checkpoint_is_an_adapter_of_the_model(qlora, store):
    start_run(qlora(train__steps=30), store)
    losses = active(store, "loss")
    assert losses[30] < losses[1] - 0.3
    folder = checkpoints(store)[-1]
    assert read_manifest(folder)["method"] == "lora"
    assert (folder / "adapter_config.json").is_file()
    assert show_run(store, "r")["config"]["train"]["method"] == "qlora"


def test_a_killed_run_goes_on_bit_for_bit(qlora, store, monkeypatch):
    start_run(qlora(run__name="whole"), store)
    with dies_at(monkeypatch, 6):
        start_run(qlora(), store)
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])


def test_an_evaluation_changes_neither_the_weights_nor_what_is_trained_after_it(qlora, store):
    job = prepare(qlora(data__validation=0.2))
    frozen = Frozen(job.model)
    job.engine.evaluate(job.data.validation, micro_batch=2)
    assert frozen.changed() == []
    for name, every in (("often", 1), ("never", 1000)):
        start_run(qlora(run__name=name, data__validation=0.2, train__eval_every=every), store)
    assert active(store, "loss", "often") == active(store, "loss", "never")


def test_it_begins_again_at_the_weights_it_began_with(qlora):
    job = prepare(qlora())
    before = {name: item.detach().clone() for name, item in job.model.named_parameters()}
    with torch.no_grad():
        for item in job.model.parameters():
            if item.requires_grad:
                item.add_(1.0)
    begin_again(job)
    after = dict(job.model.named_parameters())
    assert all(torch.equal(item, after[name]) for name, item in before.items())


def test_it_has_the_rate_of_an_adapter():
    rates = {method: Config(train=TrainConfig(method=method)).lr for method in ("lora", "qlora", "full")}
    assert rates == {"lora": 1e-4, "qlora": 1e-4, "full": 2e-5}


def test_without_bitsandbytes_it_is_refused_in_a_sentence(qlora, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "bitsandbytes" else found(name, *rest)
    )
    with pytest.raises(ConfigError, match=r"needs bitsandbytes, which is not installed; install assay-llm\[qlora\]"):
        prepare(qlora())


def test_a_weight_that_is_no_number_is_found_though_4_bits_hide_it(qlora, model_folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(model_folder, copy)
    (file,) = copy.glob("*.safetensors")
    weights = load_file(file)
    weights["model.layers.1.mlp.up_proj.weight"][3, 4] = float("nan")
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"weights of model\.layers\.1\.mlp\.up_proj\.weight in .* are not a number"):
        prepare(qlora(model__path=str(copy)))
