"""The smoothed line of a range is that of all steps, as far as it is shown."""

import math

import pytest

import assay
from dashboard.charts.loss import loss_chart
from dashboard.colors import LIGHT
from dashboard.queries import curves
from dashboard.queries.curves import Span, Start
from dashboard.views import curves as curves_view
from dashboard.views import overlay
from dashboard.views.chart_words import _words
from store.database import Store
from store.loading import load_spools
from tests.dashboard.charted import data, layers, rows_of
from tests.dashboard.opening import open_page

OVER = 40
STEPS = 3000


def loss_at(step):
    return 2 + math.sin(step / 7) + 300 / (step + 100)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A run of which a hundred steps from 1,001 on were gone back over."""
    root = tmp_path_factory.mktemp("zoomed")
    with assay.run("zoomed", store=root, total_steps=STEPS) as run:
        for step in range(1, 1101):
            run.log(step, loss=loss_at(step) if step <= 1000 else 900.0)
        run.fork(after=1000, reason="rollback")
        for step in range(1001, STEPS + 1):
            run.log(step, loss=loss_at(step))
    found = Store.at(root / "assay.duckdb")
    load_spools(found)
    with assay.run("beside", store=root) as run:
        for step in range(1, 21):
            run.log(step, loss=loss_at(step))
    load_spools(found)
    return found


def means(store, span, *, with_lead=True, log=False):
    """Step and smoothed value of the line as it is drawn."""
    read = curves.curves(store, 1, ("loss",), span, 400)
    before = curves.lead(store, 1, "loss", Start(span.first, OVER, read.width)) if span.first and with_lead else None
    ends = (span.first, span.last) if span.first else None
    drawn = data()._replace(points=read.points, before=before)
    _, found = layers(loss_chart(drawn, _words("en"), LIGHT, span=ends, smooth=OVER, log=log))
    [line] = rows_of(found, "line", "mean")
    return {row["step"]: row["mean"] for row in line}


def whole(span, over: float = OVER):
    """The line over each single step from the first, as far as the range shows it."""
    found, mean, weight, keep = {}, 0.0, 0.0, math.exp(-1 / over)
    for step in range(1, STEPS + 1):
        mean, weight = mean * keep + loss_at(step), weight * keep + 1
        found[step] = mean / weight
    return {step: mean for step, mean in found.items() if span.first <= step <= span.last}


@pytest.mark.parametrize("span", [Span(500, 700), Span(1050, 1200), Span(1000, 1001), Span(20, 60), Span(1, 90)])
@pytest.mark.parametrize("log", [False, True])
def test_zooming_does_not_move_the_smoothed_line(store, span, log):
    shown, expected = means(store, span, log=log), whole(span)
    assert shown.keys() == expected.keys()
    assert max(abs(shown[step] - expected[step]) for step in expected) < 0.05


def test_without_what_lies_before_it_would_be_moved(store):
    assert abs(means(store, Span(500, 700), with_lead=False)[500] - whole(Span(500, 700))[500]) > 0.3


@pytest.mark.parametrize(("width", "last"), [(1, 1199), (8, 1192), (512, 1024)])
def test_what_is_read_before_lies_on_the_active_path_in_buckets_of_what_is_shown(store, width, last):
    found = curves.lead(store, 1, "loss", Start(1200, 400, width)).to_pylist()
    assert (found[0]["step"], found[-1]["step"]) == (1, last)
    # Where the run was rolled back, both branches have a part of a bucket.
    assert len(found) == len({row["step"] // width for row in found}) + (width > 1)
    assert max(row["total"] / row["n"] for row in found) < 900


@pytest.mark.parametrize("span", [Span(), Span(1, STEPS)])
def test_over_wide_points_it_is_a_mean_of_every_value(tmp_path, span):
    with assay.run("uneven", store=tmp_path) as run:
        for step in range(1, STEPS + 1):
            run.log(step, loss=2.0 if step % 2 else 4.0)
    uneven = Store.at(tmp_path / "assay.duckdb")
    load_spools(uneven)
    read = curves.curves(uneven, 1, ("loss",), span, 400)
    shown = means(uneven, span)
    assert (read.width, set(read.points["last"].to_pylist()[1:-1])) == (8, {2.0})
    # The first point holds steps 1 to 7, the last one a single step, which counts as one.
    assert all(mean == pytest.approx(3, abs=0.15) for mean in shown.values())
    assert [*shown.values()][-1] == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize("first", [0, 1])
def test_nothing_is_read_before_the_first_step(store, first):
    assert curves.lead(store, 1, "loss", Start(first, 50, 1)).num_rows == 0


@pytest.mark.parametrize(("asked", "expected"), [({"smooth": "light"}, [*range(410, 500)]), ({"smooth": "none"}, None)])
def test_the_page_reads_it_for_a_range_of_a_smoothed_line(monkeypatch, store, asked, expected):
    given, real = [], curves_view.loss_chart
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    monkeypatch.setattr(curves_view, "loss_chart", lambda *args, **asked: given.append(args[0]) or real(*args, **asked))
    open_page("run", {"lang": "en", "run": "zoomed", "first": "500", "last": "700", **asked})
    assert [data.before and data.before["step"].to_pylist() for data in given] == [expected]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_nor_is_it_moved_where_runs_are_laid_over_each_other(monkeypatch, store, scale):
    made, real = [], overlay.overlay_chart
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    monkeypatch.setattr(overlay, "overlay_chart", lambda *args, **asked: made.append(real(*args, **asked)) or made[-1])
    asked = {"compare": "zoomed,beside", "metrics": "loss", "zoom": "step_500_700", "y": scale}
    open_page("runs", {"lang": "en", **asked})
    [line] = rows_of(layers(made[0])[1], "line", "mean")
    expected = whole(Span(499, 701), 0.01 * STEPS)
    assert [row["step"] for row in line] == [*expected]
    assert max(abs(row["mean"] - expected[row["step"]]) for row in line) < 0.1
