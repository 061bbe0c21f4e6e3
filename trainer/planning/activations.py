"""What a step needs beside weights, gradients and the optimizer's state, at its peak, in bytes.

The peak is that of a micro-batch that is not the first: the gradients of the one before are there
already. It is the largest of six moments, each the sum of what autograd has kept by then and of what
the moment itself takes. Attention is torch's fused one, which keeps no table of tokens by tokens.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from trainer.planning.architecture import NORM, Architecture, Shape

__all__ = ["BYTES", "Setting", "activations", "adamw_copies"]

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "fp32": 4, "bf16": 2, "fp16": 2}
"""Bytes of a number of each type."""

_IN_PYTHON = ("gelu_new", "gelu_fast")
"""Functions of several operations, each of which keeps something; the others are one kernel."""


@dataclass(frozen=True)
class Setting:
    """How a model is trained, as far as memory goes."""

    method: str = "lora"
    """full, lora, or qlora: LoRA on weights of 4 bits."""

    micro_batch: int = 1
    """Samples at once."""

    length: int = 1024
    """Tokens of each."""

    checkpointing: bool = False
    """Whether activations are computed again in the backward pass."""

    precision: str = "bf16"
    """Arithmetic of the forward pass: bf16, fp16 or fp32."""

    device: str = "cuda"
    """cuda or cpu; a processor keeps frozen weights in float32, and dropout's mask in numbers, not in bytes."""

    dtype: str = ""
    """Type in which frozen weights are held; empty for that of the file, on a processor float32."""

    learned: float = 1.0
    """Share of the tokens that are learned: 1 for texts, that of the answers for conversations."""

    rank: int = 16
    """Rank of the adapter."""

    padded: bool = False
    """Whether samples differ in length, so that attention is given a mask."""

    @property
    def is_full(self) -> bool:
        """Whether all weights are trained."""
        return self.method == "full"

    def held_in(self, model: Architecture) -> str:
        """Type in which the weights are held; trained ones in float32, those of 4 bits are widened to bfloat16."""
        if self.is_full:
            return "float32"
        if self.method == "qlora":
            return "bfloat16"
        return self.dtype or ("float32" if self.device == "cpu" else model.dtype)


def activations(model: Architecture, setting: Setting) -> int:
    """Bytes at the peak of a step, beside weights, gradients and the optimizer's state."""
    step = _Step(model, setting)
    moments = step.end_of_forward, step.loss, step.head, step.last_layer, step.embedding, adamw_copies(model, setting)
    return max(moments) + _widened(model, setting)


def adamw_copies(model: Architecture, setting: Setting) -> int:
    """Bytes of the copies that AdamW makes while it steps.

    A GPU takes all weights of a group at once (`foreach`), a processor one by one: twice the largest, after another.
    """
    groups = _groups(model, setting)
    if setting.device == "cuda":
        return 4 * max(sum(map(math.prod, shapes)) for shapes in groups)
    layer = model.layer_shapes if setting.is_full else model.adapter_shapes(setting.rank)
    largest = max(math.prod(shape) for shapes in groups for shape in shapes)
    return 8 * largest + 4 * max(map(math.prod, layer))


def _groups(model: Architecture, setting: Setting) -> tuple[list[Shape], list[Shape]]:
    """The optimizer's groups of matrices: those of the embedding and the first quarter of the layers, the others."""
    shallow = max(1, model.layers // 4)
    if not setting.is_full:
        adapter = model.adapter_shapes(setting.rank)
        return adapter * shallow, adapter * (model.layers - shallow)
    layer = [shape for shape in model.layer_shapes if len(shape) > 1]
    head = [shape for shape in model.last if len(shape) > 1]
    return [*model.embeddings, *layer * shallow], [*layer * (model.layers - shallow), *head]


def _widened(model: Architecture, setting: Setting) -> int:
    """A weight of 4 bits is widened while it is used."""
    if setting.method != "qlora":
        return 0
    return BYTES[setting.precision] * max(linear.inputs * linear.outputs for linear in model.linears)


@dataclass(frozen=True)
class _Step:
    """A micro-batch of a model, forward and backward. All sizes are bytes."""

    model: Architecture
    setting: Setting

    @cached_property
    def tokens(self) -> int:
        return self.setting.micro_batch * self.setting.length

    @cached_property
    def number(self) -> int:
        """Of a number that is computed with."""
        return BYTES[self.setting.precision]

    @cached_property
    def stream(self) -> int:
        """Of a number that goes from layer to layer: as the embedding holds it."""
        return BYTES[self.setting.held_in(self.model)]

    @cached_property
    def is_cast(self) -> bool:
        """Whether linear layers compute in another type than the weights are held in."""
        types = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
        return types[self.setting.precision] != self.setting.held_in(self.model)

    @cached_property
    def casts(self) -> int:
        """Copies of one layer's weights, and of its adapter's, in the type of the arithmetic."""
        weights = self.number * self.model.linear_parameters if self.is_cast else 0
        if self.setting.is_full or self.number == 4:
            return weights
        return weights + self.number * sum(map(math.prod, self.model.adapter_shapes(self.setting.rank)))

    @cached_property
    def head_cast(self) -> int:
        return self.number * self.model.vocabulary * self.model.width if self.is_cast else 0

    @cached_property
    def norm(self) -> int:
        """A norm of the width: what it reads, in float32, and what it multiplies with its weight."""
        if not self.model.is_rms:
            # A GPU's autocast widens what LayerNorm reads.
            return self.tokens * self.model.width * (4 if self.setting.device == "cuda" else self.stream)
        trained = self.stream if self.setting.is_full else 0
        return self.tokens * self.model.width * (4 + trained)

    @cached_property
    def layer(self) -> int:
        """All that a layer keeps for its backward pass, copies of its weights among it."""
        model, key = self.model, self.model.query if self.setting.padded else self.model.key
        attention = self.number * (2 * model.query + 2 * key) + 4 * model.heads
        mask = self.number * self.setting.micro_batch * self.setting.length**2 if self.setting.padded else 0
        heads = self.tokens * (4 + self.number) * (model.query + model.key) if model.normed_heads else 0
        inner = self.tokens * model.inner * self._kept_by_function
        dropped = self.tokens * model.width * self._mask(self.number) * model.dropouts
        return 2 * self.norm + self._inputs + self.tokens * attention + mask + heads + inner + dropped + self.casts

    @cached_property
    def _kept_by_function(self) -> int:
        """Bytes that the feed-forward part keeps of each inner number, beside what its last layer reads."""
        if self.model.gated:
            return 3 * self.number
        if self.model.activation in _IN_PYTHON:
            # A GPU's autocast widens powers, and with them all but one of the four.
            return 3 * 4 + self.number if self.setting.device == "cuda" else 4 * self.number
        return 0 if self.model.activation == "relu" else self.number

    @cached_property
    def _inputs(self) -> int:
        """What the linear layers of a layer keep of their inputs."""
        linears = self.model.linears
        if not self.setting.is_full:
            each = self.number + self._mask(4)
            return self.tokens * sum(each * item.inputs + self.number * self.setting.rank for item in linears)
        norms = [item.inputs for item in linears if item.reads == NORM]
        # What norms make is cast anew for each layer that reads it; attention's output is kept by itself.
        read = norms if self.is_cast else [norms[0], norms[-1]]
        return self.tokens * self.number * sum([*read, self.model.inner])

    def _mask(self, number: int) -> int:
        """Of dropout's mask, a number of so many bytes."""
        return number if self.setting.device == "cpu" else 1

    @cached_property
    def kept(self) -> int:
        """All that is kept when the head has been reached."""
        head = self.tokens * self.model.width * self.number if self.setting.is_full else 0
        return self.kept_by_layers + self.norm + head

    @cached_property
    def kept_by_layers(self) -> int:
        """What all layers keep; a checkpointed one only what it reads."""
        inputs = self.tokens * self.model.width * self.stream
        return self.model.layers * (inputs if self.setting.checkpointing else self.layer)

    @cached_property
    def logits(self) -> int:
        """The logits of all tokens."""
        return self.tokens * self.model.vocabulary * self.number

    @cached_property
    def rows(self) -> int:
        """How many logits belong to learned tokens."""
        return math.ceil(self.tokens * self.setting.learned) * self.model.vocabulary

    @cached_property
    def end_of_forward(self) -> int:
        """Casts of trained weights live until the forward pass is over, in checkpointed layers too."""
        cached = self.model.layers * self.casts if self.setting.is_full and self.setting.checkpointing else 0
        return self.kept + cached + self.head_cast + self.logits

    @cached_property
    def loss(self) -> int:
        """The loss in float32: logits, the learned rows, and their log-softmax; or this with two gradients of it."""
        return self.kept + self.head_cast + max(self.logits + 2 * 4 * self.rows, 3 * 4 * self.rows)

    @cached_property
    def head(self) -> int:
        """The head's backward pass: gradients of the logits, rows put back into all of them, and its weight's."""
        weight = self.model.vocabulary * self.model.width if self.setting.is_full else 0
        rows = self.rows * self.number + self.logits
        moments = rows, 2 * self.logits, self.logits + self.number * weight
        # Where weights are cast, the logits' gradient and the cast are gone before this one is widened.
        widened = (self.number + 4) * weight if self.is_cast else 0
        return self.kept + max(self.head_cast + max(moments), widened)

    @cached_property
    def held_gradient(self) -> int:
        """The gradient of a tied head waits for that of the embedding."""
        return 4 * self.model.vocabulary * self.model.width if self.setting.is_full and self.model.tied else 0

    @cached_property
    def last_layer(self) -> int:
        """The backward pass of the last layer's feed-forward part."""
        again = self.layer if self.setting.checkpointing else 0
        gradient = self.tokens * self.model.width * self.stream
        return self.kept_by_layers + again + gradient + self._feed_forward + self.held_gradient

    @cached_property
    def _feed_forward(self) -> int:
        """What the last linear layer of a feed-forward part, and what stands before it, need on the way back."""
        inner = self.tokens * self.model.inner
        if not self.setting.is_full:
            # An adapter reads a copy in float32, of which dropout makes another one.
            return inner * (8 if self.number == 4 else 8 + self.number)
        weight = (4 + (self.number if self.is_cast else 0)) * self.model.inner * self.model.width
        return max(inner * self.number + weight, 2 * inner * self.number)

    @cached_property
    def embedding(self) -> int:
        """The backward pass of the embedding; where it is the head as well, the sum of both is a third one."""
        if not self.setting.is_full:
            return 0
        copies = 1 + self.model.tied * (1 if self.is_cast else 2)
        return self.model.width * 4 * (self.model.vocabulary * copies + self.tokens)
