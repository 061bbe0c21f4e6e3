"""What of a row several choices may share in a model: found out by trying, not by the model's name.

Linear attention, sliding windows, position biases and some attention kernels do not follow a mask of one's own. So a
made-up question as long as the longest one is scored packed and plain; what does not agree is not used.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import pstdev
from weakref import WeakKeyDictionary

import torch
from torch import nn

from evals.token_tree import Mask, Path, grow, run_prefix, token_log_likelihoods

__all__ = ["Sharing", "sharing_of"]

LENGTHS = (6, 9, 5)
"""Tokens of the made-up choices."""

TOLERANCES = {torch.bfloat16: 1e-1, torch.float16: 2e-2}
"""Largest difference of two log-likelihoods in how far they lie apart, for what is less exact than float32. Scored
with a wrong mask or wrong positions they differ by about as much as they lie apart."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What a model allows."""

    mask: Mask | None = None
    """The kind of tree mask it follows; None where it follows none."""

    caches: bool = False
    """Whether rows may stand behind tokens that were run before."""

    reach: int = 0
    """Tokens of the longest row this was tried with."""

    kernel: str = ""
    """The attention it was tried with."""


_known: WeakKeyDictionary[nn.Module, Sharing] = WeakKeyDictionary()


def sharing_of(model: nn.Module, paths: Sequence[Path]) -> Sharing:
    """Return what the model allows for rows like these; tried once a model, and again for longer rows.

    The model must be in evaluation mode, without gradients.
    """
    reach = max(len(path.ids) for path in paths)
    kernel = str(getattr(model.config, "_attn_implementation", ""))
    known = _known.get(model)
    if known and known.kernel == kernel and (known.mask is None or reach <= known.reach):
        return known
    tokens = sorted({token for path in paths for token in path.ids})
    rows = _made_up(tokens, reach)
    expected = _flat(token_log_likelihoods(model, [grow([row]) for row in rows]))
    # A model that is broken for now says nothing about its kind.
    if not torch.tensor(expected).isfinite().all():
        return Sharing()
    found = _tried(model, rows, expected)
    _known[model] = Sharing(*found, reach, kernel)
    return _known[model]


def _tried(model: nn.Module, rows: list[Path], expected: list[float]) -> tuple[Mask | None, bool]:
    tolerance = TOLERANCES.get(next(model.parameters()).dtype, 1e-4) * max(pstdev(expected), 0.05)
    skip = (len(rows[0].ids) - rows[0].said) // 2
    kinds: tuple[Mask, ...] = ("bool", "additive")

    def packed(kind: Mask, skip: int = 0) -> list[float]:
        before = run_prefix(model, rows[0].ids[:skip]) if skip else None
        return _flat(token_log_likelihoods(model, [grow(rows, skip)], mask=kind, before=before))

    for kind in kinds:
        if _agrees(lambda kind=kind: packed(kind), expected, tolerance):
            return kind, _agrees(lambda kind=kind: packed(kind, skip), expected, tolerance)
    return None, False


def _agrees(score: Callable[[], list[float]], expected: list[float], tolerance: float) -> bool:
    try:
        found = score()
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        # Each of them is how some model says that it does not take such rows.
        return False
    return all(abs(one - other) <= tolerance for one, other in zip(found, expected, strict=True))


def _made_up(tokens: Sequence[int], reach: int) -> list[Path]:
    """Choices behind the same tokens, the longest with `reach` tokens in all, or a few more where that is little."""
    chance = random.Random(0)  # noqa: S311 - nothing here is secret
    stem = chance.choices(tokens, k=max(reach - max(LENGTHS), *LENGTHS))
    return [Path(stem + chance.choices(tokens, k=length), length) for length in LENGTHS]


def _flat(lls: Iterable[Iterable[Iterable[float]]]) -> list[float]:
    return list(chain.from_iterable(chain.from_iterable(lls)))
