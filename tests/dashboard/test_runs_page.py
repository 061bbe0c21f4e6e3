"""The page of all runs: ticking, editing, archiving, filtering and laying over each other."""

import inspect
import json
import shutil
from pathlib import Path

import pytest
import streamlit as st

import assay
from dashboard.pages import page_path
from dashboard.views.run_columns import FIT, TICK, chosen_columns, column_widths
from store.database import Store
from store.loading import load_spools
from tests.dashboard.compared import compared_store
from tests.dashboard.opening import open_page


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("few") / "runs"
    for name, rate, project in (("a", 1e-3, "clinic"), ("b,c", 2e-3, "clinic"), ("new", 1e-3, "law")):
        with assay.run(name, store=root, project=project, total_steps=60, config={"lr": rate}, tags=("lora",)) as run:
            for step in range(1, 61):
                more = {} if name == "new" else {"tokens": step * 100.0}
                run.log(step, {"loss": 2.0 / step, **more})
                if step % 20 == 0:
                    run.log(step, val_loss=abs(step - 40) / 10 + 1)
                    path = f"{name}/checkpoints/{step}"
                    run.record("checkpoint", s=step, b=1, state="stable", path=path, sha256=None, bytes=1, data={})
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


@pytest.fixture
def few(untouched: Store, tmp_path: Path) -> Store:
    """Three finished runs, the newest of them of another project and without tokens."""
    return Store.at(shutil.copytree(untouched.root, tmp_path / "runs") / untouched.path.name)


def opened(monkeypatch, store, **asked):
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page("runs", {"lang": "en", **asked})


def names(app):
    return list(app.dataframe[0].value["name"])


def words(app):
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


def row_of(store, name="a"):
    sql = "SELECT tags, project, notes, starred, archived, edited FROM run WHERE name = $name"
    [row] = store.rows(sql, {"name": name})
    return tuple(row.values())


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception


def test_a_row_says_how_a_run_came_out(monkeypatch, few):
    found = opened(monkeypatch, few).dataframe[0].value.to_dict("records")[0]
    shown = ("name", "status", "progress", "step", "val_loss", "best_step", "project")
    assert [found[name] for name in shown] == ["new", "finished", 100.0, 60, 1.0, 40, "law"]
    assert list(found["tags"]) == ["lora"]


def test_runs_are_filtered_by_project(monkeypatch, few):
    app = opened(monkeypatch, few)
    app.selectbox(key="project").set_value("clinic").run()
    assert names(app) == ["b,c", "a"]


def test_the_filters_of_the_address_hold_in_any_language(monkeypatch, few):
    assert names(opened(monkeypatch, few, status="failed,finished", q="law")) == ["new"]
    assert names(opened(monkeypatch, few, status="finished", lang="zh")) == ["new", "b,c", "a"]


def test_a_status_that_is_asked_for_stays_asked_for_when_no_run_has_it_any_more(monkeypatch, few):
    few.transaction(lambda tx: tx.execute("UPDATE run SET status = 'running', ended = NULL, heartbeat = now()"))
    app = opened(monkeypatch, few, status="running")
    assert len(names(app)) == 3
    few.transaction(lambda tx: tx.execute("UPDATE run SET status = 'finished'"))
    st.cache_data.clear()
    app.run()
    assert "No run matches." in words(app)
    pills = next(group for group in app.get("button_group") if "running" in group.options)
    assert (pills.options, pills.value) == (["running", "finished"], ["running"])


def test_a_project_that_is_asked_for_stays_asked_for_when_no_run_has_it_any_more(monkeypatch, few):
    app = opened(monkeypatch, few, project="clinic")
    assert names(app) == ["b,c", "a"]
    few.transaction(lambda tx: tx.execute("UPDATE run SET project = 'law'"))
    st.cache_data.clear()
    app.run()
    assert "No run matches." in words(app)
    assert (app.selectbox(key="project").options, app.selectbox(key="project").value) == (["clinic", "law"], "clinic")


def test_ticks_are_in_the_address_and_come_back_from_it(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a,b%2Cc")
    assert "2 runs compared" in words(app)
    press(app, "untick")
    assert "compare" not in app.query_params
    assert "compared" not in words(app)


def test_ticks_come_back_after_another_page(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a,b%2Cc")
    app.switch_page(page_path("run")).run()
    app.query_params.pop("compare", None)
    app.switch_page(page_path("runs")).run()
    assert app.query_params["compare"] == "a,b%2Cc"
    assert "2 runs compared" in words(app)
    press(app, "untick")
    app.switch_page(page_path("run")).run()
    app.switch_page(page_path("runs")).run()
    assert "compare" not in app.query_params


def submit(app):
    next(button for button in app.button if button.label.startswith("Save for all")).click().run()
    assert not app.exception


def field(app, kind, start):
    return next(item for item in getattr(app, kind) if item.key.startswith(start))


def test_tags_are_added_to_and_taken_from_all_ticked_runs(monkeypatch, few):
    few.transaction(lambda tx: tx.execute("UPDATE run SET tags = ['old', 'lora'] WHERE name = 'a'"))
    app = opened(monkeypatch, few, compare="a,new")
    field(app, "multiselect", "add-").set_value(["good"])
    field(app, "multiselect", "remove-").set_value(["old"])
    submit(app)
    assert row_of(few, "a")[0] == ["lora", "good"]
    assert row_of(few, "new")[0] == ["lora", "good"]
    assert row_of(few, "b,c")[0] == ["lora"]
    # The project was not touched: each keeps its own, which its script may still change.
    assert [row_of(few, name)[1] for name in ("a", "new")] == ["clinic", "law"]
    assert row_of(few, "a")[5] == ["tags"]
    assert field(app, "multiselect", "add-").value == []


def test_several_runs_get_one_project(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a,new")
    project = field(app, "text_input", "project-")
    assert (project.value, project.placeholder) == ("", "They differ; empty leaves them as they are")
    project.set_value(" ward ")
    submit(app)
    assert [row_of(few, name)[1] for name in ("a", "new", "b,c")] == ["ward", "ward", "clinic"]
    project = field(app, "text_input", "project-")
    assert project.value == "ward"
    project.set_value("")
    submit(app)
    assert [row_of(few, name)[1] for name in ("a", "new")] == [None, None]
    assert row_of(few)[5] == ["project"]


def test_notes_are_written_one_run_at_a_time(monkeypatch, few):
    assert not opened(monkeypatch, few, compare="a,new").text_area
    assert opened(monkeypatch, few, compare="a").text_area(key="notes-1")


def shown_columns(app):
    return list(app.dataframe[0].proto.column_order)


def test_a_column_that_is_chosen_is_shown_whatever_fits(monkeypatch, few):
    few.transaction(lambda tx: tx.execute("UPDATE run SET status = 'failed', error = 'x', notes = 'n'"))
    assert "took" not in shown_columns(opened(monkeypatch, few))
    app = opened(monkeypatch, few, columns="took,notes,nonsense")
    assert {"star", "name", "status", "took", "notes"} <= set(shown_columns(app))


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("error", [None, "x"])
@pytest.mark.parametrize("notes", [None, "n"])
def test_what_nobody_chose_fits_a_page_of_1280(archived, error, notes):
    row = {"archived": archived, "error": error, "notes": notes, "tags": ["t"], "project": "p", "best_step": 3}
    shown = chosen_columns([row], [])
    assert TICK + sum(column_widths([row], shown).values()) == FIT
    assert ("error" in shown) == (error is not None)
    assert {"name", "status", "progress", "loss", "val_loss"} <= set(shown)


def test_a_failed_run_shows_the_last_line_of_its_error(monkeypatch, few):
    few.transaction(lambda tx: tx.execute("UPDATE run SET status = 'failed', error = 'one\ntwo' WHERE name = 'a'"))
    found = opened(monkeypatch, few).dataframe[0].value.set_index("name")["error"]
    assert found["a"] == "two"
    assert found.isna()["new"]


def test_a_form_changes_project_tags_and_notes(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a")
    app.text_input(key="project-1").set_value(" triage ")
    app.multiselect(key="tags-1").set_value([])
    app.text_area(key="notes-1").set_value("too high a rate")
    app.button(key="FormSubmitter:edit-1-Save").click().run()
    assert not app.exception
    assert row_of(few) == ([], "triage", "too high a rate", False, False, ["notes", "project", "tags"])
    assert app.dataframe[0].value.set_index("name").loc["a", "notes"] == "too high a rate"


def test_what_was_not_touched_stays_the_scripts(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a")
    app.text_area(key="notes-1").set_value("good")
    app.button(key="FormSubmitter:edit-1-Save").click().run()
    assert row_of(few) == (["lora"], "clinic", "good", False, False, ["notes"])


@pytest.mark.parametrize("chosen", ["a", "a,new"])
def test_that_something_was_saved_is_said_by_the_page_and_not_by_a_callback(monkeypatch, few, chosen):
    drawn_by = []

    def toast(words):
        drawn_by.append((words, {frame.function for frame in inspect.stack()}))

    monkeypatch.setattr(st, "toast", toast)
    app = opened(monkeypatch, few, compare=chosen)
    if chosen == "a":
        app.text_area(key="notes-1").set_value("good")
        press(app, "FormSubmitter:edit-1-Save")
    else:
        field(app, "multiselect", "add-").set_value(["good"])
        submit(app)
    [(words, functions)] = drawn_by
    assert words == ("Saved: a" if chosen == "a" else "Saved 2 runs")
    assert "panel" in functions
    assert not {"_submit", "_submit_all"} & functions


def test_runs_on_top_come_first(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a")
    press(app, "ticked-starred")
    assert names(app) == ["a", "new", "b,c"]
    assert list(app.dataframe[0].value["star"]) == ["★", "☆", "☆"]
    press(app, "ticked-starred")
    assert names(app) == ["new", "b,c", "a"]


def test_an_archived_run_is_hidden_until_it_is_asked_for(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a,new")
    assert not app.toggle
    press(app, "ticked-archived")
    assert names(app) == ["b,c"]
    assert "1 run, 0 under way" in words(app)
    app.toggle(key="archived").set_value(True).run()
    assert names(app) == ["new", "b,c", "a"]
    assert list(app.dataframe[0].value["status"]) == ["finished · archived", "finished", "finished · archived"]
    press(app, "ticked-archived")
    assert row_of(few)[4] is False


def test_when_every_run_is_archived_that_is_said(monkeypatch, few):
    few.transaction(lambda tx: tx.execute("UPDATE run SET archived = true"))
    assert "Every run is archived." in words(opened(monkeypatch, few))


def test_what_prevents_an_edit_is_said(monkeypatch, few):
    app = opened(monkeypatch, few, compare="a")
    monkeypatch.setattr("store.run_edits.find_run", _refuse)
    press(app, "ticked-starred")
    assert "Not saved: the disk is full" in words(app)


def _refuse(*_):
    from store.errors import StoreError  # noqa: PLC0415 - only this test needs it

    raise StoreError("the disk is full")


def charts(app):
    found = []
    for chart in app.get("vega_lite_chart"):
        spec = json.loads(chart.proto.spec)
        [scale] = {json.dumps(layer["encoding"]["color"]["scale"]) for layer in spec["layer"]}
        found.append((json.loads(scale), spec["layer"][0]["encoding"]["x"]["title"]))
    return found


def test_a_chart_a_metric_has_a_line_a_run_in_its_own_colour(monkeypatch, few):
    app = opened(monkeypatch, few, compare="new,a")
    scale = {"domain": ["new", "a"], "range": ["#009E73", "#0072B2"]}
    assert charts(app) == [(scale, "step"), (scale, "step")]
    app.multiselect(key="metrics").set_value(["loss"]).run()
    assert charts(app) == [(scale, "step")]


def test_a_run_that_cannot_be_placed_on_the_axis_is_said(monkeypatch, few):
    app = opened(monkeypatch, few, compare="new,a", along="tokens", metrics="loss")
    assert charts(app) == [({"domain": ["a"], "range": ["#0072B2"]}, "tokens read")]
    assert "Not drawn, as they logged no tokens: new" in words(app)


@pytest.mark.parametrize("along", ["epoch", "time", "nonsense"])
def test_every_axis_can_be_asked_for(monkeypatch, few, along):
    app = opened(monkeypatch, few, compare="a,new", along=along, metrics="loss", y="log", smoothing="strong")
    said = {"epoch": [], "time": ["seconds since it began"], "nonsense": ["step"]}[along]
    assert [title for _, title in charts(app)] == said


def test_below_the_charts_is_a_column_a_run_with_what_differs(monkeypatch, few):
    beside = next(block.body for block in opened(monkeypatch, few, compare="a,b%2Cc").html if "a-beside" in block.body)
    assert "<tr><th>lr</th><td>0.001</td><td>0.002</td></tr>" in beside
    assert "<tr><th>best checkpoint</th><td>@40</td><td>@40</td></tr>" in beside
    assert "total_steps" not in beside
    assert 'href="run?run=b%2Cc&amp;lang=en"' in beside


def test_what_runs_say_differently_stands_before_what_only_some_of_them_say(monkeypatch, few):
    own = """UPDATE run SET config = '{"alpha": "", "lr": 0.001}' WHERE name = 'a'"""
    few.transaction(lambda tx: tx.execute(own))
    said = words(opened(monkeypatch, few, compare="a,b%2Cc"))
    assert said.index("<th>lr</th>") < said.index("<th>alpha</th><td>&quot;&quot;</td><td>–</td>")


def test_runs_that_do_not_exist_and_too_many_are_said(monkeypatch, few):
    for number in range(8):
        assay.run(f"more-{number}", store=few.root).finish()
    load_spools(few)
    app = opened(monkeypatch, few, compare=",".join(["nobody", "a", *(f"more-{number}" for number in range(8))]))
    assert "There is no run called nobody." in words(app)
    assert "At most 8 runs are compared at once" in words(app)
    assert "8 runs compared" in words(app)


@pytest.fixture(scope="module")
def asked_the_same(tmp_path_factory):
    return compared_store(tmp_path_factory.mktemp("compared"))


def cells(app, title):
    """The cells of each line of this title in the table that puts runs side by side."""
    lines = [line for line in words(app).split("<tr>") if line.startswith(f"<th>{title}</th>")]
    return [[cell.partition("</td>")[0] for cell in line.split("<td>")[1:]] for line in lines]


def test_runs_beside_each_other_show_scores_what_was_kept_and_what_it_cost(monkeypatch, asked_the_same):
    app = opened(monkeypatch, asked_the_same, compare="triage,second,third")
    assert cells(app, "letters · BLEU") == [["71.4 (66.4 to 76.4) @250", "44.5 (39.5 to 49.5) @50", "–"]]
    score, kept = cells(app, "facts · accuracy")
    leaked = "2 of 60 in its training data"
    assert score == [f"66.7 % (56.7 to 76.7) @250\n{leaked}", f"78.3 % (68.3 to 88.3) @50\n{leaked}", "–"]
    assert [cell.split("\n")[1:] for cell in kept] == [["9 lost, 1 gained", leaked], ["2 lost, 1 gained", leaked], []]
    assert kept[0].startswith("−13.3 (")
    assert cells(app, "trained parameters") == [["–", "250 of 1,000 (25 %)", "–"]]
    assert cells(app, "size of a checkpoint") == [["13.5 MB @250", "9 B @50", "–"]]


def test_what_nothing_is_known_of_has_no_part_beside_each_other(monkeypatch, few):
    said = words(opened(monkeypatch, few, compare="a,new"))
    assert "Scores at suites" not in said
    assert "Kept, against" not in said
    assert "tokens read in all" in said
