"""Whatever is wrong with the recording, the host trains on; a person reads one clear sentence."""

import pytest
from transformers import Trainer

from assay.errors import AssayError
from assay.holding import RunLock
from tests.trainer.adapters.hosts import Seen, are_equal, recorded, shown, weights
from trainer.adapters import AssayCallback


@pytest.fixture
def plain(make):
    trainer = make(Trainer, output="plain")
    trainer.train()
    return weights(trainer)


def lines(capfd):
    return [line for line in capfd.readouterr().err.splitlines() if line.startswith("assay: ")]


def test_a_second_run_of_a_name_gets_another_and_says_so(make, store, capfd):
    for output in ("a", "b"):
        make(Seen, recorded(store), output=output, max_steps=2).train()
    assert lines(capfd) == [f"assay: there is a run r in {store.root} already; this one is called r-2"]
    assert (shown(store)["step"], shown(store, "r-2")["step"]) == (2, 2)


@pytest.mark.parametrize("kind", [Seen, Trainer])
def test_a_store_that_cannot_be_written_leaves_the_host_alone(make, plain, tmp_path, capfd, kind):
    (tmp_path / "file").write_text("no folder")
    trainer = make(kind, AssayCallback("r", store=str(tmp_path / "file" / "runs")))
    trainer.train()
    (line,) = lines(capfd)
    assert line.endswith("; this training goes on without being recorded or guarded")
    assert str(tmp_path / "file") in line
    assert are_equal(plain, weights(trainer))


def test_a_name_that_cannot_be_a_runs_is_said_and_the_host_trains(make, plain, store, capfd):
    trainer = make(Seen, recorded(store, "a/b"))
    trainer.train()
    (line,) = lines(capfd)
    assert line.startswith("assay: 'a/b' cannot be a run's name")
    assert are_equal(plain, weights(trainer))


@pytest.mark.parametrize(("output", "name"), [("sft: one?", "sft- one"), ("微调\u3000一", "微调-一")])
def test_without_a_name_the_run_is_called_like_the_output_folder(make, store, output, name):
    make(Seen, recorded(store, None), output=output, max_steps=2).train()
    assert shown(store, name)["step"] == 2


def test_a_host_that_logs_nothing_is_told_that_there_is_nothing_to_see(make, store, capfd):
    make(Trainer, recorded(store), logging_strategy="no", max_steps=2).train()
    make(Seen, recorded(store, "seen"), logging_strategy="no", max_steps=2, output="seen").train()
    assert capfd.readouterr().err.count("the host logs nothing (logging_strategy is no), so no step is recorded") == 1
    assert "warning" in [item["level"] for item in shown(store)["events"] if item["kind"] == "host"]
    assert shown(store, "seen")["step"] == 2


@pytest.mark.parametrize(
    "part", ["seen.Seen.look", *(f"hosted.Hosted.{part}" for part in ("step", "logged", "saved", "settle"))]
)
def test_a_fault_of_ours_ends_the_recording_and_not_the_host(make, plain, store, monkeypatch, capfd, part):
    def broken(*_, **__):
        raise KeyError("ours")

    monkeypatch.setattr(f"trainer.adapters.{part}", broken)
    trainer = make(Seen, recorded(store))
    trainer.train()
    assert lines(capfd)[0] == "assay: recording stopped: KeyError: 'ours'; the training goes on"
    assert are_equal(plain, weights(trainer))
    run = shown(store)
    assert (run["status"], run["error"]) == ("failed", "recording stopped: KeyError: 'ours'")


def test_a_checkpoint_that_cannot_be_sealed_is_told(make, store, monkeypatch, capfd):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.adapters.holding._take", full)
    make(Seen, recorded(store), max_steps=4).train()
    run = shown(store)
    assert (run["status"], run["checkpoints"]) == ("finished", [])
    assert "the checkpoint at step 4 could not be sealed: No space left on device" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "atc"}, "AssayCallback: mode is 'atc'; it must be 'watch' or 'act'"),
        ({"keep": 0}, "AssayCallback: keep is 0; it must be a number from 1 up"),
        ({"rollbacks": -1}, "AssayCallback: rollbacks is -1; it must be a number from 0 up"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_before_anything_trains(options, said):
    with pytest.raises(AssayError) as error:
        AssayCallback(**options)
    assert str(error.value) == said


def test_to_act_without_the_mixin_is_told_and_it_watches(make, store, capfd):
    make(Trainer, recorded(store, mode="act"), max_steps=3).train()
    assert lines(capfd) == [
        "assay: the guard only watches: to act it needs AssayMixin among the classes of the trainer"
    ]
    assert shown(store)["config"]["guard"]["mode"] == "watch"


def test_to_act_without_optimizer_states_is_told_and_it_watches(make, store, capfd):
    make(Seen, recorded(store, mode="act"), max_steps=3, save_only_model=True).train()
    assert lines(capfd) == [
        "assay: the guard only watches: save_only_model leaves nothing in a checkpoint that a run could go on from"
    ]


def test_a_run_that_another_process_records_is_left_to_it(make, plain, store, tmp_path, capfd):
    make(Seen, recorded(store), output="a", save_steps=4).train()
    lock = RunLock(store.root / "r")
    trainer = make(Seen, recorded(store), output="a")
    try:
        trainer.train(resume_from_checkpoint=str(tmp_path / "a" / "checkpoint-4"))
    finally:
        lock.release()
    (line,) = lines(capfd)
    assert "is being recorded by another process" in line
    assert are_equal(plain, weights(trainer))


def test_a_data_file_of_other_rows_is_said_and_not_shown(make, store, tmp_path, capfd):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "one"}\n')
    make(Seen, recorded(store, data=str(rows)), max_steps=2).train()
    assert lines(capfd) == [
        f"assay: {rows} has 1 rows and the training dataset 64: they are not the same, and not shown"
    ]
    assert shown(store)["datasets"] == []


def test_a_data_file_that_is_not_there_is_said(make, store, tmp_path, capfd):
    make(Seen, recorded(store, data=str(tmp_path / "none.jsonl")), max_steps=2).train()
    (line,) = lines(capfd)
    assert line.endswith("; the rows of this run are recorded without their texts")
    assert shown(store)["status"] == "finished"


def test_a_beginning_that_fails_leaves_the_host_alone_and_ends_the_run(make, plain, store, monkeypatch, capfd):
    def broken(*_, **__):
        raise KeyError("ours")

    monkeypatch.setattr("trainer.adapters.opening.config_of", broken)
    trainer = make(Seen, recorded(store))
    trainer.train()
    assert len(lines(capfd)) == 1
    assert are_equal(plain, weights(trainer))
    assert shown(store)["error"] == "recording could not begin"
