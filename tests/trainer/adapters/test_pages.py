"""A host's run is a run like any other: on the pages, on the command line, and to what asks models."""

import json
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard.pages import page_path
from dashboard.texts import TEXTS
from dashboard.views.menu import VIEWS
from store.clock import utc_now
from store.loading import load_spools
from tests.trainer.adapters.hosts import SENTENCES, Seen, SeenShaken, recorded, shown
from tests.trainer.asked import QUESTIONS

APP = Path(dashboard.__file__).parent / "app.py"


@pytest.fixture
def run_of(make, store, tmp_path):
    """Records a host whose weights are shaken once at step 45."""

    def record(mode, name="r", times=1):
        rows = tmp_path / "rows.jsonl"
        rows.write_text("".join(json.dumps({"text": text}) + "\n" for text in SENTENCES))
        callback = recorded(store, name, mode=mode, stable_after=5, data=str(rows))
        trainer = make(SeenShaken, callback, max_steps=60, save_steps=10)
        trainer.how, trainer.times = "noise", times
        trainer.train()
        load_spools(store)

    return record


@pytest.fixture
def opened(store, monkeypatch):
    """The page of a run, on a view."""

    def read(view, run="r", **asked):
        st.cache_data.clear()
        monkeypatch.setenv("ASSAY_STORE", str(store.path))
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params.update({"lang": "en", "run": run, "view": view, **asked})
        app.run()
        app.switch_page(page_path("run")).run()
        assert not app.exception
        said = [*(block.body for block in app.html), *(block.value for block in app.markdown)]
        return "\n".join([*said, *(block.value for block in [*app.caption, *app.code])])

    return read


def be_running(store):
    store.transaction(
        lambda transaction: transaction.execute(
            "UPDATE run SET status = 'running', ended = NULL, heartbeat = $now", {"now": utc_now()}
        )
    )


@pytest.mark.parametrize(
    ("mode", "word", "safe"), [("act", "guard acts", "60, 50, 40"), ("watch", "guard watches", "30")]
)
def test_every_view_shows_it_and_its_head_says_what_the_guard_does(run_of, opened, store, mode, word, safe):
    run_of(mode)
    be_running(store)
    found = {view: opened(view) for view in VIEWS}
    assert word in found["curves"].lower()
    assert "jump" in found["spikes"]
    assert f"safe to return to: {safe}</span>" in found["checkpoints"]
    assert "rows.jsonl" in found["data"]


def test_the_command_line_shows_it(run_of, assay, store):
    run_of("watch")
    run = json.loads(assay("runs", "show", "r", "--store", store.root, "--json").stdout)
    assert [item["state"] for item in run["checkpoints"]].count("stable") >= 1
    assert [item["kind"] for item in run["events"]].count("spike") >= 1
    found = json.loads(assay("spikes", "detect", "r", "--store", store.root, "--json").stdout)
    assert [item["onset"] for item in found["spikes"]] == [45]
    (listed,) = json.loads(assay("runs", "ls", "--store", store.root, "--json").stdout)
    assert (listed["run"], listed["status"], listed["step"]) == ("r", "finished", 60)


def test_its_checkpoint_is_asked_like_any_other(run_of, assay, store, tmp_path):
    run_of("act")
    suite = tmp_path / "sums.jsonl"
    suite.write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS))
    done = assay("eval", "r@60", "--suite", suite, "--store", store.root, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"] == "r"


def test_a_run_that_begins_with_its_checkpoint_names_and_holds_it(run_of, make, store):
    run_of("watch")
    (*_, last) = shown(store)["checkpoints"]
    trainer = make(SeenShaken, recorded(store, "next"), output="next", max_steps=2)
    trainer.model.config._name_or_path = last["path"]
    trainer.train()
    assert shown(store, "next")["parent"] == "r/1@60"
    held = store.rows("SELECT target, holder FROM pin WHERE released IS NULL")
    assert held == [{"target": "r/checkpoints/00000060-b1", "holder": "next"}]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_run_that_ended_says_how_its_script_goes_on_and_offers_no_rollback_of_its_own(run_of, opened, store, lang):
    run_of("watch")
    (checkpoint,) = [item for item in shown(store)["checkpoints"] if item["state"] == "stable"][-1:]
    pages = [opened("spikes", lang=lang), opened("checkpoints", lang=lang, at=f"1@{checkpoint['step']}")]
    for words in pages:
        assert f"trainer.train(resume_from_checkpoint={str(store.root / checkpoint['path'])!r})" in words
        assert TEXTS["shelf.host"][lang] in words
        assert "--resume" not in words
    assert "assay train" not in pages[0]
    assert f"assay train CONFIG.toml --from r/1@{checkpoint['step']}" in pages[1]


def test_the_command_line_says_how_its_script_goes_back(run_of, assay, store, make):
    run_of("watch")
    (path,) = [item["path"] for item in shown(store)["checkpoints"] if item["step"] == 40]
    refused = assay("rollback", "r", "--to", 40, "--store", store.root)
    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        "assay: a script of its own trained run r, so nothing was changed; to go back, start that script again with "
        f"the same name and output folder and trainer.train(resume_from_checkpoint={str(store.root / path)!r})"
    )
    none = assay("rollback", "r", "--to", 41, "--store", store.root)
    assert "run r has no sealed checkpoint at step 41; the nearest is at step 40" in none.stderr
    # And so it does.
    make(Seen, recorded(store, stable_after=5), max_steps=60, save_steps=10).train(str(store.root / path))
    run = shown(store)
    assert (run["step"], run["branch"], run["status"]) == (60, 2, "finished")
    assert [(item["fork_step"], item["data"]["abandoned_to"]) for item in run["branches"][1:]] == [(40, 60)]
