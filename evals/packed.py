"""Log-likelihoods of continuations, with what several of them begin with computed once.

All choices of a question go into one row, as a tree of tokens under an attention mask of that shape; what all
questions begin with is run once, and its keys and values stand before every row. How far a model allows that is found
out by trying (`evals/sharing.py`); what it does not allow, or what does not fit, is scored as a row a choice.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from torch import nn

from evals.choice_prompt import Pair
from evals.sharing import Sharing, sharing_of
from evals.token_tree import Path, Tree, common_start, grow, run_prefix, token_log_likelihoods

__all__ = ["Found", "log_likelihoods"]

WORTH_SHARING = 16
"""Tokens that all questions must begin with to be run by themselves."""


class Found(NamedTuple):
    """What was found of one question."""

    place: int
    """Its place among the questions."""

    lls: list[float]
    """Log-likelihood of each continuation, in nats."""

    cut: int
    """Tokens cut off at the start of its longest pair."""


def log_likelihoods(
    model: nn.Module, questions: Sequence[Sequence[Pair]], *, limit: int | None, batch_size: int, share: bool
) -> Iterator[list[Found]]:
    """Score all pairs of all questions, `batch_size` questions at once, the longest first.

    A pair of more than `limit` tokens is cut from the left. The model must be in evaluation mode, without gradients.
    """
    rows = [[_fitted(pair, limit) for pair in pairs] for pairs in questions]
    packs = {place: grow(paths) for place, paths in enumerate(rows) if share and not any(path.cut for path in paths)}
    packs = {place: tree for place, tree in packs.items() if limit is None or len(tree.ids) <= limit}
    sharing = sharing_of(model, [path for place in packs for path in rows[place]]) if packs else Sharing()
    if sharing.mask is None:
        packs = {}
    begin = _shared_start([rows[place] for place in packs]) if sharing.caches else []
    before = run_prefix(model, begin) if begin else None
    trees = {place: [grow(rows[place], len(begin)) if begin else tree] for place, tree in packs.items()}
    for batch in _batches(trees, batch_size):
        lls = token_log_likelihoods(model, _all(batch), mask=sharing.mask, before=before)
        yield _found(batch, rows, lls)
    for batch in _batches(
        {place: _chains(paths) for place, paths in enumerate(rows) if place not in trees}, batch_size
    ):
        yield _found(batch, rows, token_log_likelihoods(model, _all(batch)))


def _fitted(pair: Pair, limit: int | None) -> Path:
    whole = pair.context + pair.continuation
    # The last token is only predicted, never read: one more than the limit fits.
    cut = 0 if limit is None else max(0, len(whole) - limit - 1)
    return Path(whole[cut:], len(pair.continuation), cut)


def _chains(paths: Sequence[Path]) -> list[Tree]:
    """A row for each different text that is read: one for all letters."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, path in enumerate(paths):
        groups.setdefault(tuple(path.ids[:-1]), []).append(number)
    return [grow([paths[number] for number in group])._replace(owners=group) for group in groups.values()]


def _shared_start(rows: Sequence[Sequence[Path]]) -> list[int]:
    """The ids that all rows begin with, none of which is asked what follows it; none where it is not worth it."""
    if len(rows) < 2:
        return []
    begin = common_start([path.ids[: -path.said - 1] for paths in rows for path in paths])
    return begin if len(begin) >= WORTH_SHARING else []


Batch = Mapping[int, Sequence[Tree]]


def _batches(trees: Batch, size: int) -> Iterator[Batch]:
    # Longest first: less padding, and what does not fit in memory fails at once.
    order = sorted(trees, key=lambda place: -max(len(tree.ids) for tree in trees[place]))
    for begin in range(0, len(order), size):
        yield {place: trees[place] for place in order[begin : begin + size]}


def _all(batch: Batch) -> list[Tree]:
    return list(chain.from_iterable(batch.values()))


def _found(batch: Batch, rows: Sequence[Sequence[Path]], lls: list[list[list[float]]]) -> list[Found]:
    values = iter(lls)
    found: list[Found] = []
    for place, trees in batch.items():
        sums = {owner: sum(own) for tree in trees for owner, own in zip(tree.owners, next(values), strict=True)}
        cut = max(path.cut for path in rows[place])
        found.append(Found(place, [sums[number] for number in range(len(sums))], cut))
    return found
