"""Documents laid end to end: fewer rows, no document sees another, and every number stays what it was."""

import json
import random

import pytest
import torch
from transformers import AutoModelForCausalLM, BloomConfig, GPT2Config, MambaConfig, MistralConfig, Qwen3Config

from tests.trainer.seen import checkpoints, dies_at, learned, metric
from trainer.batch import collate, pack
from trainer.examples import Example
from trainer.job import prepare
from trainer.packing import keeps_apart
from trainer.precision import Precision
from trainer.session import resume_run, start_run
from trainer.step import Engine, seed_step


def documents(*lengths, seed=0):
    chance = random.Random(seed)
    every = [torch.tensor(chance.choices(range(5, 300), k=length), dtype=torch.int32) for length in lengths]
    return [Example(number, "d", ids, torch.ones(len(ids)).bool()) for number, ids in enumerate(every)]


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.jsonl"
    rows = [" ".join(f"{number} plus {place}" for place in range(1 + number % 7)) for number in range(40)]
    path.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    return path


@pytest.fixture
def cpt(config_for, texts):
    def make(**settings):
        given = {"train__stage": "cpt", "train__method": "full", "train__batch_size": 8, "data__max_length": 48}
        return config_for(**{**given, "data__train": str(texts), "data__validation": 0.1, **settings})

    return make


def test_documents_go_where_they_fill_a_row_best():
    batch = pack(documents(3, 7, 5, 2, 9), capacity=10)
    assert batch.order == (4, 1, 0, 2, 3)
    assert batch.mask.sum(dim=1).tolist() == [9, 10, 7]
    assert batch.positions.tolist() == [
        [*range(9), 0], [*range(7), *range(3)], [*range(5), *range(2), *range(3)],
    ]  # fmt: skip
    assert batch.counts == (2, 6, 4, 1, 8)
    assert int(batch.learned.sum()) == sum(batch.counts)
    longer = pack(documents(12, 3), capacity=10)
    assert longer.mask.sum(dim=1).tolist() == [12, 3]


def test_what_is_found_of_each_document_stands_at_its_own_place():
    batch = pack(documents(3, 7, 5, 2, 9), capacity=10)
    # Every learned token says how long its document is.
    values = torch.cat([torch.full((length - 1,), float(length)) for length in (9, 7, 3, 5, 2)])
    assert batch.sums(values).tolist() == [6.0, 42.0, 20.0, 2.0, 72.0]


def measured(job, examples, **settings):
    job.optimizer.zero_grad()
    seed_step(0, 1)
    found = job.engine.measure(job.optimizer, examples, **{"micro_batch": 100, "clip": 0.0, **settings})
    return found, [item.grad.clone() for item in job.model.parameters()]


@pytest.mark.parametrize("micro_batch", [3, 100])
def test_packed_documents_give_the_losses_and_gradients_of_documents_in_rows_of_their_own(cpt, micro_batch):
    packed, plain = prepare(cpt()), prepare(cpt(data__packing=False))
    assert (packed.engine.objective.capacity, plain.engine.objective.capacity) == (48, None)
    examples = packed.data.train[:12]
    assert len(pack(examples, 48).ids) < len(examples) / 2
    found, gradients = measured(packed, examples, micro_batch=micro_batch)
    expected, theirs = measured(plain, examples, micro_batch=micro_batch)
    assert found.losses == pytest.approx(expected.losses, rel=1e-5)
    assert (found.counts, found.tokens) == (expected.counts, expected.tokens)
    assert found.loss == pytest.approx(expected.loss, rel=1e-6)
    assert found.grad_norm == pytest.approx(expected.grad_norm, rel=1e-5)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(gradients, theirs, strict=True))
    held_out = [job.engine.evaluate(job.data.validation, micro_batch=3) for job in (packed, plain)]
    assert held_out[0] == pytest.approx(held_out[1], rel=1e-6)


def test_no_document_changes_what_is_predicted_in_another(cpt):
    """Bit for bit, where documents that see each other differ."""
    job = prepare(cpt())
    first, second = documents(20, 15), [*documents(20, seed=1), documents(20, 15)[1]]

    def of_the_second(examples, *, apart=True):
        batch = pack(examples, 48)
        if not apart:
            batch = batch._replace(positions=torch.arange(batch.ids.shape[1])[None])
        return job.engine.losses_without_gradient(batch)[1]

    assert of_the_second(first) == of_the_second(second)
    assert of_the_second(first, apart=False) != of_the_second(second, apart=False)


SMALL = {"vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 64}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (GPT2Config(vocab_size=400, n_embd=32, n_layer=2, n_head=4), True),
        (Qwen3Config(**SMALL, **HEADS, head_dim=8), True),
        (MistralConfig(**SMALL, **HEADS, sliding_window=4), True),
        (BloomConfig(vocab_size=400, hidden_size=32, n_layer=2, n_head=4), False),
        (MambaConfig(**SMALL, state_size=8), False),
    ],
    ids=lambda value: getattr(value, "model_type", str(value)),
)
def test_whether_a_model_keeps_documents_apart_is_found_by_trying(cpt, config, expected):
    job = prepare(cpt())
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    engine = Engine(job.engine.accelerator, model, Precision("fp32", torch.device("cpu")))
    assert keeps_apart(engine, range(5, 300)) == expected
    assert model.training
    # It is right: the losses are those of each document alone, or they are not.
    some = documents(11, 6, 9, 4)
    alone, packed = (engine.losses_without_gradient(batch) for batch in (collate(some), pack(some, 48)))
    assert torch.allclose(alone, packed, rtol=1e-4) == expected


def test_a_model_that_does_not_is_trained_all_the_same_and_says_so(cpt, monkeypatch):
    monkeypatch.setattr("trainer.job.keeps_apart", lambda *_: False)
    job = prepare(cpt())
    assert job.engine.objective.capacity is None
    (note,) = job.notes
    assert note == "each document is read in a row of its own, as this model does not keep packed ones apart"


@pytest.mark.parametrize("stage", ["sft", "dpo"])
def test_answers_and_preferences_are_read_a_row_each(config_for, dpo, stage):
    job = prepare(dpo() if stage == "dpo" else config_for(train__stage=stage))
    assert getattr(job.engine.objective, "capacity", None) is None


def test_a_killed_run_of_packed_documents_goes_on_bit_for_bit(cpt, store, monkeypatch):
    start_run(cpt(run__name="whole"), store)
    with dies_at(monkeypatch, 5):
        start_run(cpt(), store)
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    numbers = {step: value for (_, step), value in metric(store, "loss").items()}
    assert numbers == {step: value for (_, step), value in metric(store, "loss", "whole").items()}
