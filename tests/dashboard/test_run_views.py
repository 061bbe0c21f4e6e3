"""The views of the page Run, and the buttons of a run under way."""

import getpass
from datetime import timedelta

import pytest
import streamlit as st

import assay
from dashboard.queries.run import run_facts
from dashboard.texts import TEXTS
from dashboard.views.checkpoints import _csv, train_command
from dashboard.views.menu import VIEWS
from store.clock import utc_now
from store.errors import StoreBusyError
from store.loading import load_spools
from store.requests import finish, take, waiting
from tests.dashboard.opening import open_page

BUTTONS = ("stop-and-save", "save-now", "pause", "continue")


def opened(monkeypatch, store, run, view=None, **asked):
    """The page, read anew."""
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page("run", {"lang": "en", "run": run, **({"view": view} if view else {}), **asked})


def shown(app):
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


@pytest.fixture
def live_store(empty_store):
    """A run of `assay train` under way at step 30 of 100, its only checkpoints at 10 and, off its path, at 25."""
    run = assay.run("live", store=empty_store.root, total_steps=100)
    run.facts(provenance={"command": ["assay", "train"]}, config={"checkpoint": {"every": 20}})
    for step in range(1, 31):
        run.log(step, loss=1.0 / step)
    run.fork(after=20, reason="rollback")
    run.log(21, loss=0.5)
    for step, branch in ((10, 1), (25, 1)):
        path = f"live/checkpoints/{step}"
        run.record("checkpoint", s=step, b=branch, state="sealed", path=path, sha256=None, bytes=1, data={})
    run.finish()
    load_spools(empty_store)
    be(empty_store, "running")
    return empty_store


def be(store, status):
    def mark(transaction):
        transaction.execute(
            "UPDATE run SET status = $status, ended = NULL, heartbeat = $now", {"status": status, "now": utc_now()}
        )

    store.transaction(mark)


def labels(app):
    return [button.label for button in app.button]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("run", ["triage", "broken", "watched", "begun"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_view_of_every_run_can_be_looked_at(monkeypatch, full_store, view, run, language):
    app = opened(monkeypatch, full_store, run, view, lang=language)
    assert app.query_params["view"] == view
    assert app.get("button_group")[1].value == view


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_view_of_a_run_that_is_not_there_shows_another_one(monkeypatch, full_store, view, language):
    app = opened(monkeypatch, full_store, "nobody", view, lang=language)
    assert (app.query_params["run"], app.query_params["view"]) == ("nobody", view)
    assert TEXTS["run.missing"][language].format(name="nobody") in shown(app)
    assert len(app.get("button_group")) == 1


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_without_a_run_says_what_to_do_next(monkeypatch, empty_store, view):
    assert TEXTS["home.empty"]["en"] in shown(opened(monkeypatch, empty_store, "nobody", view))


def test_the_menu_writes_the_view_into_the_address_and_draws_only_that(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "triage")
    assert "view" not in app.query_params
    assert app.get("vega_lite_chart")
    app.get("button_group")[1].set_value("checkpoints").run()
    assert app.query_params["view"] == "checkpoints"
    assert not app.get("vega_lite_chart")
    assert len(app.dataframe) == 1


def test_a_view_that_is_none_shows_the_curves(monkeypatch, full_store):
    assert opened(monkeypatch, full_store, "triage", "nonsense").get("button_group")[1].value == "curves"


@pytest.mark.parametrize("run", ["triage", "watched", "begun"])
def test_nobody_can_ask_of_a_run_that_ended_or_does_not_listen(monkeypatch, full_store, run):
    assert TEXTS["action.stop-and-save"]["en"] not in labels(opened(monkeypatch, full_store, run))


@pytest.mark.parametrize("kind", BUTTONS)
def test_a_button_asks_once_however_often_it_is_pressed(monkeypatch, live_store, kind):
    be(live_store, "paused" if kind == "continue" else "running")
    app = opened(monkeypatch, live_store, "live")
    button = app.button(key=f"ask-{kind}-1-")
    button.click().run()
    assert "waiting: " in shown(app)
    assert app.button(key=f"ask-{kind}-1-").disabled
    button.click().run()
    assert [(request.kind, request.args, request.actor) for request in waiting(live_store, "live")] == [
        (kind, {}, "user:1")
    ]
    take(live_store, "live")
    assert not app.exception


def test_a_paused_run_can_go_on_and_a_running_one_can_pause(monkeypatch, live_store):
    said = {kind: TEXTS[f"action.{kind}"]["en"] for kind in BUTTONS}
    running = labels(opened(monkeypatch, live_store, "live"))
    assert (said["pause"] in running, said["continue"] in running) == (True, False)
    be(live_store, "paused")
    paused = labels(opened(monkeypatch, live_store, "live"))
    assert (said["pause"] in paused, said["continue"] in paused) == (False, True)


def test_a_lost_run_has_no_buttons(monkeypatch, live_store):
    old = {"old": utc_now() - timedelta(minutes=5)}
    live_store.transaction(lambda tx: tx.execute("UPDATE run SET heartbeat = $old", old))
    assert TEXTS["action.pause"]["en"] not in labels(opened(monkeypatch, live_store, "live"))


def test_a_note_is_asked_with_its_words_and_an_empty_one_is_not(monkeypatch, live_store):
    app = opened(monkeypatch, live_store, "live")
    app.text_area[0].set_value("   ")
    next(button for button in app.button if button.label == "Add note").click().run()
    assert waiting(live_store, "live") == []
    app.text_area[0].set_value(" <b>odd</b> ")
    next(button for button in app.button if button.label == "Add note").click().run()
    assert [request.args for request in waiting(live_store, "live")] == [{"text": "<b>odd</b>"}]
    assert app.text_area[0].value == ""
    assert "note “&lt;b&gt;odd&lt;/b&gt;”" in shown(app)


def test_what_was_asked_is_waiting_then_being_done_then_answered(monkeypatch, live_store):
    app = opened(monkeypatch, live_store, "live")
    app.button(key="ask-save-now-1-").click().run()
    (request,) = take(live_store, "live")
    assert "being done: save now" in shown(opened(monkeypatch, live_store, "live"))
    finish(live_store, request.id, "saved as live/checkpoints/00000021-b2")
    dashboard_words = shown(opened(monkeypatch, live_store, "live"))
    assert "answered: save now → saved as live/checkpoints/00000021-b2" in dashboard_words
    assert "已保存为 live/checkpoints/00000021-b2" in shown(opened(monkeypatch, live_store, "live", lang="zh"))
    assert f"{getpass.getuser()}, " in dashboard_words


def test_a_store_that_cannot_be_written_is_one_sentence(monkeypatch, live_store):
    def busy(*_, **__):
        raise StoreBusyError("held by another program")

    app = opened(monkeypatch, live_store, "live")
    monkeypatch.setattr("dashboard.views.actions.ask", busy)
    app.button(key="ask-pause-1-").click().run()
    assert "This could not be asked: held by another program" in shown(app)
    assert not app.exception


def test_a_live_run_rolls_back_to_the_chosen_checkpoint_of_its_path(monkeypatch, live_store):
    app = opened(monkeypatch, live_store, "live", "checkpoints")
    assert TEXTS["shelf.choose"]["en"] in shown(app)
    app = opened(monkeypatch, live_store, "live", "checkpoints", at="1@10")
    app.button(key="ask-rollback-1-10").click().run()
    assert [(request.kind, request.args) for request in waiting(live_store, "live")] == [("rollback", {"step": 10})]
    assert "roll back to step 10" in shown(app)


def test_a_request_that_nobody_will_take_any_more_is_still_shown(monkeypatch, live_store):
    opened(monkeypatch, live_store, "live").button(key="ask-pause-1-").click().run()
    old = {"old": utc_now() - timedelta(minutes=5)}
    live_store.transaction(lambda tx: tx.execute("UPDATE run SET heartbeat = $old", old))
    words = shown(opened(monkeypatch, live_store, "live"))
    assert "not taken: pause (its trainer is gone)" in words


def test_a_checkpoint_off_the_path_offers_a_new_run_only(monkeypatch, live_store):
    app = opened(monkeypatch, live_store, "live", "checkpoints", at="1@25")
    assert TEXTS["shelf.back"]["en"] not in labels(app)
    assert "assay train --from live/1@25" in app.code[0].value


def test_an_ended_run_shows_its_checkpoints_and_the_commands_that_go_on(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "triage", "checkpoints")
    table = app.dataframe[0].value
    assert list(table["step"]) == ["75", "60", "30"]
    assert list(table["state"]) == ["after the spike", "safe to return to", "safe to return to"]
    assert list(table["notes"]) == [
        "not on the present path", "best: lowest validation loss", "pinned by run child",
    ]  # fmt: skip
    assert list(table["size"]) == ["13.5 MB"] * 3
    assert [code.value.split(" --store")[0] for code in app.code] == [
        "assay train --from triage/1@75", "assay export triage/1@75 --out triage-75",
        str(full_store.root / "triage/checkpoints/75"),
    ]  # fmt: skip
    assert "safe to return to: 60, 30" in shown(app)


def test_the_checkpoint_of_the_address_is_chosen_and_a_choice_is_written_there(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "triage", "checkpoints", at="1@60")
    assert [code.value.split(" --store")[0] for code in app.code] == [
        "assay train --resume triage@60",
        "assay train --from triage/1@60",
        "assay export triage/1@60 --out triage-60",
        str(full_store.root / "triage/checkpoints/60"),
    ]
    assert app.dataframe[0].value["step"][1] == "60"
    assert not opened(monkeypatch, full_store, "triage", "checkpoints", at="").code
    assert not opened(monkeypatch, full_store, "triage", "checkpoints", at="9@9").code


def test_going_to_another_run_forgets_the_checkpoint(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "triage", "checkpoints", at="1@60", **{"from": "1@30", "to": "1@60"})
    app.selectbox[0].set_value("watched").run()
    assert not {"at", "from", "to"} & set(app.query_params)


def test_all_checkpoints_can_be_taken_along_in_a_file(full_store):
    lines = _csv(str(full_store.path), run_facts(full_store, "triage")["id"]).decode().splitlines()
    head = "step,branch,state,val_loss,best,active,pins,bytes,created,path,sha256"
    assert lines[0].replace('"', "") == head
    assert [line.replace('"', "").split(",")[:7] for line in lines[1:]] == [
        ["75", "1", "suspect", "0.5", "false", "false", ""],
        ["60", "1", "stable", "1.5", "true", "true", ""],
        ["30", "1", "stable", "2", "false", "true", "run:child"],
    ]


def test_commands_name_the_store_unless_it_is_the_one_they_would_find(monkeypatch, full_store, tmp_path):
    assert f"--store {full_store.path}" in shown(opened(monkeypatch, full_store, "triage", "checkpoints"))
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert train_command("--resume", "a b@3", tmp_path / "runs" / "assay.duckdb") == "assay train --resume 'a b@3'"


def test_no_checkpoint_yet_says_when_the_first_one_comes(monkeypatch, live_store):
    live_store.transaction(lambda tx: tx.execute("DELETE FROM checkpoint"))
    words = shown(opened(monkeypatch, live_store, "live", "checkpoints"))
    assert "No checkpoint yet; the first one is written after step 40." in words


def test_a_run_of_another_program_has_no_checkpoints_of_ours(monkeypatch, full_store):
    assert TEXTS["shelf.foreign"]["en"] in shown(opened(monkeypatch, full_store, "watched", "checkpoints"))


def test_data_shows_files_sources_and_the_hardest_samples_as_plain_text(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "triage", "data")
    words = shown(app)
    assert "validation, held out" in words
    assert ">aaaaaaaaaaaa<" in words
    assert "answer 1 of facts" in words
    assert "&lt;i&gt;ask&lt;/i&gt; 1" in words
    assert words.index("<b>8.000</b>") < words.index("<b>7.000</b>")
    # Loss by source, and how much of each was read.
    assert len(app.get("vega_lite_chart")) == 2
    assert TEXTS["data.mix"]["en"] in words


def test_data_of_a_file_that_is_gone_says_so_and_keeps_the_figures(monkeypatch, full_store):
    file = full_store.root / "facts.jsonl"
    aside = file.rename(file.with_suffix(".aside"))
    try:
        words = shown(opened(monkeypatch, full_store, "triage", "data"))
    finally:
        aside.rename(file)
    assert f"{file} is no longer where it was" in words
    assert "<b>8.000</b>" in words
    assert "answer 1 of facts" not in words
    assert "answer 5 of complaints" in words


def test_a_run_that_recorded_no_data_says_so(monkeypatch, full_store):
    words = shown(opened(monkeypatch, full_store, "broken", "data"))
    assert TEXTS["data.no_files"]["en"] in words
    assert TEXTS["data.no_batches"]["en"] in words


def test_log_and_config_shows_what_was_said_and_what_it_was_made_with(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "triage", "log")
    words, code = shown(app), [block.value for block in app.code]
    assert "&lt;b&gt;2 rows&lt;/b&gt; are cut" in words
    assert "step 75" in words
    assert "step 1\nstep 2 <b>bold</b>" in code
    assert "assay train 'my config.toml'" in code
    assert "0123456789ab · with uncommitted changes" in words
    assert "25.3 GB" in words
    assert any("[checkpoint]\nevery = 30" in text for text in code)
    # Folded away is not sent.
    assert not any("torch==2.13.0" in text or "+new line" in text for text in code)


def test_a_failed_run_shows_its_traceback_and_what_it_did_not_record(monkeypatch, full_store):
    words = shown(opened(monkeypatch, full_store, "broken", "log"))
    assert "Traceback (most recent call last)" in words
    for key in ("log.no_provenance", "log.no_config"):
        assert TEXTS[key]["en"] in words
    assert f"There is no log file: {full_store.root}/broken/log.txt" in words
