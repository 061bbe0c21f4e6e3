"""Run · Checkpoints: what evaluations say of each, and two side by side."""

from dataclasses import replace

import pytest

from dashboard.texts import TEXTS
from store.evaluations import keep
from store.loading import load_spools
from tests.dashboard import evaluated
from tests.dashboard.evaluated import evaluated_store
from tests.dashboard.test_forgetting_page import table_rows, words_of
from tests.dashboard.test_run_views import opened as run_page


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return evaluated_store(tmp_path_factory.mktemp("evaluated"))


def opened(monkeypatch, store, **asked):
    return run_page(monkeypatch, store, evaluated.RUN, "checkpoints", **asked)


def test_the_table_has_scores_retention_and_lights(monkeypatch, store):
    table = opened(monkeypatch, store).dataframe[0].value
    assert list(table["step"]) == ["250", "200", "150", "150", "100", "50"]
    assert list(table["score-0"]) == [
        "71.4 (66.4 to 76.4)", "66.2 (61.2 to 71.2)", "58.0 (53.0 to 63.0)", "20.0 (15.0 to 25.0)",
        "44.5 (39.5 to 49.5)", "30.0 (25.0 to 35.0)",
    ]  # fmt: skip
    assert list(table["retention-0"]) == ["75.8 %", "78.8 %", "87.9 %", "63.6 %", "97.0 %", "100.0 %"]
    assert list(table["light-0"]) == [
        "red: it is forgetting", *["yellow: possible forgetting"] * 2, "–", *["green: no sign of forgetting"] * 2,
    ]  # fmt: skip


def test_the_lights_of_several_suites_are_words_that_leave_room_for_the_other_columns(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    for place in (None, (2, 250)):
        found = replace(evaluated.choice(place, evaluated.NOW), suite="sums", suite_sha256="5" * 64)
        keep(store.root, found, evaluated.choice_texts())
    load_spools(store)
    table = opened(monkeypatch, store).dataframe[0].value
    assert [next(iter(table[name])) for name in ("light-0", "light-1")] == ["red", "yellow"]


def test_without_evaluations_the_table_is_as_it_was(monkeypatch, tmp_path):
    app = opened(monkeypatch, evaluated_store(tmp_path, evaluations=False))
    assert not [name for name in app.dataframe[0].value if "-" in name]
    assert not app.expander
    assert not app.get("vega_lite_chart")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_learning_stands_beside_what_was_kept(monkeypatch, store, language):
    app = opened(monkeypatch, store, lang=language)
    assert TEXTS["shelf.trade"][language] in words_of(app)
    assert len(app.get("vega_lite_chart")) == 1


def test_two_are_compared_once_the_address_names_them(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert [folded.label for folded in app.expander] == ["Compare two checkpoints"]
    assert not [box for box in app.selectbox if box.key == "compare-from"]
    app = opened(monkeypatch, store, **{"from": "1@100", "to": "2@250"})
    rows = table_rows(app, "suite · metric")
    assert rows["letters · BLEU"] == ["+26.9", "44.5 (39.5 to 49.5)", "71.4 (66.4 to 76.4)"]
    assert rows["facts · accuracy"][0] == "−11.7 (−22.2 to −4.9)"
    assert rows["general · NLL a token"][0] == "+0.180"
    assert TEXTS["shelf.compare.what"]["en"] in words_of(app)
    assert "facts: from step 100 to step 250 7 lost, 0 gained" in words_of(app)


def test_against_the_base_what_was_recorded_stands_there(monkeypatch, store):
    app = opened(monkeypatch, store, to="2@250")
    assert app.selectbox(key="compare-from").value == "base"
    rows = table_rows(app, "suite · metric")
    assert rows["letters · BLEU"][0] == "+59.4 (53.4 to 65.4)"
    assert rows["facts · accuracy"][0] == "−13.3 (−24.8 to −3.7)"
    assert rows["general · NLL a token"][0] == "+0.200 (0.195 to 0.205)"
    assert "facts: from base to step 250 9 lost, 1 gained" in words_of(app)


def test_what_is_compared_can_be_chosen_and_is_in_the_address(monkeypatch, store):
    app = opened(monkeypatch, store, to="1@50")
    assert "facts: from base to step 50 0 lost, 0 gained" in words_of(app)
    assert TEXTS["shelf.compare.no_loss"]["en"] in words_of(app)
    app.selectbox(key="compare-from").set_value("1@150").run()
    assert app.query_params["from"] == "1@150"
    assert "facts: from step 150 (branch 1) to step 50 0 lost, 12 gained" in words_of(app)
    app.selectbox(key="compare-to").set_value("1@150").run()
    assert TEXTS["shelf.compare.same"]["en"] in words_of(app)
