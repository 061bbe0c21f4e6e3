"""Spools into the store: exactly once, whoever loads, whatever dies."""

import json
import math
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import assay
from assay.spool import encode
from store.database import Statement, Store
from store.loading import Loader, LoadReport, SpoolLoader, load_spools
from store.spool_rows import rows_of
from store.version import schema_version

REPO = Path(__file__).parents[2]


def values(store: Store, metric: str = "loss") -> list[tuple]:
    rows = store.rows(
        "SELECT r.name AS run, branch, step, value FROM metric m JOIN run r ON r.id = m.run_id "
        "JOIN metric_name n ON n.id = m.metric_id WHERE n.name = $metric ORDER BY ALL",
        {"metric": metric},
    )
    return [(row["run"], row["branch"], row["step"], row["value"]) for row in rows]


def spool(root: Path, run: str, *lines: dict, name: str = "0-20260101T000000.000000Z-aa.jsonl") -> Path:
    path = root / run / "spool" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(encode, [{"k": "open", "t": 1, "format": 1}, *lines])))
    return path


def step(number: int, branch: int = 1, t: float = 10.0, **metrics: object) -> dict:
    return {"k": "step", "t": t, "b": branch, "s": number, "v": metrics}


def test_a_script_is_loaded_whole_and_only_once(root):
    with assay.run("mine", store=root, config={"lr": 1e-4}, project="triage", total_steps=3, tags=("a",)) as run:
        run.log(1, loss=2.0)
        run.log(2, loss=float("nan"))
        run.log(3, loss=float("-inf"))
    store = Store.at(root / "assay.duckdb")
    assert load_spools(store).lines == 7
    assert load_spools(store) == LoadReport(0, 0, ())
    found = values(store)
    assert found[0] == ("mine", 1, 1, 2.0)
    assert math.isnan(found[1][3])
    assert found[2][3] == -math.inf
    [row] = store.rows("SELECT status, project, total_steps, last_step, first_step, tags, config FROM run")
    assert row == {
        "status": "finished", "project": "triage", "total_steps": 3, "last_step": 3, "first_step": 1,
        "tags": ["a"], "config": '{"lr": 0.0001}',
    }  # fmt: skip


def test_every_kind_of_line_reaches_its_table(root, store):
    spool(
        root, "mine",
        {"k": "run", "t": 2, "fields": {"stage": "sft", "unknown": 1}},
        {"k": "dataset", "t": 3, "path": "d.jsonl", "sha256": "ab", "rows": 2, "role": "train"},
        {"k": "samples", "t": 3, "dataset": "ab", "rows": [[0, "x", "med", None, "h0"], [1, None, None, None, "h1"]]},
        {**step(1, loss=1.5), "batch": {"update": 1, "verdict": "commit", "rows": [0, 1], "losses": [1.0, "nan"]}},
        {"k": "checkpoint", "t": 11, "b": 1, "s": 1, "state": "sealed", "path": "mine/c/1", "sha256": "ff", "bytes": 9},
        {"k": "branch", "t": 12, "b": 2, "parent": 1, "fork": 1, "reason": "rollback", "data": {"skip": [3]}},
        {"k": "event", "t": 13, "kind": "note", "message": "hello", "data": {"by": "me"}},
        {"k": "checkpoint", "t": 14, "b": 1, "s": 1, "state": "stable", "path": "mine/c/1"},
        {"k": "beat", "t": 15},
        {"k": "status", "t": 16, "status": "failed", "error": "boom"},
    )  # fmt: skip
    assert load_spools(store) == LoadReport(11, 0, ())
    [run] = store.rows("SELECT stage, status, error, created, ended, heartbeat, last_step FROM run")
    assert run == {
        "stage": "sft", "status": "failed", "error": "boom", "created": at(1), "ended": at(16), "heartbeat": at(16),
        "last_step": 1,
    }  # fmt: skip
    assert store.rows("SELECT path, sha256, rows, role FROM dataset") == [
        {"path": "d.jsonl", "sha256": "ab", "rows": 2, "role": "train"}
    ]
    assert [(r["row"], r["id"], r["source"], r["hash"]) for r in store.rows("FROM sample ORDER BY row")] == [
        (0, "x", "med", "h0"),
        (1, None, None, "h1"),
    ]
    [batch] = store.rows('SELECT step, "update", verdict, rows, losses FROM step_batch')
    assert (batch["step"], batch["update"], batch["verdict"], batch["rows"]) == (1, 1, "commit", [0, 1])
    assert batch["losses"][0] == 1.0
    assert math.isnan(batch["losses"][1])
    assert store.rows("SELECT state, sha256, bytes, created, changed FROM checkpoint") == [
        {"state": "stable", "sha256": "ff", "bytes": 9, "created": at(11), "changed": at(14)}
    ]
    assert store.rows("SELECT branch, parent, fork_step, reason, data FROM branch ORDER BY branch") == [
        {"branch": 1, "parent": None, "fork_step": -1, "reason": "start", "data": "{}"},
        {"branch": 2, "parent": 1, "fork_step": 1, "reason": "rollback", "data": '{"skip": [3]}'},
    ]
    assert [row["kind"] for row in store.rows("SELECT kind FROM event ORDER BY time")] == [
        "checkpoint", "note", "checkpoint", "status",
    ]  # fmt: skip


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def test_a_torn_last_line_waits_and_a_damaged_one_is_counted(root, store):
    path = spool(root, "mine", step(1, loss=1.0))
    with path.open("ab") as file:
        file.write(b"garbage\n" + encode(step(2, loss=2.0))[:-5])
    assert load_spools(store) == LoadReport(2, 1, ())
    with path.open("ab") as file:
        file.write(encode(step(2, loss=2.0))[-5:])
    assert load_spools(store) == LoadReport(1, 0, ())
    assert [(s, v) for _, _, s, v in values(store)] == [(1, 1.0), (2, 2.0)]
    assert store.rows("SELECT lines, damaged FROM spool_offset") == [{"lines": 3, "damaged": 1}]


@pytest.mark.parametrize(
    "line",
    [
        {"k": "step", "t": 1, "b": 1, "v": {}},
        {"k": "step", "t": "x", "b": 1, "s": 1, "v": {}},
        {"k": "step", "t": 1, "b": 1, "s": 2**80, "v": {"loss": 1}},
        {"k": "step", "t": 1, "b": True, "s": 1, "v": {"loss": 1}},
        {"k": "step", "t": 1, "b": 1, "s": 1, "v": {"loss": "high"}},
        {"k": "step", "t": 1e300, "b": 1, "s": 1, "v": {"loss": 1}},
        {"k": "step", "t": 1, "b": 1, "s": 1, "v": ["loss"]},
        {"k": "checkpoint", "t": 1, "b": 1, "s": 1, "state": "sealed"},
        {"k": "samples", "t": 1, "dataset": "d", "rows": [[1, 2]]},
        {"k": "run", "t": 1, "fields": {"total_steps": "many"}},
        {"k": "run", "t": 1, "fields": {"tags": "abc", "config": [1]}},
    ],
)
def test_a_line_that_makes_no_sense_cannot_stop_the_others(root, store, line):
    path = root / "mine" / "spool" / "0-x.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(json.dumps(item).encode() + b"\n" for item in [line, step(5, loss=1.0)]))
    report = load_spools(store)
    assert report.damaged == 1
    assert values(store) == [("mine", 1, 5, 1.0)]


def test_odd_text_and_numbers_in_details_reach_the_store(root, store):
    odd = {"a": "\ud800", "b": float("nan"), "c": 10**30, "\udc00": [float("inf"), {"d": -float("inf")}]}
    path = root / "mine" / "spool" / "0-x.jsonl"
    path.parent.mkdir(parents=True)
    lines = [
        {"k": "run", "t": 1, "fields": {"config": odd}},
        {"k": "event", "t": 1, "kind": "note", "message": "\ud800", "data": odd},
        {"k": "checkpoint", "t": 1, "b": 1, "s": 1, "state": "sealed", "path": "p", "data": odd},
        {"k": "checkpoint", "t": 2, "b": 1, "s": 1, "state": "stable", "path": "p", "data": odd},
    ]
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert load_spools(store) == LoadReport(4, 0, ())
    for sql in (
        "SELECT config AS j FROM run",
        "SELECT data AS j FROM event WHERE kind = 'note'",
        "SELECT data AS j FROM checkpoint",
    ):
        [row] = store.rows(sql)
        assert json.loads(row["j"]) == {"a": "?", "b": "nan", "c": 10**30, "?": ["inf", {"d": "-inf"}]}


def test_a_newer_format_is_left_alone(root, store):
    path = spool(root, "mine", step(1, loss=1.0))
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    report = load_spools(store)
    assert (report.lines, report.newer) == (0, (path.name,))
    assert store.rows("FROM run") == []


def test_a_deleted_store_is_filled_again_by_the_same_loader(root):
    store = Store.at(root / "assay.duckdb")
    loader = SpoolLoader(store)
    path = spool(root, "mine", step(1, loss=1.0))
    loader.load()
    store.path.unlink()
    with path.open("ab") as file:
        file.write(encode(step(2, loss=2.0)))
    loader.load()
    assert [s for _, _, s, _ in values(store)] == [1, 2]


def test_a_file_larger_than_a_chunk_is_loaded_in_pieces(root, store, monkeypatch):
    monkeypatch.setattr("store.loading.CHUNK_BYTES", 1000)
    spool(root, "mine", *[step(number, loss=1.0) for number in range(1, 301)])
    assert load_spools(store).lines == 301
    assert [s for _, _, s, _ in values(store)] == list(range(1, 301))


def test_two_loaders_at_once_load_each_line_once(root, store):
    spool(root, "mine", *[step(number, loss=1.0) for number in range(1, 50)])
    first, second = SpoolLoader(store), SpoolLoader(store)
    pieces = second._pieces()
    first.load()
    second._put(pieces)
    second.load()
    assert len(values(store)) == 49


def test_a_torn_line_is_not_looked_at_again_until_its_file_grows(root, store, monkeypatch):
    path = spool(root, "mine", step(1, loss=1.0))
    with path.open("ab") as file:
        file.write(b'{"k":"st')
    loader, reads = SpoolLoader(store), []
    loader.load()
    loader.load()
    monkeypatch.setattr(store, "rows", lambda *_: reads.append(1) or [])
    loader.load()
    assert reads == []


def test_the_last_step_is_the_newest_one_of_the_newest_branch_whatever_came_last(root, store):
    def fork(branch, after):
        return {"k": "branch", "t": 5, "b": branch, "parent": branch - 1, "fork": after, "reason": "resume", "data": {}}

    path = spool(root, "mine", step(100, loss=1.0), step(50, val_loss=1.0))
    found = []
    for line in (
        step(60, val_loss=1.0),
        fork(2, 30),
        step(40, loss=1.0, branch=2),
        step(70, val_loss=1.0),
        fork(3, 10),
    ):
        load_spools(store)
        found.append(store.rows("SELECT last_step FROM run")[0]["last_step"])
        with path.open("ab") as file:
            file.write(encode(line))
    load_spools(store)
    assert [*found, store.rows("SELECT last_step FROM run")[0]["last_step"]] == [100, 100, 30, 40, 40, 10]


def test_ranks_above_zero_keep_their_values_apart(root, store):
    spool(root, "mine", step(1, loss=1.0))
    spool(root, "mine", step(1, loss=2.0), name="1-20260101T000000.000000Z-bb.jsonl")
    load_spools(store)
    assert values(store) == [("mine", 1, 1, 1.0)]
    assert values(store, "rank/1/loss") == [("mine", 1, 1, 2.0)]


def test_a_loader_thread_follows_a_run_that_is_going_on(root):
    store = Store.at(root / "assay.duckdb")
    with Loader(store, every=0.05), assay.run("mine", store=root) as run:
        for number in range(1, 6):
            run.log(number, loss=1.0)
            wait_for(lambda number=number: store.exists and len(values(store)) == number)
    assert store.rows("SELECT status FROM run") == [{"status": "finished"}]


@pytest.mark.parametrize("trouble", ["locked", "deleted", "not a database", "lock is a folder", "newer schema"])
def test_a_sick_store_delays_and_loses_nothing(root, store, trouble):
    lock = Path(f"{store.path}.lock")
    with Loader(store, every=0.02) as loader, assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        wait_for(lambda: len(values(store)) == 1)
        if trouble == "locked":
            with store.exclusive():
                for number in range(2, 50):
                    run.log(number, loss=1.0)
                time.sleep(0.3)
        else:
            make_sick(store, trouble, lock)
            for number in range(2, 50):
                run.log(number, loss=1.0)
            wait_for(lambda: trouble == "deleted" or loader.error)
            make_well(store, trouble, lock)
    assert [s for _, _, s, _ in values(store)] == list(range(1, 50))


def make_sick(store: Store, trouble: str, lock: Path) -> None:
    with store.exclusive():
        if trouble == "lock is a folder":
            lock.rename(f"{lock}.aside")
            lock.mkdir()
        elif trouble == "newer schema":
            pass
        else:
            store.path.unlink()
            if trouble == "not a database":
                store.path.write_bytes(b"garbage" * 5000)
    if trouble == "newer schema":
        store.transact([Statement("UPDATE meta SET version = 99")])


def make_well(store: Store, trouble: str, lock: Path) -> None:
    if trouble == "lock is a folder":
        lock.rmdir()
    elif trouble == "not a database":
        store.path.unlink()
    elif trouble == "newer schema":
        store.maintenance(lambda transaction: transaction.execute(f"UPDATE meta SET version = {schema_version()}"))


def test_a_disk_that_fills_under_the_store_loses_nothing(root):
    """The limit on file size makes every write of DuckDB beyond it fail, as a full disk does."""
    code = f"""
import resource, time
import assay
from store.database import Store
from store.loading import Loader, load_spools
store = Store.at({str(root / "assay.duckdb")!r})
store.create()
with assay.run("mine", store={str(root)!r}) as run:
    for step in range(1, 201):
        run.log(step, {{f"m{{n}}": 1.0 for n in range(20)}})
    time.sleep(0.5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (store.path.stat().st_size, limits[1]))
    loader = Loader(store, every=0.05).start()
    while loader.error is None:
        time.sleep(0.01)
    print(loader.error)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    loader.stop()
load_spools(store)
print(store.rows("SELECT count(*) AS n FROM metric")[0]["n"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "4000", done.stdout


def test_a_loader_killed_at_any_moment_loads_each_line_once(root):
    store = Store.at(root / "assay.duckdb")
    spool(root, "mine", *[step(number, loss=1.0, **{f"m{n}": 1.0 for n in range(10)}) for number in range(1, 4001)])
    code = (
        "import sys; from store.database import Store; from store import loading\n"
        "loading.CHUNK_BYTES = 4000\n"
        "print('go', flush=True); loading.load_spools(Store.at(sys.argv[1]))"
    )
    for attempt in range(8):
        command = [sys.executable, "-c", code, str(store.path)]
        with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            time.sleep(0.03 * attempt)
            process.send_signal(signal.SIGKILL)
    load_spools(store)
    assert values(store) == [("mine", 1, number, 1.0) for number in range(1, 4001)]


def test_a_removed_run_is_no_trouble_for_a_loader(root, store):
    path = spool(root, "mine", step(1, loss=1.0))
    loader = SpoolLoader(store)
    loader.load()
    path.unlink()
    assert loader.load() == LoadReport(0, 0, ())


def wait_for(condition, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def test_a_checkpoint_lies_in_the_folder_of_its_own_run(tmp_path):
    """Whatever its run was called where it was recorded, and whatever else a line says."""
    line = {"k": "checkpoint", "t": 1, "b": 1, "s": 1, "state": "sealed"}
    paths = (
        "demo/checkpoints/1",
        "./prod/checkpoints/1",
        "../../prod/checkpoints/1",
        "/etc/x",
        "mine/checkpoints/../../x",
    )
    found = rows_of([{**line, "path": path} for path in paths], run="mine")
    assert [row["path"] for row in found.checkpoints] == ["mine/checkpoints/1", "mine/checkpoints/1"]
    assert found.damaged == 3
