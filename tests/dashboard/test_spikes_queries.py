"""What Run · Spikes reads, row by row."""

import math

import pytest

import assay
from dashboard.queries import spikes, spikes_around
from dashboard.queries.spikes_around import Stretch, heat, lineage_of, ratios
from store.database import Store
from store.loading import load_spools
from tests.dashboard import spiky


@pytest.fixture(scope="module")
def healed(tmp_path_factory):
    """A store whose only run is `spiky.healed`."""
    root = tmp_path_factory.mktemp("healed")
    with assay.run("healed", store=root) as run:
        spiky.healed(run)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def test_what_was_told_comes_in_order_with_the_branches_between(healed):
    rows = [(row["kind"], row["step"], row["message"]) for row in spikes.told(healed, 1).to_pylist()]
    assert [row for row in rows if row[0] != "status"] == [
        ("spike", 60, "step 60: told"), ("spike", 90, "step 90: told"), ("spike", 152, "step 152: told"),
        ("spike", 160, "step 160: told"), ("branch", 140, "replay"), ("guard", 160, "went back from 160"),
        ("spike", 157, "step 157: told"), ("branch", 140, "rollback"), ("guard", 157, "went back from 157"),
        ("spike-over", 181, "over"),
    ]  # fmt: skip
    assert [row[2] for row in rows if row[0] == "status"] == ["running", "finished"]


def test_branches_say_how_far_they_went_and_how_far_they_are_active(healed):
    names = ("branch", "parent", "fork_step", "reason", "first_step", "last_step", "active_to")
    rows = [tuple(row[name] for name in names) for row in spikes.branches(healed, 1).to_pylist()]
    assert rows == [
        (1, None, -1, "start", 0, 160, 140),
        (2, 1, 140, "replay", 141, 157, None),
        (3, 2, 140, "rollback", 141, 220, 220),
    ]


def test_a_branch_that_recorded_no_batches_ends_where_it_was_left(empty_store):
    with assay.run("script", store=empty_store.root) as run:
        for step in range(1, 6):
            run.log(step, loss=1.0)
        run.fork(after=3, reason="rollback", data={"abandoned_to": 5})
        run.log(4, loss=1.0)
    load_spools(empty_store)
    rows = spikes.branches(empty_store, 1).to_pylist()
    assert [(row["last_step"], row["active_to"]) for row in rows] == [(5, 3), (4, 4)]


def test_steps_not_trained_on_come_in_stretches(healed):
    rows = [tuple(row.values()) for row in spikes.left(healed, 1).to_pylist()]
    assert rows == [(1, "skip", 90, 90, True), (3, "left-out", 141, 167, True), (1, "skip", 152, 152, False)]


def test_steps_skipped_one_after_the_other_are_one_stretch(empty_store):
    with assay.run("r", store=empty_store.root) as run:
        spiky.steps(run, 1, 9, verdicts=dict.fromkeys((2, 3, 4, 7), "skip"))
    load_spools(empty_store)
    assert [(row["first"], row["last"]) for row in spikes.left(empty_store, 1).to_pylist()] == [(2, 4), (7, 7)]


def test_the_lineage_of_a_branch_ends_with_the_first_or_with_one_that_names_itself():
    rows = [
        {"branch": 1, "parent": None, "fork_step": -1}, {"branch": 2, "parent": 1, "fork_step": 60},
        {"branch": 3, "parent": 2, "fork_step": 50}, {"branch": 4, "parent": 4, "fork_step": 9},
    ]  # fmt: skip
    assert lineage_of(rows, 3, 40, 70) == [Stretch(1, 40, 50), Stretch(3, 51, 70)]
    assert lineage_of(rows, 4, 1, 20) == [Stretch(4, 10, 20)]
    assert lineage_of(rows, 9, 1, 20) == []


def test_a_value_is_compared_with_the_median_of_what_lies_before_the_spike():
    rows = [{"group": "embed", "step": step, "value": 2.0} for step in range(1, 200)]
    rows += [{"group": "embed", "step": 200, "value": 8.0}, {"group": "embed", "step": 201, "value": math.nan}]
    rows += [{"group": "embed", "step": 202, "value": 0.0}, {"group": "head", "step": 200, "value": 1.0}]
    found = ratios(rows, 200, shown=1).to_pylist()
    assert [(row["group"], row["step"], row["ratio"], row["power"]) for row in found] == [
        ("embed", 199, 1.0, 0.0), ("embed", 200, 4.0, 2.0), ("embed", 201, None, None), ("embed", 202, 0.0, -99.0),
    ]  # fmt: skip
    assert [row["finite"] for row in found] == [True, True, False, True]


def test_only_the_steps_before_count_and_not_those_long_before():
    rows = [{"group": "head", "step": step, "value": 9.0 if step < 100 else 3.0} for step in range(1, 301)]
    (row,) = (row for row in ratios(rows, 230).to_pylist() if row["step"] == 230)
    assert row["usual"] == 3.0


def test_the_groups_are_read_along_the_path_of_the_branch(healed):
    path = lineage_of(spikes.branches(healed, 1).to_pylist(), 2, 151 - spikes_around.BEFORE, 157)
    cells = heat(healed, 1, "grad_norm", path, 151).to_pylist()
    assert {row["group"] for row in cells} == set(spiky.GROUPS)
    # Four times the median everywhere, sixteen times at the embeddings, but for the signal's own 5 %.
    high = {row["group"]: row["ratio"] for row in cells if row["step"] == 155}
    assert high["embed"] == pytest.approx(16, rel=0.05)
    assert high["head"] == pytest.approx(4, rel=0.05)
    assert max(row["step"] for row in cells) == 157


def test_a_run_without_groups_has_no_cells(full_store):
    assert heat(full_store, 1, "rms_t", [Stretch(1, 1, 50)], 40).num_rows == 0
