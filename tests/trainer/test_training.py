"""A run from its first step to its last: what it learns, records and keeps."""

import json
import math
import threading
import time

import pytest
import torch
from safetensors.torch import load_file

from store.artifacts import sealed_folders, verify
from store.loading import load_spools
from store.pins import pin
from store.runs import list_runs, show_run
from trainer.errors import TrainingError
from trainer.job import prepare
from trainer.session import start_run
from trainer.step import Engine

GROUP_SIGNALS = ("grad_norm", "rms_t", "update_rms")
EVERY_STEP = ["epoch", "grad_norm", "loss", "lr", "memory_bytes", "step_seconds", "tokens", "tokens_per_s"]


def metrics(store):
    rows = store.rows(
        "SELECT n.name, m.branch, m.step, m.value FROM metric m JOIN metric_name n ON n.id = m.metric_id ORDER BY ALL"
    )
    found = {}
    for row in rows:
        found.setdefault(row["name"], {})[row["branch"], row["step"]] = row["value"]
    return found


def events(store, kind):
    return [row["message"] for row in store.rows("SELECT message FROM event WHERE kind = $kind", {"kind": kind})]


def test_a_run_records_every_step_its_batch_and_its_checkpoints(config_for, store, data_file):
    ended = start_run(config_for(), store)
    assert (ended.name, ended.outcome.state.step, ended.outcome.stopped_by) == ("r", 6, None)
    found = metrics(store)
    groups = [f"group/{group}/{name}" for group in ("first", "last") for name in GROUP_SIGNALS]
    assert sorted(found) == sorted([*EVERY_STEP, *groups, "val_loss"])
    for name in (*EVERY_STEP, *groups):
        assert list(found[name]) == [(1, step) for step in range(1, 7)]
    assert list(found["val_loss"]) == [(1, 0), (1, 3), (1, 6)]
    assert found["epoch"][1, 6] == 24 / 19
    run = show_run(store, "r")
    assert (run["status"], run["step"], run["total_steps"], run["stage"], run["branch"]) == ("finished", 6, 6, "sft", 1)
    assert [(item["step"], item["state"]) for item in run["checkpoints"]] == [(3, "stable"), (6, "stable")]
    assert run["checkpoints"][1]["data"] == {"update": 6, "val_loss": found["val_loss"][1, 6]}
    assert [(item["role"], item["rows"]) for item in run["datasets"]] == [("train", 19), ("validation", 5)]
    assert run["config"]["optim"]["lr"] == 5e-3
    assert run["provenance"]["data"][0]["path"] == str(data_file)
    batches = store.rows('SELECT step, "update", verdict, rows, losses FROM step_batch ORDER BY step')
    assert [(row["step"], row["update"], row["verdict"]) for row in batches] == [(n, n, "commit") for n in range(1, 7)]
    assert all(len(row["rows"]) == len(row["losses"]) == 4 for row in batches)
    assert sum(map(len, (row["rows"] for row in batches))) == 24
    samples = {row["row"]: row["id"] for row in store.rows("SELECT row, id FROM sample")}
    assert samples == {number: f"r{number}" for number in range(24)}


def test_the_model_learns_and_only_the_adapter_changes(config_for, store):
    config = config_for(train__steps=60, train__eval_every=60, checkpoint__every=60, optim__lr=3e-2)
    ended = start_run(config, store)
    loss = metrics(store)["val_loss"]
    assert loss[1, 60] < loss[1, 0] - 0.3
    (folder,) = sealed_folders(ended.folder / "checkpoints")
    names = set(load_file(folder / "adapter_model.safetensors"))
    assert names
    assert all("lora_" in name for name in names)
    assert not (folder / "model.safetensors").exists()


def test_a_checkpoint_of_an_adapter_is_no_folder_for_a_hub(config_for, store, monkeypatch):
    monkeypatch.setattr("peft.PeftModel.create_or_update_model_card", lambda *_: pytest.fail("a card was written"))
    start_run(config_for(train__steps=1), store)
    (folder,) = sealed_folders(store.root / "r" / "checkpoints")
    assert sorted(path.name for path in folder.iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors", "config.toml", "manifest.json", "optimizer.safetensors",
        "state.json",
    ]  # fmt: skip


def test_a_full_checkpoint_is_a_model_one_can_start_from(config_for, store):
    ended = start_run(config_for(train__method="full", run__name="base"), store)
    folder = sealed_folders(ended.folder / "checkpoints")[-1]
    again = start_run(config_for(model__path=str(folder), run__name="next", train__steps=1), store)
    assert again.outcome.state.step == 1
    assert metrics(store)["val_loss"][1, 0] < math.inf
    assert {row["run"] for row in list_runs(store)} == {"base", "next"}


def test_pretraining_learns_every_token_of_plain_text(config_for, store, tmp_path):
    path = tmp_path / "text.jsonl"
    path.write_text("".join(json.dumps({"text": f"{n} plus {n} is {2 * n}."}) + "\n" for n in range(20)))
    start_run(config_for(train__stage="pretrain", train__method="full", data__train=str(path)), store)
    assert show_run(store, "r")["stage"] == "pretrain"
    assert len(metrics(store)["loss"]) == 6


def test_two_runs_of_one_name_stand_side_by_side(config_for, store):
    names = [start_run(config_for(train__steps=1), store).name for _ in range(2)]
    assert names == ["r", "r-2"]


def test_rows_that_lose_their_answer_are_named_and_never_learned(config_for, store, data_file):
    rows = [json.loads(line) for line in data_file.read_text().splitlines()]
    rows[3]["output"] = "  "
    rows[5]["instruction"] = "Why? " * 200
    data_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    start_run(config_for(data__max_length=64, data__validation=0.0, train__steps=12), store)
    left_out, cut = events(store, "data")
    assert left_out == "2 of 24 rows of sums.jsonl are left out: no token of an answer is left in them (rows 3, 5)"
    assert cut.startswith("1 of 24 rows of sums.jsonl are longer than 64 tokens and are cut at their end; ")
    read = {row for batch in store.rows("SELECT rows FROM step_batch") for row in batch["rows"]}
    assert read == set(range(24)) - {3, 5}


def test_a_loss_that_is_not_a_number_is_recorded_and_never_stepped_on(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.step.Engine.measure", _poisoned(steps={2, 3}))
    ended = start_run(config_for(), store)
    assert (ended.outcome.state.step, ended.outcome.state.update) == (6, 4)
    losses = metrics(store)["loss"]
    assert [step for (_, step), value in losses.items() if math.isnan(value)] == [2, 3]
    verdicts = [row["verdict"] for row in store.rows("SELECT verdict FROM step_batch ORDER BY step")]
    assert verdicts == ["commit", "skip", "skip", "commit", "commit", "commit"]
    assert events(store, "spike") == ["step 2: not a number: the loss is nan, the step was not taken"]


def test_a_skipped_step_changes_neither_weights_nor_optimizer(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.step.Engine.measure", _poisoned(steps={3}))
    config = config_for(checkpoint__every=1, checkpoint__keep=9)
    ended = start_run(config, store)
    before, after, later = (sealed_folders(ended.folder / "checkpoints")[place] for place in (1, 2, 3))
    for name in ("adapter_model.safetensors", "optimizer.safetensors"):
        assert (before / name).read_bytes() == (after / name).read_bytes() != (later / name).read_bytes()


def test_a_run_that_takes_no_step_for_long_gives_up_in_words(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.step.Engine.measure", _poisoned(steps=set(range(5, 999))))
    with pytest.raises(TrainingError, match="stopped at step 24: for 20 steps in a row"):
        start_run(config_for(train__steps=100, train__eval_every=100, guard__mode="watch"), store)
    run = show_run(store, "r")
    assert run["status"] == "failed"
    assert run["error"].startswith("stopped at step 24: for 20 steps in a row")


def test_the_newest_few_and_the_best_checkpoints_are_kept(config_for, store, monkeypatch):
    losses = iter([9.0, 3.0, 1.0, 2.0, 4.0, 5.0, 6.0])
    monkeypatch.setattr("trainer.step.Engine.held_out", lambda *_, **__: (next(losses), {}))
    ended = start_run(config_for(checkpoint__every=1, checkpoint__keep=2, checkpoint__stable_after=1), store)
    assert [folder.name for folder in sealed_folders(ended.folder / "checkpoints")] == [
        "00000002-b1", "00000005-b1", "00000006-b1",
    ]  # fmt: skip
    states = store.rows("SELECT step, state FROM checkpoint ORDER BY step")
    assert [(row["step"], row["state"]) for row in states] == [
        (1, "deleted"), (2, "stable"), (3, "deleted"), (4, "deleted"), (5, "stable"), (6, "stable"),
    ]  # fmt: skip


def test_a_checkpoint_that_something_holds_is_kept(config_for, store):
    pin(store, "r/checkpoints/00000001-b1", target_kind="checkpoint", run_id=1, holder="v1", holder_kind="release")
    ended = start_run(config_for(checkpoint__every=1, checkpoint__keep=1, data__validation=0.0), store)
    assert [folder.name for folder in sealed_folders(ended.folder / "checkpoints")] == ["00000001-b1", "00000006-b1"]


def test_a_disk_that_refuses_a_checkpoint_does_not_end_the_run(config_for, store, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.checkpoint.save_file", full)
    ended = start_run(config_for(), store)
    assert ended.outcome.state.step == 6
    assert sealed_folders(ended.folder / "checkpoints") == []
    assert events(store, "checkpoint") == [
        "no checkpoint could be written at step 3: No space left on device",
        "no checkpoint could be written at step 6: No space left on device",
    ]


@pytest.mark.parametrize("harm", ["removed", "garbage", "a folder"])
def test_a_run_goes_on_whatever_becomes_of_the_store(config_for, store, harm):
    store.path.unlink()
    if harm == "garbage":
        store.path.write_bytes(b"no database" * 1000)
    if harm == "a folder":
        store.path.mkdir()
    ended = start_run(config_for(), store)
    assert ended.outcome.state.step == 6
    assert [verify(folder)["step"] for folder in sealed_folders(ended.folder / "checkpoints")] == [3, 6]
    if harm != "removed":
        store.path.rmdir() if harm == "a folder" else store.path.unlink()
    load_spools(store)
    assert len(metrics(store)["loss"]) == 6


def test_a_run_goes_on_while_someone_holds_the_store(config_for, store):
    started, let_go = threading.Event(), threading.Event()

    def keep_everyone_out():
        with store.exclusive():
            started.set()
            let_go.wait(60)

    holder = threading.Thread(target=keep_everyone_out)
    holder.start()
    started.wait(60)
    config = config_for(checkpoint__every=1, checkpoint__keep=1, data__validation=0.0)

    def let_go_at_the_end():
        spool = store.root / "r" / "spool"
        while not any('"s":6,' in path.read_text() for path in spool.glob("*.jsonl")):
            time.sleep(0.01)
        let_go.set()

    threading.Thread(target=let_go_at_the_end, daemon=True).start()
    ended = start_run(config, store)
    holder.join()
    assert len(metrics(store)["loss"]) == ended.outcome.state.step == 6


def test_equal_seeds_give_equal_weights_and_others_do_not(config_for, store):
    def weights(seed, name):
        ended = start_run(config_for(train__seed=seed, run__name=name), store)
        return load_file(sealed_folders(ended.folder / "checkpoints")[-1] / "adapter_model.safetensors")

    one, two, other = weights(1, "one"), weights(1, "two"), weights(2, "other")
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_the_manifest_says_what_is_needed_to_go_on_and_to_judge(config_for, store):
    config = config_for()
    ended = start_run(config, store)
    last = sealed_folders(ended.folder / "checkpoints")[-1]
    manifest = verify(last)
    assert manifest["cursor"] == {"step": 6, "short": [], "samples": 19, "batch_size": 4, "seed": 0, "shares": {}}
    assert (manifest["step"], manifest["branch"], manifest["parent"]) == (6, 1, "r/checkpoints/00000003-b1")
    assert manifest["base"]["sha256"] == prepare(config).base_sha256
    assert manifest["versions"]["torch"] == torch.__version__
    assert set(manifest["files"]) == {
        "adapter_config.json", "adapter_model.safetensors", "config.toml", "optimizer.safetensors", "state.json",
    }  # fmt: skip


def _poisoned(steps):
    """The real measurement, whose result is not a number at some steps."""
    measure = Engine.measure

    count = iter(range(1, 1000))

    def measure_or_not(*arguments, **options):
        found = measure(*arguments, **options)
        return found._replace(loss=math.nan) if next(count) in steps else found

    return measure_or_not


def test_no_sample_is_longer_than_what_the_model_was_made_for(config_for, store):
    config = config_for(data__max_length=99999)
    assert prepare(config).config.data.max_length == 512
    start_run(config, store)
    assert show_run(store, "r")["config"]["data"]["max_length"] == 512
