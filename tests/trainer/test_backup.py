"""A store put back elsewhere goes on: runs find the base and the data that came along, bit for bit."""

import json
import shutil

import pytest

from store.artifacts import sealed_folders
from store.backup import back_up
from store.check import check_store
from store.database import Store
from store.restore import restore
from tests.store.people import COMMAND
from tests.trainer.seen import learned
from trainer.asked import find_asked, load_asked
from trainer.config_file import config_from
from trainer.errors import ResumeError
from trainer.origin import find_origin, forked_config, stage_tables
from trainer.session import fork_run, resume_run, start_run
from trainer.step import Engine


def last_checkpoint(ended):
    return sealed_folders(ended.folder / "checkpoints")[-1]


@pytest.fixture
def elsewhere(config_for, data_file, store, tmp_path, monkeypatch):
    """Makes a store whose run `r` died in step 5, on a base and data of the store's own; backs it up, restores it and
    removes it. Returns the new store, and what the run would have come to.
    """

    def make(which):
        data = store.root / "material" / "sums.jsonl"
        data.parent.mkdir()
        shutil.copy(data_file, data)
        base = start_run(config_for(run__name="base", train__method="full", data__train=str(data)), store)
        named = {"model__path": str(last_checkpoint(base)), "data__train": str(data), "lora__dropout": 0.2}
        whole = learned(last_checkpoint(start_run(config_for(run__name="whole", **named), store)))
        with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="the power failed"):
            patch.setattr("trainer.step.Engine.measure", dying_at(5))
            start_run(config_for(**named), store)
        back_up(store, COMMAND, tmp_path / "copy", which)
        shutil.rmtree(store.root)
        fresh = Store.at(tmp_path / "new" / "runs" / "assay.duckdb")
        restore(tmp_path / "copy", fresh, COMMAND)
        assert not store.root.exists()
        return fresh, whole

    return make


def dying_at(step):
    """A step's measuring that fails the so-and-so-manieth time."""
    measure, count = Engine.measure, iter(range(1, 1000))

    def dying(*arguments, **options):
        if next(count) == step:
            raise RuntimeError("the power failed")
        return measure(*arguments, **options)

    return dying


def test_a_resumed_run_in_a_restored_store_is_bit_equal_to_one_never_interrupted(elsewhere):
    fresh, whole = elsewhere("all")
    ended = resume_run("r", (), fresh)
    assert learned(last_checkpoint(ended)) == whole
    assert all(check.ok for check in check_store(fresh))
    # What it writes down from now on names the new place.
    assert str(fresh.root / "base" / "checkpoints") in (ended.folder / "config.toml").read_text()
    assert json.loads(fresh.rows("SELECT config FROM run WHERE name = 'r'")[0]["config"])["data"]["train"] == str(
        fresh.root / "material" / "sums.jsonl"
    )


def test_runs_begin_and_models_are_asked_from_what_came_along(elsewhere):
    fresh, whole = elsewhere("all")
    origin = find_origin("r@3", fresh)
    assert learned(last_checkpoint(fork_run(forked_config(origin, ()), origin, fresh))) == whole
    stage = stage_tables(origin, {"data": {"train": str(fresh.root / "material" / "sums.jsonl")}})
    assert config_from(stage).model.path == str(fresh.root / "base" / "checkpoints" / "00000006-b1")
    asked = find_asked("r@3", fresh)
    assert asked.config.path == config_from(stage).model.path
    load_asked(asked)


def test_a_run_whose_checkpoints_were_left_out_says_so_and_its_base_is_there(elsewhere):
    fresh, _ = elsewhere("pinned")
    with pytest.raises(ResumeError, match="run r cannot go on: it has no sealed checkpoint"):
        resume_run("r", (), fresh)
    kept = fresh.rows("SELECT path FROM checkpoint WHERE state <> 'deleted'")
    assert kept == [{"path": "base/checkpoints/00000006-b1"}]
    assert all(check.ok for check in check_store(fresh))
