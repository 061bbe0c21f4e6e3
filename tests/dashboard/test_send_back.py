"""Run · Checkpoints: a run that has stopped is sent back by a button that says first what it will do."""

import pytest

from assay.recording import Run
from dashboard.texts import TEXTS
from store.artifacts import announce, seal, temporary_for
from store.loading import load_spools
from store.runs import show_run
from tests.dashboard.test_run_views import opened, shown


@pytest.fixture
def stopped(empty_store):
    """A run of `assay train` that failed at step 30, with checkpoints at 10, 20 and 30."""
    folder = empty_store.root / "stopped"
    folder.mkdir(parents=True)
    (folder / "config.toml").touch()
    run = Run(folder)
    run.facts(total_steps=100, provenance={"command": ["assay", "train"]})
    for step in range(1, 31):
        run.log(step, loss=1.0 / step)
        if step % 10 == 0:
            final = folder / "checkpoints" / f"{step:08d}-b1"
            temporary = temporary_for(final)
            (temporary / "weights").write_bytes(bytes([step]))
            seal(temporary, final, {"step": step, "branch": 1})
            announce(run, final, "sealed", step=step, branch=1)
    run.finish("failed", "the power failed")
    load_spools(empty_store)
    return empty_store


def test_it_goes_back_and_the_page_says_how_it_goes_on(monkeypatch, stopped):
    app = opened(monkeypatch, stopped, "stopped", "checkpoints", at="1@20")
    assert "Resumed, it goes on from step 21." in shown(app)
    app.button(key="send-1-1-20").click().run()
    assert not app.exception
    run = show_run(stopped, "stopped")
    assert (run["step"], run["branch"], run["status"]) == (20, 2, "failed")
    assert run["branches"][1]["reason"] == "rollback"
    assert "Went back from step 30 to step 20, on branch 2." in shown(app)
    assert app.code[0].value.split(" --store")[0] == "assay train --resume stopped"
    assert "send-1-1-20" not in [button.key for button in app.button]


def test_a_damaged_checkpoint_is_named_and_an_older_one_taken(monkeypatch, stopped):
    damaged = stopped.root / "stopped" / "checkpoints" / "00000020-b1" / "weights"
    damaged.write_bytes(b"odd")
    app = opened(monkeypatch, stopped, "stopped", "checkpoints", at="1@20")
    app.button(key="send-1-1-20").click().run()
    assert f"an older one was taken: {damaged} has 3 bytes" in shown(app)
    assert "Went back from step 30 to step 10, on branch 2." in shown(app)


def test_the_checkpoint_the_run_is_at_is_no_way_back(monkeypatch, stopped):
    app = opened(monkeypatch, stopped, "stopped", "checkpoints", at="1@30")
    assert [button.key for button in app.button if (button.key or "").startswith("send-")] == []


def test_what_stands_in_the_way_is_said(monkeypatch, stopped):
    (stopped.root / "stopped" / "config.toml").unlink()
    app = opened(monkeypatch, stopped, "stopped", "checkpoints", at="1@10")
    app.button(key="send-1-1-10").click().run()
    assert not app.exception
    said = TEXTS["shelf.send.failed"]["en"].format(reason="run stopped cannot be rolled back: there is no ")
    assert said in shown(app)
    assert show_run(stopped, "stopped")["branch"] == 1
