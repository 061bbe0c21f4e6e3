"""The loss of each sample, read off what the host computes anyway: nothing is run forward a second time.

A mean over tokens is made of the log-likelihood of each, which autograd keeps for the way back: before that, they are
read from there. TRL's fused head gives them itself. Of TRL's DPO with its usual loss (sigmoid, reverse KL) the loss of
each pair is made of the log-likelihoods of policy and reference. Where none of this is found, no losses are told.

In the host's own time only what it does not keep is read, a number a token; what is made of it can be made later.
"""

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, TypeAlias

import torch
from torch.nn import functional

from assay.foreign import Failure, attempt

__all__ = ["Losses", "SampleLosses"]

Losses: TypeAlias = Callable[[], torch.Tensor]
"""Makes the losses of the samples of a micro-batch, float32 [samples], of what nobody else holds."""

DEEPEST = 4
"""Nodes between a host's loss and the mean over tokens: divisions, factors, a change of type."""

USUAL = {"loss_types": ["sigmoid"], "f_divergence_type": "reverse_kl", "ld_alpha": None, "loss_weights": [1.0]}
"""What TRL's DPO has where the loss of a pair is the one of its paper."""

_saved = attrgetter("_saved_self", "_saved_target", "_saved_ignore_index")
"""Log-likelihoods of all tokens, those that were wanted, and what stands where none was: as autograd calls them."""


class SampleLosses:
    """Listens to one micro-batch."""

    def __init__(self, host: Any, model: Any, inputs: Mapping[str, Any]) -> None:
        """Listen to a host, and where that is needed to its models, until this is closed: `inputs` are what it gives
        its `model`.
        """
        self._host, self._inputs = host, inputs
        self._is_pairs = "completion_mask" in inputs and hasattr(host, "beta")
        self._means: Losses | None = None
        self._sums: list[torch.Tensor] = []
        self._hooks: list[Any] = []
        # TRL's trainers, whose models' output says what cannot be read elsewhere.
        if hasattr(host, "loss_types") or hasattr(host.args, "completion_only_loss"):
            for heard in (model, getattr(host, "ref_model", None)):
                if heard is not None:
                    self._hooks.append(heard.register_forward_hook(self.hear))

    def close(self) -> None:
        """Listen no longer."""
        for hook in self._hooks:
            hook.remove()

    def hear(self, _: Any, __: Any, output: Any) -> None:
        """Take note of one forward pass; a hook of the model, which never raises into it."""
        attempt(self._hear, output)

    def _hear(self, output: Any) -> None:
        found = getattr(output, "log_probs", None)
        if found is None:
            return
        if self._is_pairs:
            # The policy first, then its reference.
            if torch.is_grad_enabled() == (not self._sums):
                self._sums.append(found.detach().float().sum(dim=1))
        elif torch.is_grad_enabled() and self._means is None and self._is_usual_sft():
            self._means = partial(_means, len(found), -found.detach(), output.label_mask.ne(0))

    def _is_usual_sft(self) -> bool:
        # With "dft" TRL weighs each token by its likelihood, and reads the same output for it.
        return getattr(self._host.args, "loss_type", "nll") == "nll"

    def take(self, loss: Any) -> None:
        """Take note of the loss the host has computed, before it goes back through it."""
        labels = self._inputs.get("labels")
        if self._is_pairs or self._means is not None or not isinstance(labels, torch.Tensor):
            return
        found = attempt(_of_tokens, loss, labels)
        self._means = None if isinstance(found, Failure) else found

    def found(self) -> Losses | None:
        """What makes the losses of the samples; None where they cannot be told."""
        if not self._is_pairs:
            return self._means
        pairs = attempt(self._of_pairs)
        return None if isinstance(pairs, Failure) else pairs

    def _of_pairs(self) -> Losses | None:
        host, reference = self._host, self._reference()
        if reference is None or any(getattr(host, name, value) != value for name, value in USUAL.items()):
            return None
        if getattr(host.args, "use_weighting", False):
            return None
        return partial(_pair_losses, self._sums[0], reference, host.beta)

    def _reference(self) -> torch.Tensor | None:
        if len(self._sums) != 1:
            return self._sums[1] if self._sums else None
        kept = [self._inputs.get(name) for name in ("ref_chosen_logps", "ref_rejected_logps")]
        known = [part.float().to(self._sums[0].device) for part in kept if isinstance(part, torch.Tensor)]
        return torch.cat(known) if len(known) == len(kept) else None


def _of_tokens(loss: torch.Tensor, labels: torch.Tensor) -> Losses | None:
    """What a host's loss is the mean of, by sample; None where no such mean is found.

    As few operations as that takes: each costs a step more than its numbers do.
    """
    node = _mean_over_tokens(loss.grad_fn, DEEPEST)
    if node is None:
        return None
    log_probs, wanted, ignored = _saved(node)
    samples = labels.size(0)  # `len` asks first whether torch is tracing, which takes several times as long
    if wanted.size(0) % samples:
        return None
    if ignored >= 1 << 63:
        ignored -= 1 << 64  # it is kept without its sign
    # Of a token that is ignored it is 0. `data` is what `detach` gives, in a quarter of its time.
    of_tokens = functional.nll_loss(log_probs.data, wanted, ignore_index=ignored, reduction="none")
    # The labels are the host's, which may write the next ones over them.
    return partial(_means, samples, of_tokens, wanted.ne(ignored))


def _means(samples: int, of_tokens: torch.Tensor, learned: torch.Tensor) -> torch.Tensor:
    """Mean loss over each sample's own learned tokens, float32 [samples], of the losses of all tokens, one sample after
    the other; 0 where none is learned.
    """
    sums = of_tokens.reshape(samples, -1).sum(dim=1, dtype=torch.float32)
    return sums / learned.reshape(samples, -1).sum(dim=1).clamp_(min=1)


def _pair_losses(policy: torch.Tensor, reference: torch.Tensor, beta: float) -> torch.Tensor:
    """Loss of each pair, float32 [pairs], of the log-likelihoods [chosen, then rejected] of both models."""
    chosen, rejected = (policy - reference).chunk(2)
    return -functional.logsigmoid(beta * (chosen - rejected))


def _mean_over_tokens(node: Any, deepest: int) -> Any:
    """The node of a negative log-likelihood over tokens near the end of a computation; None without one."""
    if node is None or type(node).__name__ == "NllLossBackward0":
        return node
    if deepest > 0:
        for below, _ in node.next_functions:
            if (found := _mean_over_tokens(below, deepest - 1)) is not None:
                return found
    return None
