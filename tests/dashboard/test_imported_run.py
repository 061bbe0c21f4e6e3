"""Runs and Run of a log that was imported: nothing of it is empty, or told as if someone were still at it."""

import pytest

from dashboard.texts import TEXTS
from dashboard.views.menu import VIEWS
from store.database import Store
from store.import_files import find_logs, read_log
from store.importing import import_log
from store.loading import load_spools
from tests.dashboard.test_run_views import opened, shown
from tests.dashboard.test_runs_page import opened as runs_opened


def calm(step):
    return f"{step},{2 + 0.01 * (step % 5):.2f},{1_700_000_000 + 60 * step}"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A run with times, two branches and a loss that is no number to its end; one without times and without spikes."""
    folder = tmp_path_factory.mktemp("imported")
    store = Store.at(folder / "runs" / "assay.duckdb")
    rows = [
        *map(calm, range(1, 61)),
        *map(calm, range(41, 61)),
        *(f"{step},nan,{1_700_010_000 + step}" for step in (61, 62)),
    ]
    (folder / "odd.csv").write_text("\n".join(["step,loss,timestamp", *rows]) + "\n")
    quiet = [calm(step).rpartition(",")[0] for step in range(1, 61)]
    (folder / "quiet.csv").write_text("\n".join(["step,loss", *quiet]) + "\n")
    for found in find_logs([folder / "odd.csv", folder / "quiet.csv"]):
        import_log(store.root, read_log(found))
    load_spools(store)
    return store


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("run", ["odd", "quiet"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_view_says_where_the_run_is_from_and_offers_nothing_to_do(monkeypatch, imported, view, run, language):
    app = opened(monkeypatch, imported, run, view, lang=language)
    source = imported.root.parent / f"{run}.csv"
    assert TEXTS["imported"][language].format(source=source) in shown(app)
    assert TEXTS["status.finished"][language] in shown(app)
    assert TEXTS["status.lost"][language] not in shown(app)
    assert [button.label for button in app.button] == []


def test_the_time_it_took_is_the_logs_or_is_not_told(monkeypatch, imported):
    assert "took 2 h 46 min" in shown(opened(monkeypatch, imported, "odd"))
    assert "took" not in shown(opened(monkeypatch, imported, "quiet"))
    rows = {
        row["name"]: row
        for row in runs_opened(monkeypatch, imported, columns="took").dataframe[0].value.to_dict("records")
    }
    assert rows["odd"]["took"] == pytest.approx((1_700_010_062 - 1_700_000_060) / 60)
    assert rows["quiet"]["took"] != rows["quiet"]["took"]


def test_its_spikes_are_told_as_found_afterwards(monkeypatch, imported):
    said = shown(opened(monkeypatch, imported, "odd", "spikes"))
    assert TEXTS["spikes.did.found"]["en"] in said
    assert "not taken" not in said
    assert TEXTS["spikes.now.ended"]["en"].format(step=61) in said
    assert TEXTS["spikes.now.unguarded"]["en"] not in said


def test_where_no_spike_was_found_the_steps_looked_at_are_said(monkeypatch, imported):
    said = shown(opened(monkeypatch, imported, "quiet", "spikes"))
    assert TEXTS["spikes.now.imported"]["en"].format(steps=60) in said
    assert "assay spikes detect" not in said


def test_its_branches_have_their_steps(monkeypatch, imported):
    said = shown(opened(monkeypatch, imported, "odd", "spikes"))
    assert "41 – 62" in said
    assert "0 – 60" in said


def test_the_log_it_is_of_stands_where_a_command_would(monkeypatch, imported):
    said = shown(opened(monkeypatch, imported, "odd", "log"))
    assert "odd.csv" in said
    assert "sha256 " in said
    assert TEXTS["log.no_git"]["en"] not in said
    assert TEXTS["log.command"]["en"] not in said
