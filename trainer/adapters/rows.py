"""Which rows of its dataset a batch holds: each row brings its number along, and the batch gives it up again before
anyone sees it.

The host's sampler and order are left alone. A batch that is no mapping, or a dataset without numbered rows, tells none.
"""

import operator
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from accelerate.data_loader import DataLoaderDispatcher
from torch.utils.data import DataLoader, IterableDataset

__all__ = ["KEY", "number_rows", "take_rows", "tokens_of"]

KEY = "assay_rows"
"""Where a batch holds the numbers on its way from the collator."""


class _Numbered(NamedTuple):
    row: int
    value: Any


class _Rows:
    """A dataset that gives a loader its rows with their numbers; asked by anyone else it is the dataset."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, key: Any) -> Any:
        return self._dataset[key]

    def __getitems__(self, keys: Sequence[Any]) -> Any:
        several: Callable[[Sequence[Any]], Any] | None = getattr(self._dataset, "__getitems__", None)
        values = several(keys) if several else [self._dataset[key] for key in keys]
        numbers = _numbers(keys)
        # A batch that is ready already, or one of rows that have names, is left as it is.
        if numbers is None or not isinstance(values, list) or len(values) != len(numbers):
            return values
        return [_Numbered(number, value) for number, value in zip(numbers, values, strict=True)]

    def __getattr__(self, name: str) -> Any:
        # A copy that is just being unpickled has nothing to ask yet.
        if name.startswith("__") or "_dataset" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self._dataset, name)


class _Collate:
    """Collates as before, and lays the numbers beside."""

    def __init__(self, collate: Callable[[list[Any]], Any]) -> None:
        self._collate = collate

    def __call__(self, items: Any) -> Any:
        if not isinstance(items, list) or not all(isinstance(item, _Numbered) for item in items):
            return self._collate(items)
        batch = self._collate([item.value for item in items])
        if isinstance(batch, MutableMapping):
            batch[KEY] = [item.row for item in items]
        return batch


class _Batches:
    """The batches of a loader without the numbers, which are kept beside them."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches = batches
        self._rows: deque[list[int] | None] = deque()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = next(self._batches)
        self._rows.append(_taken(batch))
        return batch

    def rows(self) -> list[list[int] | None]:
        """The numbers of each batch since this was asked last."""
        found = list(self._rows)
        self._rows.clear()
        return found


def _unmarked(kind: Any) -> type:
    """The class of a loader, but its batches hold no numbers: a callback of a script may read them as the host does."""

    def iterate(loader: Any) -> _Batches:
        return _Batches(kind.__iter__(loader))

    return type(kind.__name__, (kind,), {"__iter__": iterate, "__module__": kind.__module__})


def number_rows(loader: Any) -> Any:
    """Let a loader keep the numbers of its rows beside its batches, where that is possible; gives the same loader."""
    dataset = getattr(loader, "dataset", None)
    fits = isinstance(loader, DataLoader) and hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    if not fits or isinstance(dataset, IterableDataset) or loader.batch_sampler is None:
        return loader
    # It puts the batches of all processes together, of tensors alone; what it says of its class is another one's.
    if issubclass(type(loader), DataLoaderDispatcher):
        return loader
    rows, collate = _Rows(dataset), _Collate(loader.collate_fn)
    # accelerate's loader says that it is of another class, so its own is set as Python keeps it.
    vars(object)["__class__"].__set__(loader, _unmarked(type(loader)))
    # accelerate's loader asks the one it was made of, and is asked itself where batches are passed over.
    for one in (loader, getattr(loader, "base_dataloader", loader)):
        # A loader refuses another dataset once it is made, for the sampler would not follow; this is the same one.
        one.__dict__["dataset"] = rows
        one.__dict__["collate_fn"] = collate
    return loader


def take_rows(source: Any, batches: Sequence[Any]) -> list[int] | None:
    """The rows of a step's batches, which came out of the iterator `source`; None where one does not tell."""
    # Where batches are passed over, accelerate makes a loader of its own, whose batches hold their numbers still.
    told = source.rows() if isinstance(source, _Batches) else [_taken(batch) for batch in batches]
    if not batches or len(told) != len(batches):
        return None
    if len(told) == 1:
        return told[0]
    known = [rows for rows in told if rows is not None]
    return [row for rows in known for row in rows] if len(known) == len(told) else None


def _numbers(keys: Sequence[Any]) -> list[int] | None:
    """Keys of a dataset as numbers of rows; None where they are none."""
    try:
        return [operator.index(key) for key in keys]
    except TypeError:
        return None


def _taken(batch: Any) -> list[int] | None:
    return batch.pop(KEY, None) if isinstance(batch, MutableMapping) else None


def tokens_of(inputs: Mapping[str, Any]) -> Any:
    """Tokens of a batch, padding left out: a number, or a tensor that holds it."""
    mask = inputs.get("attention_mask")
    if mask is not None:
        return mask.sum()
    ids = inputs.get("input_ids")
    return 0 if ids is None else ids.numel()
