"""Run · Samples: the same prompts at every checkpoint, what changed, and questions of one's own."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest
import streamlit as st

import assay
from dashboard.answer_story import prompts, stretches
from dashboard.queries import samples as queries
from dashboard.queries.evaluations import newest
from dashboard.text_changes import Change, changes
from dashboard.texts import TEXTS
from dashboard.views.actions import shown_in
from store.database import Store
from store.evaluations import ItemRow, ItemText, keep
from store.loading import load_spools
from store.requests import ask, finish, take, waiting
from tests.dashboard import evaluated
from tests.dashboard.evaluated import evaluated_store
from tests.dashboard.opening import open_page

SAID = {
    None: "头痛有很多原因。", (1, 50): "建议看内科。", (1, 100): "建议看神经内科。", (1, 150): "建议看眼科。",
    (2, 150): "建议看神经内科。", (2, 200): "建议看神经内科。", (2, 250): "建议看神经内科门诊。",
}  # fmt: skip
"""What is answered to the first prompt."""


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """The evaluated store; at 1@150, which was abandoned, the answer went another way."""
    found = evaluated_store(tmp_path_factory.mktemp("samples"))
    for place, said in SAID.items():
        one = evaluated.samples(place, evaluated.NOW + 9999)
        keep(
            found.root,
            replace(one, items=(replace(one.items[0], answer=said), *one.items[1:])),
            evaluated.sample_texts(),
        )
    load_spools(found)
    return found


@pytest.fixture
def unasked(tmp_path) -> Store:
    return evaluated_store(tmp_path, evaluations=False)


def opened(monkeypatch, store, run="triage", **asked):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page("run", {"lang": "en", "run": run, "view": "samples", **asked})


def shown(app):
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


def lines(app):
    """Head and answer of each line of the chosen prompt, in HTML."""
    whole = next(block.body for block in app.html if 'class="a-answers"' in block.body)
    end = r'(?=<div class="a-turn|</div></div>$|</div>$)'
    found = re.findall(rf'<div class="a-turn [^"]*"><span class="a-quiet">(.*?)</span>(.*?){end}', whole)
    return [(head, said.removesuffix("</div>")) for head, said in found]


def question(store, text, place, answer, created):
    one = evaluated.samples(place, created)
    digest = f"question-{text}".ljust(64, "0")
    asked = replace(one, suite="asked", suite_sha256=digest, items=(ItemRow("question", answer=answer),), of=1)
    keep(store.root, asked, [ItemText("question", text)])


def test_answers_come_by_prompt_the_base_first_then_by_step(store):
    rows = [row for row in queries.answers(store, 1).to_pylist() if row["item"] == "sample-0"]
    assert [(row["branch"], row["step"], row["active"], row["answer"]) for row in rows] == [
        (*(place or (None, None)), place != (1, 150), said) for place, said in SAID.items()
    ]
    assert rows[0]["is_base"]


def test_an_answer_is_compared_with_the_one_before_on_its_own_history(store):
    first = prompts(queries.answers(store, 1).to_pylist())[0]
    found = stretches(first.answers)
    told = [
        ([one.row["step"] for one in part.answers], part.before.row["step"] if part.before else None, part.is_unchanged)
        for part in found
    ]
    assert told == [
        ([None], None, False), ([50], None, False), ([100], 50, False), ([150], 100, False),
        ([150, 200], 100, True), ([250], 200, False),
    ]  # fmt: skip
    assert found[1].before is first.answers[0]


def test_chinese_is_compared_sign_by_sign_and_english_word_by_word():
    assert changes("建议看内科。", "建议看神经内科。") == (
        Change("same", "建议看"), Change("new", "神经"), Change("same", "内科。"),
    )  # fmt: skip
    assert changes("take two tablets daily", "take ten tablets daily") == (
        Change("same", "take "), Change("gone", "two"), Change("new", "ten"), Change("same", " tablets daily"),
    )  # fmt: skip
    assert changes("a b c", "x y z") is None


def test_signs_that_cannot_be_seen_are_no_change():
    assert changes("yes\u200b", "\u202eyes") == (Change("same", "yes"),)


def test_the_table_shows_first_words_and_what_did_not_change(monkeypatch, store):
    table = opened(monkeypatch, store).dataframe[0].value
    assert list(table.columns) == ["prompt", "at 2@250", "at 2@200", "at 2@150", "at 1@100", "at 1@50", "at base"]
    assert list(table.iloc[0]) == [
        "头痛两天，应该看哪个科？", "建议看神经内科门诊。", "= unchanged", "= unchanged", "建议看神经内科。",
        "建议看内科。", "头痛有很多原因。",
    ]  # fmt: skip
    assert table.iloc[2]["at base"] == "<b>markup</b> of base second line"


def test_the_chosen_prompt_shows_each_answer_with_its_changes_marked(monkeypatch, store):
    assert lines(opened(monkeypatch, store)) == [
        ("prompt", "<bdi>头痛两天，应该看哪个科？</bdi>"),
        ("step 0 · base", "<bdi>头痛有很多原因。</bdi>"),
        ("step 50", '<div><span class="a-anew">written anew</span><bdi>建议看内科。</bdi></div>'),
        ("step 100", "<bdi>建议看<ins>神经</ins>内科。</bdi>"),
        ("step 150 (branch 1, abandoned)", "<bdi>建议看<del>神经内</del><ins>眼</ins>科。</bdi>"),
        ("step 150<br>– step 200", '<bdi class="a-quiet">unchanged from step 100</bdi>'),
        ("step 250", "<bdi>建议看神经内科<ins>门诊</ins>。</bdi>"),
    ]  # fmt: skip


def test_markup_of_a_model_is_shown_and_not_followed(monkeypatch, store):
    key = prompts(queries.answers(store, 1).to_pylist())[2].key
    words = shown(opened(monkeypatch, store, prompt=key))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; What is this?" in words
    assert "&lt;b&gt;markup&lt;/b&gt; of base\nsecond line" in words
    assert "<script>" not in words


def test_the_address_says_which_prompt_is_chosen(monkeypatch, store):
    app = opened(monkeypatch, store, prompt=prompts(queries.answers(store, 1).to_pylist())[1].key)
    assert lines(app)[0] == ("prompt", "<bdi>Write one sentence about fever.</bdi>")
    assert lines(opened(monkeypatch, store, prompt="nonsense"))[0] == ("prompt", "<bdi>头痛两天，应该看哪个科？</bdi>")


def test_a_question_is_asked_of_the_newest_checkpoint_and_the_base(monkeypatch, unasked):
    app = opened(monkeypatch, unasked)
    app.text_area[0].set_value("  发热怎么办？ ")
    app.button[[button.label for button in app.button].index("Ask")].click().run()
    [asked] = waiting(unasked, "triage")
    assert (asked.kind, asked.args) == ("evaluate", {"question": "发热怎么办？", "places": ["2@250", "base"]})
    words = shown(app)
    assert "waiting: ask step 250 (branch 2) and base: “发热怎么办？”" in words
    assert TEXTS["evaluator.waits"]["en"] in words
    assert f"assay eval triage --watch --store {unasked.path}" in words
    assert not app.exception


def test_a_question_without_words_is_not_asked(monkeypatch, unasked):
    app = opened(monkeypatch, unasked)
    app.text_area[0].set_value("   ")
    app.button[[button.label for button in app.button].index("Ask")].click().run()
    assert TEXTS["samples.ask.empty"]["en"] in shown(app)
    assert waiting(unasked, "triage") == []


def test_what_was_asked_last_stands_first_once_it_is_answered(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    for number, words in enumerate(("early?", "late?")):
        ask(store, "triage", "evaluate", {"question": words, "places": ["2@250", "base"]}, actor="command:ann")
        [taken] = take(store, "triage")
        question(store, words, (2, 250), f"answer {number}", evaluated.NOW + 2000 + number)
        finish(store, taken.id, "answered by 2@250, base")
    load_spools(store)
    app = opened(monkeypatch, store)
    assert list(app.dataframe[0].value["prompt"])[:2] == ["asked: late?", "asked: early?"]
    table = app.dataframe[0].value
    assert list(table.columns)[1::5] == ["at 2@250", "at base"]
    assert [table.iloc[0][column] for column in ("at 2@250", "at base")] == ["answer 1", "–"]
    assert lines(app)[1:] == [("step 250", "<bdi>answer 1</bdi>")]
    assert "done: ask step 250 (branch 2) and base: “late?”<" in shown(app)


def test_a_question_put_to_the_base_alone_is_found_by_its_request(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    question(store, "just you?", None, "yes", evaluated.NOW + 2000)
    load_spools(store)
    assert "just you?" not in [row["question"] for row in queries.answers(store, 1).to_pylist()]
    ask(store, "triage", "evaluate", {"question": "just you?", "places": ["base"]}, actor="command:ann")
    assert [row["answer"] for row in queries.answers(store, 1).to_pylist() if row["question"] == "just you?"] == ["yes"]


def begun(folder, told):
    """A run that asked its base only; `told` is what it says of itself."""
    run = assay.run("begun", store=folder, total_steps=10)
    run.facts(**told.get("facts", {}))
    for step in range(1, 4):
        run.log(step, loss=1.0)
    for facts in told.get("events", ()):
        run.event("eval", "scored samples before the first step", step=0, **facts)
    run.finish()
    store = Store.at(folder / "assay.duckdb")
    keep(folder, evaluated.samples(None, evaluated.NOW), evaluated.sample_texts())
    load_spools(store)
    return store


TOLD = {"suite": "samples", "suite_sha256": "samples".ljust(64, "0"), "base": evaluated.BASE}


def test_the_base_answers_stand_there_before_any_checkpoint_is_asked(monkeypatch, tmp_path):
    store = begun(tmp_path, {"events": [TOLD]})
    app = opened(monkeypatch, store, "begun")
    assert list(app.dataframe[0].value.columns) == ["prompt", "at base"]
    assert lines(app)[1] == ("step 0 · base", "<bdi>建议看神经内科（base）。</bdi>")


def test_a_base_is_known_by_the_model_or_the_checkpoint_a_run_began_with(tmp_path):
    model = {"provenance": {"model": {"sha256": evaluated.BASE}}}
    store = begun(tmp_path / "folder", {"facts": model})
    ask(store, "begun", "evaluate", {"question": "just you?", "places": ["base"]}, actor="command:ann")
    question(store, "just you?", None, "yes", evaluated.NOW + 2000)
    load_spools(store)
    # Of suites that this run was never put to, nothing is shown.
    assert [row["answer"] for row in queries.answers(store, 1).to_pylist()] == ["yes"]

    store = evaluated_store(tmp_path / "run", evaluations=False)
    child = begun(tmp_path / "run", {"facts": {"parent": "triage/2@250"}})
    question(store, "and you?", (2, 250), "no", evaluated.NOW + 2000)
    load_spools(store)
    ask(child, "begun", "evaluate", {"question": "and you?", "places": ["base"]}, actor="command:ann")
    assert [(row["answer"], row["is_base"]) for row in queries.answers(child, 2).to_pylist()] == [("no", True)]


def test_a_result_that_is_told_later_is_seen_then(monkeypatch, tmp_path):
    store = begun(tmp_path, {})
    first = newest(store)
    assert queries.answers(store, 1).num_rows == 0
    store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO event SELECT 1, 1, 0, now()::TIMESTAMP, 'eval', 'info', '', $data", {"data": json.dumps(TOLD)}
        )
    )
    assert newest(store) != first
    assert queries.answers(store, 1).num_rows == 3


def test_the_newest_requests_are_read_the_newest_first(unasked):
    for number in range(queries.LATEST + 1):
        ask(unasked, "triage", "evaluate", {"question": f"{number}?", "places": ["base"]}, actor="command:ann")
    rows = queries.asked(unasked, 1).to_pylist()
    assert [row["question"] for row in rows] == [f"{number}?" for number in range(queries.LATEST, 0, -1)]
    assert (rows[0]["places"], rows[0]["taken"]) == (["base"], None)


def test_without_answers_it_says_what_to_configure_and_takes_questions(monkeypatch, unasked):
    app = opened(monkeypatch, unasked)
    words = shown(app)
    assert TEXTS["samples.none"]["en"] in words
    assert "[eval]\nsamples = 5" in words
    assert TEXTS["evaluator.none"]["en"] in words
    assert len(app.text_area) == 1


def test_another_programs_run_cannot_be_asked(monkeypatch, full_store):
    app = opened(monkeypatch, full_store, "watched")
    assert TEXTS["samples.foreign"]["en"] in shown(app)
    assert not app.text_area


def test_requests_to_an_evaluator_do_not_stand_above_the_views(monkeypatch, unasked):
    ask(unasked, "triage", "evaluate", {"question": "why?", "places": ["base"]}, actor="command:ann")
    assert "why?" not in unescape(shown(opened(monkeypatch, unasked, view="curves")))


def test_the_page_speaks_chinese(monkeypatch, store):
    app = opened(monkeypatch, store, lang="zh")
    assert ("第 150 步<br>– 第 200 步", '<bdi class="a-quiet">与第 100 步的回答相同</bdi>') in lines(app)
    assert "＝ 不变" in list(app.dataframe[0].value.iloc[0])


def test_a_question_that_waits_leads_to_where_its_answer_will_be():
    rows = [{"kind": "evaluate", "args": args} for args in ('{"question": "why?"}', '{"places": ["1@50"]}')]
    assert [shown_in(row) for row in rows] == [{"view": "samples"}, {"view": "scores"}]
    assert shown_in({"kind": "pause", "args": None}) == {}


def test_a_result_made_again_is_told_apart_from_the_one_it_replaces(unasked):
    def put(created):
        keep(unasked.root, evaluated.samples(None, created), evaluated.sample_texts())
        load_spools(unasked)
        return newest(unasked)

    first, again = put(evaluated.NOW), put(evaluated.NOW + 1)
    assert (first["id"], first["rows"]) == (again["id"], again["rows"])
    assert first != again
