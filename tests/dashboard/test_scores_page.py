"""Run · Scores: each checkpoint against the base and the one before, and what it made of each item."""

import json
import re
from html import unescape

import pytest
import streamlit as st

from dashboard.charts.scores import BASE, POINTS, score_chart
from dashboard.colors import LIGHT
from dashboard.queries import evaluations, scores
from dashboard.tables import table_of
from dashboard.texts import TEXTS
from dashboard.views import evaluator
from evals.suite import read_suite
from store.database import Store
from store.evaluations import keep
from store.loading import load_spools
from store.requests import ask, finish, take, waiting
from tests.dashboard.evaluated import BLEU, evaluated, evaluated_store
from tests.dashboard.opening import open_page


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return evaluated_store(tmp_path_factory.mktemp("evaluated"))


@pytest.fixture
def unscored(tmp_path) -> Store:
    return evaluated_store(tmp_path, evaluations=False)


def opened(monkeypatch, store, run="triage", **asked):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page("run", {"lang": "en", "run": run, "view": "scores", **asked})


def shown(app):
    return unescape("\n".join([*(block.body for block in app.html), *(block.value for block in app.code)]))


def cards(app):
    """The items' cards, one after the other."""
    whole = next(block.body for block in app.html if 'class="a-items"' in block.body)
    return [unescape(card) for card in whole.split('<div class="a-item">')[1:]]


def rows_of(store, suite):
    return [row for row in evaluations.evaluations(store, 1).to_pylist() if row["suite"] == suite]


def test_the_base_comes_first_then_the_checkpoints_by_step_with_the_abandoned_one(store):
    rows = [(row["is_base"], row["branch"], row["step"], row["active"]) for row in rows_of(store, "letters")]
    assert rows == [
        (True, None, None, True), (False, 1, 50, True), (False, 1, 100, True), (False, 1, 150, False),
        (False, 2, 150, True), (False, 2, 200, True), (False, 2, 250, True),
    ]  # fmt: skip


def test_what_should_be_learned_comes_before_what_should_be_kept(store):
    suites = [(row["measures"], row["suite"]) for row in evaluations.evaluations(store, 1).to_pylist()]
    assert list(dict.fromkeys(suites)) == [
        ("learned", "letters"), ("kept", "facts"), ("kept", "general"), ("shown", "samples"),
    ]  # fmt: skip


def test_an_unknown_run_has_no_evaluations(store):
    assert evaluations.evaluations(store, 99).num_rows == 0


def test_scores_are_read_with_their_differences(store):
    newest = rows_of(store, "letters")[-1]["id"]
    rows = [
        (row["metric"], row["versus"], row["value"], row["low"]) for row in scores.scores(store, [newest]).to_pylist()
    ]
    assert rows[0] == ("bleu", None, BLEU[2, 250], BLEU[2, 250] - 5)
    assert ("bleu", "base", pytest.approx(59.4), pytest.approx(53.4)) in rows
    assert ("bleu", "previous", pytest.approx(5.15), pytest.approx(-0.85)) in rows


def test_of_choices_those_come_first_that_the_base_had_right(store):
    base, newest = rows_of(store, "facts")[0]["id"], rows_of(store, "facts")[-1]["id"]
    rows = scores.items(store, newest, base, "acc", lowest=True).to_pylist()
    assert [row["item"] for row in rows[:3]] == ["history-00", "医学-00", "医学-01"]
    assert [(row["correct"], row["value"], row["base_value"]) for row in rows[:9]] == [(False, 0.0, 100.0)] * 9
    assert (rows[9]["value"], rows[9]["base_value"], len(rows)) == (0.0, 0.0, scores.PAGE)
    last = scores.items(store, newest, base, "acc", lowest=True, start=40).to_pylist()
    # The one question that it has and the base had not comes last.
    assert (last[-1]["correct"], last[-1]["item"], last[-1]["base_value"]) == (True, "math-14", 0.0)


def test_texts_have_values_of_their_own_and_the_most_surprising_comes_first(store):
    base, newest = rows_of(store, "general")[0]["id"], rows_of(store, "general")[-1]["id"]
    row = scores.items(store, newest, base, "nll", lowest=False).to_pylist()[0]
    assert (row["value"], row["base_value"]) == (pytest.approx(2.7), pytest.approx(2.5))
    row = scores.items(store, newest, base, "kl", lowest=False).to_pylist()[0]
    assert row["value"] == pytest.approx(0.1)


def test_the_newest_checkpoint_is_told_in_words_with_what_it_is_compared_with(monkeypatch, store):
    words = shown(opened(monkeypatch, store))
    assert "step 250" in words
    assert '<div class="a-value">71.4</div>' in words
    assert '+59.4 (53.4 to 65.4) over the base · <span class="a-good">better</span>' in words
    assert "leak check: no item stands in the training data (1,200 rows)" in words


def test_the_table_says_which_differences_could_be_chance(monkeypatch, store):
    words = shown(opened(monkeypatch, store))
    assert "step 150: +8.2 (2.2 to 14.2) · better" in words
    assert "+5.2 (−0.8 to 11.2) · could be chance" in words
    assert "step 150 (branch 1, abandoned)" in words


def test_a_suite_is_chosen_by_the_address_and_leaks_are_left_out_beside_its_scores(monkeypatch, store):
    app = opened(monkeypatch, store, suite="facts")
    words = shown(app)
    assert "leak check: 2 of 60 items stand in the training data (1,200 rows)" in words
    assert "without leaked items: 69.0 %" in words
    assert "69.0 % (2 left out)" in words
    assert '−13.3 (−24.8 to −3.7) from the base · <span class="a-bad">worse</span>' in words
    assert "stands in the training data: letters.jsonl row 7, 90 % of it" in words
    picks = next(group for group in app.get("button_group") if group.key == "pick-suite")
    picks.set_value("letters").run()
    assert app.query_params["suite"] == "letters"
    assert "71.4" in shown(app)


def test_a_metric_is_chosen_and_kept_in_the_address(monkeypatch, store):
    app = opened(monkeypatch, store, suite="general", metric="kl")
    assert "KL · nats a token, lower is better" in shown(app)
    assert "KL 0.100" in cards(app)[0]
    assert len(app.get("vega_lite_chart")) == 1


def test_open_items_stand_beside_their_reference_and_the_bases_answer_the_worst_first(monkeypatch, store):
    found = cards(opened(monkeypatch, store))
    assert ["BLEU 68.4" in found[0], "BLEU 74.4" in found[3], len(found)] == [True, True, 4]
    assert "<bdi>科室：内科 0</bdi>" in found[0]
    assert "<bdi>答 triage@250：科室：内科 0</bdi>" in found[0]
    assert "<bdi>答 base：科室：内科 0</bdi>" in found[0]


def test_choices_say_which_is_right_and_who_took_which(monkeypatch, store):
    found = cards(opened(monkeypatch, store, suite="facts"))
    assert len(found) == scores.PAGE
    assert "wrong, the base was right" in found[0]
    assert '<bdi>wrong 0</bdi><span class="a-tag">its choice</span>' in found[0]
    tags = '<span class="a-tag">the right one</span><span class="a-tag">the base’s choice</span>'
    assert f"<bdi>right 0</bdi>{tags}" in found[0]


def test_markup_in_an_item_is_shown_and_not_followed(monkeypatch, store):
    app = opened(monkeypatch, store, suite="facts")
    whole = next(block.body for block in app.html if 'class="a-items"' in block.body)
    assert "&lt;b&gt;both&lt;/b&gt;" in whole
    assert "<b>both</b>" not in whole


def test_items_are_turned_page_by_page_and_of_another_checkpoint(monkeypatch, store):
    app = opened(monkeypatch, store, suite="facts")
    first = cards(app)
    assert "1 to 20 of 60" in shown(app)
    app.button[[button.label for button in app.button].index("Next 20")].click().run()
    assert "21 to 40 of 60" in shown(app)
    assert cards(app)[0] != first[0]
    app.selectbox(key="pick-at").set_value("1@50").run()
    assert app.query_params["at"] == "1@50"
    # Step 50 lost nothing: what it got wrong, the base got wrong as well.
    assert "history-12" in cards(app)[0]


def test_how_the_scores_were_computed_is_folded_away(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert "assay-eval 1" not in shown(app)
    app.session_state["scores-how"] = True
    app.run()
    assert "assay-eval 1" in shown(app)
    assert "nrefs:1|case:mixed|tok:zh|version:2.5.1" in shown(app)


def test_without_scores_it_says_what_to_run_and_what_to_configure(monkeypatch, unscored):
    words = shown(opened(monkeypatch, unscored))
    assert TEXTS["scores.none"]["en"] in words
    assert f"assay eval triage --suite FILE --watch --store {unscored.path}" in words
    assert '[eval]\nsuites = ["FILE"]' in words
    assert TEXTS["evaluator.suite"]["en"].format(file="FILE") in words
    assert evaluator.LEARNED in words


@pytest.mark.parametrize("suite", [evaluator.LEARNED, evaluator.KEPT])
def test_a_suite_that_is_suggested_can_be_read_with_rows_of_the_columns_it_names(tmp_path, suite):
    columns = [name.strip() for name in suite.rpartition("#")[2].split(",")]
    row = {"choices": ["yes", "no"], "answer": 1}
    file = re.search(r'file = "(.+?)"', suite)[1]
    line = json.dumps({name: row.get(name, "words") for name in columns})
    (tmp_path / file).write_text(line + "\n", encoding="utf-8")
    (tmp_path / "suite.toml").write_text(suite, encoding="utf-8")
    assert len(read_suite(tmp_path / "suite.toml").items) == 1


def test_a_run_with_suites_of_its_own_needs_none_on_the_command_line(monkeypatch, unscored):
    config = {"config": json.dumps({"eval": {"suites": ["mine.toml"]}})}
    unscored.transaction(lambda tx: tx.execute("UPDATE run SET config = $config", config))
    words = shown(opened(monkeypatch, unscored))
    assert f"assay eval triage --watch --store {unscored.path}" in words
    assert "FILE" not in words


def test_another_programs_run_has_no_button(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "watched")
    assert TEXTS["scores.foreign"]["en"] in shown(app)
    assert "Score now" not in [button.label for button in app.button]


def test_score_now_asks_once_and_says_who_answers(monkeypatch, unscored):
    app = opened(monkeypatch, unscored)
    app.selectbox(key="pick-score").set_value("1@100").run()
    button = app.button[[button.label for button in app.button].index("Score now")]
    button.click().run()
    [asked] = waiting(unscored, "triage")
    assert (asked.kind, asked.args) == ("evaluate", {"places": ["1@100"]})
    assert "waiting: score step 100" in shown(app)
    assert TEXTS["evaluator.waits"]["en"] in shown(app)
    assert shown(app).count(f"assay eval triage --suite FILE --watch --store {unscored.path}") == 2
    assert app.button[[button.label for button in app.button].index("Score now")].disabled


def test_what_came_of_a_request_is_said_where_it_says_more_than_that_it_was_done(monkeypatch, unscored):
    for place, result in (("1@50", "scored by 1@50"), ("1@100", "not done at 1@100: it is gone")):
        ask(unscored, "triage", "evaluate", {"places": [place]}, actor="command:ann")
        [taken] = take(unscored, "triage")
        finish(unscored, taken.id, result)
    words = shown(opened(monkeypatch, unscored))
    assert "done: score step 50<" in words
    assert "done: score step 100 → not done at 1@100: it is gone<" in words
    assert TEXTS["evaluator.waits"]["en"] not in words


def test_only_checkpoints_without_a_score_can_be_scored(monkeypatch, unscored, store):
    for evaluation, texts in evaluated((2, 250), 1_790_000_000.0):
        keep(unscored.root, evaluation, texts)
    load_spools(unscored)
    options = opened(monkeypatch, unscored).selectbox(key="pick-score").options
    assert "step 250" not in options
    assert len(options) == 5
    assert "Score now" not in [button.label for button in opened(monkeypatch, store).button]


def test_a_result_that_comes_is_shown_at_the_next_look(monkeypatch, unscored):
    app = opened(monkeypatch, unscored)
    for evaluation, texts in evaluated((2, 250), 1_790_000_000.0):
        keep(unscored.root, evaluation, texts)
    load_spools(unscored)
    st.cache_data.clear()
    app.run()
    assert '<div class="a-value">71.4</div>' in shown(app)
    assert TEXTS["scores.no_base"]["en"] in shown(app)


@pytest.mark.parametrize("suite", ["letters", "facts", "general"])
def test_the_page_speaks_chinese(monkeypatch, store, suite):
    words = shown(opened(monkeypatch, store, suite=suite, lang="zh"))
    assert "逐题：最差的在前" in words
    assert "比基座" in words


def test_the_chart_has_the_base_as_a_band_and_a_bar_for_each_interval():
    point = {"step": [50], "branch": [1], "active": [True], "value": [30.0], "low": [25.0], "high": [35.0], "n": [4]}
    base = {"value": [12.0], "low": [7.0], "high": [17.0], "label": ["base 12.0"]}
    said = {name: name for name in ("step", "branch", "value", "low", "high", "items")}
    chart = score_chart(table_of(point).cast(POINTS), table_of(base).cast(BASE), said, LIGHT).to_dict()
    marks = [layer["mark"]["type"] for layer in chart["layer"]]
    assert marks == ["rect", "rule", "text", "line", "rule", "point"]
    band, bars = chart["layer"][0]["encoding"], chart["layer"][4]["encoding"]
    assert (band["y"]["field"], band["y2"]["field"], "x" in band) == ("low", "high", False)
    assert (bars["y"]["field"], bars["y2"]["field"], bars["x"]["field"]) == ("low", "high", "step")
    assert bars["x"]["axis"]["values"] == [50]
    assert "base 12.0" in json.dumps(chart)
