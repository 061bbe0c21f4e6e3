"""A tree of tokens in one row of a batch: each token sees those it follows in its own path, and no others.

The tokens that are asked what follows them stand at the row's end, so that the model's head is run on few more than
those; order in a row means nothing where the mask says who sees whom and each token has its own position.
"""

from collections.abc import Sequence
from copy import deepcopy
from inspect import signature
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import nn

__all__ = ["Mask", "Path", "Prefix", "Tree", "common_start", "grow", "run_prefix", "token_log_likelihoods"]

Mask: TypeAlias = Literal["bool", "additive"]
"""How a model wants its attention mask: true where it may look, or numbers that are added to the scores."""


class Path(NamedTuple):
    """A text as ids, of which the last are asked."""

    ids: list[int]
    """Context and continuation."""

    said: int
    """How many of them, at the end, are the continuation."""

    cut: int = 0
    """Tokens cut off at the start."""


class Tree(NamedTuple):
    """Paths with what they begin with only once."""

    ids: list[int]
    """A token a node."""

    ways: list[list[int]]
    """The nodes of each path in its order, without its last token, which is not read."""

    asked: list[list[tuple[int, int]]]
    """Of each path, which node is asked for the likelihood of which token."""

    owners: list[int]
    """Whose each path is."""


class Prefix(NamedTuple):
    """Tokens that stand before every row, run once."""

    length: int
    """How many."""

    cache: Any
    """Their keys and values."""


class _Layout(NamedTuple):
    """Rows as a model takes them."""

    inputs: dict[str, torch.Tensor]
    """Arguments of its `forward`."""

    columns: list[list[int]]
    """Where in its row each node of each tree stands."""


def grow(paths: Sequence[Path], skip: int = 0) -> Tree:
    """Join paths to a tree; `skip` tokens of each, the same in all, stand before it.

    >>> grow([Path([7, 8, 9], 1), Path([7, 5, 6], 2)])
    Tree(ids=[7, 8, 5], ways=[[0, 1], [0, 2]], asked=[[(1, 9)], [(0, 5), (2, 6)]], owners=[0, 1])
    """
    nodes: dict[tuple[int, int], int] = {}
    ways: list[list[int]] = []
    for path in paths:
        way: list[int] = []
        for token in path.ids[skip:-1]:
            way.append(nodes.setdefault((way[-1] if way else -1, token), len(nodes)))
        ways.append(way)
    asked = [
        list(zip(way[-path.said :], path.ids[-path.said :], strict=True)) for way, path in zip(ways, paths, strict=True)
    ]
    return Tree([token for _, token in nodes], ways, asked, list(range(len(paths))))


def common_start(rows: Sequence[list[int]]) -> list[int]:
    """Return what all rows begin with.

    >>> common_start([[1, 2, 3], [1, 2, 4, 5]])
    [1, 2]
    """
    # In sorted order the first and the last differ the earliest.
    first, last = min(rows), max(rows)
    length = next((place for place, (one, two) in enumerate(zip(first, last, strict=False)) if one != two), len(first))
    return first[:length]


def run_prefix(model: nn.Module, ids: list[int]) -> Prefix:
    """Run tokens that stand before every row. Raises what a model raises that keeps no cache."""
    row = torch.tensor([ids], device=_device(model))
    found = model(input_ids=row, attention_mask=torch.ones_like(row), use_cache=True, **_keep(model, 1))
    return Prefix(len(ids), found.past_key_values)


def token_log_likelihoods(
    model: nn.Module, trees: Sequence[Tree], *, mask: Mask | None = None, before: Prefix | None = None
) -> list[list[list[float]]]:
    """Log-likelihoods, in nats, of the tokens that each path of each tree asks for.

    Without `mask` every tree must be a single path: rows are padded on the right, as any model takes them.
    """
    past = before.length if before else 0
    layout = _as_trees(model, trees, mask, past) if mask else _as_chains(trees)
    asks = [(row, layout.columns[row][node], token) for row, tree in enumerate(trees)
            for path in tree.asked for node, token in path]  # fmt: skip
    width = layout.inputs["input_ids"].shape[1]
    keep = width - min(column for _, column, _ in asks)
    device = _device(model)
    inputs: dict[str, Any] = {name: value.to(device) for name, value in layout.inputs.items()}
    inputs |= {"use_cache": before is not None, **_keep(model, keep)}
    if before:
        # The model puts its own keys and values behind these.
        inputs["past_key_values"] = deepcopy(before.cache)
        inputs["past_key_values"].batch_repeat_interleave(len(trees))
    values = iter(_asked(model(**inputs).logits[:, -keep:], asks, width - keep))
    return [[[next(values) for _ in path] for path in tree.asked] for tree in trees]


def _asked(logits: torch.Tensor, asks: Sequence[tuple[int, int, int]], first: int) -> list[float]:
    """Log-likelihood of each asked token; several are asked of a token where choices part."""
    places = {(row, column): number for number, (row, column) in enumerate(dict.fromkeys(ask[:2] for ask in asks))}
    device = logits.device
    rows, columns = torch.tensor(list(places), device=device).T
    # Only these rows are widened to float32: with a large vocabulary that is most of the memory.
    picked = logits[rows, columns - first].float()
    spot = torch.tensor([places[row, column] for row, column, _ in asks], device=device)
    token = torch.tensor([token for _, _, token in asks], device=device)
    found: list[float] = picked.log_softmax(-1)[spot, token].tolist()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - a list of floats, says torch nowhere
    return found


def _as_chains(trees: Sequence[Tree]) -> _Layout:
    """Rows of one path each, padded on the right."""
    width = max(len(tree.ids) for tree in trees)
    ids = torch.zeros(len(trees), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, tree in enumerate(trees):
        ids[row, : len(tree.ids)] = torch.tensor(tree.ids)
        mask[row, : len(tree.ids)] = 1
    return _Layout({"input_ids": ids, "attention_mask": mask}, [list(range(len(tree.ids))) for tree in trees])


def _as_trees(model: nn.Module, trees: Sequence[Tree], kind: Mask, past: int) -> _Layout:
    """Rows padded on the left, the asked tokens last, `past` tokens before each."""
    width = max(len(tree.ids) for tree in trees)
    ids = torch.zeros(len(trees), width, dtype=torch.long)
    positions = torch.zeros_like(ids)
    sees = torch.zeros(len(trees), 1, width, past + width, dtype=torch.bool)
    # Padding sees itself: a row that sees nothing is not a number, and would spread.
    sees[:, 0, :, past:] = torch.eye(width, dtype=torch.bool)
    columns: list[list[int]] = []
    for row, tree in enumerate(trees):
        column = _columns(tree, width)
        columns.append(column)
        place = torch.tensor(column)
        ids[row, place] = torch.tensor(tree.ids)
        sees[row, 0, place, :past] = True
        for way in tree.ways:
            spots = place[way]
            positions[row, spots] = torch.arange(past, past + len(way))
            sees[row, 0, spots[:, None], past + spots] = torch.ones(len(way), len(way), dtype=torch.bool).tril()
    mask = sees if kind == "bool" else _additive(sees, next(model.parameters()).dtype)
    return _Layout({"input_ids": ids, "position_ids": positions, "attention_mask": mask}, columns)


def _columns(tree: Tree, width: int) -> list[int]:
    asked = {node for path in tree.asked for node, _ in path}
    order = sorted(range(len(tree.ids)), key=lambda node: (node in asked, node))
    columns = [0] * len(order)
    for rank, node in enumerate(order):
        columns[node] = width - len(order) + rank
    return columns


def _additive(sees: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return torch.zeros(sees.shape, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min)


def _keep(model: Any, count: int) -> dict[str, int]:
    """Ask for the last logits only, where the model knows how."""
    # An adapter's wrapper passes on what it does not know.
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return {"logits_to_keep": count} if "logits_to_keep" in signature(inner.forward).parameters else {}


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
