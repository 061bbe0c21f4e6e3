"""The table of memory against the allocator, on steps of the real trainer; bench.memory_table does more of them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen3Config

from bench.allocator import measured
from tests.trainer.planning.shapes import SMALL_GPT2, SMALL_LLAMA
from trainer.groups import group_of
from trainer.planning.activations import Setting, adamw_copies
from trainer.planning.architecture import architecture_of
from trainer.planning.memory import memory_of
from trainer.remedies import SHALLOW

SPECIAL = {"bos_token_id": 1, "eos_token_id": 2}


def sizes(fields):
    return {key: value for key, value in fields.items() if key != "model_type"} | SPECIAL


CASES = [
    (LlamaConfig(**sizes(SMALL_LLAMA)), Setting("full", precision="fp32", micro_batch=2, length=96)),
    (
        Qwen3Config(**sizes(SMALL_LLAMA), head_dim=16, tie_word_embeddings=True),
        Setting("lora", precision="bf16", dtype="bfloat16", micro_batch=2, length=96, padded=True, learned=0.5, rank=4),
    ),
    (
        GPT2Config(**sizes(SMALL_GPT2), attn_pdrop=0.0),
        Setting("full", precision="bf16", micro_batch=2, length=96, checkpointing=True),
    ),
]


@pytest.mark.parametrize(("config", "setting"), CASES, ids=["llama", "qwen3", "gpt2"])
def test_a_step_allocates_what_the_table_says(config, setting):
    setting = replace(setting, device="cpu")
    found = measured(config, setting)
    ours = memory_of(architecture_of(config.to_dict(), Path("config.json")), setting)
    assert (ours.weights, ours.gradients, ours.optimizer) == (found.weights, found.gradients, found.optimizer)
    assert ours.activations / found.activations == pytest.approx(1, abs=0.2)


def test_a_gpu_s_adamw_copies_the_larger_group():
    """`foreach`, which torch takes on a GPU by itself, can be had on a processor as well."""
    config = LlamaConfig(**sizes(SMALL_LLAMA), tie_word_embeddings=False)
    named = [*AutoModelForCausalLM.from_config(config).named_parameters()]
    for _, item in named:
        item.grad = torch.ones_like(item)
    kinds = {True: [], False: []}
    for name, item in named:
        if item.ndim > 1:
            kinds[group_of(name, config.num_hidden_layers) in SHALLOW].append(item)
    optimizer = torch.optim.AdamW([{"params": items} for items in kinds.values()], foreach=True)
    optimizer.step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        optimizer.step()
    now = most = 0
    for event in sorted(profiled.profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        now += event.nbytes() if event.name() == "[memory]" else 0
        most = max(most, now)
    ours = adamw_copies(architecture_of(config.to_dict(), Path("config.json")), Setting("full"))
    assert ours == 4 * max(sum(item.numel() for item in items) for items in kinds.values())
    assert most / ours == pytest.approx(1, abs=0.01)
