"""The memory table of `assay plan` beside what the allocator says of real steps of the trainer.

    python -m bench.memory_table [--json FILE]

Small models of every kind that the table knows, with all weights and with an adapter, in float32 as a
processor trains and in bf16 as a GPU does, with and without checkpointing, padded and partly learned. Each
takes two real steps on the processor under torch's profiler; allocations are added up event by event, so it
is the bytes of tensors that are compared, not what the process holds. Weights, gradients and optimizer must
be equal, activations within 20 %. Weights of 4 bits need a GPU and are not measured.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2Config, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config
from transformers.utils.logging import set_verbosity_error

from bench.allocator import measured
from bench.common import Report, parser
from trainer.planning.activations import Setting
from trainer.planning.architecture import architecture_of
from trainer.planning.memory import memory_of

_SPECIAL = {"bos_token_id": 1, "eos_token_id": 2}
_SMALL = {"hidden_size": 128, "intermediate_size": 352, "max_position_embeddings": 512, **_SPECIAL}

CONFIGS: dict[str, Any] = {
    "Llama, grouped queries": LlamaConfig(
        vocab_size=2000, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, **_SMALL
    ),
    "Llama, large tied head": LlamaConfig(
        vocab_size=16000, num_hidden_layers=3, num_attention_heads=4, tie_word_embeddings=True, **_SMALL
    ),
    "Llama, small vocabulary": LlamaConfig(
        vocab_size=400, num_hidden_layers=6, num_attention_heads=6,
        **{**_SMALL, "hidden_size": 192, "intermediate_size": 512},
    ),
    "Mistral": MistralConfig(
        vocab_size=3000, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=1, **_SMALL
    ),
    "Qwen2, biases": Qwen2Config(
        vocab_size=4000, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=2, **_SMALL
    ),
    "Qwen3, normed heads": Qwen3Config(
        vocab_size=3000, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=48, **_SMALL
    ),
    "GPT-2, GELU": GPT2Config(
        vocab_size=3000, n_embd=128, n_layer=4, n_head=4, n_positions=512, attn_pdrop=0.0, **_SPECIAL
    ),
}  # fmt: skip
"""Small models; GPT-2 without dropout in attention, for which a processor has no fused kernel."""

WAYS = (
    Setting("full", precision="fp32"),
    Setting("full", precision="bf16"),
    Setting("lora", precision="fp32"),
    Setting("lora", precision="bf16", dtype="bfloat16"),
)

SHAPES = (
    {"micro_batch": 2, "length": 256},
    {"micro_batch": 2, "length": 256, "checkpointing": True},
    {"micro_batch": 4, "length": 96, "padded": True, "learned": 0.5},
    {"micro_batch": 1, "length": 32},
)


def main() -> None:
    """Measure every model in every setting, print both sides and their ratio."""
    report = Report(__doc__ or "", parser(__doc__ or "", peers=False).parse_args())
    set_verbosity_error()
    torch.set_num_threads(1)
    exact: list[dict[str, Any]] = []
    rows = list(_rows(exact))
    report.table("weights, gradients and optimizer, bytes: measured", exact)
    report.table("activations, MB", rows)
    ratios = [row["ratio"] for row in rows]
    odd = sum(row["differ"] for row in exact)
    report.target("weights, gradients, optimizer that differ", "0", odd, met=odd == 0)
    report.target("least activations / measured", ">= 0.8", min(ratios), met=min(ratios) >= 0.8)
    report.target("most activations / measured", "<= 1.2", max(ratios), met=max(ratios) <= 1.2)
    report.finish()


def _rows(exact: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for name, config in CONFIGS.items():
        model = architecture_of(config.to_dict(), Path(name))
        assert model is not None
        for way in WAYS:
            for shape in SHAPES:
                setting = replace(way, device="cpu", **shape)
                found, ours = measured(config, setting), memory_of(model, setting)
                pairs = [(getattr(found, part), getattr(ours, part)) for part in ("weights", "gradients", "optimizer")]
                if shape is SHAPES[0]:
                    exact.append({"model": name, "way": _way(way), **_parts(found), "differ": 0})
                exact[-1]["differ"] += sum(left != right for left, right in pairs)
                yield {
                    "model": name, "way": _way(way), "setting": _shape(setting), "measured": found.activations / 1e6,
                    "plan": ours.activations / 1e6, "ratio": ours.activations / found.activations,
                }  # fmt: skip


def _parts(found: Any) -> dict[str, int]:
    return {part: getattr(found, part) for part in ("weights", "gradients", "optimizer")}


def _way(setting: Setting) -> str:
    return f"{setting.method} {setting.precision}"


def _shape(setting: Setting) -> str:
    words = [f"{setting.micro_batch} x {setting.length}"]
    words += ["checkpointed"] if setting.checkpointing else []
    words += ["padded"] if setting.padded else []
    words += [f"{100 * setting.learned:.0f} % learned"] if setting.learned < 1 else []
    return ", ".join(words)


if __name__ == "__main__":
    main()
