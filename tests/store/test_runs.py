"""Runs as people ask for them, on the command line and in JSON."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import assay
from store.clock import utc_now
from store.commands.common import json_ready
from store.commands.runs import runs
from store.database import Statement, Store
from store.errors import StoreError
from store.loading import load_spools
from store.pins import Pin, held, holders_of_run, pin, release
from store.refs import Ref, find_run, parse_ref
from store.runs import list_runs, remove_run, show_run, status_of


@pytest.fixture
def full(root: Path) -> Store:
    """A store with a finished run of two branches and a failed one."""
    with assay.run("first", store=root, project="triage", total_steps=10) as run:
        for step in range(1, 6):
            run.log(step, loss=1 / step, val_loss=2 / step)
        run.record(
            "checkpoint", s=4, state="sealed", path="first/checkpoints/4", sha256="ab", bytes=3, data={"update": 4}
        )
        run.fork(4, "rollback")
        run.log(5, loss=float("nan"))
    with pytest.raises(ZeroDivisionError), assay.run("second", store=root) as run:
        run.log(1, loss=1 / 0)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def invoke(store: Store, *arguments: str):
    return CliRunner().invoke(runs, [*arguments, "--store", str(store.path)], catch_exceptions=False)


def test_the_list_is_newest_first_with_the_newest_values(full):
    found = [(row["run"], row["status"], row["step"], row["branch"], row["val_loss"]) for row in list_runs(full)]
    assert found == [("second", "failed", None, 1, None), ("first", "finished", 5, 2, 0.4)]


def test_the_list_as_json_spells_what_is_not_finite(full):
    result = invoke(full, "ls", "--json")
    second, first = json.loads(result.stdout)
    assert (first["loss"], first["nonfinite"], first["project"]) == (None, "nan", "triage")
    assert second["error"] == "ZeroDivisionError: division by zero"


def test_a_run_as_json_has_branches_and_checkpoints(full):
    shown = json.loads(invoke(full, "show", "first", "--json").stdout)
    assert (shown["run"], shown["status"], shown["step"]) == ("first", "finished", 5)
    assert [(b["branch"], b["parent"], b["fork_step"], b["reason"]) for b in shown["branches"]] == [
        (1, None, -1, "start"), (2, 1, 4, "rollback"),
    ]  # fmt: skip
    [checkpoint] = shown["checkpoints"]
    assert {name: checkpoint[name] for name in ("step", "branch", "state", "path", "sha256")} == {
        "step": 4, "branch": 1, "state": "sealed", "path": str(full.root / "first/checkpoints/4"), "sha256": "ab",
    }  # fmt: skip
    assert checkpoint["data"] == {"update": 4}


def test_for_people_both_are_tables(full):
    assert "second  failed" in invoke(full, "ls").stdout
    shown = invoke(full, "show", "second").stdout
    assert "error: ZeroDivisionError: division by zero" in shown


def test_an_empty_store_says_what_to_do_next(store):
    result = invoke(store, "ls")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "assay demo" in result.stderr


def test_an_unknown_run_is_one_sentence_with_the_nearest_name(full):
    with pytest.raises(StoreError, match=r"there is no run frist in .*; did you mean first\?"):
        show_run(full, "frist")


def test_a_live_run_without_a_heartbeat_is_lost(full):
    now = utc_now()
    for status, age, said in (
        ("running", 5, "running"),
        ("running", 90, "lost"),
        ("paused", 90, "lost"),
        ("finished", 90, "finished"),
    ):
        assert status_of({"status": status, "heartbeat": now - timedelta(seconds=age)}, now) == said


def test_a_watched_run_whose_watcher_was_ended_is_paused_not_lost():
    row = {"status": "paused", "heartbeat": utc_now() - timedelta(days=1), "source": "/logs"}
    assert status_of(row) == "paused"


def test_a_removed_run_leaves_nothing_and_does_not_come_back(full):
    result = invoke(full, "rm", "first", "--yes")
    assert result.exit_code == 0
    load_spools(full)
    assert [row["run"] for row in list_runs(full)] == ["second"]
    assert full.rows("SELECT 1 FROM metric") == []
    assert sorted(path.name for path in full.root.iterdir() if path.is_dir()) == ["second"]


def test_removing_asks_first(full):
    result = CliRunner().invoke(runs, ["rm", "first", "--store", str(full.path)], input="n\n")
    assert result.exit_code == 1
    assert len(list_runs(full)) == 2


def test_a_running_run_is_not_removed(full):
    now = Statement("UPDATE run SET status = 'running', heartbeat = $now WHERE name = 'first'", {"now": utc_now()})
    full.transact([now])
    with pytest.raises(StoreError, match="run first is running; stop it first"):
        remove_run(full, "first")
    remove_run(full, "first", force=True)
    assert len(list_runs(full)) == 1


def test_what_something_holds_is_not_removed(full):
    run_id = find_run(full, "first")["id"]
    for _ in range(2):
        pin(full, "first/checkpoints/4", target_kind="checkpoint", run_id=run_id, holder="child", holder_kind="run")
    assert (
        holders_of_run(full, run_id)
        == held(full, "first/checkpoints/4")
        == [Pin("first/checkpoints/4", "run", "child")]
    )
    with pytest.raises(StoreError, match="parts of it are held: first/checkpoints/4 by run child"):
        remove_run(full, "first")
    assert (full.root / "first").is_dir()
    release(full, "first/checkpoints/4", holder="child", holder_kind="run")
    remove_run(full, "first")


def test_removing_a_child_lets_go_of_its_parent(full):
    run_id = find_run(full, "first")["id"]
    pin(full, "first/checkpoints/4", target_kind="checkpoint", run_id=run_id, holder="second", holder_kind="run")
    remove_run(full, "second")
    assert holders_of_run(full, run_id) == []


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("triage", Ref("triage", None, None)),
        ("triage@400", Ref("triage", None, 400)),
        ("triage/2@400", Ref("triage", 2, 400)),
        ("医疗-1/2", Ref("医疗-1", 2, None)),
    ],
)
def test_a_place_in_a_run_can_be_named(text, ref):
    assert parse_ref(text) == ref


@pytest.mark.parametrize("text", ["", "@4", "a@", "a@b", "a/b@3", "a/1/2", "a@-1"])
def test_anything_else_names_no_place(text):
    with pytest.raises(StoreError, match="names no place"):
        parse_ref(text)


def test_json_has_no_word_that_is_not_json():
    ready = json_ready(
        {"a": float("inf"), "b": [float("nan"), {"c": -float("inf")}], "d": float("nan"), "t": utc_now()}
    )
    assert (ready["a"], ready["nonfinite"]) == (None, {"a": "inf", "d": "nan"})
    assert ready["b"] == [None, {"c": None, "nonfinite": "-inf"}]
    assert ready["t"].endswith("Z")
    json.dumps(ready, allow_nan=False)
