"""A run that was ended goes on as if it never had been."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest
import torch

from assay.recording import Run
from store.artifacts import sealed_folders, verify
from store.errors import StoreError
from store.loading import load_spools
from store.runs import show_run
from tests.trainer.seen import batches, events, metric, said
from tests.trainer.started import start
from trainer.checkpoint import save_checkpoint
from trainer.config_file import to_toml
from trainer.errors import ConfigError, ResumeError
from trainer.job import prepare
from trainer.resume import find_resume_point
from trainer.session import resume_run, start_run
from trainer.state import TrainState
from trainer.step import Engine

LEARNED = ("adapter_model.safetensors", "optimizer.safetensors", "state.json")


def last_checkpoint(ended):
    return sealed_folders(ended.folder / "checkpoints")[-1]


def learned(folder):
    return {name: (folder / name).read_bytes() for name in LEARNED}


def losses(store, run, *, active=True):
    path = "JOIN active_path p USING (run_id, branch)" if active else ""
    within = "AND m.step BETWEEN p.first_step AND p.last_step" if active else ""
    rows = store.rows(
        f"SELECT m.step, m.value FROM metric m JOIN metric_name n ON n.id = m.metric_id "
        f"JOIN run r ON r.id = m.run_id {path} WHERE n.name = 'loss' AND r.name = $run {within} ORDER BY m.step",
        {"run": run},
    )
    return [(row["step"], row["value"]) for row in rows]


@pytest.fixture
def interrupted(config_for, store, monkeypatch):
    """A run that dies in its fifth step, with a checkpoint after the third; and the whole one."""

    def make(dies_at=5, **settings):
        measure = Engine.measure

        whole = start_run(config_for(run__name="whole", lora__dropout=0.2, **settings), store)
        count = iter(range(1, 1000))

        def dying(*arguments, **options):
            if next(count) == dies_at:
                raise RuntimeError("the power failed")
            return measure(*arguments, **options)

        with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="the power failed"):
            patch.setattr("trainer.step.Engine.measure", dying)
            start_run(config_for(lora__dropout=0.2, **settings), store)
        return whole

    return make


def test_a_resumed_run_is_bit_equal_to_one_never_interrupted(interrupted, store):
    whole = interrupted()
    assert show_run(store, "r")["status"] == "failed"
    ended = resume_run("r", (), store)
    assert learned(last_checkpoint(ended)) == learned(last_checkpoint(whole))
    assert losses(store, "r") == losses(store, "whole")
    run = show_run(store, "r")
    assert (run["status"], run["error"], run["step"], run["branch"]) == ("finished", None, 6, 2)
    assert [(item["branch"], item["parent"], item["fork_step"], item["reason"]) for item in run["branches"]] == [
        (1, None, -1, "start"), (2, 1, 3, "resume"),
    ]  # fmt: skip
    assert [step for step, _ in losses(store, "r", active=False)] == [1, 2, 3, 4, 4, 5, 6]


def test_a_full_run_with_accumulation_is_bit_equal_too(interrupted, store):
    whole = interrupted(train__method="full", train__micro_batch=3)
    ended = resume_run("r", (), store)
    for name in ("model.safetensors", "optimizer.safetensors"):
        assert (last_checkpoint(ended) / name).read_bytes() == (last_checkpoint(whole) / name).read_bytes()


def test_no_branch_is_opened_where_nothing_was_recorded_beyond_the_checkpoint(interrupted, store):
    whole = interrupted(dies_at=4)
    ended = resume_run("r", (), store)
    assert [item["branch"] for item in show_run(store, "r")["branches"]] == [1]
    assert learned(last_checkpoint(ended)) == learned(last_checkpoint(whole))


def test_a_run_that_dies_twice_comes_to_the_same_end(interrupted, store, monkeypatch):
    whole = interrupted()
    measure = Engine.measure

    count = iter(range(4, 1000))

    def dying(*arguments, **options):
        if next(count) == 6:
            raise RuntimeError("again")
        return measure(*arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="again"):
        patch.setattr("trainer.step.Engine.measure", dying)
        resume_run("r", (), store)
    ended = resume_run("r", (), store)
    assert learned(last_checkpoint(ended)) == learned(last_checkpoint(whole))
    assert losses(store, "r") == losses(store, "whole")
    branches = show_run(store, "r")["branches"]
    assert [(item["branch"], item["parent"], item["fork_step"]) for item in branches] == [
        (1, None, -1), (2, 1, 3), (3, 2, 3),
    ]  # fmt: skip


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_flipped_bit_is_refused_by_name_and_the_checkpoint_before_it_is_taken(interrupted, store):
    whole = interrupted(checkpoint__every=2)
    first, second = sealed_folders(store.root / "r" / "checkpoints")
    flip_a_bit(second / "adapter_model.safetensors")
    ended = resume_run("r", (), store)
    assert learned(last_checkpoint(ended)) == learned(last_checkpoint(whole))
    run = show_run(store, "r")
    assert [item["fork_step"] for item in run["branches"]] == [-1, 2]
    alarms = [item["message"] for item in run["events"] if item["level"] == "alarm" and item["kind"] == "checkpoint"]
    assert alarms == [
        f"{second / 'adapter_model.safetensors'} is damaged: its SHA-256 is not the sealed one; the folder is not used"
    ]
    assert first.exists()


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"])
def test_a_run_without_a_whole_checkpoint_cannot_go_on_and_is_left_as_it_is(interrupted, store, name):
    interrupted()
    (only,) = sealed_folders(store.root / "r" / "checkpoints")
    flip_a_bit(only / name)
    spools = sorted((store.root / "r" / "spool").iterdir())
    with pytest.raises(ResumeError, match="run r cannot go on, no checkpoint of it is whole: ") as caught:
        resume_run("r", (), store)
    assert str(only / name) in str(caught.value)
    assert sorted((store.root / "r" / "spool").iterdir()) == spools


def test_a_run_without_checkpoints_cannot_go_on(interrupted, store):
    interrupted(dies_at=2)
    with pytest.raises(ResumeError, match="run r cannot go on: it has no sealed checkpoint"):
        resume_run("r", (), store)


def test_a_run_at_its_end_says_how_to_give_it_more_and_takes_it(config_for, store):
    start_run(config_for(), store)
    with pytest.raises(ResumeError, match=r"at its end \(step 6 of 6\); give it more with --set train.steps=12"):
        resume_run("r", (), store)
    ended = resume_run("r", ("train.steps=8",), store)
    assert ended.outcome.state.step == 8
    assert show_run(store, "r")["total_steps"] == 8
    with pytest.raises(ResumeError, match=r"at its end \(step 8 of 8\)"):
        resume_run("r", (), store)


def test_a_run_that_is_given_more_epochs_reads_every_row_as_often(config_for, store):
    config = config_for(lora__dropout=0.2, checkpoint__every=1, checkpoint__keep=99)
    start_run(replace(config, train=replace(config.train, steps=None)), store)
    read = [Counter(place for batch in batches(store) for place in batch["rows"])]
    for epochs in (2, 3):
        resume_run("r", (f"train.epochs={epochs}",), store)
        read.append(Counter(place for batch in batches(store) for place in batch["rows"]))
    assert [set(counts.values()) for counts in read] == [{1}, {2}, {3}]
    assert [len(batch["rows"]) for batch in batches(store)] == 3 * [4, 4, 4, 4, 3]
    assert metric(store, "epoch")[1, 15] == 3.0
    resume_run("r@12", (), store)
    (proof,) = events(store, "replay")
    assert proof["message"] == "steps 13 to 15, done again, came to the same numbers, bit for bit"


def test_a_run_stopped_before_its_first_step_begins_once(config_for, store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("trainer.requests.Wishes.stopped_by", "lin")
        assert start_run(config_for(), store).outcome.state.step == 0
    whole = start_run(config_for(run__name="whole"), store)
    ended = resume_run("r", (), store)
    assert learned(last_checkpoint(ended)) == learned(last_checkpoint(whole))
    run = show_run(store, "r")
    assert [item["branch"] for item in run["branches"]] == [1]
    assert len(run["datasets"]) == 2


def test_changed_data_or_model_or_order_is_refused(interrupted, config_for, store, data_file, tmp_path):
    interrupted()
    rows = data_file.read_bytes()
    data_file.write_bytes(rows.replace(b"It is 6.", b"It is 7."))
    with pytest.raises(ResumeError, match=r"sums\.jsonl has changed since the run began"):
        resume_run("r", (), store)
    data_file.write_bytes(rows)
    text = (store.root / "r" / "config.toml").read_text()
    (store.root / "r" / "config.toml").write_text(text.replace("batch_size = 4", "batch_size = 5"))
    with pytest.raises(ResumeError, match=r"the order of the data .*batch_size was 4 and is 5"):
        resume_run("r", (), store)
    (store.root / "r" / "config.toml").write_text(text)
    assert resume_run("r", (), store).outcome.state.step == 6


def test_what_would_make_it_another_run_cannot_be_set(interrupted, store):
    interrupted()
    with pytest.raises(ConfigError, match=r"^optim\.lr was 0\.005 and is 0\.001, and run r goes on as it began; "):
        resume_run("r", ("optim.lr=1e-3",), store)


def test_a_run_of_another_program_cannot_be_trained_on(store):
    folder = store.root / "script"
    folder.mkdir()
    Run(folder).finish()
    with pytest.raises(ResumeError, match="`assay train` did not start it"):
        resume_run("script", (), store)


def test_two_processes_cannot_train_one_run(interrupted, store):
    interrupted()
    holder = (
        "import portalocker, sys, time; "
        "lock = portalocker.Lock(sys.argv[1], 'a', flags=portalocker.LockFlags.EXCLUSIVE); lock.acquire(); "
        "print('held', flush=True); time.sleep(60)"
    )
    place = str(store.root / "r" / ".training")
    with subprocess.Popen([sys.executable, "-c", holder, place], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        with pytest.raises(StoreError, match="run r is being trained by another process"):
            resume_run("r", (), store)
        process.kill()


def test_a_checkpoint_sealed_but_never_announced_is_found_and_told(interrupted, store):
    whole = interrupted()
    (spool,) = (store.root / "r" / "spool").iterdir()
    lines = [line for line in spool.read_text().splitlines(keepends=True) if json.loads(line)["k"] != "checkpoint"]
    spool.write_text("".join(lines))
    store.path.unlink()
    ended = resume_run("r", (), store)
    assert learned(last_checkpoint(ended)) == learned(last_checkpoint(whole))
    assert [(item["step"], item["branch"]) for item in show_run(store, "r")["checkpoints"]] == [(3, 1), (6, 2)]


@pytest.fixture
def never_recorded(interrupted, store):
    """A run killed once step 4 was sealed and before it was recorded; the whole one, and that checkpoint."""

    def make(**settings):
        whole = interrupted(checkpoint__every=1, checkpoint__keep=9, **settings)
        (spool,) = (store.root / "r" / "spool").iterdir()
        lines = [json.loads(line) for line in spool.read_text().splitlines()]
        kept = [line for line in lines if not (line["k"] in ("step", "checkpoint") and line["s"] >= 4)]
        spool.write_text("".join(json.dumps(line) + "\n" for line in kept))
        store.path.unlink()
        return whole, store.root / "r" / "checkpoints" / "00000004-b1"

    return make


def told_of(store, folder):
    """What the spools say of a checkpoint: its states and digests, in order."""
    spools = sorted((store.root / "r" / "spool").iterdir())
    lines = [json.loads(line) for path in spools for line in path.read_text().splitlines()]
    return [(line["state"], line["sha256"]) for line in lines if line["k"] == "checkpoint" and folder in line["path"]]


def test_a_checkpoint_whose_step_was_never_recorded_is_not_used(never_recorded, store):
    never_recorded()
    assert find_resume_point(store.root / "r").step == 3


def test_a_damaged_checkpoint_of_a_step_never_recorded_is_written_anew_with_its_step(never_recorded, store):
    whole, fourth = never_recorded()
    flip_a_bit(fourth / "optimizer.safetensors")
    ended = resume_run("r", (), store)
    assert learned(last_checkpoint(ended)) == learned(last_checkpoint(whole))
    assert learned(fourth) == learned(whole.folder / "checkpoints" / fourth.name)
    assert verify(fourth, told_of(store, fourth.name)[0][1])["step"] == 4
    assert [sentence for sentence in said(store, "checkpoint") if not sentence.startswith("checkpoint at step")] == [
        "00000004-b1 was sealed, but the run was killed before its step was recorded; that is done again"
    ]
    assert sorted(path.name for path in fourth.parent.iterdir()) == [f"{step:08d}-b1" for step in range(1, 7)]


def test_what_was_sealed_in_another_way_than_the_run_goes_on_is_never_taken_for_its_own(never_recorded, store):
    _, fourth = never_recorded(train__eval_every=99)
    stale = learned(fourth)
    resume_run("r", ("train.steps=8", "checkpoint.every=99"), store)
    assert not fourth.exists()
    assert told_of(store, fourth.name) == []
    resume_run("r@3", ("checkpoint.every=1",), store)
    again = fourth.with_name("00000004-b2")
    assert learned(again)["adapter_model.safetensors"] != stale["adapter_model.safetensors"]
    resume_run("r@4", (), store)
    assert said(store, "replay")[-1] == "steps 5 to 8, done again, came to the same numbers, bit for bit"


def test_the_mirror_keeps_no_checkpoint_of_a_step_never_recorded(never_recorded, store, tmp_path):
    mirror = tmp_path / "mirror"
    _, fourth = never_recorded(checkpoint__mirror=str(mirror))
    resume_run("r", ("train.steps=8",), store)
    for name in ("00000004-b1", "00000005-b1"):
        copy = mirror / "r" / "checkpoints" / name
        assert verify(copy) == verify(fourth.with_name(name))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_checkpoint_that_is_there_is_taken_only_where_it_holds_this_very_state(config_for, tmp_path, method):
    folder = tmp_path / "runs" / "r"
    folder.mkdir(parents=True)
    job, state = prepare(config_for(train__method=method)), TrainState(step=3, update=3, tokens=90)
    with Run(folder) as run:
        place, _, is_new = save_checkpoint(job, state, run, branch=1, parent=None)
        assert is_new
        before = place.stat().st_ino
        assert not save_checkpoint(job, state, run, branch=1, parent=None)[2]
        assert place.stat().st_ino == before
        with torch.no_grad():
            next(item for item in job.model.parameters() if item.requires_grad).add_(1)
        save_checkpoint(job, state, run, branch=1, parent=None)
        assert place.stat().st_ino != before
        anew = verify(place)
        flip_a_bit(place / "optimizer.safetensors") if job.optimizer.state else flip_a_bit(place / "state.json")
        save_checkpoint(job, state, run, branch=1, parent=None)
        assert verify(place) == anew
        assert save_checkpoint(job, replace(state, tokens=91), run, branch=1, parent=None)[1] != anew


def test_what_a_killed_writer_left_is_cleared_away(interrupted, store):
    interrupted()
    rubbish = store.root / "r" / "checkpoints" / ".tmp-00000004-b1-1234"
    rubbish.mkdir()
    (rubbish / "weights").touch()
    resume_run("r", (), store)
    assert not rubbish.exists()


def test_a_killed_run_comes_to_the_same_bits_as_one_never_killed(config_for, store, tmp_path, assay):
    settings = {"lora__dropout": 0.2, "train__steps": 150, "train__eval_every": 50, "checkpoint__every": 7}
    whole = start_run(config_for(run__name="whole", **settings), store)
    job = tmp_path / "job.toml"
    job.write_text(to_toml(config_for(run__name="killed", **settings)))
    with start("train", job, "--store", store.path) as process:
        _wait_for(lambda: sealed_folders(store.root / "killed" / "checkpoints"))
        time.sleep(random.Random(time.time_ns()).random())
        process.send_signal(signal.SIGKILL)
    load_spools(store)
    assert show_run(store, "killed")["step"] < 150
    result = assay("train", "--resume", "killed", "--store", store.path)
    assert (result.returncode, result.stderr.count("Traceback")) == (0, 0)
    ended = store.root / "killed" / "checkpoints"
    assert learned(sealed_folders(ended)[-1]) == learned(last_checkpoint(whole))
    assert losses(store, "killed") == losses(store, "whole")
    assert show_run(store, "killed")["status"] == "finished"


def _wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")
