"""How surprising texts are to a model, and how far its predictions are from another's.

A text longer than the model reads is cut into windows; each token is predicted once, the first from the
beginning-of-sequence token, as lm-evaluation-harness does (`loglikelihood_rolling`).

The divergence from a base needs the base's predictions. Kept are its likeliest tokens at each place, and what all
others have together: KL = Σ p₀ ln(p₀/p) over those and the rest. That is the divergence of coarser distributions, so
never above the whole one; with the 64 likeliest it is close to it.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from evals.generate import evaluating, longest_input
from evals.prompt import ChatTokenizer
from evals.text.errors import DataError

__all__ = ["TOP", "Likeliest", "Likelihood", "likelihoods", "token_digest"]

TOP = 64
"""Tokens of each prediction that are kept."""

LEAST_REST = 1e-9
"""Probability below which the rest of a prediction counts as none."""


class Likeliest(NamedTuple):
    """The likeliest tokens at each place of a text."""

    tokens: NDArray[np.int32]
    """Their ids, [places, TOP]."""

    log_probs: NDArray[np.float32]
    """Their log-probabilities in nats, [places, TOP]."""


class Likelihood(NamedTuple):
    """What a model makes of a text."""

    nats: float
    """Negative log-likelihood of all its tokens together."""

    tokens: int
    """How many they are."""

    kl: float | None
    """Divergence of the model from the base, summed over the tokens, in nats; None without a base."""

    likeliest: Likeliest | None
    """The model's own likeliest tokens, where they were asked for."""


def likelihoods(
    model: nn.Module,
    tokenizer: ChatTokenizer,
    texts: Sequence[tuple[str, str]],
    *,
    base: Sequence[Likeliest] | None = None,
    keep: bool = False,
    progress: Callable[[int], None] | None = None,
) -> list[Likelihood]:
    """Predict every token of texts, given as id and words; with `base` also the divergence from it.

    `keep` asks for the likeliest tokens, to be another model's base. `progress` is told how many are read so far.
    Raises DataError for a text without a token.
    """
    limit = longest_input(model) or 1024
    found: list[Likelihood] = []
    with evaluating(model):
        for place, (id_, text) in enumerate(texts):
            ids = _ids(tokenizer, text, id_)
            found.append(_of_text(model, ids, _first(tokenizer, ids), limit, base[place] if base else None, keep=keep))
            if progress:
                progress(len(found))
    return found


def token_digest(tokenizer: ChatTokenizer, texts: Sequence[str]) -> str:
    """Digest of the ids that texts become: two models whose digests differ predict different tokens."""
    whole = hashlib.sha256()
    for text in texts:
        whole.update(np.array(_plain(tokenizer, text), dtype=np.int32).tobytes() + b"\n")
    return whole.hexdigest()


def _of_text(
    model: nn.Module, ids: list[int], first: int, limit: int, base: Likeliest | None, *, keep: bool
) -> Likelihood:
    nats, kl = 0.0, 0.0
    kept: list[tuple[Any, Any]] = []
    for start, window in _windows(ids, limit):
        end = start + len(window)
        # The last window, which is shorter, sees as much of the text before it as the model reads.
        seen = [first, *ids[: end - 1]] if start == 0 else ids[end - limit - 1 : end - 1]
        log_probs = _predicted(model, seen)[-len(window) :]
        nats -= float(log_probs[torch.arange(len(window)), torch.tensor(window)].double().sum())
        if base is not None:
            kl += _divergence(log_probs, base.tokens[start:end], base.log_probs[start:end])
        if keep:
            top = log_probs.topk(min(TOP, log_probs.shape[1]))
            kept.append((top.indices.int().numpy(), top.values.numpy()))
    likeliest = Likeliest(*(np.concatenate(part) for part in zip(*kept, strict=True))) if keep else None
    return Likelihood(nats, len(ids), None if base is None else kl, likeliest)


def _windows(ids: list[int], limit: int) -> Iterator[tuple[int, list[int]]]:
    for start in range(0, len(ids), limit):
        yield start, ids[start : start + limit]


def _predicted(model: nn.Module, ids: list[int]) -> torch.Tensor:
    """Log-probabilities after each token, float32 [tokens, vocabulary], on the processor."""
    device = next(model.parameters()).device
    row = torch.tensor([ids], device=device)
    return model(input_ids=row, attention_mask=torch.ones_like(row)).logits[0].float().log_softmax(-1).cpu()


def _divergence(log_probs: torch.Tensor, tokens: NDArray[np.int32], base: NDArray[np.float32]) -> float:
    """KL(base || model) over the base's likeliest tokens and the rest, summed over places."""
    old = torch.tensor(base).double()
    new = log_probs.gather(1, torch.tensor(tokens).long()).double()
    shared = (old.exp() * (old - new)).sum()
    rest, rest_new = (1 - part.exp().sum(1).clamp(max=1) for part in (old, new))
    rest_new = rest_new.clamp(min=LEAST_REST)
    some = rest > LEAST_REST
    return float(shared + (rest[some] * (rest[some] / rest_new[some]).log()).sum())


def _ids(tokenizer: ChatTokenizer, text: str, id_: str) -> list[int]:
    ids = _plain(tokenizer, text)
    if not ids:
        raise DataError(f"text {id_} has no token in this vocabulary; leave it out")
    return ids


def _plain(tokenizer: ChatTokenizer, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def _first(tokenizer: Any, ids: list[int]) -> int:
    """The token that stands before a text; the text's own first one where the tokenizer has none."""
    known = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    return next((number for number in known if number is not None), ids[0])
