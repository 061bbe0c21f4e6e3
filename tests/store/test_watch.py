"""`assay watch` from the log to the store: each format, twice, together, stopped, killed."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

import assay
from store.database import Store
from store.watch_run import recorded_source, run_name
from tests.watched import line, logged, rows_in_store, shown, values, watch_once

REPO = Path(__file__).parents[2]
LOGS = REPO / ".." / "shared" / "data" / "loss_logs"


def real_log(name: str) -> Path:
    if not (LOGS / name).is_file():
        pytest.skip(f"needs the real loss log {name}")
    return LOGS / name


def reported(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out)


@pytest.fixture(autouse=True)
def exits(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` ends with `sys.exit`; 0 is no news for a test."""
    real = sys.exit
    monkeypatch.setattr(sys, "exit", lambda status=0: real(status) if status else None)


def test_a_llama_factory_run_is_recorded_under_its_folders_name(root, tmp_path, capsys):
    log = logged(tmp_path / "qwen-sft", line(10, 2.5) + line(20, 2.0))
    watch_once(root, tmp_path / "qwen-sft", "--json")
    report = reported(capsys)
    assert report == {
        "run": "qwen-sft", "status": "paused", "source": str(tmp_path / "qwen-sft"), "format": "trainer-log",
        "followed": str(log), "others": [], "new_points": 2, "points": 2, "step": 20, "total_steps": 100, "branch": 1,
        "ended": False, "skipped": 0, "repeated": 0, "newest": {"loss": 2.0, "lr": 1e-4, "epoch": 0.5},
    }  # fmt: skip
    assert values(root, "qwen-sft") == [(1, 10, 2.5), (1, 20, 2.0)]
    assert values(root, "qwen-sft", "lr") == [(1, 10, 1e-4), (1, 20, 1e-4)]
    run = shown(root, "qwen-sft")
    assert (run["status"], run["step"], run["total_steps"], run["source"]) == (
        "paused", 20, 100, str(tmp_path / "qwen-sft"),
    )  # fmt: skip


def test_watching_twice_adds_nothing_at_all(root, tmp_path, capsys):
    logged(tmp_path / "a", line(10, 2.5) + line(20, 2.0) + line(10, 9.0))
    watch_once(root, tmp_path / "a")
    before = rows_in_store(root)
    spools = sorted((root / "a" / "spool").iterdir())
    for source in (tmp_path / "a", tmp_path / "a" / "trainer_log.jsonl", tmp_path / "a" / ".." / "a"):
        capsys.readouterr()
        watch_once(root, source, "--json")
        assert reported(capsys)["new_points"] == 0
    assert rows_in_store(root) == before
    assert sorted((root / "a" / "spool").iterdir()) == spools


def test_a_second_watch_adds_only_what_is_new(root, tmp_path):
    logged(tmp_path / "a", line(10, 2.5))
    watch_once(root, tmp_path / "a")
    logged(tmp_path / "a", line(20, 2.0), mode="a")
    watch_once(root, tmp_path / "a")
    assert values(root, "a") == [(1, 10, 2.5), (1, 20, 2.0)]
    assert rows_in_store(root)[0]["runs"] == 1


def test_a_run_resumed_from_a_checkpoint_becomes_a_branch(root, tmp_path):
    logged(tmp_path / "a", line(10, 2.5) + line(20, 2.0) + line(30, 1.5))
    watch_once(root, tmp_path / "a")
    logged(tmp_path / "a", line(20, 2.1) + line(30, 1.6), mode="a")
    watch_once(root, tmp_path / "a")
    assert values(root, "a") == [(1, 10, 2.5), (1, 20, 2.0), (1, 30, 1.5), (2, 20, 2.1), (2, 30, 1.6)]
    branches = shown(root, "a")["branches"]
    assert [(row["branch"], row["parent"], row["fork_step"], row["reason"]) for row in branches] == [
        (1, None, -1, "start"),
        (2, 1, 19, "resume"),
    ]


def state(path: Path, *history: dict[str, float], step: int, max_steps: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"global_step": step, "max_steps": max_steps, "log_history": list(history)}))


def test_overlapping_trainer_states_are_recorded_once_and_a_changed_history_is_a_branch(root, tmp_path):
    first, second, third = ({"step": step, "loss": 3.0 - step / 100, "epoch": 0.1} for step in (10, 20, 30))
    state(tmp_path / "out" / "checkpoint-10" / "trainer_state.json", first, step=10)
    state(tmp_path / "out" / "checkpoint-20" / "trainer_state.json", first, second, step=20)
    watch_once(root, tmp_path / "out")
    assert values(root, "out") == [(1, 10, 2.9), (1, 20, 2.8)]
    state(tmp_path / "out" / "checkpoint-30" / "trainer_state.json", first, second, third, step=30)
    watch_once(root, tmp_path / "out")
    assert values(root, "out") == [(1, 10, 2.9), (1, 20, 2.8), (1, 30, 2.7)]
    other = {**third, "step": 20, "loss": 5.0}
    closing = {"step": 40, "train_loss": 2.5, "train_runtime": 9.0}
    state(tmp_path / "out" / "trainer_state.json", first, other, {**third, "step": 40}, closing, step=40)
    watch_once(root, tmp_path / "out")
    assert values(root, "out")[3:] == [(2, 20, 5.0), (2, 40, 2.7)]
    run = shown(root, "out")
    assert run["status"] == "finished"
    assert [event["data"] for event in run["events"] if event["kind"] == "summary"] == [
        {"train_loss": 2.5, "train_runtime": 9.0}
    ]
    assert values(root, "out", "train_loss") == []


def test_one_state_of_a_trainer_is_followed_when_named_itself(root, tmp_path):
    state(tmp_path / "out" / "checkpoint-10" / "trainer_state.json", {"step": 10, "loss": 1.0}, step=10)
    state(tmp_path / "out" / "trainer_state.json", {"step": 20, "loss": 2.0}, step=20)
    watch_once(root, tmp_path / "out" / "checkpoint-10" / "trainer_state.json")
    assert values(root, "checkpoint-10") == [(1, 10, 1.0)]


def test_tensorboard_events_are_recorded_with_their_own_times(root, tmp_path):
    folder = tmp_path / "tb"
    folder.mkdir()
    for started, steps in ((1700000000, (1, 2, 3)), (1700000500, (2, 3))):
        with (folder / f"events.out.tfevents.{started}.host").open("wb") as file:
            for step in steps:
                for tag in ("train/loss", "train/epoch"):
                    summary = Summary(value=[Summary.Value(tag=tag, simple_value=step / 2)])
                    RecordWriter(file).write(
                        Event(wall_time=started + step, step=step, summary=summary).SerializeToString()
                    )
    watch_once(root, folder)
    assert values(root, "tb") == [(1, 1, 0.5), (1, 2, 1.0), (1, 3, 1.5), (2, 2, 1.0), (2, 3, 1.5)]
    times = Store.at(root / "assay.duckdb").rows("SELECT epoch(time) AS t FROM metric WHERE branch = 2 ORDER BY time")
    assert [row["t"] for row in times] == [1700000502.0, 1700000502.0, 1700000503.0, 1700000503.0]
    before = rows_in_store(root)
    watch_once(root, folder)
    assert rows_in_store(root) == before


def test_a_trainers_tensorboard_run_resumed_into_another_one_stays_one_run(root, tmp_path):
    def write(name: str, started: int, *steps: int) -> None:
        (tmp_path / "out" / "runs" / name).mkdir(parents=True)
        with (tmp_path / "out" / "runs" / name / f"events.out.tfevents.{started}.host").open("wb") as file:
            for step in steps:
                summary = Summary(value=[Summary.Value(tag="train/loss", simple_value=step / 2)])
                RecordWriter(file).write(Event(step=step, summary=summary).SerializeToString())

    write("Nov20", 1700000000, 1, 2, 3)
    watch_once(root, tmp_path / "out")
    (tmp_path / "out" / "checkpoint-2").mkdir()
    write("Nov21", 1700000900, 3, 4)
    watch_once(root, tmp_path / "out")
    assert values(root, "out") == [(1, 1, 0.5), (1, 2, 1.0), (1, 3, 1.5), (1, 4, 2.0)]


def test_a_whole_epoch_of_gpt2_is_recorded_once(root):
    source = real_log("gpt2_124m_one_epoch.csv")
    watch_once(root, source)
    watch_once(root, source)
    recorded = values(root, "gpt2_124m_one_epoch")
    assert [step for _, step, _ in recorded] == list(range(19_073))
    assert recorded[0] == (1, 0, 10.95501)
    assert recorded[-1] == (1, 19_072, 3.08329)
    assert len(values(root, "gpt2_124m_one_epoch", "grad_norm")) == 19_073
    assert shown(root, "gpt2_124m_one_epoch")["status"] == "finished"


def test_a_run_that_is_not_a_number_is_recorded_as_such(root):
    watch_once(root, real_log("gpt2_nan_from_start.csv"))
    recorded = values(root, "gpt2_nan_from_start")
    assert [step for _, step, _ in recorded] == list(range(1, 2001))
    assert all(math.isnan(value) for _, _, value in recorded)


def test_blooms_precursor_is_recorded_exactly(root):
    watch_once(root, real_log("bloom_176b_precursor.csv"))
    assert values(root, "bloom_176b_precursor")[6] == (1, 31219, 5.098124)
    assert values(root, "bloom_176b_precursor", "grad_norm")[6] == (1, 31219, 960.351)
    assert len(values(root, "bloom_176b_precursor")) == 13


def test_bigsciences_rollbacks_are_branches(root):
    watch_once(root, real_log("bigscience_104b_divergence.csv"))
    steps = [(branch, step) for branch, step, _ in values(root, "bigscience_104b_divergence")]
    assert steps == [
        (1, 7000), (1, 7010), (1, 7220),
        *((2, step) for step in (6900, 6910, 6920, 6930, 6940, 11446, 11447, 11448)),
        *((3, step) for step in (8738, 8739, 8740, 8741, 8742, 8743, 9026)),
    ]  # fmt: skip
    branches = shown(root, "bigscience_104b_divergence")["branches"]
    assert [(row["parent"], row["fork_step"]) for row in branches] == [(None, -1), (1, 6899), (2, 8737)]
    path = Store.at(root / "assay.duckdb").rows("SELECT branch, last_step FROM active_path ORDER BY branch")
    assert [(row["branch"], row["last_step"]) for row in path][:2] == [(1, 6899), (2, 8737)]


def test_what_is_recorded_can_be_rebuilt_from_the_spools_alone(root, tmp_path):
    logged(tmp_path / "a", line(10, 2.5) + line(20, math.inf) + line(10, 3.0))
    watch_once(root, tmp_path / "a")
    before = values(root, "a")
    (root / "assay.duckdb").unlink()
    assert values(root, "a") == before == [(1, 10, 2.5), (1, 20, math.inf), (2, 10, 3.0)]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "nothing to follow in"),
        ({"log.csv": "step,loss\n"}, "holds no points yet"),
        ({"log.csv": "step,loss\nx,1\n"}, r"holds no points yet: 1 rows give none (first: log.csv line 2: 'x')"),
        ({"trainer_log.jsonl": '{"a": 1}\nxx\n'}, "2 rows give none (first: trainer_log.jsonl line 1: no step)"),
        ({"trainer_state.json": "{"}, "is no trainer state"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_sentence_and_leaves_nothing(root, tmp_path, capsys, files, sentence):
    (tmp_path / "a").mkdir()
    for name, text in files.items():
        logged(tmp_path / "a", text, name)
    with pytest.raises(SystemExit) as stopped:
        watch_once(root, tmp_path / "a", "--json")
    said = capsys.readouterr()
    assert stopped.value.code == 2
    assert said.out == ""
    assert sentence in said.err
    assert [path for path in root.iterdir() if path.is_dir()] == []


def test_a_name_can_be_given_and_must_not_be_another_runs(root, tmp_path, capsys):
    logged(tmp_path / "a", line(10, 2.5))
    logged(tmp_path / "b", line(10, 2.5))
    watch_once(root, tmp_path / "a", "--name", "mine")
    watch_once(root, tmp_path / "a")
    assert [path.name for path in root.iterdir() if path.is_dir()] == ["mine"]
    with pytest.raises(SystemExit):
        watch_once(root, tmp_path / "b", "--name", "mine")
    assert "run mine" in capsys.readouterr().err
    assay.run("b", store=root).finish()
    watch_once(root, tmp_path / "b")
    assert values(root, "b-2") == [(1, 10, 2.5)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/runs/glm-lora", "glm-lora"),
        ("/runs/glm-lora/trainer_log.jsonl", "glm-lora"),
        ("/runs/glm-lora/events.out.tfevents.1.host", "glm-lora"),
        ("/runs/gpt2.csv", "gpt2"),
        ("/runs/.hidden", "hidden"),
        ("/runs/医疗 微调", "医疗 微调"),
        ("/runs/a:b", "a-b"),
        ("/runs/损失\u3000一.csv", "损失-一"),
        ("/runs/assay.duckdb.csv", "watched"),
        ("/", "watched"),
    ],
)
def test_a_run_is_named_after_its_folder_or_its_file(path, name):
    assert run_name(Path(path)) == name


def test_what_was_followed_is_followed_again_though_more_lies_there_now(root, tmp_path):
    logged(tmp_path / "a", "step,loss\n1,2.0\n", "log.csv")
    watch_once(root, tmp_path / "a")
    logged(tmp_path / "a", line(1, 2.0) + line(2, 1.0))
    assert recorded_source(root, tmp_path / "a").path == tmp_path / "a" / "log.csv"
    watch_once(root, tmp_path / "a")
    assert values(root, "a") == [(1, 1, 2.0)]


def files_of(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def test_nothing_changes_where_the_run_writes(root, tmp_path):
    logged(tmp_path / "a", line(10, 2.5))
    state(tmp_path / "a" / "checkpoint-10" / "trainer_state.json", {"step": 10, "loss": 1.0}, step=10)
    before = files_of(tmp_path / "a")
    watch_once(root, tmp_path / "a")
    assert files_of(tmp_path / "a") == before
