"""The shape of a model, read from its config.json alone: how many numbers it has, and where."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from trainer.errors import ModelError

__all__ = ["KINDS", "Architecture", "Linear", "Shape", "architecture_of", "longest_of", "read_config"]

Shape: TypeAlias = tuple[int, ...]
"""Sizes of a weight."""

Fields: TypeAlias = Mapping[str, Any]

NORM, ATTENTION, INNER = "norm", "attention", "inner"


@dataclass(frozen=True)
class Linear:
    """A linear layer within each layer of the model."""

    name: str
    """Its name, as `q_proj`."""

    inputs: int
    """Numbers it reads a token."""

    outputs: int
    """Numbers it makes a token."""

    bias: bool
    """Whether it adds a bias."""

    reads: str
    """What it reads: norm, attention or inner."""

    @property
    def shapes(self) -> list[Shape]:
        """Its weights."""
        return [(self.outputs, self.inputs), *([(self.outputs,)] if self.bias else [])]


@dataclass(frozen=True)
class Architecture:
    """What of a model decides its memory."""

    kind: str
    """`model_type` of its config.json."""

    vocabulary: int
    """Rows of its embedding."""

    width: int
    """Numbers a token between two layers."""

    layers: int
    """How many layers it has."""

    heads: int
    """Heads of its attention."""

    query: int
    """Numbers of all queries of a token: heads times their size."""

    key: int
    """Numbers of all keys of a token, and of all values; fewer than those of the queries where heads share them."""

    inner: int
    """Numbers between the two halves of the feed-forward part."""

    activation: str
    """Its function, as config.json calls it."""

    gated: bool
    """Whether the feed-forward part has a gate (SwiGLU)."""

    linears: tuple[Linear, ...]
    """The linear layers of each layer."""

    norms: tuple[Shape, ...]
    """Weights of the norms of each layer."""

    embeddings: tuple[Shape, ...]
    """Weights before the layers: of tokens, and of places where it learns these."""

    last: tuple[Shape, ...]
    """Weights behind the layers: the last norm, a head of its own."""

    tied: bool
    """Whether the head is the embedding."""

    normed_heads: bool
    """Whether queries and keys are normed (Qwen3)."""

    is_rms: bool
    """Whether its norms are RMSNorm, written in Python; else LayerNorm, one kernel."""

    dropouts: int
    """Dropouts of its own in each layer, beside those of attention."""

    longest: int | None
    """Tokens it was made for at the most; None where config.json does not say."""

    dtype: str
    """Type of the weights in the file: float32, float16 or bfloat16."""

    @property
    def layer_shapes(self) -> list[Shape]:
        """All weights of one layer."""
        return [shape for linear in self.linears for shape in linear.shapes] + list(self.norms)

    @property
    def shapes(self) -> list[Shape]:
        """All weights of the model, a tied head once."""
        return [*self.embeddings, *self.layer_shapes * self.layers, *self.last]

    @property
    def parameters(self) -> int:
        """How many numbers all weights are."""
        return sum(map(math.prod, self.shapes))

    @property
    def linear_parameters(self) -> int:
        """Numbers of the weights of one layer's linear layers, without their biases."""
        return sum(linear.inputs * linear.outputs for linear in self.linears)

    def adapter_shapes(self, rank: int) -> list[Shape]:
        """Weights of a LoRA adapter of this rank in one layer, on each of its linear layers."""
        return [shape for item in self.linears for shape in ((rank, item.inputs), (item.outputs, rank))]


def read_config(folder: Path) -> dict[str, Any]:
    """Read the config.json of a model folder. Raises ModelError for a folder without, or a broken one."""
    if not folder.is_dir():
        what = "is a file; name the folder that holds the model" if folder.exists() else "does not exist"
        raise ModelError(f"the model folder {folder} {what}")
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if (folder / "adapter_config.json").is_file():
            raise ModelError(f"{folder} is an adapter, not a model; name the model it was trained on") from error
        raise ModelError(f"{folder} is no model: it has no config.json") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path}: {error}; take a whole copy of the model") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} is no JSON object; take a whole copy of the model")
    return found


def architecture_of(config: Fields, place: Path) -> Architecture | None:
    """The shape of a model by its config.json, which stands in `place`; None for a kind that is not in KINDS.

    Raises ModelError for a size that is missing or no whole number above 0.
    """
    make = KINDS.get(str(config.get("model_type")))
    if make is None or config.get("quantization_config"):
        return None
    try:
        return make(config)
    except KeyError as error:
        raise ModelError(f"{place} does not say {error.args[0]}; take a whole copy of the model") from error
    except ValueError as error:
        raise ModelError(f"{place}: {error}; take a whole copy of the model") from error


def longest_of(config: Fields) -> int | None:
    """Tokens a model was made for at the most, by its config.json; None where that does not say."""
    found = config.get("max_position_embeddings") or config.get("n_positions")
    return found if type(found) is int and found > 0 else None


def _llama(config: Fields) -> Architecture:
    width, heads = _size(config, "hidden_size"), _size(config, "num_attention_heads")
    kind = str(config["model_type"])
    head = _size(config, "head_dim", 128 if kind == "qwen3" else width // heads)
    query, key = heads * head, _size(config, "num_key_value_heads", heads) * head
    inner, vocabulary = _size(config, "intermediate_size"), _size(config, "vocab_size")
    bias, out_bias = _attention_biases(config, kind)
    mlp_bias = bool(config.get("mlp_bias", False)) and kind == "llama"
    tied = bool(config.get("tie_word_embeddings", False))
    return Architecture(
        kind=kind, vocabulary=vocabulary, width=width, layers=_size(config, "num_hidden_layers"), heads=heads,
        query=query, key=key, inner=inner, activation=str(config.get("hidden_act", "silu")), gated=True,
        linears=(
            Linear("q_proj", width, query, bias, NORM), Linear("k_proj", width, key, bias, NORM),
            Linear("v_proj", width, key, bias, NORM), Linear("o_proj", query, width, out_bias, ATTENTION),
            Linear("gate_proj", width, inner, mlp_bias, NORM), Linear("up_proj", width, inner, mlp_bias, NORM),
            Linear("down_proj", inner, width, mlp_bias, INNER),
        ),
        norms=((width,), (width,), *([(head,), (head,)] if kind == "qwen3" else [])),
        embeddings=((vocabulary, width),), last=((width,), *([] if tied else [(vocabulary, width)])),
        tied=tied, normed_heads=kind == "qwen3", is_rms=True, dropouts=0,
        longest=longest_of(config), dtype=_dtype(config),
    )  # fmt: skip


def _attention_biases(config: Fields, kind: str) -> tuple[bool, bool]:
    """Whether queries, keys and values have biases, and whether the layer behind attention has one."""
    if kind in ("llama", "qwen3"):
        both = bool(config.get("attention_bias", False))
        return both, both
    return kind == "qwen2", False


def _gpt2(config: Fields) -> Architecture:
    width, vocabulary, places = (_size(config, name) for name in ("n_embd", "vocab_size", "n_positions"))
    inner = _size(config, "n_inner", 4 * width)
    norm = ((width,), (width,))
    tied = bool(config.get("tie_word_embeddings", True))
    return Architecture(
        kind="gpt2", vocabulary=vocabulary, width=width, layers=_size(config, "n_layer"),
        heads=_size(config, "n_head"), query=width, key=width, inner=inner,
        activation=str(config.get("activation_function", "gelu_new")), gated=False,
        linears=(
            Linear("c_attn", width, 3 * width, True, NORM), Linear("attn.c_proj", width, width, True, ATTENTION),
            Linear("c_fc", width, inner, True, NORM), Linear("mlp.c_proj", inner, width, True, INNER),
        ),
        norms=(*norm, *norm), tied=tied,
        embeddings=((vocabulary, width), (places, width)), last=(*norm, *([] if tied else [(vocabulary, width)])),
        normed_heads=False, is_rms=False, dropouts=2 if config.get("resid_pdrop", 0.1) else 0,
        longest=places, dtype=_dtype(config),
    )  # fmt: skip


KINDS: dict[str, Callable[[Fields], Architecture]] = {
    "llama": _llama, "mistral": _llama, "qwen2": _llama, "qwen3": _llama, "gpt2": _gpt2,
}  # fmt: skip
"""How each kind of model is read, by its `model_type`."""


def _size(config: Fields, name: str, default: int | None = None) -> int:
    """A size from config.json; a missing one, or null, is `default`. Raises KeyError without one, and ValueError."""
    value = config.get(name)
    if value is None:
        if default is None:
            raise KeyError(name)
        return default
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a whole number above 0, and is {json.dumps(value)}")
    return value


def _dtype(config: Fields) -> str:
    """The type the weights are in; files from before config.json said so are float32."""
    found = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    return found if found in ("float16", "bfloat16") else "float32"
