"""Which rows of its dataset a batch holds: each row brings its number along, and the batch gives it up again.

The host's sampler and order are left alone. A batch that is no mapping, or a dataset without numbered rows, tells none.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from torch.utils.data import DataLoader, IterableDataset

__all__ = ["KEY", "number_rows", "take_rows", "tokens_of"]

KEY = "assay_rows"
"""Where a batch holds the numbers, until they are taken."""


class _Numbered(NamedTuple):
    row: int
    value: Any


class _Rows:
    """A dataset whose rows come with their numbers; asked for anything else it is the dataset."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, key: Any) -> Any:
        value = self._dataset[key]
        return _Numbered(key, value) if isinstance(key, int) else value

    def __getitems__(self, keys: Sequence[int]) -> list[_Numbered]:
        several: Callable[[Sequence[int]], Any] | None = getattr(self._dataset, "__getitems__", None)
        values = several(keys) if several else [self._dataset[key] for key in keys]
        return [_Numbered(int(key), value) for key, value in zip(keys, values, strict=True)]

    def __getattr__(self, name: str) -> Any:
        # A copy that is just being unpickled has nothing to ask yet.
        if name.startswith("__") or "_dataset" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self._dataset, name)


class _Collate:
    """Collates as before, and lays the numbers beside."""

    def __init__(self, collate: Callable[[list[Any]], Any]) -> None:
        self._collate = collate

    def __call__(self, items: list[Any]) -> Any:
        batch = self._collate([item.value if isinstance(item, _Numbered) else item for item in items])
        if isinstance(batch, MutableMapping) and all(isinstance(item, _Numbered) for item in items):
            batch[KEY] = [item.row for item in items]
        return batch


def number_rows(loader: Any) -> Any:
    """Let the batches of a loader hold the numbers of their rows, where that is possible; gives the same loader."""
    dataset = getattr(loader, "dataset", None)
    fits = isinstance(loader, DataLoader) and hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    if not fits or isinstance(dataset, IterableDataset) or loader.batch_sampler is None:
        return loader
    rows, collate = _Rows(dataset), _Collate(loader.collate_fn)
    # accelerate's loader asks the one it was made of, and is asked itself where batches are passed over.
    for one in (loader, getattr(loader, "base_dataloader", loader)):
        # A loader refuses another dataset once it is made, for the sampler would not follow; this is the same one.
        one.__dict__["dataset"] = rows
        one.__dict__["collate_fn"] = collate
    return loader


def take_rows(batches: Sequence[Any]) -> list[int] | None:
    """Take the numbers out of a step's batches; None where one has none."""
    found: list[int] = []
    is_whole = bool(batches)
    for batch in batches:
        rows = batch.pop(KEY, None) if isinstance(batch, MutableMapping) else None
        is_whole = is_whole and rows is not None
        found += rows or []
    return found if is_whole else None


def tokens_of(inputs: Mapping[str, Any]) -> Any:
    """Tokens of a batch, padding left out: a number, or a tensor that holds it."""
    mask = inputs.get("attention_mask")
    if mask is not None:
        return mask.sum()
    ids = inputs.get("input_ids")
    return 0 if ids is None else ids.numel()
