"""Rank 0 decides for all processes: what is skipped, what is gone back for, what people ask, when all stop."""

import json
import math
import signal

import pytest

from store.database import Store
from store.loading import load_spools
from store.runs import list_runs, show_run
from tests.trainer.parallel.launched import launch
from tests.trainer.seen import Person, active, batches, checkpoints, events, learned, metric, state_of, wait_for

LONG = {"train__steps": 100000, "train__eval_every": 100000, "checkpoint__every": 5, "checkpoint__keep": 1000}


@pytest.fixture
def running(written, tmp_path):
    """A run in two processes that does not end by itself."""

    def start(**settings):
        place = tmp_path / "running"
        launched = launch(tmp_path, written(**{**LONG, **settings}), "--store", place)
        return launched, Store.at(place / "assay.duckdb")

    return start


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_no_number_in_one_process_is_stepped_on_in_none(trained):
    store = trained(harm="not_a_number:1:4:4", train__steps=8)
    assert [row["verdict"] for row in batches(store)] == [*["commit"] * 3, "skip", *["commit"] * 4]
    assert {(event["step"], event["data"]["rule"]) for event in events(store, "spike")} == {(4, "T0")}
    bad = [not math.isfinite(loss) for loss in batches(store)[3]["losses"]]
    assert bad.count(True) == 2, "of the two samples that process 1 read"


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
@pytest.mark.parametrize(
    ("first", "every"),
    [(5, 3), pytest.param(1, 100, marks=pytest.mark.slow)],
    ids=["to a checkpoint", "to the beginning"],
)
def test_all_processes_go_back_together(trained, parallel, first, every):
    store = trained(
        harm=f"not_a_number:1:{first}:{first + 2}", train__steps=10, train__parallel=parallel, checkpoint__every=every
    )
    assert [branch["reason"] for branch in show_run(store, "r")["branches"]] == ["start", "replay"]
    assert [folder.name for folder in checkpoints(store)][-1] == "00000010-b2"
    losses = active(store, "loss")
    assert sorted(losses) == [*range(1, 11)]
    assert all(map(math.isfinite, losses.values()))
    calm = trained("calm", train__steps=10, train__parallel=parallel, checkpoint__every=every)
    assert losses == active(calm, "loss")
    here, there = (learned(checkpoints(found)[-1]) for found in (store, calm))
    assert {name: here[name] == there[name] for name in here} == {
        "adapter_model.safetensors": True, "optimizer.safetensors": True, "state.json": False,
    }  # fmt: skip


def test_people_ask_rank_0_and_all_processes_do_it(running):
    launched, store = running()
    person = Person(
        store, "pause", "continue", "save-now", ("rollback", {"step": 5}), "stop-and-save",
        first=lambda: checkpoints(store),
    )  # fmt: skip
    ended = launched.wait()
    assert [one.code for one in ended] == [0, 0]
    person.join(timeout=10)
    assert [answer.split(" ")[0] for answer in person.answers] == ["paused", "goes", "saved", "went", "stops"]
    assert [branch["reason"] for branch in show_run(store, "r")["branches"]] == ["start", "rollback"]
    losses = metric(store, "loss")
    again = {step: loss for (branch, step), loss in losses.items() if branch == 2 and (1, step) in losses}
    assert again
    assert again == {step: losses[1, step] for step in again}
    assert ended[1].out == ended[1].err == ""


@pytest.mark.parametrize(("ranks", "number"), [((0, 1), signal.SIGINT), ((1,), signal.SIGTERM)])
def test_a_signal_to_any_process_stops_all_of_them_at_one_step_and_saves_once(running, ranks, number):
    launched, store = running(checkpoint__every=100000)
    wait_for(lambda: store.exists and list_runs(store) and len(active(store, "loss")) > 3)
    launched.signal(number, *ranks)
    launched.signal(number, *ranks)  # a launcher passes on what the terminal has sent already
    ended = launched.wait()
    assert ended[0].code == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert ended[1].code == 0
    [folder] = checkpoints(store)
    load_spools(store)
    assert state_of(folder)["step"] == max(active(store, "loss"))


def test_every_spool_is_loaded_once_and_only_rank_0_declares(trained):
    store = trained(train__steps=60, record__system_seconds=0.1, checkpoint__every=1000)
    spools = sorted((store.root / "r" / "spool").iterdir())
    assert [path.name.split("-")[0] for path in spools] == ["0", "1"]
    told = [lines_of(path) for path in spools]
    assert {line["k"] for line in told[1]} <= {"open", "step", "beat"}
    load_spools(store)
    load_spools(store)
    for name in ("system/cpu_percent", "system/memory_bytes"):
        logged = {(line["b"], line["s"]): line["v"][name] for line in told[1] if line["k"] == "step"}
        assert metric(store, f"rank/1/{name}") == logged
        assert len(logged) > 0
    assert store.rows("SELECT count(*) AS n FROM run") == [{"n": 1}]
    assert store.rows("SELECT count(*) AS n FROM branch") == [{"n": 1}]


@pytest.mark.slow
def test_a_process_that_does_not_see_the_runs_folder_trains_and_records_nothing(trained):
    store = trained(harm="sees_no_folder:1", record__system_seconds=0.1)
    assert [path.name[:2] for path in (store.root / "r" / "spool").iterdir()] == ["0-"]
    assert sorted(active(store, "loss")) == [*range(1, 7)]


@pytest.mark.parametrize(("harm", "why"), [
    ("cannot_write_the_folder:1", "Read-only file system"),
    pytest.param("may_not_look_into_the_folder:1", "Permission denied", marks=pytest.mark.slow),
])  # fmt: skip
def test_a_process_that_cannot_write_the_runs_folder_says_so_and_trains(written, tmp_path, harm, why):
    place = tmp_path / "several"
    path = written(record__system_seconds=0.1)
    ended = launch(tmp_path, path, "--store", place, harm=harm).wait()
    assert [one.code for one in ended] == [0, 0], ended
    assert ended[1].err.strip() == (
        f"process 1: {place / 'r'} cannot be written from here ({why}); what this machine does is not recorded, and "
        "the training goes on"
    )
    store = Store.at(place / "assay.duckdb")
    assert sorted(active(store, "loss")) == [*range(1, 7)]
    assert [item.name[:2] for item in (place / "r" / "spool").iterdir()] == ["0-"]
