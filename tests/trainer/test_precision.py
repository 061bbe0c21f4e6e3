"""Narrow numbers: they are really computed in, and the loss scale of fp16 moves, is recorded and kept."""

import math

import pytest
import torch
from torch import nn

from store.artifacts import verify
from store.runs import show_run
from tests.trainer.seen import batches, checkpoints, dies_at, events, learned, metric, said, state_of, weights
from trainer.errors import ConfigError, TrainingError
from trainer.job import prepare
from trainer.precision import Precision
from trainer.session import resume_run, start_run
from trainer.step import Engine

CPU = torch.device("cpu")


def scale(value, tracker=0):
    """State of a loss scale as checkpoints keep it."""
    return {**torch.amp.GradScaler("cpu").state_dict(), "scale": value, "_growth_tracker": tracker}


@pytest.fixture
def begins_with(monkeypatch):
    """Lets fp16 begin with another loss scale than torch's 65536."""

    def begin(value, tracker=0):
        made = Precision.__init__

        def init(self, name, device):
            made(self, name, device)
            self.restore(scale(value, tracker))

        monkeypatch.setattr(Precision, "__init__", init)

    return begin


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp16", torch.float16), ("bf16", torch.bfloat16), ("fp32", torch.float32)]
)
@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_processor_computes_in_the_precision_that_was_asked_for(config_for, precision, dtype, method):
    job = prepare(config_for(train__precision=precision, train__method=method))
    found = {}
    for name, layer in job.model.named_modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda _, __, out, name=name: found.update({name: out.dtype}))
    measured = job.engine.measure(job.optimizer, job.data.train[:2], micro_batch=2, clip=1.0)
    assert len(found) >= 14
    assert set(found.values()) == {dtype}
    assert math.isfinite(measured.loss)
    # The weights themselves stay as wide as they are.
    assert {item.dtype for item in job.model.parameters()} == {torch.float32}


def test_fp16_finds_the_loss_and_the_gradient_of_fp32_nearly(config_for):
    wide, narrow = (
        job.engine.measure(job.optimizer, job.data.train[:4], micro_batch=2, clip=0.0)
        for job in (prepare(config_for(train__method="full", train__precision=name)) for name in ("fp32", "fp16"))
    )
    assert wide.loss != narrow.loss
    assert narrow.loss == pytest.approx(wide.loss, rel=2e-3)
    assert narrow.grad_norm == pytest.approx(wide.grad_norm, rel=2e-2)
    assert narrow.group_norms == pytest.approx(wide.group_norms, rel=5e-2, abs=1e-5)


def test_a_run_in_fp16_records_its_loss_scale_and_learns(config_for, store):
    start_run(config_for(train__precision="fp16", train__method="full"), store)
    assert metric(store, "loss_scale") == {(1, step): 65536.0 for step in range(1, 7)}
    loss = metric(store, "val_loss")
    assert loss[1, 6] < loss[1, 0]
    assert show_run(store, "r")["provenance"]["hardware"]["precision"] == "fp16"
    last = checkpoints(store)[-1]
    assert state_of(last)["loss_scale"] == scale(65536.0, tracker=6)
    assert {tensor.dtype for tensor in weights(last).values()} == {torch.float32}


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_other_precisions_have_no_loss_scale(config_for, store, precision):
    start_run(config_for(train__precision=precision, train__steps=2), store)
    assert metric(store, "loss_scale") == {}
    assert state_of(checkpoints(store)[-1])["loss_scale"] == {}
    assert all(math.isfinite(value) for value in metric(store, "loss").values())


def test_an_overflow_skips_the_step_halves_the_scale_and_raises_no_alarm(config_for, store, begins_with):
    begins_with(2.0**40)
    config = config_for(train__precision="fp16", train__steps=3, checkpoint__every=1, checkpoint__keep=9)
    ended = start_run(config, store)
    assert [row["verdict"] for row in batches(store)] == ["overflow"] * 3
    assert list(metric(store, "loss_scale").values()) == [2.0**40, 2.0**39, 2.0**38]
    norms = metric(store, "grad_norm").values()
    assert not any(map(math.isfinite, norms))
    assert all(map(math.isfinite, metric(store, "loss").values()))
    assert events(store, "spike") == []
    state = ended.outcome.state
    assert (state.step, state.update, state.skipped_in_row, state.unclean_step) == (3, 0, 0, 0)
    first, second, third = checkpoints(store)
    assert state_of(third)["loss_scale"] == scale(2.0**37)
    for name in ("adapter_model.safetensors", "optimizer.safetensors"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert metric(store, "group/first/update_rms") == {}


def test_a_scale_that_is_a_little_too_large_costs_a_step_and_no_more(config_for, store, begins_with):
    begins_with(2.0**40)
    ended = start_run(config_for(train__precision="fp16", train__method="full", train__steps=30), store)
    verdicts = [row["verdict"] for row in batches(store)]
    taken = verdicts.index("commit")
    # None of the steps that were left out to find the scale ends the run, however many there are.
    assert 20 < taken < 29
    assert verdicts == ["overflow"] * taken + ["commit"] * (30 - taken)
    assert ended.outcome.state.update == 30 - taken
    assert events(store, "spike") == []


def test_a_gradient_that_no_scale_makes_a_number_is_told_and_ends_the_run(config_for, store, monkeypatch):
    measure = Engine.measure

    def torn(self, optimizer, examples, **options):
        found = measure(self, optimizer, examples, **options)
        self.precision._scaler._per_optimizer_states[id(optimizer)]["found_inf_per_device"] = {CPU: torch.tensor(1.0)}
        return found._replace(grad_norm=math.inf)

    monkeypatch.setattr("trainer.step.Engine.measure", torn)
    with pytest.raises(TrainingError, match="for 20 steps in a row the loss or the gradient was not a number"):
        start_run(config_for(train__precision="fp16", train__steps=100, guard__mode="watch"), store)
    assert said(store, "spike") == [
        "step 17: not a number: the gradient norm is inf, the step was not taken",
        "step 19: not a number: the gradient norm is inf, the third such step in a row (the guard only watches)",
    ]
    assert metric(store, "loss_scale")[1, 17] == 1.0


def test_the_scale_doubles_after_2000_steps_without_overflow(config_for, store, begins_with):
    begins_with(1024.0, tracker=1998)
    start_run(config_for(train__precision="fp16", train__steps=4), store)
    assert list(metric(store, "loss_scale").values()) == [1024.0, 1024.0, 2048.0, 2048.0]
    assert state_of(checkpoints(store)[-1])["loss_scale"] == scale(2048.0, tracker=2)


def test_a_loss_that_is_no_number_is_an_alarm_in_fp16_too(config_for, store, monkeypatch):
    measure = Engine.measure
    monkeypatch.setattr(
        "trainer.step.Engine.measure", lambda *args, **options: measure(*args, **options)._replace(loss=math.nan)
    )
    ended = start_run(config_for(train__precision="fp16", train__steps=2), store)
    assert said(store, "spike") == ["step 1: not a number: the loss is nan, the step was not taken"]
    assert (ended.outcome.state.skipped_in_row, ended.outcome.state.unclean_step) == (2, 2)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_resumed_fp16_run_has_the_bits_and_the_scale_of_one_never_interrupted(
    config_for, store, monkeypatch, begins_with, method
):
    begins_with(1024.0, tracker=1996)
    settings = {"train__precision": "fp16", "train__method": method, "lora__dropout": 0.2}
    start_run(config_for(run__name="whole", **settings), store)
    with dies_at(monkeypatch, 5):
        start_run(config_for(**settings), store)
    monkeypatch.undo()  # what was kept decides, not what fp16 begins with
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    assert state_of(checkpoints(store)[-1])["loss_scale"] == scale(2048.0, tracker=2)
    (proof,) = events(store, "replay")
    assert proof["data"]["equal"]
    assert verify(checkpoints(store)[-1])["step"] == 6


def test_a_precision_we_do_not_have_is_refused(config_for):
    with pytest.raises(ConfigError, match=r"^train.precision must be auto, fp32, bf16 or fp16, and is "):
        config_for(train__precision="fp8")
