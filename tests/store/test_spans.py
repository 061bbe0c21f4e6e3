"""The roll-up: whatever was logged in whatever order, charts read from it show what a plain loop finds."""

import math
import random
from itertools import groupby
from pathlib import Path

import pytest

import assay
from assay.spool import encode
from store.bucket_sql import Asked, plan
from store.check import check_store
from store.database import Statement, Store
from store.loading import load_spools
from store.rebuild import rebuild
from store.runs import remove_run
from store.series import bucketed, width_shift
from store.spans import open_spans

SHIFT = 3
KINDS = {math.inf: "inf", -math.inf: "-inf"}


@pytest.fixture(autouse=True)
def short_spans(monkeypatch):
    """Spans of eight steps, so that a few hundred values fill many."""
    monkeypatch.setattr("store.spans.SHIFT", SHIFT)
    monkeypatch.setattr("store.series.SPARSE", 0)


class History:
    """What a made-up run logged, and what a plain loop makes of it."""

    def __init__(self, chance: random.Random, branches: int) -> None:
        self.parents: dict[int, tuple[int, int]] = {}
        self.values: dict[tuple[str, int, int], float] = {}
        lines = []
        for branch in range(1, branches + 1):
            begin = 0
            if branch > 1:
                parent = chance.randint(1, branch - 1)
                fork = chance.randint(5, 150)
                self.parents[branch] = (parent, fork)
                begin = fork + 1
                line = {"k": "branch", "t": 1, "b": branch, "parent": parent, "fork": fork, "reason": "rollback"}
                lines.append((len(lines), line))
            lines += self._steps(chance, branch, begin, len(lines))
        # Late ones come up to 60 lines after their place; branches are declared in order all the same.
        self.lines = [line for _, line in sorted(lines, key=lambda item: item[0])]

    def _steps(self, chance, branch, begin, place):
        gap = range(begin + 30, begin + 60) if chance.random() < 0.5 else ()
        for step in range(begin, begin + chance.randint(20, 200)):
            if step in gap or chance.random() < 0.1:
                continue
            place += 1
            yield place, self._line(branch, step, loss=self._value(chance))
            if step % 10 == 0:
                yield place + chance.choice([0, 5, 60]), self._line(branch, step, val_loss=float(step))

    def _line(self, branch, step, **values):
        self.values.update({(name, branch, step): value for name, value in values.items()})
        return {"k": "step", "t": 1, "b": branch, "s": step, "v": values}

    @staticmethod
    def _value(chance):
        return chance.choice([math.nan, math.inf, -math.inf]) if chance.random() < 0.01 else chance.gauss(0, 1)

    def active(self, branch, step):
        at, last = max(self.parents, default=1), math.inf
        while at != branch:
            if at not in self.parents:
                return False
            at, fork = self.parents[at]
            last = min(last, fork)
        return step <= last

    def buckets(self, metric, low, high, shift):
        rows = sorted(
            (branch, step >> shift, not self.active(branch, step), step, value)
            for (name, branch, step), value in self.values.items()
            if name == metric and low <= step <= high
        )
        return [
            (branch, not abandoned, [(step, value) for *_, step, value in group])
            for (branch, _, abandoned), group in groupby(rows, key=lambda row: row[:3])
        ]

    def points(self, metric, low, high, shift):
        for branch, active, found in self.buckets(metric, low, high, shift):
            steps = [step for step, value in found if math.isfinite(value)]
            good = [value for _, value in found if math.isfinite(value)]
            if good:
                yield (
                    metric,
                    branch,
                    active,
                    steps[0],
                    steps[-1],
                    len(good),
                    min(good),
                    max(good),
                    good[-1],
                    near(sum(good)),
                )

    def marks(self, metric, low, high, shift):
        for branch, active, found in self.buckets(metric, low, high, shift):
            for kind in ("nan", "inf", "-inf"):
                steps = [step for step, value in found if not math.isfinite(value) and KINDS.get(value, "nan") == kind]
                if steps:
                    yield metric, branch, active, steps[0], len(steps), kind


def near(total):
    """Sums differ by the order of what is added."""
    return round(total, 9)


def tuples(table):
    return [
        tuple(near(value) if name == "total" and value is not None else value for name, value in row.items())
        for row in table.to_pylist()
    ]


def spool(root: Path, lines, rank: int = 0) -> None:
    path = root / "mine" / "spool" / f"{rank}-20260101T000000.000000Z-aa.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode({"k": "open", "t": 1, "format": 1}))
    with path.open("ab") as file:
        file.writelines(map(encode, lines))


def recorded(root: Path, **series) -> Store:
    """A run named mine with values by step of each metric."""
    with assay.run("mine", store=root) as run:
        for name, values in series.items():
            for step, value in values.items():
                run.log(step, {name: value})
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def spans(store: Store) -> list[tuple]:
    return tuples(store.read("SELECT * FROM metric_span ORDER BY ALL"))


def spans_anew(store: Store, *, ended: bool = False) -> list[tuple]:
    """The spans that should be there, counted from the raw rows: of a run that ended, the newest ones too."""
    return tuples(
        store.read(
            f"""
            SELECT run_id, branch, metric_id, step >> {SHIFT} AS span, min(step) FILTER (isfinite(value)) AS first_step,
                   max(step) FILTER (isfinite(value)) AS last_step, (count(*) FILTER (isfinite(value)))::INTEGER AS n,
                   min(value) FILTER (isfinite(value)) AS min, max(value) FILTER (isfinite(value)) AS max,
                   arg_max(value, step) FILTER (isfinite(value)) AS last,
                   (count(*) FILTER (NOT isfinite(value)))::INTEGER AS odd,
                   sum(value) FILTER (isfinite(value)) AS total
            FROM metric m JOIN (SELECT run_id, branch, max(step) >> {SHIFT} AS newest FROM metric GROUP BY ALL) t
            USING (run_id, branch)
            WHERE step >> {SHIFT} < newest OR {ended} GROUP BY run_id, branch, metric_id, step >> {SHIFT} ORDER BY ALL
            """
        )
    )


def compare(store: Store, history: History, low, high, buckets, sparse) -> bool:
    """Compare points and marks; whether the roll-up could be used."""
    shift = width_shift(low, high, buckets)
    series = bucketed(store, 1, ["loss", "val_loss", "rank/1/loss"], low, high, buckets=buckets)
    if shift >= SHIFT:
        low, high = low >> shift << shift, (((high >> shift) + 1) << shift) - 1
    points, marks = [], []
    for metric in ("loss", "rank/1/loss", "val_loss"):
        wide = list(history.points(metric, low, high, shift))
        fine = sum(row[5] for row in wide) <= sparse
        points += history.points(metric, low, high, 0) if fine else wide
        marks += history.marks(metric, low, high, shift)
    # Within a bucket of marks, kinds of the same first step cannot be: each has steps of its own.
    assert sorted(tuples(series.points)) == sorted(points)
    assert sorted(tuples(series.marks)) == sorted(marks)
    assert series.width == 1 << shift
    return shift >= SHIFT


@pytest.mark.parametrize("seed", range(10))
def test_charts_show_what_a_plain_loop_finds_however_values_came(root, monkeypatch, seed):
    chance = random.Random(seed)
    monkeypatch.setattr("store.loading.CHUNK_BYTES", chance.choice([500, 2000, 10_000]))
    sparse = chance.choice([0, 30])
    monkeypatch.setattr("store.series.SPARSE", sparse)
    history = History(chance, branches=seed % 4 + 1)
    other = [
        {**line, "v": {"loss": line["v"]["loss"]}}
        for line in history.lines
        if line["k"] == "step" and "loss" in line["v"] and line["s"] % 3 == 0
    ]
    for line in other:
        history.values["rank/1/loss", line["b"], line["s"]] = line["v"]["loss"]
    store, half = Store.at(root / "assay.duckdb"), chance.randrange(len(history.lines))
    for part in (slice(0, half), slice(half, None)):
        spool(root, history.lines[part])
        spool(root, other[part], rank=1)
        load_spools(store)
    assert {row[:4] for row in spans(store)} <= {row[:4] for row in spans_anew(store)}
    kept = {row[:4]: row for row in spans_anew(store)}
    assert all(row == kept[row[:4]] for row in spans(store))
    highest = max(step for _, _, step in history.values)
    wholes = [compare(store, history, 0, highest, buckets, sparse) for buckets in (3, 10, 40)]
    assert any(wholes)
    for _ in range(6):
        low = chance.randint(0, highest)
        compare(store, history, low, chance.randint(low, highest + 50), chance.choice([1, 2, 5, 20]), sparse)


def test_long_charts_are_read_from_closed_spans_and_the_rows_after_them(root):
    store = recorded(root, loss={step: float(step) for step in range(100)})
    whole = tuples(bucketed(store, 1, ["loss"], buckets=7).points)
    assert whole[0] == ("loss", 1, True, 0, 15, 16, 0.0, 15.0, 15.0, 120.0)
    assert whole[-1] == ("loss", 1, True, 96, 99, 4, 96.0, 99.0, 99.0, 390.0)
    store.transact([Statement("DELETE FROM metric WHERE step < 96")])
    assert tuples(bucketed(store, 1, ["loss"], buckets=7).points) == whole
    # Narrow buckets are made of raw rows, which are gone here.
    assert bucketed(store, 1, ["loss"], buckets=50).points.num_rows == 2


def test_spans_close_once_their_branch_has_gone_beyond_them(root):
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": step, "v": {"loss": 1.0}} for step in range(8)])
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    assert spans(store) == []
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": 8, "v": {"loss": 9.0}}])
    load_spools(store)
    assert spans(store) == [(1, 1, 1, 0, 0, 7, 8, 1.0, 1.0, 1.0, 0, 8.0)]
    assert store.snapshot(lambda snapshot: open_spans(snapshot, 1)) == {1: 1}


@pytest.mark.parametrize("more", [range(20, 22), range(20, 60), range(64, 70), range(3, 5)])
def test_a_run_that_ends_closes_all_of_its_spans_and_may_go_on(root, more):
    end = {"k": "status", "t": 2, "status": "finished"}
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": step, "v": {"loss": float(step)}} for step in range(20)])
    spool(root, [end])
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    assert spans(store)[-1] == (1, 1, 1, 2, 16, 19, 4, 16.0, 19.0, 19.0, 0, 70.0)
    spool(root, [{"k": "status", "t": 3, "status": "running"}])
    spool(root, [{"k": "step", "t": 3, "b": 1, "s": step, "v": {"loss": -1.0, "acc": 1.0}} for step in more])
    load_spools(store)
    spool(root, [end])
    load_spools(store)
    assert spans(store) == spans_anew(store, ended=True)
    rows = store.rows("SELECT count(*) AS n FROM metric")[0]["n"]
    assert store.rows("SELECT sum(n + odd) AS n FROM metric_span") == [{"n": rows}]


def test_what_comes_late_for_a_closed_span_is_in_it(root):
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": step, "v": {"loss": float(step)}} for step in (0, 3, 20)])
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    late = [(1, "loss", -5.0), (12, "loss", 7.0), (2, "val_loss", math.nan), (5, "loss", 50.0)]
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": step, "v": {name: value}} for step, name, value in late])
    load_spools(store)
    # Step 12 is in a span that was empty when the branch went beyond it; the next values to do so close it.
    assert spans(store) == [
        (1, 1, 1, 0, 0, 5, 4, -5.0, 50.0, 50.0, 0, 48.0),
        (1, 1, 2, 0, None, None, 0, None, None, None, 1, None),
    ]
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": 21, "v": {"loss": 21.0}}])
    load_spools(store)
    assert (1, 1, 1, 1, 12, 12, 1, 7.0, 7.0, 7.0, 0, 7.0) in spans(store)


def test_late_values_all_over_a_run_are_written_at_once(root):
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": step, "v": {"loss": 1.0}} for step in range(500)])
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    spool(root, [{"k": "step", "t": 1, "b": 1, "s": step, "v": {"acc": 1.0}} for step in range(0, 400, 20)])
    load_spools(store)
    assert spans(store) == spans_anew(store)
    assert len(spans(store)) == 62 + 20


def test_a_branch_without_its_declaration_is_shown_too(root):
    lines = [{"k": "step", "t": 1, "b": b, "s": s, "v": {"loss": float(b)}} for b in (1, 3, 5) for s in range(40)]
    # Branch 2 lies between two with closed spans and has none itself, as does 6.
    lines += [{"k": "step", "t": 1, "b": b, "s": 4, "v": {"loss": float(b)}} for b in (0, 2, 6)]
    spool(root, lines)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    found = {row[1]: row[5] for row in tuples(bucketed(store, 1, ["loss"], 0, 63, buckets=1).points)}
    assert found == {0: 1, 1: 40, 2: 1, 3: 40, 5: 40, 6: 1}


def test_more_ranges_than_are_worth_it_are_read_raw(root, monkeypatch):
    opened = dict.fromkeys(range(1, 120), 2)
    asked = Asked(run_id=1, metrics=(1,), low=0, high=63, shift=5, path={1: 2**63 - 1})
    assert plan(asked, opened) is None
    assert plan(asked, {}) is None
    store = recorded(root, loss={step: math.nan if step % 30 == 7 else float(step) for step in range(200)})
    with_spans = bucketed(store, 1, ["loss"], buckets=5)
    assert tuples(with_spans.marks.select(["step", "n"])) == [(7, 2), (67, 3), (157, 2)]
    # Marks alone go over the limit first, then everything does.
    for limit in (5, 0):
        monkeypatch.setattr("store.bucket_sql.MOST_RANGES", limit)
        monkeypatch.setattr("store.series.MOST_RANGES", limit)
        again = bucketed(store, 1, ["loss"], buckets=5)
        assert (tuples(again.points), tuples(again.marks)) == (tuples(with_spans.points), tuples(with_spans.marks))


def test_every_one_step_spike_is_visible_in_the_roll_up(root):
    spikes = random.Random(4).sample(range(5000), 20)
    store = recorded(root, loss={step: 100.0 if step in spikes else 1.0 for step in range(5000)})
    found = tuples(bucketed(store, 1, ["loss"], buckets=100).points)
    assert len(found) == 79
    seen = [spike for spike in spikes for row in found if row[3] <= spike <= row[4] and row[7] == 100.0]
    assert sorted(seen) == sorted(spikes)


def test_steps_take_four_bytes_where_they_fit_and_keep_their_values_where_not(root):
    small = recorded(root / "small", loss=dict.fromkeys(range(100), 1.0))
    schema = bucketed(small, 1, ["loss"], buckets=4).points.schema
    assert [str(schema.field(name).type) for name in ("step", "step_last", "n")] == ["int32"] * 3
    store = recorded(root, loss=dict.fromkeys(range(2**40, 2**40 + 100), 1.0))
    points = bucketed(store, 1, ["loss"], buckets=4).points
    assert points["step"].to_pylist() == [2**40, 2**40 + 32, 2**40 + 64, 2**40 + 96]


@pytest.mark.parametrize(
    "sql", ["DELETE FROM metric WHERE step = 4", "UPDATE metric_span SET n = n + 1 WHERE span = 0"]
)
def test_spans_that_disagree_with_the_values_are_found(root, monkeypatch, sql):
    monkeypatch.undo()
    store = recorded(root, loss=dict.fromkeys(range(2100), 1.0))

    def roll_up():
        return next(check for check in check_store(store) if check.name == "roll-up")

    assert roll_up().ok
    assert store.rows("SELECT sum(n) AS n FROM metric_span") == [{"n": 2100}]
    store.transact([Statement(sql)])
    assert not roll_up().ok
    assert roll_up().says == "spans disagree with the values (run, branch): 1, 1; assay db rebuild makes them anew"


def test_a_rebuild_makes_the_same_spans_and_removing_a_run_removes_them(root):
    store = recorded(root, loss={step: float(step) for step in range(100)}, acc={3: 1.0, 4: math.inf})
    before = spans(store)
    assert len(before) == 14
    rebuild(store)
    assert spans(store) == before
    remove_run(store, "mine")
    assert spans(store) == []
