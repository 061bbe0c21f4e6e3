"""`assay import`: finished logs of every kind become runs, once, all of them or none."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from assay.cli import main
from assay.spikes import scan_stretches
from store import importing
from store.commands import imports
from store.database import Store
from store.import_files import find_logs, read_log
from store.importing import import_log
from store.loss_log import read_log as loss_log
from store.rebuild import rebuild
from store.runs import LOST_AFTER, list_runs, seconds_taken, status_of
from store.watch_run import hold_run
from tests.conftest import DATA
from tests.watched import line, logged, rows_in_store, shown, values, watch_once

LOGS = sorted((DATA / "loss_logs").glob("*.csv"))


@pytest.fixture(autouse=True)
def exits(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` ends with `sys.exit`; 0 is no news for a test."""
    real = sys.exit
    monkeypatch.setattr(sys, "exit", lambda status=0: real(status) if status else None)


def bring(root: Path, *files: Path, options: tuple[str, ...] = ()) -> None:
    main(["import", *map(str, files), "--store", str(root), *options])


def reported(root: Path, capsys: pytest.CaptureFixture[str], *files: Path) -> list[dict[str, Any]]:
    capsys.readouterr()
    bring(root, *files, options=("--json",))
    return json.loads(capsys.readouterr().out)["runs"]


def refused(root: Path, capsys: pytest.CaptureFixture[str], *files: Path, options: tuple[str, ...] = ()) -> str:
    """The one sentence on stderr; nothing is on stdout, and nothing was written."""
    capsys.readouterr()
    before = sorted(path for path in root.rglob("*") if path.is_dir())
    with pytest.raises(SystemExit) as ended:
        bring(root, *files, options=options)
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert sorted(path for path in root.rglob("*") if path.is_dir()) == before
    return said.err.strip()


def table(path: Path, *rows: str, header: str = "step,loss") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def state(path: Path, *history: dict[str, float], step: int, max_steps: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"global_step": step, "max_steps": max_steps, "log_history": list(history)}))
    return path


def events(path: Path, started: int, *steps: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for step in steps:
            summary = Summary(value=[Summary.Value(tag="train/loss", simple_value=step / 2)])
            RecordWriter(file).write(Event(wall_time=started + step, step=step, summary=summary).SerializeToString())
    return path


def test_a_table_becomes_a_finished_run_with_what_is_no_number(root, tmp_path, capsys):
    log = table(tmp_path / "gpt2.csv", "1,2.5", "2,nan", "3,-inf")
    bring(root, log, options=("--project", "old ones", "--json"))
    said = capsys.readouterr()
    report = {
        "run": "gpt2", "status": "finished", "format": "table", "source": str(log), "files": [str(log)],
        "imported_before": False, "new_points": 3, "points": 3, "step": 3, "total_steps": None, "branches": 1,
        "spikes": 1, "skipped": 0, "repeated": 0, "left": [], "others": [],
    }  # fmt: skip
    assert json.loads(said.out) == {"runs": [report]}
    assert said.err == "run gpt2: 3 new points, step 3, 1 branch, 1 spike or warning; finished\n"
    (_, _, first), (_, _, second), (_, _, third) = values(root, "gpt2")
    assert (first, math.isnan(second), third) == (2.5, True, -math.inf)
    run = shown(root, "gpt2")
    assert (run["status"], run["step"], run["project"], run["source"]) == ("finished", 3, "old ones", str(log))
    assert (run["tags"], run["provenance"]["imported"]) == (["imported"], "table")


def test_importing_twice_adds_nothing_and_says_so(root, tmp_path, capsys):
    log = table(tmp_path / "a.csv", "1,2.5", "2,2.0", "1,9.0")
    bring(root, log)
    before, spools = rows_in_store(root), sorted(root.rglob("*.jsonl"))
    for again in (log, tmp_path / "." / "a.csv"):
        [report] = reported(root, capsys, again)
        assert (report["imported_before"], report["new_points"], report["points"]) == (True, 0, 3)
    capsys.readouterr()
    bring(root, log)
    assert capsys.readouterr().err == f"{log} was imported before, as run a: nothing is added\n"
    assert (rows_in_store(root), sorted(root.rglob("*.jsonl"))) == (before, spools)


def test_the_same_log_is_known_under_another_name_and_in_one_call(root, tmp_path, capsys):
    log = table(tmp_path / "a.csv", "1,2.5")
    copy = table(tmp_path / "there" / "b.csv", "1,2.5")
    first, second = reported(root, capsys, log, copy)
    assert (first["run"], second["run"], second["imported_before"]) == ("a", "a", True)
    bring(root, copy, options=("--name", "other"))
    assert [run["run"] for run in list_runs(Store.at(root / "assay.duckdb"))] == ["a"]


def test_of_a_log_that_has_grown_only_the_new_rows_are_added(root, tmp_path, capsys):
    log = table(tmp_path / "a.csv", "1,2.5")
    bring(root, log)
    table(log, "1,2.5", "2,2.0")
    [report] = reported(root, capsys, log)
    assert (report["run"], report["new_points"], report["points"]) == ("a", 1, 2)
    table(log, "1,2.5", "2,2.0", "")
    capsys.readouterr()
    bring(root, log)
    assert capsys.readouterr().err == f"{log} says nothing that run a does not have: nothing is added\n"
    assert values(root, "a") == [(1, 1, 2.5), (1, 2, 2.0)]


def test_steps_that_go_back_are_a_branch_of_what_was_there_before(root, tmp_path):
    bring(root, logged(tmp_path / "a", line(10, 2.5) + line(20, 2.0) + line(30, 1.5) + line(20, 2.1) + line(30, 1.6)))
    assert values(root, "a") == [(1, 10, 2.5), (1, 20, 2.0), (1, 30, 1.5), (2, 20, 2.1), (2, 30, 1.6)]
    branches = shown(root, "a")["branches"]
    assert [(row["branch"], row["parent"], row["fork_step"], row["reason"], row["data"]) for row in branches] == [
        (1, None, -1, "start", {}),
        (2, 1, 19, "resume", {"abandoned_to": 30}),
    ]


def test_rows_that_are_out_of_order_are_no_restarts(root, tmp_path, capsys):
    log = table(tmp_path / "a.csv", *sorted(f"{step},{step}" for step in range(1, 131)))
    [report] = reported(root, capsys, log)
    assert (report["points"], report["branches"]) == (130, 1)
    table(log, *sorted(f"{step},{step}" for step in range(1, 141)))
    [report] = reported(root, capsys, log)
    assert (report["new_points"], report["points"], report["branches"]) == (10, 140, 1)


def test_states_of_several_checkpoints_are_one_run_whatever_is_named_when(root, tmp_path, capsys):
    rows = [{"step": step, "loss": 3.0 - step / 100} for step in (10, 20, 30)]
    out = tmp_path / "qwen-sft"
    early = state(out / "checkpoint-10" / "trainer_state.json", *rows[:1], step=10)
    late = state(out / "checkpoint-20" / "trainer_state.json", *rows[:2], step=20)
    state(out / "checkpoint-30" / "trainer_state.json", *rows, step=30)
    [report] = reported(root, capsys, early, late)
    assert (report["run"], report["points"], report["files"]) == ("qwen-sft", 2, [str(early), str(late)])
    [report] = reported(root, capsys, early)
    assert (report["run"], report["imported_before"]) == ("qwen-sft", True)
    [report] = reported(root, capsys, out)
    assert (report["run"], report["new_points"], report["points"]) == ("qwen-sft", 1, 3)
    assert values(root, "qwen-sft") == [(1, 10, 2.9), (1, 20, 2.8), (1, 30, 2.7)]


def test_a_trainers_closing_row_is_told_once(root, tmp_path):
    row, closing = {"step": 10, "loss": 1.0}, {"step": 20, "train_loss": 2.5, "train_runtime": 9.0}
    log = state(tmp_path / "out" / "trainer_state.json", row, closing, step=20)
    bring(root, log)
    state(log, row, {"step": 20, "loss": 0.5}, closing, step=20)
    bring(root, log)
    told = [event["data"] for event in shown(root, "out")["events"] if event["kind"] == "summary"]
    assert told == [{"train_loss": 2.5, "train_runtime": 9.0}]


def test_event_files_of_one_folder_are_one_run_with_their_own_times(root, tmp_path, capsys):
    folder = tmp_path / "tb"
    first = events(folder / "events.out.tfevents.1700000000.host", 1_700_000_000, 1, 2, 3)
    second = events(folder / "events.out.tfevents.1700000500.host", 1_700_000_500, 2, 3)
    events(folder / "events.out.tfevents.1700000900.host", 1_700_000_900, 4)
    [report] = reported(root, capsys, second, first)
    assert (report["run"], report["points"], report["branches"]) == ("tb", 5, 2)
    assert values(root, "tb") == [(1, 1, 0.5), (1, 2, 1.0), (1, 3, 1.5), (2, 2, 1.0), (2, 3, 1.5)]
    [row] = Store.at(root / "assay.duckdb").rows("SELECT *, epoch(created) AS begun, epoch(ended) AS over FROM run")
    assert (row["begun"], row["over"], seconds_taken(row)) == (1_700_000_001.0, 1_700_000_503.0, 502.0)


def test_one_event_file_alone_is_a_run_and_stays_it_where_others_join(root, tmp_path, capsys):
    folder = tmp_path / "tb"
    first = events(folder / "events.out.tfevents.1700000000.host", 1_700_000_000, 1, 2)
    second = events(folder / "events.out.tfevents.1700000500.host", 1_700_000_500, 3)
    [alone] = reported(root, capsys, first)
    [both] = reported(root, capsys, first, second)
    assert (alone["run"], alone["points"]) == (both["run"], 2)
    assert (both["new_points"], both["points"]) == (1, 3)


def test_of_an_event_file_that_ends_half_written_what_is_whole_is_read(root, tmp_path, capsys):
    log = events(tmp_path / "tb" / "events.out.tfevents.1.host", 1_700_000_000, 1, 2, 3)
    whole = log.read_bytes()
    log.write_bytes(whole[:-7])
    record = len(whole) // 3
    [report] = reported(root, capsys, log)
    said = f"{log.name} ends half-written: its last {record - 7} bytes are no whole record"
    assert (report["points"], report["left"]) == (2, [said])
    assert said in shown(root, "tb")["events"][0]["message"]
    log.write_bytes(whole)
    [report] = reported(root, capsys, log)
    assert (report["new_points"], report["points"], report["left"]) == (1, 3, [])


def test_one_run_in_two_forms_is_read_once(root, tmp_path, capsys):
    log = logged(tmp_path / "out", line(10, 2.5))
    other = state(tmp_path / "out" / "checkpoint-10" / "trainer_state.json", {"step": 10, "loss": 2.5}, step=10)
    [report] = reported(root, capsys, other, log)
    assert (report["run"], report["format"], report["others"]) == ("out", "trainer-log", [str(other)])
    assert values(root, "out") == [(1, 10, 2.5)]


def test_a_run_that_was_watched_goes_on_where_it_was(root, tmp_path, capsys):
    log = logged(tmp_path / "out", line(10, 2.5))
    watch_once(root, tmp_path / "out")
    assert shown(root, "out")["status"] == "paused"
    logged(tmp_path / "out", line(20, 2.0), mode="a")
    [report] = reported(root, capsys, log)
    assert (report["run"], report["new_points"], report["points"]) == ("out", 1, 2)
    assert shown(root, "out")["status"] == "finished"


def test_an_imported_run_is_never_lost_although_nothing_beats_for_it(root, tmp_path):
    bring(root, logged(tmp_path / "out", line(10, 2.5, total=1000)))
    [row] = Store.at(root / "assay.duckdb").rows("SELECT * FROM run")
    assert status_of(row, row["heartbeat"] + 10 * LOST_AFTER) == "finished"
    assert seconds_taken(row) == 0.0


BAD = {
    "empty.csv": (b"", "is empty"),
    "nostep.csv": (b"loss,lr\n1,2\n", "has no step column"),
    "header.csv": (b"step,loss\n", "holds no points"),
    "words.csv": (b"step,name\n1,a\n", "holds no points"),
    "odd.csv": (b"step,loss\nx,1\ny,2\n1,1\n", "2 of 3 rows could not be read"),
    "picture.png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "is no log: it holds binary data"),
    "other.json": (b'{"a": 1}', "is no trainer state"),
    "log.csv.gz": (b"\x1f\x8b\x08rest", "is compressed: unpack it first"),
    "events.out.tfevents.1.host": (b"\x01" * 30, "its last 30 bytes are no whole record"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_log_is_one_sentence_and_nothing_of_the_call_is_written(root, tmp_path, capsys, name):
    content, said = BAD[name]
    good = table(tmp_path / "good.csv", "1,2.0")
    (tmp_path / name).write_bytes(content)
    sentence = refused(root, capsys, good, tmp_path / name)
    assert sentence.startswith(f"assay: {tmp_path / name}")
    assert said in sentence
    assert "\n" not in sentence
    assert list(root.iterdir()) == []


def test_what_is_not_there_or_cannot_be_read_is_refused(root, tmp_path, capsys, monkeypatch):
    assert "does not exist" in refused(root, capsys, tmp_path / "gone.csv")
    log = table(tmp_path / "a.csv", "1,2.0")
    real = Path.open

    def denied(self: Path, *arguments: Any, **options: Any):
        if self == log:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", denied)
    assert refused(root, capsys, log) == f"assay: cannot read {log}: Permission denied"


def test_a_name_is_for_one_run_and_not_for_another_ones(root, tmp_path, capsys):
    first, second = table(tmp_path / "a.csv", "1,2.0"), table(tmp_path / "b.csv", "1,3.0")
    assert "--name is for one run, and these are 2" in refused(root, capsys, first, second, options=("--name", "x"))
    bring(root, first)
    assert "run a in" in refused(root, capsys, second, options=("--name", "a"))
    bring(root, second, options=("--name", "mine"))
    assert values(root, "mine") == [(1, 1, 3.0)]


def test_a_log_that_is_being_watched_is_left_to_its_watcher(root, tmp_path, capsys):
    log = logged(tmp_path / "out", line(10, 2.5))
    watch_once(root, tmp_path / "out")
    [found] = find_logs([log])
    logged(tmp_path / "out", line(20, 2.0), mode="a")
    with hold_run(root, log, found, None):
        assert "is being watched or imported already, as run out" in refused(root, capsys, log)


def test_who_stops_an_import_leaves_nothing_half_written(root, tmp_path, monkeypatch):
    log = read_log(find_logs([table(tmp_path / "a.csv", "1,2.0", "2,3.0")])[0])
    real, seen = importing.encode, []

    def stopped(told: dict[str, Any]) -> bytes:
        seen.append(told)
        if told["k"] == "step":
            raise KeyboardInterrupt
        return real(told)

    monkeypatch.setattr(importing, "encode", stopped)
    with pytest.raises(KeyboardInterrupt):
        import_log(root, log)
    assert [told["k"] for told in seen] == ["open", "run", "step"]
    assert [path.name for path in root.iterdir()] == ["assay.watching"]
    monkeypatch.setattr(importing, "encode", real)
    assert import_log(root, log).new_points == 2


def test_a_full_disk_is_one_sentence_and_leaves_the_run_as_it_was(root, tmp_path, capsys, monkeypatch):
    log = table(tmp_path / "a.csv", "1,2.0")
    bring(root, log)
    before = sorted(root.rglob("*.jsonl"))
    table(log, "1,2.0", "2,3.0")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing.os, "fsync", full)
    said = refused(root, capsys, log)
    assert said == f"assay: cannot record in {root / 'a'}: No space left on device; nothing was imported into it"
    assert sorted(path for path in root.rglob("*") if path.suffix in (".jsonl", ".new")) == before


def test_spikes_are_told_as_events_and_only_new_ones_when_the_log_has_grown(root, tmp_path):
    rows = [f"{step},{2 + 0.01 * (step % 5)}" for step in range(1, 61)]
    log = table(tmp_path / "a.csv", *rows, "61,9.0", "62,2.0")
    bring(root, log)
    [first] = [event for event in shown(root, "a")["events"] if event["kind"] == "spike"]
    assert (first["step"], first["branch"], first["level"], first["data"]["acts"]) == (61, 1, "alarm", False)
    assert (first["data"]["rule"], first["data"]["onset"], first["data"]["found"]) == ("T1", 61, "import")
    table(log, *rows, "61,9.0", *(f"{step},2.0" for step in range(62, 90)), "90,nan")
    bring(root, log)
    told = [event["step"] for event in shown(root, "a")["events"] if event["kind"] == "spike"]
    assert sorted(told) == [61, 90]


def test_each_branch_is_looked_at_from_what_was_known_where_it_left(root, tmp_path):
    """The spike comes ten steps behind the fork: without what lies before it there would be no baseline."""
    calm = [f"{step},{2 + 0.01 * (step % 5)}" for step in range(1, 61)]
    again = [f"{step},{2 + 0.01 * (step % 5) + 1e-4}" for step in range(51, 61)]
    bring(root, table(tmp_path / "a.csv", *calm, *again, "61,nan"))
    [told] = [event for event in shown(root, "a")["events"] if event["kind"] == "spike"]
    assert (told["branch"], told["step"], told["data"]["rule"]) == (2, 61, "T0")


def test_a_store_that_is_rebuilt_has_what_was_imported(root, tmp_path):
    bring(root, table(tmp_path / "a.csv", "1,2.5", "2,nan", "1,3.0"))
    before, run = rows_in_store(root), shown(root, "a")
    rebuild(Store.at(root / "assay.duckdb"))
    assert (rows_in_store(root), shown(root, "a")["created"]) == (before, run["created"])


@pytest.mark.parametrize("name", [path.name for path in LOGS] or ["*.csv"])
def test_a_real_loss_log_is_imported_whole_with_the_spikes_that_detect_finds(root, capsys, name):
    path = DATA / "loss_logs" / name
    if not path.is_file():
        pytest.skip("needs the real loss logs in shared/data/loss_logs")
    [report] = reported(root, capsys, path)
    steps = [row.split(",")[0] for row in path.read_text().splitlines()[1:]]
    assert report["points"] == len(steps)
    assert report["spikes"] == len(scan_stretches(loss_log(path).stretches).spikes) > 0
    stored = values(root, report["run"]) + values(root, report["run"], "grad_norm")
    assert len({(branch, step) for branch, step, _ in stored}) == len(steps)
    [again] = reported(root, capsys, path)
    assert (again["new_points"], again["imported_before"]) == (0, True)


def test_progress_is_shown_where_a_log_is_long(root, tmp_path, monkeypatch):
    log = table(tmp_path / "a.csv", *(f"{step},1.0" for step in range(1, 41)))
    monkeypatch.setattr(imports, "_COUNTED", 1)
    said: list[str] = []

    class Status:
        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None: ...

        def update(self, words: str) -> None:
            said.append(words)

    monkeypatch.setattr(imports.notes, "status", lambda _: Status())
    bring(root, log)
    assert said == [f"table: {log}, 40 points"]
