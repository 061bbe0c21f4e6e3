"""Rows are numbered whatever reads them, and a batch is what it was."""

import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

from tests.trainer.adapters.hosts import Seen, recorded, shown
from tests.trainer.seen import batches
from trainer.adapters.rows import KEY, number_rows, take_rows


def collated(items):
    return {"ids": torch.tensor([item["id"] for item in items])}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_says_which_rows_it_holds(workers):
    rows = [{"id": 100 + number} for number in range(8)]
    loader = number_rows(DataLoader(rows, batch_size=3, collate_fn=collated, num_workers=workers))
    found = [(take_rows([batch]), batch["ids"].tolist(), sorted(batch)) for batch in loader]
    assert found == [
        ([0, 1, 2], [100, 101, 102], ["ids"]), ([3, 4, 5], [103, 104, 105], ["ids"]), ([6, 7], [106, 107], ["ids"]),
    ]  # fmt: skip


def test_a_step_of_several_batches_has_the_rows_of_all():
    assert take_rows([{KEY: [1, 2]}, {KEY: [5]}]) == [1, 2, 5]
    assert take_rows([{KEY: [1, 2]}, {"ids": 3}]) is None
    assert take_rows([]) is None


def test_a_batch_that_is_no_mapping_is_left_as_it_is():
    loader = number_rows(DataLoader([torch.tensor(number) for number in range(4)], batch_size=2))
    found = list(loader)
    assert [batch.tolist() for batch in found] == [[0, 1], [2, 3]]
    assert take_rows(found) is None


def test_a_stream_has_no_rows():
    class Stream(IterableDataset):
        def __iter__(self):
            yield from ({"id": number} for number in range(4))

    loader = DataLoader(Stream(), batch_size=2, collate_fn=collated)
    assert number_rows(loader) is loader
    assert [sorted(batch) for batch in loader] == [["ids"], ["ids"]]


@pytest.mark.parametrize(
    "settings",
    [{"dataloader_num_workers": 2}, {"train_sampling_strategy": "group_by_length"}, {"dataloader_drop_last": True}],
)
def test_each_row_is_read_once_an_epoch_however_the_host_loads_them(make, store, settings):
    make(Seen, recorded(store), max_steps=16, **settings).train()
    shown(store)
    assert sorted(row for item in batches(store) for row in item["rows"]) == list(range(64))
