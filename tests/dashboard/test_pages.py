"""Every page, on no store, an empty, a full and a sick one."""

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import assay
import dashboard
from dashboard import cached
from dashboard.pages import PAGES, page_path
from dashboard.texts import TEXTS
from store.clock import utc_now
from store.database import Store
from store.errors import StoreBusyError
from store.loading import load_spools

APP = Path(dashboard.__file__).parent / "app.py"
NAMES = [entry.name for entry in PAGES]


def opened(monkeypatch, store, page="home", **asked):
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.query_params.update({"lang": "en", **asked})
    app.run()
    if page != "home":
        app.switch_page(page_path(page)).run()
    assert not app.exception
    return app


def shown(app):
    """Everything on the page that is words."""
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_without_a_store_says_what_to_do_next(monkeypatch, missing_store, page, language):
    words = shown(opened(monkeypatch, missing_store, page, lang=language))
    assert TEXTS["home.empty"][language] in words
    assert "assay demo" in words
    assert str(missing_store.path) in words


@pytest.mark.parametrize("page", NAMES)
def test_a_page_of_an_empty_store_says_what_to_do_next(monkeypatch, empty_store, page):
    assert "assay watch LOG_DIR" in shown(opened(monkeypatch, empty_store, page))


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_of_a_full_store_shows_it(monkeypatch, full_store, page, language):
    words = shown(opened(monkeypatch, full_store, page, lang=language))
    assert TEXTS["home.empty"][language] not in words
    assert str(full_store.path) in words


@pytest.mark.parametrize("page", NAMES)
def test_a_store_of_a_newer_schema_is_one_sentence(monkeypatch, empty_store, page):
    empty_store.transaction(lambda tx: tx.execute("UPDATE meta SET version = 99"))
    words = shown(opened(monkeypatch, empty_store, page))
    assert "The store cannot be read now" in words
    assert "has schema 99" in words


@pytest.mark.parametrize("page", NAMES)
def test_a_busy_store_is_one_sentence(monkeypatch, full_store, page):
    def busy(*_):
        raise StoreBusyError("held by another program")

    monkeypatch.setattr("dashboard.queries.runs.runs", busy)
    monkeypatch.setattr("dashboard.kept_runs.own_row", busy)
    assert "held by another program" in shown(opened(monkeypatch, full_store, page))


def test_home_says_what_runs_what_failed_and_what_ended(monkeypatch, full_store):
    app = opened(monkeypatch, full_store)
    words = shown(app)
    assert "1 run under way" in words
    assert "CUDA out of memory" in words
    assert "lowest validation loss" in words
    assert [link.proto.label for link in app.get("page_link")] == ["broken", "begun", "watched", "triage"]


def test_home_of_archived_runs_alone_says_what_waits_and_not_that_there_was_none(monkeypatch, tmp_path):
    recorded(tmp_path, "put-away")
    store = Store.at(tmp_path / "assay.duckdb")
    store.transaction(lambda tx: tx.execute("UPDATE run SET archived = true"))
    words = shown(opened(monkeypatch, store))
    assert TEXTS["home.empty"]["en"] not in words
    assert TEXTS["waiting.nothing"]["en"] in words


def test_runs_are_searched_by_name_project_and_tag(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "runs")
    assert sorted(app.dataframe[0].value["name"]) == ["begun", "broken", "triage", "watched"]
    for typed, found in (("CLINIC", ["triage"]), ("lora", ["triage"]), ("w", ["watched"]), ("", None)):
        app.text_input(key="q").set_value(typed).run()
        if found:
            assert list(app.dataframe[0].value["name"]) == found
    app.text_input(key="q").set_value("nothing like it").run()
    assert TEXTS["runs.none"]["en"] in shown(app)


def test_runs_are_filtered_by_status(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "runs")
    pills = next(group for group in app.get("button_group") if "failed" in group.options)
    assert pills.options == ["running", "finished", "failed"]
    pills.set_value(["failed"]).run()
    assert list(app.dataframe[0].value["name"]) == ["broken"]


def test_the_run_in_the_address_is_shown(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "run", run="triage")
    words = shown(app)
    assert "triage <span" in words
    assert "branch 2" in words
    assert "step 101 of 200" in words
    assert "lowest at step 90" in words
    assert len(app.get("vega_lite_chart")) >= 4


def test_a_run_of_another_program_says_where_it_comes_from(monkeypatch, full_store):
    assert "/logs/qwen" in shown(opened(monkeypatch, full_store, "run", run="watched"))


def test_a_failed_run_says_why(monkeypatch, full_store):
    assert "RuntimeError: CUDA out of memory" in shown(opened(monkeypatch, full_store, "run", run="broken"))


def test_why_a_run_failed_is_said_in_the_readers_language(monkeypatch, tmp_path):
    with assay.run("stopped", store=tmp_path) as run:
        run.log(1, loss=1.0)
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    store.transaction(lambda tx: tx.execute("UPDATE run SET status = 'failed', error = 'stopped by Ctrl-C'"))
    assert TEXTS["said.ctrl_c"]["zh"] in shown(opened(monkeypatch, store, lang="zh"))
    assert "stopped by Ctrl-C" not in shown(opened(monkeypatch, store, lang="zh"))


def test_a_run_without_values_says_that_they_will_come(monkeypatch, full_store):
    assert TEXTS["run.waiting"]["en"] in shown(opened(monkeypatch, full_store, "run", run="begun"))


def test_a_run_that_does_not_exist_is_said_and_no_other_is_shown_in_its_place(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "run", run="nobody")
    assert "There is no run called nobody." in shown(app)
    assert "a-head" not in shown(app)
    assert app.query_params["run"] == "nobody"
    app.selectbox[0].select("begun").run()
    assert 'class="a-head"' in shown(app)
    assert app.query_params["run"] == "begun"


def test_a_run_that_begins_after_its_page_was_opened_is_shown(monkeypatch, tmp_path):
    recorded(tmp_path, "earlier")
    app = opened(monkeypatch, Store.at(tmp_path / "assay.duckdb"), "run", run="soon")
    assert "There is no run called soon." in shown(app)
    recorded(tmp_path, "soon")
    cached.run_now.clear()
    app.run()
    assert "<h1>soon</h1>" in shown(app)


def recorded(root, name):
    with assay.run(name, store=root) as run:
        run.log(1, loss=1.0)
    load_spools(Store.at(root / "assay.duckdb"))


def test_a_range_in_the_address_is_shown_and_can_be_left(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "run", run="triage", first="20", last="40")
    assert "steps 20 – 40" in shown(app)
    app.button(key="reset").click().run()
    assert "first" not in app.query_params
    assert "steps 20 – 40" not in shown(app)


def test_a_range_that_is_none_is_passed_over(monkeypatch, full_store):
    assert "Show all steps" not in shown(opened(monkeypatch, full_store, "run", run="triage", first="x", last="3"))


def test_markup_in_a_name_is_shown_as_it_is(monkeypatch, empty_store):
    now = utc_now()
    empty_store.transaction(
        lambda tx: [
            tx.execute(
                "INSERT INTO run (id, name, status, created, heartbeat, tags, starred, archived) "
                "VALUES (1, '<b>bold</b>', 'running', $now, $now, [], false, false)",
                {"now": now},
            ),
            tx.execute("INSERT INTO branch VALUES (1, 1, NULL, -1, 'start', $now, NULL)", {"now": now}),
        ]
    )
    words = shown(opened(monkeypatch, empty_store, "run"))
    assert "&lt;b&gt;bold&lt;/b&gt;" in words
    assert "<b>bold" not in words


def test_a_run_that_fell_silent_is_lost_and_needs_a_look(monkeypatch, empty_store):
    old = utc_now() - timedelta(minutes=10)
    empty_store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO run (id, name, status, created, heartbeat, tags, starred, archived) "
            "VALUES (1, 'silent', 'running', $old, $old, [], false, false)",
            {"old": old},
        )
    )
    words = shown(opened(monkeypatch, empty_store))
    assert "Nothing is running" in words
    assert "no word for 10 min" in words


def test_a_demo_store_is_marked_on_every_page(monkeypatch, tmp_path):
    store = cached.Store.at(tmp_path / "assay.duckdb")
    store.create(demo=True)
    for page in NAMES:
        assert "demo store" in shown(opened(monkeypatch, store, page))


def test_the_language_follows_the_switch_and_stays_in_the_address(monkeypatch, full_store):
    app = opened(monkeypatch, full_store)
    app.get("button_group")[0].set_value("zh").run()
    assert app.query_params["lang"] == "zh"
    assert TEXTS["home.ended"]["zh"] in shown(app)


def test_a_metric_is_found_by_a_part_of_its_name_and_can_be_kept_on_top(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "run", run="triage")
    app.text_input(key="find").set_value("RMS").run()
    # Away from its group a chart says which that is.
    assert '<p class="a-title">group/rms</p>' in shown(app)
    assert '<p class="a-title">accuracy</p>' not in shown(app)
    app.text_input(key="find").set_value("nothing like it").run()
    assert "No metric has “nothing like it” in its name." in shown(app)
    app.text_input(key="find").set_value("").run()
    app.multiselect(key="pin").set_value(["accuracy"]).run()
    assert '<p class="a-title">accuracy</p>' in shown(app)
    assert not app.exception


def test_a_run_under_way_shows_its_last_alarm_and_an_ended_one_does_not(monkeypatch, root):
    for name in ("alive", "over"):
        run = assay.run(name, store=root)
        run.log(1, loss=2.0)
        run.event("spike", "an older alarm", level="alarm", step=1)
        run.event("spike", f"step 2 of <{name}>: the loss is not a number", level="alarm", step=2)
        run.finish()
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    store.transaction(lambda tx: tx.execute("UPDATE run SET status = 'running', ended = NULL WHERE name = 'alive'"))
    words = shown(opened(monkeypatch, store))
    last = [line for line in words.splitlines() if "Last alarm" in line]
    assert len(last) == 1
    assert "step 2 of &lt;alive&gt;: the loss is not a number" in last[0]
    assert "older alarm" not in words
