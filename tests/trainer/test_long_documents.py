"""Texts that are longer than what is read at once: read in parts, every token of them."""

import json
import math

import pytest
import torch

from evals.text.errors import DataError
from store.runs import show_run
from tests.trainer.seen import active, batches, checkpoints, dies_at, events, learned, metric, said
from tests.trainer.test_data import rows
from trainer.job import prepare
from trainer.session import resume_run, start_run

LENGTH = 20


def text(number, words):
    return " ".join(
        f"{number} {what} {number * place}" for place, what in zip(range(words), "abcdef" * 99, strict=False)
    )


@pytest.fixture
def documents(tmp_path):
    """Twelve texts, each of another length, from one part to many."""
    path = tmp_path / "docs.jsonl"
    path.write_text("".join(json.dumps({"text": text(n, 2 + 3 * n)}) + "\n" for n in range(12)))
    return path


@pytest.fixture
def job_of(config_for, documents):
    def make(**settings):
        config = {"train__stage": "cpt", "data__train": str(documents), "data__validation": 0.0, **settings}
        return config_for(data__max_length=LENGTH, **config)

    return make


def test_every_token_of_a_long_text_is_read_in_parts_of_its_row(job_of):
    job = prepare(job_of())
    whole = [job.template.encode(sample.turns).ids for sample in job.data.files[0].samples]
    parts = {}
    for example in job.data.train:
        parts.setdefault(example.row, []).append(example)
        assert example.answer.all()
    assert list(parts) == list(range(12))
    alone = [row for row, ids in enumerate(whole) if len(ids) % LENGTH == 1]
    assert alone
    for row, found in parts.items():
        # Nothing predicts one token that is left alone.
        kept = whole[row][:-1] if row in alone else whole[row]
        assert len(found) == math.ceil(len(kept) / LENGTH)
        assert all(len(example.ids) == LENGTH for example in found[:-1])
        assert torch.cat([example.ids for example in found]).tolist() == kept
    assert max(map(len, parts.values())) > 4
    cut = prepare(job_of(train__stage="sft")).data.train
    assert [len(example.ids) for example in cut] == [min(LENGTH, len(ids)) for ids in whole]


def test_a_run_on_long_texts_records_their_rows_and_tells_of_the_parts(job_of, store):
    start_run(job_of(train__steps=8), store)
    job = prepare(job_of())
    parted = job.data.files[0].parted
    long, parts = list(parted), sum(parted.values())
    told = ", ".join(map(str, long))
    (sentence,) = said(store, "data")
    assert sentence == (
        f"{len(long)} of 12 rows of docs.jsonl were longer than 20 tokens and are read in {parts} parts (rows {told})"
    )
    assert events(store, "data")[0]["data"]["rows"] == long
    assert [item["rows"] for item in show_run(store, "r")["datasets"]] == [12]
    for step, batch in enumerate(batches(store), start=1):
        assert batch["rows"] == [job.data.train[place].row for place in job.plan.samples_at(step)]
        assert len(batch["losses"]) == 4
    assert len(job.data.train) / 4 > 8
    assert metric(store, "epoch")[1, 8] == 32 / len(job.data.train)


def test_a_run_on_long_texts_goes_on_bit_equal(job_of, store, monkeypatch):
    settings = {"lora__dropout": 0.2, "data__validation": 0.2}
    start_run(job_of(run__name="whole", **settings), store)
    with dies_at(monkeypatch, 5):
        start_run(job_of(**settings), store)
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    assert active(store, "loss") == active(store, "loss", "whole")
    assert said(store, "replay") == ["step 4, done again, came to the same numbers, bit for bit"]


@pytest.mark.parametrize("seed", range(4))
def test_the_parts_of_a_text_are_held_out_together_and_counted_as_one_row(job_of, seed):
    data = prepare(job_of(data__validation=0.25, train__seed=seed)).data
    apart, kept = ({example.row for example in of} for of in (data.validation, data.train))
    assert apart.isdisjoint(kept)
    assert (len(apart), len(kept)) == (3, 9)


def test_pieces_too_short_to_learn_from_are_refused(config_for, job_of):
    for stage in ("cpt", "pretrain"):
        with pytest.raises(DataError) as caught:
            prepare(config_for(train__stage=stage, data__max_length=7))
        assert str(caught.value) == (
            "every row would be read in pieces of 7 tokens, the lesser of data.max_length and the model's context, of "
            "which nothing can be learned; 8 are the least"
        )
        prepare(config_for(train__stage=stage, data__max_length=8))


def test_general_data_of_no_share_stands_in_the_way_of_nothing(config_for, store, tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in rows(12)))
    config = config_for(data__train=str(path), data__general=str(path), data__general_ratio=0.0, train__steps=1)
    data = prepare(config).data
    assert (len(data.train), len(data.validation), data.not_held_out) == (10, 2, "")
    start_run(config, store)
    found = {item["role"]: item["rows"] for item in show_run(store, "r")["datasets"]}
    assert found == {"train": 10, "general": 0, "validation": 2}
    mixed = config_for(data__train=str(path), data__general=str(path), data__general_ratio=0.1)
    assert prepare(mixed).data.validation == []
    beside = config_for(
        data__train=str(path), data__general=str(tmp_path / "v.jsonl"), data__general_ratio=0.0,
        data__validation=str(tmp_path / "v.jsonl"),
    )  # fmt: skip
    (tmp_path / "v.jsonl").write_text("".join(json.dumps(item) + "\n" for item in rows(4, "another thing:")))
    assert len(prepare(beside).data.validation) == 4
