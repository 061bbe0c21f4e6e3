"""Examples as rows of tokens: each in a row of its own, or laid end to end."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from trainer.examples import Example

__all__ = ["Batch", "collate", "pack"]


class Batch(NamedTuple):
    """Examples in rows of one length."""

    ids: torch.Tensor
    """Token ids, int64 [rows, tokens]."""

    mask: torch.Tensor
    """1 for a token, 0 for padding, int64 [rows, tokens]."""

    learned: torch.Tensor
    """Which tokens are learned, bool [rows, tokens]; never an example's first one, which nothing predicts."""

    counts: tuple[int, ...]
    """Learned tokens of each example, in the order of the examples."""

    order: tuple[int, ...]
    """Which example stands where, as rows are read."""

    positions: torch.Tensor | None = None
    """Where examples are laid end to end, each token's place in its own, int64 [rows, tokens]; padding counts on from
    0. None where each has a row."""

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        moved = self._replace(ids=self.ids.to(device), mask=self.mask.to(device), learned=self.learned.to(device))
        return moved if self.positions is None else moved._replace(positions=self.positions.to(device))

    def sums(self, values: torch.Tensor) -> torch.Tensor:
        """Values of all learned tokens, as rows are read, summed by example in the order of the examples."""
        parts = values.split([self.counts[place] for place in self.order])
        found = torch.stack([part.sum() for part in parts])
        if self.positions is None:
            return found
        return found[torch.tensor(self.order, device=found.device).argsort()]


def collate(examples: Sequence[Example]) -> Batch:
    """Give each example a row, padded to the longest of them; a pure function of the examples."""
    return _filled(examples, [[place] for place in range(len(examples))])


def pack(examples: Sequence[Example], capacity: int) -> Batch:
    """Lay examples end to end in rows of at most `capacity` tokens, so that little is padding; a pure function as well.

    Each goes, the longest first, into the fullest row that has room (best fit decreasing; Ding et al. 2024, arXiv
    2404.10830). An example longer than `capacity` has a row of its own.
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for place in sorted(range(len(examples)), key=lambda place: (-len(examples[place].ids), place)):
        length = len(examples[place].ids)
        fitting = [row for row, left in enumerate(room) if left >= length]
        if not fitting:
            rows.append([])
            room.append(max(capacity, length))
        row = min(fitting, key=lambda row: (room[row], row)) if fitting else len(rows) - 1
        rows[row].append(place)
        room[row] -= length
    batch = _filled(examples, rows)
    return batch._replace(positions=_positions(examples, rows, batch.ids.shape[1]))


def _filled(examples: Sequence[Example], rows: Sequence[Sequence[int]]) -> Batch:
    shape = len(rows), max(sum(len(examples[place].ids) for place in row) for row in rows)
    ids, mask, learned = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
    for number, row in enumerate(rows):
        begin = 0
        for place in row:
            example, end = examples[place], begin + len(examples[place].ids)
            ids[number, begin:end] = example.ids
            mask[number, begin:end] = 1
            learned[number, begin + 1 : end] = example.answer[1:]
            begin = end
    counts = tuple(int(example.answer[1:].sum()) for example in examples)
    return Batch(ids, mask, learned.bool(), counts, tuple(place for row in rows for place in row))


def _positions(examples: Sequence[Example], rows: Sequence[Sequence[int]], width: int) -> torch.Tensor:
    found = torch.zeros(len(rows), width, dtype=torch.long)
    for number, row in enumerate(rows):
        lengths = [len(examples[place].ids) for place in row]
        counted = [torch.arange(length) for length in [*lengths, width - sum(lengths)]]
        found[number] = torch.cat(counted)
    return found
