"""What the pages read, row by row."""

import math
from datetime import timedelta

import pyarrow as pa
import pytest

import assay
from dashboard.kept_figures import KeptFigures
from dashboard.queries import curves, run, runs
from dashboard.queries.checkpoints import shelf
from dashboard.queries.curves import Span
from dashboard.tables import POINT, thinned
from store.compare import compare_runs
from store.database import Store
from store.loading import load_spools


def run_id(store, name):
    return run.run_facts(store, name)["id"]


def loss_at(step):
    return 1.0 + 2.0 * math.exp(-step / 30)


def test_the_list_has_a_row_a_run_with_its_figures_on_the_active_path(full_store):
    rows = KeptFigures().joined(full_store, runs.runs(full_store).to_pylist())
    names = ("name", "status", "error", "last_step", "total_steps", "loss", "val_loss", "val_step", "project", "tags")
    said = {row["name"]: tuple(row[name] for name in names[1:]) for row in rows}
    assert said == {
        "begun": ("running", None, None, 10, None, None, None, None, []),
        "watched": ("finished", None, 5, None, pytest.approx(loss_at(5)), None, None, None, []),
        "broken": ("failed", "RuntimeError: CUDA out of memory", 1, 50, 2.0, None, None, None, []),
        "triage": ("finished", None, 101, 200, 1.25, pytest.approx(loss_at(90) + 0.05), 90, "clinic", ["lora"]),
    }


def test_figures_of_a_run_are_read_again_only_when_it_says_something_new(full_store, monkeypatch):
    kept, asked = KeptFigures(), []
    monkeypatch.setattr(
        "dashboard.kept_figures.figures", lambda store, ids: asked.append(len(ids)) or runs.figures(store, ids)
    )
    rows = runs.runs(full_store).to_pylist()
    first = kept.joined(full_store, rows)
    assert kept.joined(full_store, rows[1:]) == first[1:]
    rows[0]["heartbeat"] += timedelta(seconds=1)
    rows[1]["changed"] = rows[1]["heartbeat"]
    assert [row["loss"] for row in kept.joined(full_store, rows)] == [row["loss"] for row in first]
    assert asked == [4, 0, 2]


@pytest.mark.parametrize("most_ranges", [0, 16], ids=["in one pass", "branch by branch"])
def test_the_best_checkpoint_is_safe_and_on_the_active_path(tmp_path, monkeypatch, most_ranges):
    monkeypatch.setattr("store.best.MOST_RANGES", most_ranges)
    with assay.run("mine", store=tmp_path) as recorded:
        for step in range(1, 9):
            recorded.log(step, loss=1.0, val_loss=10.0 - step)
        for step, data in ((2, {}), (3, {"val_loss": 7.0}), (4, {"val_loss": None}), (8, {"val_loss": 2.0})):
            recorded.record("checkpoint", s=step, b=1, state="stable", path=f"c/{step}", sha256=None, data=data)
        recorded.record("checkpoint", s=5, b=1, state="suspect", path="c/5", sha256=None, data={"val_loss": 5.0})
        recorded.fork(after=6, reason="rollback")
        recorded.log(7, loss=1.0)
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    # 8 was left behind, 5 lies after a spike, 4 was not measured.
    assert runs.figures(store, [1]) == [
        {"id": 1, "loss": 1.0, "val_loss": 4.0, "val_step": 6, "seconds_a_step": None, "best_step": 3}
    ]
    assert best_of_all(store) == [3, 3, 3]
    store.transaction(lambda tx: tx.execute("UPDATE checkpoint SET state = 'deleted' WHERE step = 3"))
    assert best_of_all(store) == [2, 2, 2]


def best_of_all(store):
    """What Runs, the comparison and the view Checkpoints each call the best checkpoint of the run `mine`."""
    assay.run("other", store=store.root).finish()
    load_spools(store)
    marked = [row["step"] for row in shelf(store, 1).to_pylist() if row["best"]]
    compared = compare_runs(store, ["mine", "other"]).runs[0]["best_step"]
    return [runs.figures(store, [1])[0]["best_step"], compared, *marked]


def test_the_list_is_empty_in_an_empty_store(empty_store):
    assert runs.runs(empty_store).num_rows == 0
    assert runs.is_demo(empty_store) is False


def test_an_archived_run_is_not_in_the_list(empty_store):
    empty_store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO run (id, name, status, created, heartbeat, tags, starred, archived) "
            "VALUES (1, 'old', 'finished', now()::TIMESTAMP, now()::TIMESTAMP, [], false, true)"
        )
    )
    assert runs.runs(empty_store).num_rows == 0


def test_facts_of_a_run_say_its_newest_branch(full_store):
    facts = run.run_facts(full_store, "triage")
    assert (facts["branch"], facts["branches"], facts["last_step"]) == (2, 2, 101)
    assert facts["seconds_a_step"] >= 0
    assert run.run_facts(full_store, "nobody") is None


def test_figures_come_from_the_active_path_only(full_store):
    rows = {
        row["metric"]: row for row in run.figures(full_store, run_id(full_store, "triage"), run.Before()).to_pylist()
    }
    assert list(rows) == ["loss", "val_loss", "grad_norm", "tokens_per_s", "lr"]
    assert rows["loss"]["value"] == 1.25
    assert rows["loss"]["step"] == 101
    # The abandoned steps 61 to 80 had a loss above 4.
    assert rows["loss"]["high"] == pytest.approx(loss_at(1))
    recent = [*(loss_at(step) for step in range(82, 100)), 1.25]
    assert rows["loss"]["recent"] == pytest.approx(sum(recent) / len(recent))
    earlier = [loss_at(step) for step in range(32, 52)]
    assert rows["loss"]["earlier"] == pytest.approx(sum(earlier) / len(earlier))
    assert (rows["val_loss"]["step"], rows["val_loss"]["lowest_step"]) == (90, 90)
    assert rows["grad_norm"]["value"] == math.inf
    assert (rows["grad_norm"]["low"], rows["grad_norm"]["high"]) == (0.5, 0.5)


def test_names_checkpoints_and_forks_are_those_of_the_run(full_store):
    triage = run_id(full_store, "triage")
    assert run.metric_names(full_store, triage)["name"].to_pylist() == [
        "accuracy", "grad_norm", "group/embed/rms", "group/last/rms", "loss", "loss/general", "loss/medical", "lr",
        "tokens_per_s", "val_loss",
    ]  # fmt: skip
    assert run.metric_names(full_store, run_id(full_store, "broken"))["name"].to_pylist() == ["loss"]
    assert run.checkpoints(full_store, triage).to_pylist() == [
        {"step": 30, "branch": 1, "state": "stable"},
        {"step": 60, "branch": 1, "state": "stable"},
        {"step": 75, "branch": 1, "state": "suspect"},
    ]
    assert run.forks(full_store, triage).to_pylist() == [{"branch": 2, "fork_step": 60, "reason": "rollback"}]
    assert run.forks(full_store, run_id(full_store, "watched")).num_rows == 0


def test_curves_keep_branches_apart_and_give_what_is_no_number_as_marks(full_store):
    series = curves.curves(full_store, run_id(full_store, "triage"), ("loss", "val_loss"), Span(), 400)
    rows = [row for row in series.points.to_pylist() if row["metric"] == "loss"]
    assert series.width == 1
    assert [row["step"] for row in rows if row["active"]] == [*range(1, 100), 101]
    assert [row["step"] for row in rows if not row["active"]] == list(range(61, 81))
    assert [(row["step"], row["kind"]) for row in series.marks.to_pylist()] == [(100, "nan")]


def test_a_span_gives_the_steps_in_it(full_store):
    series = curves.curves(full_store, run_id(full_store, "triage"), ("loss",), Span(20, 22), 400)
    assert [(row["step"], row["last"]) for row in series.points.to_pylist()] == [
        (step, pytest.approx(loss_at(step))) for step in (20, 21, 22)
    ]


def test_small_curves_are_thinned_and_keep_a_spike(full_store):
    points = curves.small_series(full_store, run_id(full_store, "triage"), ("tokens_per_s",), Span(), 10).points
    active = [row for row in points.to_pylist() if row["active"]]
    assert len(active) < 20
    assert max(row["max"] for row in active) == 1099.0
    assert active[0]["min"] == 1001.0


def test_thinning_keeps_first_and_last_step_lowest_highest_last_and_sum():
    table = pa.table(
        {
            "metric": ["a"] * 4, "branch": [1] * 4, "active": [True] * 4, "step": [4, 5, 6, 8],
            "step_last": [4, 5, 7, 8], "min": [3.0, 1.0, 2.0, 7.0], "max": [3.0, 9.0, 2.0, 7.0],
            "last": [3.0, 1.0, 2.0, 7.0], "n": [1, 1, 2, 1], "total": [3.0, 1.0, 4.0, 7.0],
        }
    )  # fmt: skip
    assert [tuple(row.values())[3:] for row in thinned(table, 4).to_pylist()] == [
        (4, 7, 1.0, 9.0, 2.0, 4, 8.0),
        (8, 8, 7.0, 7.0, 7.0, 1, 7.0),
    ]
    assert thinned(table.select(POINT), 4).column_names == POINT


@pytest.mark.parametrize("read", [lambda store: curves.curves(store, 1, ("loss",), Span(), 400).points])
def test_a_run_that_is_not_there_has_no_points(empty_store, read):
    assert read(empty_store).num_rows == 0


def test_figures_know_what_was_lowest_long_ago(tmp_path):
    with assay.run("long", store=tmp_path) as recorded:
        for step in range(1, 2601):
            recorded.log(step, loss=1.0)
            if step % 100 == 0:
                recorded.log(step, val_loss=abs(step - 300.0))
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    known = run.before(store, 1)
    assert known.step == 2100
    assert sorted(set(known.others["step"].to_pylist())) == list(range(601, 2101))
    assert 300 in {step for _, step, _ in known.rows}
    moment = run.moment(store, 1, known)
    figures = {row["metric"]: row for row in moment.figures.to_pylist()}
    assert (figures["val_loss"]["value"], figures["val_loss"]["step"]) == (2300.0, 2600)
    assert (figures["val_loss"]["lowest"], figures["val_loss"]["lowest_step"]) == (0.0, 300)
    assert figures["loss"]["step"] == 2600


def test_a_long_run_without_a_validation_loss_is_not_read_whole_for_its_figures(tmp_path):
    with assay.run("long", store=tmp_path) as recorded:
        for step in range(1, 2601):
            recorded.log(step, loss=float(step))
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    known = run.before(store, 1)
    assert (known.step, known.rows) == (2100, ())
    assert known.others["step"].to_pylist() == list(range(601, 2101))


def test_figures_know_what_was_logged_rarely_before_what_each_refresh_reads(tmp_path):
    with assay.run("long", store=tmp_path) as recorded:
        for step in range(1, 2601):
            recorded.log(step, loss=float(step))
        for step in (1100, 1400):
            recorded.log(step, lr=float(step))
        # Step 1400 is left behind.
        recorded.fork(after=1300, reason="rollback")
        recorded.log(3000, loss=1.0)
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    known = run.before(store, 1)
    found = {row["metric"]: (row["step"], row["value"]) for row in run.figures(store, 1, known).to_pylist()}
    assert (known.step, found) == (2500, {"loss": (3000, 1.0), "lr": (1100, 1100.0)})


def test_curves_of_some_metrics_are_what_a_read_of_all_holds_of_them(full_store):
    triage, names = run_id(full_store, "triage"), ("loss", "val_loss", "grad_norm", "lr")
    everything = curves.series(full_store, triage, names, Span(), 50)
    some = ("grad_norm", "lr")
    found = curves.small(everything, some, 10)
    assert found.width == 16
    assert found.points.equals(thinned(curves.series(full_store, triage, some, Span(), 50).points.select(POINT), 16))
    assert [row["metric"] for row in found.marks.to_pylist()] == ["grad_norm"]
    large = curves.large(everything, ("loss", "val_loss"))
    assert large.points.equals(curves.curves(full_store, triage, ("loss", "val_loss"), Span(), 50).points)
