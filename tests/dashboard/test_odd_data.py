"""Names, steps and times that a script may log, and addresses that someone may open, do not stop a page."""

import math
import time
from itertools import product

import pyarrow as pa
import pytest

import assay
from dashboard import cached
from dashboard.charts.loss import loss_chart
from dashboard.charts.overlay import Along, RunLine, overlay_chart
from dashboard.charts.recipe import written
from dashboard.charts.small import small_chart
from dashboard.colors import LIGHT
from dashboard.panels import panels
from dashboard.tables import placed
from dashboard.views.metrics import GROUPS, MOST
from store.database import Store
from store.loading import load_spools
from tests.dashboard.charted import SAID, WORDS, data, points
from tests.dashboard.opening import open_page

FAR = 2**62 - 1
"""The last step there can be."""


def recorded(root, values, steps=range(1, 6), name="odd"):
    with assay.run(name, store=root) as run:
        for step in steps:
            run.log(step, dict.fromkeys(values, 1.0))
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def opened(monkeypatch, store, page="run", state=None, **asked):
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page(page, {"lang": "en", **({"run": "odd"} if page == "run" else {}), **asked}, state)


def charts(app):
    return len(app.get("vega_lite_chart"))


@pytest.mark.parametrize("name", ["count/a", "count.one/a", "点/中文", "$x$/[0]", 'a"/<b>', "😀/:x:"])
def test_a_group_may_be_called_anything(monkeypatch, tmp_path, name):
    store = recorded(tmp_path, ["loss", name, "a", "b", "c", "d"])
    group = name.split("/")[0]
    app = opened(monkeypatch, store, state={f"group-{group}": True})
    assert charts(app) == 2
    assert group not in GROUPS


def test_two_charts_of_names_that_look_alike_are_two(monkeypatch, tmp_path):
    store = recorded(tmp_path, ["loss", "a/b-c", "a-b/c", "x", "y", "z"])
    assert charts(opened(monkeypatch, store, find="c")) == 3
    assert charts(opened(monkeypatch, store, pin=["a/b-c", "a-b/c"])) == 3


@pytest.mark.parametrize("names", [["g/t", "g/t/t", "g/x/t"], ["/x", "x"], ["", "/", "//"], ["cpu", "cpu/cpu", "g/"]])
def test_no_two_lines_of_a_chart_and_no_two_charts_are_called_the_same(monkeypatch, tmp_path, names):
    found = panels(names)
    for panel in found:
        assert len(set(panel.labels.values())) == len(panel.labels)
    store = recorded(tmp_path, ["loss", *names, "a", "b", "c"])
    app = opened(monkeypatch, store)
    pins = app.multiselect(key="pin").options
    assert len(pins) == len(found) + 3
    app.multiselect(key="pin").set_value(pins).run()
    assert not app.exception
    assert charts(app) == 1 + len(pins)


def test_of_very_many_charts_the_first_are_drawn_and_the_others_are_said(monkeypatch, tmp_path):
    store = recorded(tmp_path, ["loss", *(f"m{number:03}" for number in range(MOST + 5))], steps=(1, 2))
    app = opened(monkeypatch, store, find="m")
    assert charts(app) == 1 + MOST
    assert f"The first {MOST} of {MOST + 5} charts" in "".join(block.body for block in app.html)
    app.text_input(key="find").set_value("m06").run()
    assert charts(app) == 1 + 5
    assert "The first" not in "".join(block.body for block in app.html)


def test_labels_of_a_chart_differ_whatever_is_logged():
    names = ["/".join(parts) for count in (1, 2, 3, 4) for parts in product(("", "a", "b"), repeat=count)]
    found = panels(names)
    assert sum(len(panel.labels) for panel in found) == len(set(names))
    assert all(len(set(panel.labels.values())) == len(panel.labels) for panel in found)


@pytest.mark.parametrize("view", ["curves", "spikes", "data"])
def test_steps_may_be_as_far_as_a_store_can_hold(monkeypatch, tmp_path, view):
    # As of a script that logs nanoseconds as its steps.
    store = recorded(tmp_path, ["loss", "val_loss", "lr"], steps=(1, 2**53 + 1, FAR - 1, FAR))
    assert "a-head" in "".join(block.body for block in opened(monkeypatch, store, view=view).html)


@pytest.mark.parametrize("zoom", ["step_0_1e300", "step_0_1e30", "step_1e18_4e18", "tokens_0_1e300", "time_0_1e300"])
def test_a_range_in_the_address_that_lies_beyond_all_is_none(monkeypatch, tmp_path, zoom):
    recorded(tmp_path, ["loss", "tokens"])
    store = recorded(tmp_path, ["loss", "tokens"], name="other")
    opened(monkeypatch, store, "runs", compare="odd,other", zoom=zoom, along=zoom.split("_")[0])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_scale_and_smoothing_stand_in_the_address_by_one_name_in_every_language(monkeypatch, tmp_path, language):
    app = opened(monkeypatch, recorded(tmp_path, ["loss"]), scale="log", smooth="strong", lang=language)
    scale, smooth = (group for group in app.get("button_group") if group.key in ("scale", "smooth"))
    assert (scale.value, smooth.value) == ("log", "strong")
    if language == "en":  # a test presses the words of the first language only
        scale.set_value("linear").run()
        assert "scale" not in app.query_params
        smooth.set_value("none").run()
        assert app.query_params["smooth"] == "none"


def test_a_metric_that_is_asked_for_stays_so_where_it_is_not_logged(monkeypatch, tmp_path):
    recorded(tmp_path, ["loss", *"abcde"])
    store = recorded(tmp_path, ["loss", *"vwxyz"], name="other")
    app = opened(monkeypatch, store, pin="a")
    assert charts(app) == 2
    app.selectbox[0].select("other").run()
    assert charts(app) == 1
    app.selectbox[0].select("odd").run()
    assert charts(app) == 2
    app = opened(monkeypatch, store, "runs", compare="odd,other", metrics="later")
    assert app.multiselect(key="metrics").value == ["later"]


def test_new_values_are_shown_where_the_clock_says_that_there_are_none(monkeypatch, tmp_path):
    # As of a log without times that is imported while its page is open, or of a clock that was set back.
    run, at = assay.run("odd", store=tmp_path), time.time() + 60
    store = Store.at(tmp_path / "assay.duckdb")
    for steps, value in ((range(5), 1.0), (range(5, 10), 2.0)):
        for step in steps:
            run.log_batch(step, {"loss": value, "lr": value}, None, at=at)
        run.written()
        load_spools(store)
        cached.run_now.clear()
        app = opened(monkeypatch, store)
        assert f'a-value">{value:.3f}<' in "".join(block.body for block in app.html)
        assert longest(app) == len(range(steps.stop))
    run.finish()


def longest(app):
    """Rows of the longest table of the first chart."""
    tables = [pa.ipc.open_stream(each.data.data).read_all() for each in app.get("vega_lite_chart")[0].proto.datasets]
    return max(table.num_rows for table in tables)


def drawings(value):
    """Charts of each kind that hold a value among ordinary ones."""
    rows = [
        (name, 1, active, step, *[value if step == 2 else 1.0 * step] * 3)
        for name in ("loss", "val_loss", *map(str, range(9)))
        for active in (True, False)
        for step in (1, 2, 3)
    ]
    yield loss_chart(data(*rows[:12]), WORDS, LIGHT, smooth=2)
    for lines in (1, 2, 11):
        names = [row[0] for row in rows[::6]][:lines]
        yield small_chart(points(*rows), {name: name for name in names}, {**SAID, "median": "median"}, LIGHT)
    line = placed(points(*rows[:3]), [1.0, 2.0, 3.0])
    yield overlay_chart([RunLine("a", "red", line, pa.table({"x": [], "kind": []}))], Along("step", ",d"), SAID, LIGHT)


@pytest.mark.parametrize("value", [1e39, -1e300, 1e-50])
def test_a_figure_of_any_size_is_sent_as_it_is(value):
    for chart in drawings(value):
        _, tables = written(chart)
        sent = {
            figure
            for table in tables.values()
            for name in {"value", "last", "min", "max", "low", "high", "mean", "of0"}.intersection(table.column_names)
            for figure in table[name].to_pylist()
            if figure is not None
        }
        assert value in sent
        assert not sent & {math.inf, -math.inf, 0.0}


def test_figures_are_sent_in_half_their_bytes_where_that_holds_them():
    for chart in drawings(2.0):
        _, tables = written(chart)
        types = {
            field.type for table in tables.values() for field in table.schema if field.name in ("min", "low", "of0")
        }
        assert types == {pa.float32()}
