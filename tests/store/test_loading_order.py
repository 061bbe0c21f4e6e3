"""Loading when there is too much, in the wrong order, out of reach or gone; and lines that no reader could bear."""

import json
import os
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.errors import AssayError
from assay.spool import encode
from store.clock import utc_now
from store.database import Statement, Store
from store.errors import StoreError
from store.loading import Loader, SpoolLoader, load_spools, spool_files
from store.run_rows import RunRows

FIRST, SECOND = "0-20260101T000000.000000Z-aa.jsonl", "0-20260102T000000.000000Z-bb.jsonl"


def spool(root: Path, run: str, *lines: dict, name: str = FIRST) -> Path:
    path = root / run / "spool" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(encode, [{"k": "open", "t": 1, "format": 1}, *lines])))
    return path


def step(number: int, branch: int = 1, t: float = 10.0, **metrics: object) -> dict:
    return {"k": "step", "t": t, "b": branch, "s": number, "v": metrics or {"loss": 1.0}}


def branch(number: int, parent: int, fork: int) -> dict:
    return {"k": "branch", "t": 5, "b": number, "parent": parent, "fork": fork, "reason": "resume", "data": {}}


def checkpoint(state: str, t: float) -> dict:
    return {"k": "checkpoint", "t": t, "b": 1, "s": 9, "state": state, "path": "mine/checkpoints/9"}


def steps(store: Store) -> list[tuple[str, int]]:
    rows = store.rows("SELECT r.name, step FROM metric m JOIN run r ON r.id = m.run_id ORDER BY ALL")
    return [(row["name"], row["step"]) for row in rows]


@pytest.mark.parametrize("budget", [1000, 1 << 20])
def test_a_later_file_is_begun_when_the_earlier_one_is_loaded_whole(root, store, monkeypatch, budget):
    monkeypatch.setattr("store.loading.CHUNK_BYTES", 1000)
    monkeypatch.setattr("store.loading.PASS_BYTES", budget)
    old = spool(
        root, "mine",
        *[step(number) for number in range(100)], checkpoint("sealed", 20),
        {"k": "status", "t": 21, "status": "failed"},
    )  # fmt: skip
    with old.open("ab") as file:
        file.write(b'{"k":"st')  # its writer was killed
    spool(root, "mine", checkpoint("deleted", 30), {"k": "status", "t": 31, "status": "finished"}, name=SECOND)
    spool(root, "other", step(1))
    assert load_spools(store).damaged == 0
    assert store.rows("SELECT status FROM run WHERE name = 'mine'") == [{"status": "finished"}]
    assert store.rows("SELECT state FROM checkpoint") == [{"state": "deleted"}]
    assert len(steps(store)) == 101


def test_the_bytes_of_a_pass_are_bounded_and_runs_take_turns(root, store, monkeypatch):
    monkeypatch.setattr("store.loading.CHUNK_BYTES", 1000)
    monkeypatch.setattr("store.loading.PASS_BYTES", 2000)
    for run in "abcdef":
        spool(root, run, *[step(number) for number in range(50)])
    loader, passes = SpoolLoader(store), []
    while pieces := loader._pieces():
        passes.append("".join(piece.key[0] for piece in pieces))
        assert sum(piece.after - piece.before for piece in pieces) < 3000
        loader._put(pieces)
    assert passes[:2] == ["abc", "def"]
    assert len(steps(store)) == 300


def test_a_file_that_another_loader_moved_on_holds_back_the_files_after_it(root, store, monkeypatch):
    spool(root, "mine", *[step(number) for number in range(50)], {"k": "status", "t": 1, "status": "failed"})
    spool(root, "mine", {"k": "status", "t": 2, "status": "finished"}, name=SECOND)
    slow, pieces = SpoolLoader(store), SpoolLoader(store)._pieces()
    assert len(pieces) == 2
    monkeypatch.setattr("store.loading.CHUNK_BYTES", 1000)
    slow._put(slow._pieces())
    assert SpoolLoader(store)._put(pieces) == []
    load_spools(store)
    assert store.rows("SELECT status FROM run") == [{"status": "finished"}]


@pytest.mark.parametrize("marked", [True, False])
def test_a_run_that_is_removed_while_its_lines_are_read_does_not_come_back(root, store, marked):
    for run in ("a", "b"):
        spool(root, run, step(1))
    loader = SpoolLoader(store)
    pieces = loader._pieces()
    if marked:
        (root / ".removed-a").touch()
    else:
        shutil.rmtree(root / "a")
    loader._put(pieces)
    loader.load()
    assert steps(store) == [("b", 1)]
    assert [path.parent.parent.name for path in spool_files(root)] == ["b"]


def test_a_new_run_of_a_removed_ones_name_is_loaded(root, store):
    (root / ".removed-a").touch()
    os.utime(root / ".removed-a", (1, 1))
    spool(root, "a", step(1))
    load_spools(store)
    assert steps(store) == [("a", 1)]


def test_a_file_that_cannot_be_read_is_reported_and_tried_again(root, store):
    (root / "bad" / "spool" / FIRST).mkdir(parents=True)  # a folder: nobody can read it, not even root
    spool(root, "good", step(1))
    loader = SpoolLoader(store)
    assert loader.load().unreadable == (f"bad/{FIRST}: Is a directory",)
    assert loader.load().unreadable == (f"bad/{FIRST}: Is a directory",)
    (root / "bad" / "spool" / FIRST).rmdir()
    spool(root, "bad", step(2))
    assert loader.load().unreadable == ()
    assert steps(store) == [("bad", 2), ("good", 1)]


@pytest.mark.parametrize("known", ["2", None, 2, True, 1.0])
def test_a_file_of_an_unknown_format_is_left_alone_and_reported(root, store, known):
    path = spool(root, "bad", step(1))
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":' + json.dumps(known).encode()))
    spool(root, "good", step(1), name=SECOND)
    assert load_spools(store).newer == (FIRST,)
    assert steps(store) == [("good", 1)]


def nested(levels: int) -> dict:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return {"k": "run", "t": 1, "fields": {"config": value, "stage": "sft"}}


@pytest.mark.parametrize(
    "line",
    [
        step(1, branch=2**31), step(1, branch=-1), step(1, t=1.7e12), step(1, t=-1), step(2**62),
        {"k": "event", "t": 1, "kind": "x", "message": "x", "b": 2**31},
        {**checkpoint("sealed", 1), "b": 5_000_000_000},
        {**checkpoint("sealed", 1), "data": {"a": 1}, "bytes": 2**62}, branch(2, 2, 3), branch(2, 3, 3),
        branch(2, 0, 3), branch(2, 1, 2**63 - 1), branch(2, 1, 2**62), branch(2, 1, -2), nested(101), nested(450),
        {"k": "samples", "t": 1, "dataset": "d", "rows": [[0, None, None, None, "h"], [1]]},
    ],
)  # fmt: skip
def test_a_line_that_readers_could_not_bear_is_damaged_and_leaves_nothing(root, store, line):
    spool(root, "mine", line, step(7))
    report = load_spools(store)
    assert (report.lines, report.damaged, report.unreadable) == (2, 1, ())
    assert steps(store) == [("mine", 7)]
    assert store.rows("SELECT branch, first_step FROM active_path") == [{"branch": 1, "first_step": 0}]
    for table in ("checkpoint", "event", "sample"):
        assert store.rows(f"FROM {table}") == []


def test_details_of_a_hundred_levels_are_kept(root, store):
    spool(root, "mine", nested(100), step(1, t=253_402_300_799))
    assert load_spools(store).damaged == 0
    assert store.rows("SELECT stage, config LIKE '{\"a\"%' AS whole FROM run") == [{"stage": "sft", "whole": True}]


def test_words_that_are_numbers_are_taken_as_text(root, store):
    spool(
        root, "mine",
        {**step(1), "batch": {"update": 1, "verdict": 0}},
        {"k": "samples", "t": 1, "dataset": "d", "rows": [[0, 0, 1, [], "h"]]},
        {"k": "status", "t": 1, "status": "failed", "error": {}},
    )  # fmt: skip
    assert load_spools(store).damaged == 0
    assert store.rows("SELECT id, source, task FROM sample") == [{"id": "0", "source": "1", "task": "[]"}]
    assert store.rows("SELECT verdict FROM step_batch") == [{"verdict": None}]


def test_a_clock_that_is_ahead_keeps_no_run_alive_for_longer_than_a_day(root, store):
    ahead = (utc_now() + timedelta(days=400)).timestamp()
    path = spool(root, "mine", step(1, t=ahead))
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    load_spools(store)
    with path.open("ab") as file:
        file.write(encode(step(2, t=ahead)))
    load_spools(store)
    [row] = store.rows("SELECT heartbeat FROM run")
    assert timedelta(hours=23) < row["heartbeat"] - utc_now() <= timedelta(days=1)


def test_a_branch_declared_twice_is_the_first_one(root, store):
    path = spool(root, "mine", branch(2, 1, 3), branch(2, 1, 4), step(4, branch=2))
    assert load_spools(store)[:2] == (3, 1)
    with path.open("ab") as file:
        file.write(encode(branch(2, 1, 5)) + encode(branch(3, 2, 4)))
    assert load_spools(store)[:2] == (1, 1)
    spool(root, "mine", branch(2, 1, 3), name=f"1{FIRST[1:]}")
    assert load_spools(store)[:2] == (2, 0)
    assert store.rows("SELECT branch, fork_step FROM branch ORDER BY branch") == [
        {"branch": 1, "fork_step": -1}, {"branch": 2, "fork_step": 3}, {"branch": 3, "fork_step": 4},
    ]  # fmt: skip


def test_the_paths_of_branches_end_whatever_the_table_holds(store):
    made = "make_timestamp(0), '{}'"
    rows = [(1, None), (2, 2), (3, 4), (4, 3), *[(n, n - 1) for n in range(5, 40) for _ in range(3)]]
    for number, parent in rows:
        sql = f"INSERT INTO branch VALUES (1, {number}, {'NULL' if parent is None else parent}, {number}, 'x', {made})"
        store.transact([Statement(sql)])
    active = store.rows("SELECT branch, first_step, last_step FROM active_path ORDER BY branch")
    assert [row["branch"] for row in active] == list(range(3, 40))
    assert (active[0]["first_step"], active[0]["last_step"]) == (4, 4)
    sql = "SELECT branch, first_step, last_step FROM run_path WHERE run_id = 1 AND tip = 39 ORDER BY branch"
    assert store.rows(sql) == active


ODD = [pa.ArrowInvalid("odd"), OverflowError("odd"), RecursionError("odd"), duckdb.DataError("odd")]


@pytest.mark.parametrize("error", ODD)
def test_a_file_whose_rows_the_store_refuses_keeps_no_other_out(root, store, monkeypatch, error):
    put = RunRows.put

    def refusing(self, run, rows):
        if run == "bad":
            raise error
        return put(self, run, rows)

    monkeypatch.setattr(RunRows, "put", refusing)
    path = spool(root, "bad", step(1))
    spool(root, "good", step(1))
    loader = SpoolLoader(store)
    assert loader.load().unreadable == (f"bad/{FIRST}: odd",)
    assert steps(store) == [("good", 1)]
    monkeypatch.undo()
    with path.open("ab") as file:
        file.write(encode(step(2)))
    assert loader.load().unreadable == ()
    assert steps(store) == [("bad", 1), ("bad", 2), ("good", 1)]


def test_what_was_put_before_a_file_that_is_refused_is_put_whole_once_more(root, store, monkeypatch):
    put = RunRows.put

    def refusing(self, run, rows):
        if run == "worse":
            raise pa.ArrowInvalid("odd")
        return put(self, run, rows)

    monkeypatch.setattr(RunRows, "put", refusing)
    fork = {"k": "branch", "t": 11, "b": 2, "parent": 1, "fork": 1, "reason": "rollback", "data": {}}
    spool(root, "good", step(1), step(2), fork, step(2, branch=2))
    spool(root, "worse", step(1))
    SpoolLoader(store).load()
    assert store.rows("SELECT branch, fork_step FROM branch ORDER BY branch") == [
        {"branch": 1, "fork_step": -1},
        {"branch": 2, "fork_step": 1},
    ]
    assert store.rows("SELECT lines, damaged FROM spool_offset") == [{"lines": 5, "damaged": 0}]


@pytest.mark.parametrize("error", [*ODD, MemoryError("odd"), RuntimeError("odd"), duckdb.Error("odd"), OSError("odd")])
def test_a_loader_thread_outlives_whatever_a_pass_ends_with(root, store, monkeypatch, error):
    met = threading.Event()

    def failing(_self):
        met.set()
        raise error

    monkeypatch.setattr(SpoolLoader, "load", failing)
    with Loader(store, every=0.01) as loader:
        assert met.wait(20)
        monkeypatch.undo()
        spool(root, "good", step(1))
    assert (loader.error, steps(store)) == (None, [("good", 1)])


def test_a_folder_that_cannot_be_written_is_read_without_loading(root, store):
    spool(root, "mine", step(1))
    load_spools(store)
    spool(root, "mine", step(2), name=SECOND)
    lock = Path(f"{store.path}.loading")
    lock.unlink()
    lock.mkdir()  # as unopenable as in a read-only folder, for root too
    assert load_spools(store).lines == 0
    assert steps(store) == [("mine", 1)]


def test_a_folder_that_cannot_be_read_is_one_sentence(store, monkeypatch):
    Path(f"{store.path}.loading").mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match=r"runs cannot be read: Is a directory; change its permissions"):
        load_spools(store)


def test_a_disk_that_fails_is_one_sentence(store, monkeypatch):
    def failing(_self):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(SpoolLoader, "load", failing)
    with pytest.raises(AssayError, match=r"cannot load what lies in .*runs: Input/output error; mend that"):
        load_spools(store)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

KINDS = ["run", "branch", "step", "checkpoint", "event", "dataset", "samples", "status"]
FIELDS = (
    "t", "b", "s", "v", "fields", "path", "state", "message", "kind", "rows", "dataset", "status", "data", "fork",
    "parent", "reason", "error", "level", "sha256", "bytes", "role", "batch",
)  # fmt: skip
SANE = {"t": 1, "b": 2, "s": 1, "parent": 1, "fork": 0, "rows": 3, "v": {"loss": 1}}


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sets(st.sampled_from(FIELDS)), json_values), max_size=6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_no_line_whatever_its_fields_keeps_the_others_from_the_store(tmp_path_factory, drawn):
    root = tmp_path_factory.mktemp("runs")
    store = Store.at(root / "assay.duckdb")
    lines = [{"k": kind, **dict.fromkeys(FIELDS, value)} for kind, _, value in drawn]
    lines += [{"k": kind, **dict.fromkeys(FIELDS, "x"), **SANE, **dict.fromkeys(odd, v)} for kind, odd, v in drawn]
    path = root / "mine" / "spool" / FIRST
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in [*lines, step(5, last=1.0)]))
    report = load_spools(store)
    assert (report.lines + report.damaged, report.unreadable) == (len(lines) + 1, ())
    assert store.rows("SELECT count(*) AS n FROM metric_name WHERE name = 'last'") == [{"n": 1}]
    assert len(store.rows("SELECT * FROM run_path")) < 10
    assert store.rows("SELECT * FROM run")[0]["name"] == "mine"
