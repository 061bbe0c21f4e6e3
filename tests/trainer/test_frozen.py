"""Frozen weights that changed in memory are found, and read again when the run goes back."""

import pytest
import torch

from tests.trainer.seen import checkpoints, events, learned
from trainer.frozen import Frozen, sum_of
from trainer.job import prepare
from trainer.rollback import asked_back
from trainer.session import start_run
from trainer.train import Training

SHORT = {"train__steps": 8, "checkpoint__every": 2, "checkpoint__keep": 9, "data__validation": 0.0}


def flip(model, bit):
    item = next(item for name, item in model.named_parameters() if "down_proj.base_layer" in name)
    word = item.data.view(-1)[5:6].view(torch.int32 if item.element_size() == 4 else torch.int16)
    word ^= 1 << bit


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_any_bit_of_a_frozen_weight_is_missed_once_it_flips(config_for, dtype):
    model = prepare(config_for()).model.to(dtype)
    frozen = Frozen(model)
    assert frozen.changed() == []
    for bit in range(torch.finfo(dtype).bits - 1):
        flip(model, bit)
        (name,) = frozen.changed()
        assert name.endswith("layers.0.mlp.down_proj.base_layer.weight")
        flip(model, bit)
    assert frozen.changed() == []


@pytest.mark.parametrize("word", [torch.int8, torch.int16, torch.int32, torch.int64])
def test_a_sum_is_that_of_all_words_whatever_they_stand_for(word, monkeypatch):
    monkeypatch.setattr("trainer.frozen.AT_ONCE", 100)
    limits = torch.iinfo(word)
    words = torch.randint(limits.min, limits.max, (7, 43), dtype=word, generator=torch.Generator().manual_seed(0))
    pieces = [int(piece.sum(dtype=torch.int64)) for piece in words.view(-1).split(100)]
    assert sum_of(words) == sum(pieces)
    kinds = {torch.int16: torch.bfloat16, torch.int32: torch.float32, torch.int64: torch.float64}
    assert sum_of(words.view(kinds.get(word, word))) == sum(pieces)


def test_weights_that_are_trained_may_change(config_for):
    job = prepare(config_for(train__method="full"))
    frozen = Frozen(job.model)
    with torch.no_grad():
        for item in job.model.parameters():
            item.add_(1.0)
    assert frozen.changed() == []


def test_going_back_reads_a_base_again_that_changed_in_memory(config_for, store, monkeypatch):
    start_run(config_for(run__name="whole", **SHORT), store)
    struck, train_step = [], Training.train_step

    def struck_once(self, step):
        if step == 6 and not struck:
            flip(self.job.model, 30)
        verdict = train_step(self, step)
        if step == 7 and not struck:
            struck.append(asked_back(self, 4, "lin"))
        return verdict

    monkeypatch.setattr(Training, "train_step", struck_once)
    start_run(config_for(**SHORT, guard__mode="watch"), store)
    assert struck == ["went back from step 7 to step 4, on branch 2"]
    (told,) = events(store, "weights")
    assert "had changed in memory; the model was read again" in told["message"]
    whole, mended = (learned(checkpoints(store, run)[-1]) for run in ("whole", "r"))
    assert {name: data for name, data in mended.items() if name.endswith("safetensors")} == {
        name: data for name, data in whole.items() if name.endswith("safetensors")
    }
