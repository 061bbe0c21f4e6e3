"""What the views of a run read, row by row."""

import pytest

from dashboard.charts.mix import shares
from dashboard.queries import checkpoints, data, origin, requests, run
from store.requests import ask, finish, take


@pytest.fixture
def triage(full_store):
    return run.run_facts(full_store, "triage")["id"]


@pytest.fixture
def watched(full_store):
    return run.run_facts(full_store, "watched")["id"]


def test_a_run_takes_requests_where_assay_train_made_it(full_store):
    polls = {name: run.run_facts(full_store, name)["polls"] for name in ("triage", "watched", "begun")}
    assert polls == {"triage": True, "watched": False, "begun": False}
    assert "provenance" not in run.run_facts(full_store, "triage")


def test_checkpoints_say_which_is_best_on_the_active_path_and_what_holds_them(full_store, triage, watched):
    names = ("step", "branch", "state", "val_loss", "best", "active", "pins", "bytes", "path")
    rows = [tuple(row[name] for name in names) for row in checkpoints.shelf(full_store, triage).to_pylist()]
    assert sorted(rows) == [
        (30, 1, "stable", 2.0, False, True, ["run:child"], 13_451_368, "triage/checkpoints/30"),
        (60, 1, "stable", 1.5, True, True, [], 13_451_368, "triage/checkpoints/60"),
        (75, 1, "suspect", 0.5, False, False, [], 13_451_368, "triage/checkpoints/75"),
    ]
    assert [row[0] for row in rows] == [75, 60, 30]
    assert checkpoints.shelf(full_store, watched).num_rows == 0


def test_files_come_in_the_order_of_their_rows(full_store, triage, watched):
    rows = data.datasets(full_store, triage).to_pylist()
    assert [(row["role"], row["path"].rpartition("/")[2], row["rows"], row["sha256"][:2]) for row in rows] == [
        ("train", "complaints.jsonl", 5, "aa"),
        ("validation", "complaints.jsonl", 1, "aa"),
        ("general", "facts.jsonl", 2, "bb"),
    ]
    assert data.datasets(full_store, watched).num_rows == 0


def test_sources_count_what_was_learned_on_the_active_path(full_store, triage, watched):
    rows = {row["source"]: row for row in data.sources(full_store, triage).to_pylist()}
    # 99 steps of two samples, but for step 70, which was skipped; each fourth step takes the two general rows.
    learned = [step for step in range(1, 100) if step != 70]
    general = 2 * sum(step % 4 == 3 for step in learned)
    assert (rows["facts"]["samples"], rows["facts"]["different"]) == (general, 2)
    assert (rows["complaints"]["samples"], rows["complaints"]["different"]) == (2 * len(learned) - general, 6)
    assert rows["facts"]["loss"] is None
    assert (rows["general"]["samples"], rows["general"]["loss"]) == (
        None,
        pytest.approx(1.1 + 2.0 * 2.718281828459045 ** (-99 / 30)),
    )
    assert [row["source"] for row in data.sources(full_store, watched).to_pylist()] == ["general", "medical"]


def test_the_mix_is_told_over_the_steps_of_the_active_path(full_store, triage, watched, monkeypatch):
    monkeypatch.setattr(data, "MOMENTS", 4)
    rows = data.mix(full_store, triage, 101).to_pylist()
    steps = {(row["step"], row["step_last"]) for row in rows}
    assert steps == {(1, 31), (32, 63), (64, 95), (96, 99)}
    whole = {row["source"]: row["samples"] for row in data.sources(full_store, triage).to_pylist()}
    for source in ("facts", "complaints"):
        assert sum(row["samples"] for row in rows if row["source"] == source) == whole[source]
    # Each fourth step takes the two general rows; step 70 was skipped.
    found = shares(rows, "not recorded")
    of_facts = [row["last"] for row in found.to_pylist() if row["metric"] == "facts"]
    assert of_facts == pytest.approx([100 * 8 / 31, 25, 100 * 8 / 31, 25], abs=0.01)
    assert data.mix(full_store, watched, 5).num_rows == 0


def test_where_a_source_gave_nothing_its_share_is_nothing():
    rows = [{"step": step, "step_last": step, "source": source, "samples": 2} for step, source in ((1, "a"), (2, None))]
    assert [(row["metric"], row["step"], row["last"]) for row in shares(rows, "?").to_pylist()] == [
        ("a", 1, 100.0), ("?", 1, 0.0), ("a", 2, 0.0), ("?", 2, 100.0),
    ]  # fmt: skip


def test_the_hardest_samples_are_those_of_the_active_path_each_once(full_store, triage, watched):
    rows = data.hardest(full_store, triage, 101).to_pylist()
    found = [(row["loss"], row["path"].rpartition("/")[2], row["row"], row["source"]) for row in rows]
    assert found == [
        (8.0, "facts.jsonl", 1, "facts"),
        (7.0, "facts.jsonl", 0, "facts"),
        *((1.0 + row, "complaints.jsonl", row, "complaints") for row in (5, 4, 3, 2, 1, 0)),
    ]
    assert all(len(row["hash"]) == 16 for row in rows)
    assert data.hardest(full_store, triage, 101 + data.WINDOW).num_rows == 0
    assert data.hardest(full_store, watched, 5).num_rows == 0


def test_a_sample_of_no_recorded_file_has_no_path(empty_store):
    def put(transaction):
        transaction.execute("INSERT INTO branch VALUES (1, 1, NULL, -1, 'start', now()::TIMESTAMP, NULL)")
        transaction.execute("INSERT INTO step_batch VALUES (1, 1, 1, 1, 'commit', [4, 5], [2.0, 'nan'::DOUBLE])")

    empty_store.transaction(put)
    rows = data.hardest(empty_store, 1, 1).to_pylist()
    assert [(str(row["loss"]), row["step"], row["path"], row["row"], row["hash"]) for row in rows] == [
        ("nan", 1, None, None, None),
        ("2.0", 1, None, None, None),
    ]
    assert data.sources(empty_store, 1).to_pylist() == [{"source": None, "samples": 2, "different": 2, "loss": None}]


def test_origin_events_and_traceback_are_those_of_the_run(full_store, triage, watched):
    broken = run.run_facts(full_store, "broken")["id"]
    assert origin.origin(full_store, triage)["config"]["checkpoint"] == {"every": 30}
    assert origin.origin(full_store, triage)["provenance"]["host"] == "box"
    assert origin.origin(full_store, watched) == {"config": None, "provenance": None}
    assert [(row["level"], row["step"], row["message"]) for row in origin.alarms(full_store, triage).to_pylist()] == [
        ("alarm", 75, "jump of the loss"),
        ("warning", None, "<b>2 rows</b> are cut"),
    ]
    assert origin.traceback(full_store, broken).splitlines()[-1] == "RuntimeError: CUDA out of memory"
    assert origin.traceback(full_store, triage) is None
    messages = [row["message"] for row in origin.alarms(full_store, broken).to_pylist()]
    assert messages == ["failed: RuntimeError: CUDA out of memory"]


def test_requests_are_those_open_and_the_newest_answered(empty_store):
    def put(transaction):
        transaction.execute(
            "INSERT INTO run (id, name, status, created, heartbeat, tags, starred, archived) "
            "VALUES (1, 'mine', 'running', now()::TIMESTAMP, now()::TIMESTAMP, [], false, false)"
        )

    empty_store.transaction(put)
    numbers = [ask(empty_store, "mine", "note", {"text": str(number)}, actor="command:ann") for number in range(5)]
    take(empty_store, "mine")
    for number in numbers[:4]:
        finish(empty_store, number, "noted")
    last = ask(empty_store, "mine", "pause", actor="bo")
    rows = requests.requests(empty_store, 1).to_pylist()
    assert [(row["id"], row["actor"], row["taken"] is None, row["result"]) for row in rows] == [
        (numbers[1], "command:ann", False, "noted"),
        (numbers[2], "command:ann", False, "noted"),
        (numbers[3], "command:ann", False, "noted"),
        (numbers[4], "command:ann", False, None),
        (last, "bo", True, None),
    ]
    assert requests.requests(empty_store, 2).num_rows == 0
