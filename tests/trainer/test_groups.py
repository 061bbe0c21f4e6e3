"""Signals by group of layers are what a calculation by hand gives."""

import json
import math

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from tests.trainer.seen import batches, checkpoints, metric, weights
from trainer.config import LoraConfig, OptimConfig
from trainer.groups import LayerGroups, group_of
from trainer.job import prepare
from trainer.model import add_adapter
from trainer.optim import adjust, make_optimizer
from trainer.remedies import Remedies
from trainer.session import start_run
from trainer.step import Engine, seed_step

RATE = 3e-3

EPS = 1e-3
"""What Adam's eps changes in these steps: it divides by sqrt(v) + eps, the signals by the larger of the two."""


def llama(layers, **options):
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=40, hidden_size=16, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=2,
        num_key_value_heads=2, **options,
    ))  # fmt: skip


def gpt2():
    return GPT2LMHeadModel(GPT2Config(vocab_size=40, n_embd=16, n_layer=3, n_head=2, n_positions=32))


def groups(model, layers):
    found = {}
    for name, item in model.named_parameters():
        if item.requires_grad:
            found.setdefault(group_of(name, layers), set()).add(name)
    return found


def test_the_parameters_of_a_llama_fall_into_five_groups():
    found = groups(llama(5, tie_word_embeddings=False), 5)
    assert found["embed"] == {"model.embed_tokens.weight"}
    assert found["head"] == {"model.norm.weight", "lm_head.weight"}
    numbers = {group: {int(name.split(".")[2]) for name in found[group]} for group in ("first", "middle", "last")}
    assert numbers == {"first": {0}, "middle": {1, 2, 3}, "last": {4}}


def test_those_of_a_gpt2_do_too():
    found = groups(gpt2(), 3)
    assert found["embed"] == {"transformer.wte.weight", "transformer.wpe.weight"}
    assert found["head"] == {"transformer.ln_f.weight", "transformer.ln_f.bias"}
    numbers = {group: {int(name.split(".")[2]) for name in found[group]} for group in ("first", "middle", "last")}
    assert numbers == {"first": {0}, "middle": {1}, "last": {2}}


def test_an_adapter_has_the_groups_of_the_layers_it_is_on():
    config = LoraConfig(rank=2, target=["q_proj", "embed_tokens", "lm_head"])
    model = add_adapter(llama(8, tie_word_embeddings=False), config)
    found = groups(model, 8)
    numbers = {group: {int(name.split(".")[4]) for name in found[group]} for group in ("first", "middle", "last")}
    assert numbers == {"first": {0, 1}, "middle": {2, 3, 4, 5}, "last": {6, 7}}
    assert all("lora_embedding" in name for name in found["embed"])
    assert {name.rsplit(".lora", 1)[0] for name in found["head"]} == {"base_model.model.lm_head"}


@pytest.mark.parametrize(("layers", "numbers"), [(1, ["first"]), (2, ["first", "last"])])
def test_a_model_of_one_or_two_layers_has_no_middle(layers, numbers):
    assert [group_of(f"model.layers.{number}.x.weight", layers) for number in range(layers)] == numbers


@pytest.fixture
def stepped(config_for):
    """A full model after two steps, with what was seen at the second: weights before it and gradients."""

    def make(lose=(), **settings):
        job = prepare(config_for(train__method="full", data__validation=0.0, **settings))
        for step in (1, 2):
            job.optimizer.zero_grad()
            seed_step(0, step)
            examples = [job.data.train[place] for place in job.plan.samples_at(step)]
            found = job.engine.measure(job.optimizer, examples, micro_batch=4, clip=0.5)
            adjust(job.optimizer, job.config.optim, Remedies(), RATE)
            for name, item in job.model.named_parameters():
                if name in lose:
                    item.grad = None
            before = {name: item.detach().clone() for name, item in job.model.named_parameters()}
            job.optimizer.step()
        return job, found, before

    return make


def by_group(job, value):
    """Root of the mean of the squares of `value(name, parameter)` over each group."""
    squares, sizes = {}, {}
    for name, item in job.model.named_parameters():
        group = group_of(name, 2)
        squares[group] = squares.get(group, 0.0) + float(value(name, item).double().square().sum())
        sizes[group] = sizes.get(group, 0) + item.numel()
    return {group: math.sqrt(squares[group] / sizes[group]) for group in squares}


def signals(job, norms, name):
    found = job.engine.groups.after_step(job.optimizer, norms)
    return {key.split("/")[1]: value for key, value in found.items() if key.endswith(f"/{name}")}


def test_the_update_is_what_a_step_without_decay_changes_the_weights_by(stepped):
    job, found, before = stepped()
    expected = by_group(job, lambda name, item: item.detach() - before[name])
    assert signals(job, found.group_norms, "update_rms") == pytest.approx(expected, rel=EPS)
    assert min(expected.values()) > 1e-4


def test_the_update_leaves_out_what_the_weights_decay_by(stepped):
    job, found, before = stepped(optim__weight_decay=0.5)
    plain = signals(job, found.group_norms, "update_rms")
    changed = by_group(job, lambda name, item: item.detach() - before[name])
    assert plain["embed"] != pytest.approx(changed["embed"], rel=1e-3)
    undone = by_group(
        job, lambda name, item: item.detach() - before[name] * (1 - RATE * 0.5 if item.ndim >= 2 else 1.0)
    )
    assert plain == pytest.approx(undone, rel=EPS)


def test_rms_t_is_the_clipped_gradient_over_what_adam_remembers_of_it(stepped):
    job, found, _ = stepped()
    assert found.grad_norm > 0.5

    def ratio(_name, item):
        state = job.optimizer.state[item]
        root = (state["exp_avg_sq"].double() / (1 - 0.999 ** float(state["step"]))).sqrt()
        return item.grad.double() / root.clamp(min=1e-8)

    whole = math.sqrt(sum(float(item.grad.square().sum()) for item in job.model.parameters()))
    assert whole == pytest.approx(0.5, rel=1e-4)
    assert signals(job, found.group_norms, "rms_t") == pytest.approx(by_group(job, ratio), rel=1e-4)


def test_rms_t_is_one_where_all_gradients_are_the_first(config_for):
    job = prepare(config_for(train__method="full", data__validation=0.0))
    seed_step(0, 1)
    found = job.engine.measure(job.optimizer, job.data.train[:4], micro_batch=4, clip=1.0)
    job.optimizer.step()
    # Embeddings of words that were not read have a gradient of 0.
    ones = {group: value for group, value in signals(job, found.group_norms, "rms_t").items() if group != "embed"}
    assert ones == pytest.approx(dict.fromkeys(("first", "last", "head"), 1.0), rel=1e-3)


@pytest.mark.parametrize("clip", [0.0, 0.01])
def test_gradient_norms_by_group_are_those_before_clipping(config_for, clip):
    def measured(limit):
        job = prepare(config_for(train__method="full", data__validation=0.0))
        seed_step(0, 1)
        return job, job.engine.measure(job.optimizer, job.data.train[:4], micro_batch=4, clip=limit)

    job, _ = measured(0.0)
    squares = {}
    for name, item in job.model.named_parameters():
        squares[group_of(name, 2)] = squares.get(group_of(name, 2), 0.0) + float(item.grad.double().square().sum())
    expected = {group: math.sqrt(total) for group, total in squares.items()}
    job, found = measured(clip)
    job.optimizer.step()
    norms = signals(job, found.group_norms, "grad_norm")
    assert norms == pytest.approx(expected, rel=1e-5)
    assert math.sqrt(math.fsum(norm**2 for norm in norms.values())) == pytest.approx(found.grad_norm)
    assert found.grad_norm > 0.01


@pytest.mark.parametrize("at_once", [1000, 7])
def test_looking_at_few_numbers_at_once_gives_the_same(stepped, monkeypatch, at_once):
    job, found, _ = stepped()
    whole = job.engine.groups.after_step(job.optimizer, found.group_norms)
    with monkeypatch.context() as patch:
        patch.setattr("trainer.groups.AT_ONCE", at_once)
        pieces = job.engine.groups.after_step(job.optimizer, found.group_norms)
    assert pieces == pytest.approx(whole, rel=1e-5)
    assert list(pieces) == list(whole)


def test_a_parameter_without_a_gradient_adds_nothing_but_its_size(stepped):
    lost = "model.layers.0.mlp.up_proj.weight"
    job, found, before = stepped(lose=(lost,))
    assert torch.equal(dict(job.model.named_parameters())[lost], before[lost])
    expected = by_group(job, lambda name, item: item.detach() - before[name])
    assert signals(job, found.group_norms, "update_rms") == pytest.approx(expected, rel=EPS)
    assert all(map(math.isfinite, job.engine.groups.after_step(job.optimizer, found.group_norms).values()))


def test_a_group_no_parameter_of_which_has_a_gradient_is_zero():
    model = nn.ModuleDict({"embed_tokens": nn.Embedding(5, 3), "lm_head": nn.Linear(3, 5, bias=False)})
    seen = LayerGroups(model)
    optimizer = make_optimizer(model.named_parameters(), OptimConfig(), RATE)
    model["lm_head"](torch.ones(3)).sum().backward()
    norms = seen.gradient_norms().tolist()
    optimizer.step()
    found = seen.after_step(optimizer, norms)
    assert [found[f"group/embed/{name}"] for name in ("grad_norm", "update_rms", "rms_t")] == [0.0, 0.0, 0.0]
    assert found["group/head/grad_norm"] == pytest.approx(math.sqrt(15))
    assert found["group/head/update_rms"] == pytest.approx(RATE, rel=1e-5)


def test_what_is_recorded_is_the_change_between_two_checkpoints(config_for, store):
    start_run(config_for(train__method="full", checkpoint__every=1, train__steps=3), store)
    before, after = (weights(folder) for folder in checkpoints(store)[1:])
    name = "model.embed_tokens.weight"
    change = float((after[name] - before[name]).double().square().mean().sqrt())
    assert metric(store, "group/embed/update_rms")[1, 3] == pytest.approx(change, rel=EPS)


def test_groups_and_sources_are_recorded_unless_that_is_switched_off(config_for, store, data_file):
    rows = [json.loads(line) for line in data_file.read_text().splitlines()]
    for number, row in enumerate(rows):
        row["source"] = ("odd", "even")[number % 2]
    data_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    start_run(config_for(train__steps=1, record__groups=False, record__sources=False), store)
    names = {row["name"] for row in store.rows("SELECT name FROM metric_name")}
    assert not {name for name in names if name.startswith(("group/", "loss/"))}
    assert len(batches(store)) == 1
    start_run(config_for(train__steps=1), store)
    names = {row["name"] for row in store.rows("SELECT name FROM metric_name")}
    assert {name for name in names if name.startswith("loss/")} == {"loss/even", "loss/odd"}
    assert len({name for name in names if name.startswith("group/")}) == 6


def test_a_step_that_is_not_taken_has_gradient_norms_by_group_and_no_update(config_for, store, monkeypatch):
    measure = Engine.measure
    steps = iter(range(1, 9))

    def overflowing(*arguments, **options):
        found = measure(*arguments, **options)
        if next(steps) != 2:
            return found
        return found._replace(grad_norm=math.inf, group_norms=[math.inf, *found.group_norms[1:]])

    monkeypatch.setattr("trainer.step.Engine.measure", overflowing)
    start_run(config_for(train__steps=3), store)
    assert metric(store, "group/first/grad_norm")[1, 2] == math.inf
    assert 0 < metric(store, "group/last/grad_norm")[1, 2] < math.inf
    assert list(metric(store, "group/first/update_rms")) == [(1, 1), (1, 3)]
