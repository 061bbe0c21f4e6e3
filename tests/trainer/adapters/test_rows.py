"""Rows are numbered whatever reads them, and a batch is what it was."""

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset
from transformers import Trainer, TrainerCallback

from tests.trainer.adapters.hosts import Seen, recorded, shown
from tests.trainer.seen import batches
from trainer.adapters.rows import KEY, number_rows, take_rows


def collated(items):
    return {"ids": torch.tensor([item["id"] for item in items])}


def steps_of(loader):
    """The rows of each batch, with what is in it."""
    source = iter(loader)
    return [(take_rows(source, [batch]), batch) for batch in source]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_says_which_rows_a_batch_holds_and_the_batch_is_what_it_was(workers):
    rows = [{"id": 100 + number} for number in range(8)]
    loader = number_rows(DataLoader(rows, batch_size=3, collate_fn=collated, num_workers=workers))
    found = [(rows, batch["ids"].tolist(), sorted(batch)) for rows, batch in steps_of(loader)]
    assert found == [
        ([0, 1, 2], [100, 101, 102], ["ids"]), ([3, 4, 5], [103, 104, 105], ["ids"]), ([6, 7], [106, 107], ["ids"]),
    ]  # fmt: skip


def test_a_step_of_several_batches_has_the_rows_of_all():
    loader = number_rows(DataLoader([{"id": number} for number in range(5)], batch_size=2, collate_fn=collated))
    source = iter(loader)
    assert take_rows(source, [next(source), next(source)]) == [0, 1, 2, 3]
    assert take_rows(source, [next(source)]) == [4]
    assert take_rows(source, []) is None


def test_a_batch_that_came_another_way_gives_up_its_numbers_too():
    batches = [{KEY: [1, 2]}, {KEY: [5], "ids": 3}]
    assert take_rows(iter(()), batches) == [1, 2, 5]
    assert batches == [{}, {"ids": 3}]
    assert take_rows(iter(()), [{KEY: [1, 2]}, {"ids": 3}]) is None


def test_a_batch_that_is_no_mapping_is_left_as_it_is():
    loader = number_rows(DataLoader([torch.tensor(number) for number in range(4)], batch_size=2))
    assert [(rows, batch.tolist()) for rows, batch in steps_of(loader)] == [(None, [0, 1]), (None, [2, 3])]


def test_its_dataset_gives_anyone_else_the_rows_as_they_are():
    loader = number_rows(DataLoader([{"id": 7}, {"id": 8}], batch_size=2, collate_fn=collated))
    assert (loader.dataset[1], len(loader.dataset), isinstance(loader, DataLoader)) == ({"id": 8}, 2, True)


class Reads(TrainerCallback):
    """A callback of a script that reads the training data for itself, as one does to look at gradients or outputs."""

    def __init__(self):
        self.losses, self.keys = [], set()

    def on_step_end(self, args, state, control, *, model, train_dataloader, **_):
        if state.global_step in (2, 5):
            with torch.no_grad():
                batch = next(iter(train_dataloader))
                self.keys |= set(batch)
                self.losses.append(model(**batch).loss.item())


@pytest.mark.parametrize("resumed", [False, True])
def test_a_callback_that_reads_the_data_while_the_host_trains_finds_it_as_it_is(make, store, resumed):
    ways = {Trainer: Reads(), Seen: Reads()}
    for kind, reads in ways.items():
        callbacks = [reads] if kind is Trainer else [reads, recorded(store)]
        trainer = make(kind, *callbacks, output=kind.__name__, max_steps=6, save_steps=3)
        trainer.train()
        if resumed:
            make(kind, *callbacks, output=kind.__name__, max_steps=6, save_steps=3).train(
                f"{trainer.args.output_dir}/checkpoint-3"
            )
    shown(store)
    assert ways[Seen].losses == ways[Trainer].losses
    assert ways[Seen].keys == {"input_ids", "attention_mask", "labels"}
    assert all(len(item["rows"]) == 4 for item in batches(store))


def test_a_loader_that_cannot_be_numbered_trains_all_the_same(make, store, monkeypatch):
    def broken(_):
        raise TypeError("another loader")

    monkeypatch.setattr("trainer.adapters.mixin.number_rows", broken)
    trainer = make(Seen, recorded(store), max_steps=2)
    trainer.train()
    assert shown(store)["status"] == "finished"
    assert [(item["rows"], item["losses"]) for item in batches(store)] == [([], []), ([], [])]


class Named(Dataset):
    """Rows that have names."""

    def __init__(self, name):
        self.names = [name(number) for number in range(4)]

    def __len__(self):
        return 4

    def __getitem__(self, name):
        return {"id": self.names.index(name)}


class Ready(Dataset):
    """Rows that come as a batch."""

    def __len__(self):
        return 4

    def __getitem__(self, number):
        return {"id": number}

    def __getitems__(self, numbers):
        return {"ids": torch.tensor(numbers)}


@pytest.mark.parametrize("name", [lambda number: f"row-{number}", lambda number: ("row", number)])
def test_rows_that_have_names_are_left_as_they_are(name):
    rows = Named(name)
    batches = [rows.names[:2], rows.names[2:]]
    loader = number_rows(DataLoader(rows, batch_sampler=batches, collate_fn=collated))
    assert [(rows, batch["ids"].tolist()) for rows, batch in steps_of(loader)] == [(None, [0, 1]), (None, [2, 3])]


def test_a_batch_that_a_dataset_makes_itself_is_left_as_it_is():
    loader = number_rows(DataLoader(Ready(), batch_size=2, collate_fn=dict))
    found = [(rows, batch["ids"].tolist(), sorted(batch)) for rows, batch in steps_of(loader)]
    assert found == [(None, [0, 1], ["ids"]), (None, [2, 3], ["ids"])]


def test_a_loader_that_deals_out_the_batches_of_one_process_is_left_alone(make, store):
    trainer = make(Seen, recorded(store), max_steps=2, accelerator_config={"dispatch_batches": True})
    trainer.train()
    assert type(trainer.callback_handler.train_dataloader).__name__ == "DataLoaderDispatcher"
    assert shown(store)["status"] == "finished"
    assert [item["rows"] for item in batches(store)] == [[], []]


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
