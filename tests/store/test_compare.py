"""Runs side by side, in values and on the command line."""

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

import assay
from store.commands.runs import runs
from store.compare import compare_runs, flat
from store.database import Statement, Store
from store.errors import StoreError
from store.loading import load_spools


def checkpoint(run, step: int, branch: int, state: str) -> None:
    path = f"{run.folder.name}/checkpoints/{step}-b{branch}"
    run.record("checkpoint", s=step, b=branch, state=state, path=path, sha256=None, bytes=1, data={})


@pytest.fixture
def three(root: Path) -> Store:
    """A run rolled back, one that failed, one that has logged nothing."""
    config = {"train": {"lr": 1e-4, "batch": 8, "bf16": True}, "seed": 1}
    with assay.run("a", store=root, config=config, total_steps=10) as run:
        for step in range(1, 8):
            run.log(step, loss=1 / step, val_loss=abs(step - 4) + 0.5, accuracy=step / 10)
        for step, state in ((2, "stable"), (4, "deleted"), (5, "stable"), (6, "stable")):
            checkpoint(run, step, 1, state)
        run.fork(5, "rollback")
        run.log(6, {"loss": 0.25, "val_loss": 0.75})
        checkpoint(run, 6, 2, "suspect")
        run.log(7, {"loss": math.nan})
    with pytest.raises(RuntimeError), assay.run("b", store=root, config={**config, "train": {"lr": 2e-4}}) as run:
        run.facts(stage="sft", parent="a/1@5")
        run.log(1, {"loss": 2.0, "val_loss": math.inf})
        raise RuntimeError("CUDA out of memory")
    assay.run("c", store=root, config={**config, "train": {"lr": 1e-4, "batch": 8, "bf16": 1}}).finish()
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def test_each_run_has_its_outcome_on_the_active_path(three):
    found = {row.pop("run"): row for row in compare_runs(three, ["a", "b", "c"]).runs}
    assert list(found) == ["a", "b", "c"]
    seconds = {name: row.pop("seconds") for name, row in found.items()}
    assert all(0 <= value < 60 for value in seconds.values())
    loss = found["a"].pop("loss")
    assert math.isnan(loss)
    # Step 4 was lowest, but has no checkpoint left; 6 of the first branch was abandoned, that of the second is
    # one after a spike.
    assert found["a"] == {
        "status": "finished", "step": 7, "total_steps": 10, "val_loss": 0.5, "val_step": 4, "best_step": 5,
        "error": None,
    }  # fmt: skip
    assert found["b"] == {
        "status": "failed", "step": 1, "total_steps": None, "loss": 2.0, "val_loss": None, "val_step": None,
        "best_step": None, "error": "RuntimeError: CUDA out of memory",
    }  # fmt: skip
    assert found["c"]["step"] is None


def test_only_what_differs_is_listed(three):
    assert compare_runs(three, ["a", "b"]).differs == {
        "parent": {"a": None, "b": "a/1@5"},
        "stage": {"a": None, "b": "sft"},
        "total_steps": {"a": 10, "b": None},
        "train.batch": {"a": 8, "b": None},
        "train.bf16": {"a": True, "b": None},
        "train.lr": {"a": 1e-4, "b": 2e-4},
    }


def test_true_is_not_1_but_1_is_1_point_0(three):
    assert compare_runs(three, ["a", "c"]).differs["train.bf16"] == {"a": True, "c": 1}
    three.transaction(lambda tx: tx.execute("""UPDATE run SET config = '{"x": 1.0}' WHERE name = 'a'"""))
    three.transaction(lambda tx: tx.execute("""UPDATE run SET config = '{"x": 1}' WHERE name = 'c'"""))
    assert list(compare_runs(three, ["a", "c"]).differs) == ["total_steps"]
    for name, config in (("a", '{"x": [1], "y": [{"z": 1}]}'), ("c", '{"x": [true], "y": [{"z": 1}]}')):
        three.transact(
            [Statement("UPDATE run SET config = $config WHERE name = $name", {"config": config, "name": name})]
        )
    assert list(compare_runs(three, ["a", "c"]).differs) == ["total_steps", "x"]


def test_metrics_that_were_named_are_compared(three):
    found = compare_runs(three, ["b", "a"], ["accuracy", "val_loss"]).metrics
    assert list(found) == ["accuracy", "val_loss"]
    # Steps 6 and 7 of the first branch are no longer part of the run.
    assert found["accuracy"] == {"b": None, "a": {"step": 5, "last": 0.5, "lowest": 0.1, "lowest_step": 1}}
    assert found["val_loss"]["a"] == {"step": 6, "last": 0.75, "lowest": 0.5, "lowest_step": 4}
    assert found["val_loss"]["b"] == {"step": 1, "last": math.inf, "lowest": None, "lowest_step": None}


@pytest.mark.parametrize("names", [[], ["a"], ["a", "a"]])
def test_fewer_than_two_runs_is_one_sentence(three, names):
    with pytest.raises(StoreError, match="comparing takes two runs or more"):
        compare_runs(three, names)


def test_a_metric_that_none_has_is_one_sentence_with_the_nearest_name(three):
    with pytest.raises(StoreError, match="none of these runs has logged acuracy; did you mean accuracy"):
        compare_runs(three, ["a", "b"], ["acuracy"])
    with pytest.raises(StoreError, match="did you mean accuracy or loss or val_loss"):
        compare_runs(three, ["a", "b"], ["xyz"])


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ({}, {}),
        ({"a": {"b": {"c": 1}}, "d": None}, {"a.b.c": 1, "d": None}),
        ({"a": {}, "b": []}, {"a": {}, "b": []}),
        (["x"], {"config": ["x"]}),
    ],
)
def test_a_configuration_is_flat_by_dotted_keys(config, keys):
    assert flat(config) == keys


def invoke(store: Store, *arguments: str):
    return CliRunner().invoke(runs, ["compare", *arguments, "--store", str(store.path)])


def test_the_command_prints_one_document(three):
    result = invoke(three, "a", "c", "--metric", "accuracy", "--json")
    found = json.loads(result.stdout)
    assert list(found) == ["runs", "differs", "metrics", "scores", "forgetting", "cost"]
    assert [(row["run"], row["loss"], row["best_step"]) for row in found["runs"]] == [("a", None, 5), ("c", None, None)]
    assert found["runs"][0]["nonfinite"] == "nan"
    assert found["differs"]["train.bf16"] == {"a": True, "c": 1}
    assert found["metrics"]["accuracy"]["a"]["last"] == 0.5
    assert (result.exit_code, result.stderr) == (0, "")


def test_for_people_it_is_a_column_a_run(three):
    said = " ".join(invoke(three, "a", "b", "--metric", "accuracy").stdout.split())
    assert "outcome a b status finished failed: RuntimeError: CUDA out of memory steps 7 of 10 1" in said
    assert "lowest val loss 0.5 @4 best checkpoint @5" in said
    assert "metric a b accuracy 0.5, lowest 0.1 @1" in said
    assert "train.lr 0.0001 0.0002" in said


def test_runs_with_the_same_configuration_are_said_to_have_it(three):
    three.transaction(lambda tx: tx.execute("UPDATE run SET config = NULL, total_steps = NULL"))
    assert "their configurations are the same" in invoke(three, "a", "c").stdout


@pytest.mark.parametrize(("asked", "said"), [(["a", "bb"], "there is no run bb"), (["a"], "takes two runs or more")])
def test_what_cannot_be_compared_leaves_stdout_empty(three, asked, said):
    result = invoke(three, *asked, "--json")
    assert isinstance(result.exception, StoreError)
    assert said in str(result.exception)
    assert result.stdout == ""
