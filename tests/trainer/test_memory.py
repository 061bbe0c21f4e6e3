"""Where memory does not suffice, a step is done again with fewer samples at once; the run goes on."""

import pytest
import torch

from store.runs import show_run
from tests.trainer.seen import active, checkpoints, dies_at, events, learned, metric, said, state_of, weights
from trainer.errors import TrainingError
from trainer.memory import within_memory
from trainer.session import resume_run, start_run
from trainer.step import Engine

ON_CPU = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 41943040000 bytes. Error code 12 (Cannot allocate memory)"
)
ERRORS = [RuntimeError(ON_CPU), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore")]


@pytest.fixture
def memory_for(monkeypatch):
    """Simulates a device on which so many samples fit at once, learning and measuring."""

    def limit(samples, error=ERRORS[0], *, only_validation=False):
        found = Engine.sample_losses

        def losses(self, batch):
            if len(batch.ids) > samples and not (only_validation and torch.is_grad_enabled()):
                raise error
            return found(self, batch)

        monkeypatch.setattr("trainer.step.Engine.sample_losses", losses)

    return limit


def numbers(store, run):
    return [metric(store, name, run) for name in ("loss", "grad_norm", "val_loss", "group/last/update_rms")]


@pytest.mark.parametrize("error", ERRORS, ids=["cpu", "cuda"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_run_that_needs_too_much_is_the_run_with_the_smaller_micro_batch(
    config_for, store, memory_for, error, method
):
    settings = {"train__method": method, "lora__dropout": 0.0}
    start_run(config_for(run__name="whole", **settings), store)
    start_run(config_for(run__name="two", train__micro_batch=2, **settings), store)
    memory_for(2, error)
    start_run(config_for(**settings), store)
    assert numbers(store, "r") == numbers(store, "two")
    ours, theirs = (learned(checkpoints(store, run)[-1]) for run in ("r", "two"))
    assert {key for key in ours if ours[key] != theirs[key]} == {"state.json"}
    whole = weights(checkpoints(store, "whole")[-1])
    for name, tensor in weights(checkpoints(store)[-1]).items():
        assert torch.allclose(tensor, whole[name], atol=2e-3)
    (event,) = events(store, "memory")
    assert event["message"] == "out of memory: from here on 2 samples at once, 2 times a step"
    assert event["data"] == {"micro_batch": 2, "said": str(error).splitlines()[0]}
    assert state_of(checkpoints(store)[-1])["micro_batch"] == 2
    assert show_run(store, "r")["status"] == "finished"


def test_dropout_draws_the_same_when_a_step_is_begun_again(config_for, store, memory_for):
    settings = {"lora__dropout": 0.3, "data__validation": 0.0}
    start_run(config_for(run__name="two", train__micro_batch=2, **settings), store)
    memory_for(2)
    start_run(config_for(**settings), store)
    assert metric(store, "loss") == metric(store, "loss", "two")


def test_half_a_step_that_ran_out_of_memory_leaves_nothing_behind(config_for, store, monkeypatch):
    """The second part of step 2 does not fit: the gradient of the first one is thrown away."""
    settings = {"lora__dropout": 0.0, "data__validation": 0.0, "train__method": "full"}
    start_run(config_for(run__name="one", train__micro_batch=1, **settings, train__steps=2), store)
    start_run(config_for(run__name="two", train__micro_batch=2, **settings, train__steps=2), store)
    found, count = Engine.sample_losses, iter(range(1, 99))

    def losses(self, batch):
        if next(count) == 4:
            raise RuntimeError(ON_CPU)
        return found(self, batch)

    monkeypatch.setattr("trainer.step.Engine.sample_losses", losses)
    start_run(config_for(train__micro_batch=2, **settings, train__steps=2), store)
    assert metric(store, "grad_norm")[1, 1] == metric(store, "grad_norm", "two")[1, 1]
    assert metric(store, "grad_norm")[1, 2] == pytest.approx(metric(store, "grad_norm", "one")[1, 2], rel=1e-5)
    assert [event["step"] for event in events(store, "memory")] == [2]


def test_the_smaller_micro_batch_is_kept_when_the_run_goes_on(config_for, store, memory_for, monkeypatch):
    settings = {"lora__dropout": 0.0}
    start_run(config_for(run__name="two", train__micro_batch=2, **settings), store)
    memory_for(2)
    with dies_at(monkeypatch, 5):
        start_run(config_for(**settings), store)
    monkeypatch.undo()  # a machine with more memory does not change what the run does
    assert len(events(store, "memory")) == 1
    resume_run("r", (), store)
    assert active(store, "loss") == active(store, "loss", "two")
    assert len(events(store, "memory")) == 1
    assert state_of(checkpoints(store)[-1])["micro_batch"] == 2
    (proof,) = events(store, "replay")
    assert proof["data"]["equal"]


def test_a_micro_batch_that_is_set_anew_is_tried_anew(config_for, store, memory_for, monkeypatch):
    memory_for(2)
    start_run(config_for(), store)
    monkeypatch.undo()
    ended = resume_run("r", ("train.steps=7", "train.micro_batch=4"), store)
    assert ended.outcome.state.micro_batch is None
    assert ended.outcome.state.step == 7


def test_one_sample_that_does_not_fit_ends_the_run_in_a_sentence(config_for, store, memory_for):
    memory_for(0)
    with pytest.raises(TrainingError) as caught:
        start_run(config_for(data__validation=0.0), store)
    sentence = (
        f"out of memory at step 1 with one sample at a time ({ON_CPU}); lower data.max_length, set "
        f"train.gradient_checkpointing = true, or take a smaller model"
    )
    assert str(caught.value) == sentence
    run = show_run(store, "r")
    assert (run["status"], run["error"]) == ("failed", sentence)
    assert said(store, "memory") == [
        "out of memory: from here on 2 samples at once, 2 times a step",
        "out of memory: from here on 1 samples at once, 4 times a step",
    ]


def test_a_validation_that_does_not_fit_is_measured_in_smaller_parts(config_for, store, memory_for):
    settings = {"lora__dropout": 0.0}
    start_run(config_for(run__name="two", train__micro_batch=2, **settings), store)
    memory_for(3, only_validation=True)
    start_run(config_for(**settings), store)
    assert metric(store, "val_loss") == metric(store, "val_loss", "two")
    (event,) = events(store, "memory")
    assert event["step"] == 0
    assert event["data"]["micro_batch"] == 2


def test_a_sample_that_not_even_a_validation_fits_says_where(config_for, store, memory_for):
    memory_for(0)
    with pytest.raises(TrainingError, match=r"^out of memory in the validation after step 0 with one sample at a time"):
        start_run(config_for(), store)


def test_no_other_error_is_taken_for_a_lack_of_memory(config_for, store, monkeypatch):
    def broken(*_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr("trainer.step.Engine.sample_losses", broken)
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2"):
        start_run(config_for(), store)
    assert events(store, "memory") == []
    assert show_run(store, "r")["status"] == "failed"


@pytest.mark.parametrize(("fits", "tried"), [(8, [8]), (3, [8, 4, 2]), (1, [8, 4, 2, 1])])
def test_work_is_halved_until_it_fits(fits, tried):
    sizes, told = [], []

    def work(size):
        sizes.append(size)
        if size > fits:
            raise RuntimeError(ON_CPU)
        return size * 10

    assert within_memory(work, 8, halved=lambda size, said: told.append(size), where="here") == tried[-1] * 10
    assert (sizes, told) == (tried, tried[1:])


def test_an_odd_number_is_halved_upwards():
    tried = []

    def work(size):
        tried.append(size)
        raise RuntimeError(ON_CPU)

    with pytest.raises(TrainingError, match=r"^out of memory here with one sample at a time"):
        within_memory(work, 7, halved=lambda *_: None, where="here")
    assert tried == [7, 4, 2, 1]


def test_an_optimizer_whose_state_does_not_fit_is_told_in_a_sentence(config_for, store, monkeypatch):
    def full(*_):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr("trainer.precision.Precision.step", full)
    with pytest.raises(
        TrainingError, match=r"^out of memory for the optimizer's state at step 1 .*take a smaller model$"
    ):
        start_run(config_for(), store)
    assert show_run(store, "r")["status"] == "failed"
