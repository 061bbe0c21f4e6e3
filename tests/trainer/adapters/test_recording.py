"""What is recorded of a host, and that recording it changes nothing."""

import json
import math
from statistics import fmean

import pytest
from transformers import Trainer

from assay.errors import AssayError
from store.artifacts import verify
from store.check import check_store
from store.database import Store
from store.loading import load_spools
from tests.trainer.adapters.hosts import (
    Seen,
    SeenShaken,
    Shaken,
    are_equal,
    collate,
    recorded,
    shown,
    weights,
)
from tests.trainer.seen import batches, events, metric, said
from trainer.adapters import AssayCallback


def test_a_host_learns_the_same_with_callback_or_mixin_as_without(make, store):
    plain, called = make(Trainer, output="a"), make(Trainer, recorded(store, "called"), output="b")
    seen = make(Seen, recorded(store, "seen"), output="c")
    for trainer in (plain, called, seen):
        trainer.train()
    assert are_equal(weights(plain), weights(called))
    assert are_equal(weights(plain), weights(seen))
    logs = [
        [{name: value for name, value in row.items() if name in ("loss", "grad_norm", "learning_rate", "step")}
         for row in trainer.state.log_history[:-1]]
        for trainer in (plain, called, seen)
    ]  # fmt: skip
    assert logs[0] == logs[1] == logs[2]


def test_the_mixin_records_each_step_with_its_rows_and_their_losses(make, store):
    trainer = make(Seen, recorded(store), gradient_accumulation_steps=2, logging_steps=1)
    trainer.train()
    run = shown(store)
    assert (run["status"], run["step"], run["total_steps"], run["stage"], run["error"]) == (
        "finished", 12, 12, "sft", None,
    )  # fmt: skip
    found = {name: [value for _, value in sorted(metric(store, name).items())] for name in ("loss", "grad_norm", "lr")}
    log = trainer.state.log_history[:-1]
    assert found["loss"] == pytest.approx([row["loss"] for row in log], abs=1e-6)
    assert found["grad_norm"] == pytest.approx([row["grad_norm"] for row in log], abs=1e-6)
    assert found["lr"] == pytest.approx([1e-3 * (12 - step) / 12 for step in range(12)])
    kept = batches(store)
    assert [(item["update"], item["verdict"], len(item["rows"])) for item in kept] == [
        (step, "commit", 8) for step in range(1, 13)
    ]
    assert sorted(row for item in kept[:8] for row in item["rows"]) == list(range(64))
    assert sum(metric(store, "tokens").values()) > 0


def test_the_losses_of_samples_are_those_of_the_rows_they_stand_beside(make, store):
    trainer = make(Seen, recorded(store), max_steps=1, learning_rate=0.0)
    trainer.train()
    shown(store)
    (batch,) = batches(store)
    for row, loss in zip(batch["rows"], batch["losses"], strict=True):
        alone = trainer.model.eval()(**collate([trainer.train_dataset[row]])).loss.item()
        assert loss == pytest.approx(alone, abs=1e-5)
    ((_, loss),) = metric(store, "loss").items()
    assert loss == pytest.approx(fmean(batch["losses"]), abs=0.05)


def test_the_callback_alone_records_what_the_host_logs(make, store):
    trainer = make(Trainer, recorded(store), eval_strategy="steps", eval_steps=6)
    trainer.train()
    run = shown(store)
    assert (run["status"], run["step"]) == ("finished", 12)
    assert [step for _, step in metric(store, "loss")] == [3, 6, 9, 12]
    assert [step for _, step in metric(store, "val_loss")] == [6, 12]
    assert metric(store, "eval_runtime") == {}
    assert said(store, "summary")[0].startswith("the host's own summary: train_runtime")
    assert batches(store) == []


@pytest.mark.parametrize("kind", [Seen, Trainer])
def test_a_host_that_counts_its_tokens_in_each_line_is_recorded_line_by_line(make, store, capfd, kind):
    counts = {"include_num_input_tokens_seen": "all", "eval_strategy": "steps"}
    make(kind, recorded(store), logging_steps=4, **counts).train()
    assert "twice" not in capfd.readouterr().err
    shown(store)
    assert {4, 8, 12} <= {step for _, step in metric(store, "loss")}
    assert [step for _, step in metric(store, "num_input_tokens_seen")] == [4, 8, 12]
    (summary,) = said(store, "summary")
    assert "train_loss" in summary


def test_a_loss_that_is_no_number_is_recorded_as_one(make, store):
    seen = make(SeenShaken, recorded(store, "seen"), output="a")
    called = make(Shaken, recorded(store, "called"), output="b", logging_steps=1)
    for trainer in (seen, called):
        trainer.shaken_at = (5,)
        trainer.train()
        shown(store, "seen")
    assert math.isnan(metric(store, "loss", "seen")[1, 5])
    assert math.isnan(metric(store, "loss", "called")[1, 5])
    (first, *_) = said(store, "spike", "seen")
    assert first == "step 5: not a number: the loss is nan (the guard only watches)"
    assert said(store, "host", "called") == [
        "logging_nan_inf_filter was turned off: a loss that is no number is logged as one"
    ]
    assert said(store, "host", "seen") == []


def test_checkpoints_of_the_host_are_sealed_and_become_stable(make, store, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.adapters.holding.SMALL", 1 << 12)  # the weights are a large file
    trainer = make(Seen, recorded(store, stable_after=4), eval_strategy="steps", eval_steps=4)
    trainer.train()
    found = {item["step"]: item for item in shown(store)["checkpoints"]}
    assert {step: item["state"] for step, item in found.items()} == {4: "stable", 8: "stable", 12: "stable"}
    for step, item in found.items():
        manifest = verify(store.root / item["path"], item["sha256"])
        assert (manifest["step"], manifest["branch"], manifest["method"]) == (step, 1, "full")
        assert item["data"]["val_loss"] == metric(store, "val_loss")[1, step]
        own = tmp_path / "out" / f"checkpoint-{step}" / "model.safetensors"
        sealed = store.root / item["path"] / "model.safetensors"
        assert sealed.samefile(own)
    assert [check.says for check in check_store(store) if not check.ok] == []


def test_the_callback_seals_checkpoints_between_two_lines_of_the_log(make, store):
    make(Trainer, recorded(store), logging_steps=5, max_steps=12).train()
    run = shown(store)
    assert [step for _, step in metric(store, "loss")] == [5, 10]
    assert [(item["step"], item["state"]) for item in run["checkpoints"]] == [
        (4, "stable"),
        (8, "stable"),
        (12, "stable"),
    ]


def test_what_is_kept_is_kept_though_the_host_deletes_its_own(make, store, tmp_path):
    make(Seen, recorded(store, keep=2), save_steps=2, save_total_limit=1).train()
    run = shown(store)
    assert [path.name for path in (tmp_path / "out").glob("checkpoint-*")] == ["checkpoint-12"]
    kept = [item["step"] for item in run["checkpoints"]]
    assert kept[-2:] == [10, 12]
    for item in run["checkpoints"]:
        verify(store.root / item["path"], item["sha256"])


def test_the_run_says_where_it_comes_from(make, store, model_folder):
    make(Seen, recorded(store, tags=("one",), project="p", owner="li"), max_steps=2).train()
    run = shown(store)
    assert (run["tags"], run["project"], run["config"]["run"]["owner"]) == (["one"], "p", "li")
    assert run["config"]["model"]["path"] == str(model_folder)
    assert run["config"]["guard"]["mode"] == "watch"
    assert run["config"]["arguments"]["max_steps"] == 2
    assert run["provenance"]["trainer"] == "Trainer"
    assert run["provenance"]["accounts"]


def test_without_losses_of_samples_the_rows_are_recorded_all_the_same(make, store):
    make(Seen, recorded(store, sample_losses=False), max_steps=2).train()
    shown(store)
    assert [(len(item["rows"]), item["losses"]) for item in batches(store)] == [(4, []), (4, [])]


def test_events_of_a_spike_show_the_samples_with_the_largest_losses(make, store):
    trainer = make(SeenShaken, recorded(store), max_steps=8)
    trainer.shaken_at = (8,)
    trainer.train()
    shown(store)
    (first, *_) = events(store, "spike")
    assert first["data"]["acts"] is False
    assert len(first["data"]["samples"]) == 5
    assert all(item["text"].startswith("What is ") for item in first["data"]["samples"])


def test_a_loss_whose_samples_cannot_be_told_is_recorded_with_its_rows(make, store):
    trainer = make(Seen, recorded(store), label_smoothing_factor=0.1, max_steps=2)
    trainer.train()
    shown(store)
    assert [(len(item["rows"]), item["losses"]) for item in batches(store)] == [(4, []), (4, [])]
    assert len(metric(store, "loss")) == 2


def test_a_host_whose_store_is_a_server_is_recorded_here_and_noted_for_delivery(make, store, monkeypatch):
    """The server is away: its steps wait, and nothing is lost."""
    monkeypatch.chdir(store.root.parent)
    monkeypatch.setenv("ASSAY_TOKEN", "assay-inbox-away")
    monkeypatch.setattr("assay.recording.check_server", lambda _server: None, raising=False)
    trainer = make(Trainer, AssayCallback("away", store="quack://127.0.0.1:9"), max_steps=2)
    trainer.train()
    (place,) = store.root.parent.rglob("away/delivery.json")
    assert json.loads(place.read_text())["server"] == "quack://127.0.0.1:9"
    there = Store.at(place.parents[1] / "assay.duckdb")
    load_spools(there)
    assert [row["status"] for row in there.rows("SELECT status FROM run WHERE name = 'away'")] == ["finished"]


def test_a_host_whose_server_refuses_it_is_recorded_here_and_noted_for_delivery(make, store, monkeypatch, capfd):
    monkeypatch.chdir(store.root.parent)

    def refuse(_server):
        raise AssayError("the server does not know the token")

    monkeypatch.setattr("assay.recording.check_server", refuse)
    make(Seen, AssayCallback("refused", store="quack://127.0.0.1:9"), max_steps=2).train()
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("assay: ")]
    assert line == (
        "assay: the server does not know the token; the run is recorded here, and `assay deliver refused` brings it "
        "there once that is mended"
    )
    (place,) = store.root.parent.rglob("refused/delivery.json")
    assert json.loads(place.read_text())["server"] == "quack://127.0.0.1:9"
    there = Store.at(place.parents[1] / "assay.duckdb")
    load_spools(there)
    assert [row["status"] for row in there.rows("SELECT status FROM run WHERE name = 'refused'")] == ["finished"]
