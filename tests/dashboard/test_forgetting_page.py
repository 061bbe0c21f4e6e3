"""Run · Forgetting, as a viewer sees it."""

import re
from dataclasses import replace
from html import unescape

import pytest

from dashboard import cached_scores
from dashboard.texts import TEXTS
from dashboard.views import evaluator
from store.evaluations import keep
from store.loading import load_spools
from tests.dashboard import evaluated
from tests.dashboard.evaluated import NOW, evaluated_store
from tests.dashboard.test_run_views import opened as run_page
from tests.dashboard.test_run_views import shown


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return evaluated_store(tmp_path_factory.mktemp("evaluated"))


def opened(monkeypatch, store, **asked):
    return run_page(monkeypatch, store, asked.pop("run", evaluated.RUN), "forgetting", **asked)


def words_of(app):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown(app)))


def table_rows(app, column):
    """The rows of the first table that has this column, by their first cell."""
    html = next(block.body for block in app.html if f">{column}</th>" in block.body)
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in html.split("<tr>")[2:]]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_run_that_was_asked_nothing_says_how_to_ask(monkeypatch, tmp_path, language):
    store = evaluated_store(tmp_path, evaluations=False)
    words = unescape(shown(opened(monkeypatch, store, lang=language)))
    assert TEXTS["forget.none"][language] in words
    assert f"assay eval triage --suite FILE --watch --store {store.path}" in words
    assert '[eval]\nsuites = ["FILE"]' in words
    assert TEXTS["evaluator.suite"][language].format(file="FILE") in words
    assert evaluator.KEPT in words


def test_a_run_of_another_program_says_that_nothing_is_compared(monkeypatch, full_store):
    assert TEXTS["forget.foreign"]["en"] in shown(opened(monkeypatch, full_store, run="watched"))


@pytest.mark.parametrize(
    ("language", "light", "why"),
    [
        (
            "en",
            "red: it is forgetting",
            "(p = 0.006), and p was below 0.01 at the checkpoint before, step 200, as well.",
        ),
        (
            "zh",
            "红灯：正在遗忘",
            "第 250 步答对 66.7 %，基座模型答对 80.0 %（p = 0.006），而且前一个检查点（第 200 步）的 p 也小于 0.01。",
        ),
    ],
)
def test_the_first_sentence_says_whether_it_forgot_and_why(monkeypatch, store, language, light, why):
    words = words_of(opened(monkeypatch, store, lang=language))
    assert words.index(light) < words.index(why)


def test_the_cards_hold_what_was_computed_by_hand(monkeypatch, store):
    words = words_of(opened(monkeypatch, store))
    assert "Drop against the base 13.3 points 95 % interval 3.7 to 24.8" in words
    assert "Retention 75.8 % of what the base knows beyond guessing" in words
    assert "Lost / gained 9 / 1 questions, 60 asked of 60" in words
    assert "Not worse by more than 3 points not shown the drop may be up to 22.8 points (95 % sure)" in words
    assert "Smallest drop this test could see 12.9 points" in words
    assert "dashed: margin of 3 points" in words


@pytest.mark.parametrize(
    ("at", "light", "helps"),
    [
        ("1@50", "green: no sign of forgetting At step 50 it answers 80.0 % right, the base 80.0 %", False),
        ("1@100", "green: no sign of forgetting", False),
        (
            "2@150",
            "yellow: possible forgetting At step 150 it answers 73.3 % right, the base 80.0 % (p = 0.031);",
            True,
        ),
        ("2@200", "yellow: possible forgetting", True),
        ("1@150", "not on the present path At step 150 it answers 60.0 % right, the base 80.0 % (p &lt; 0.001)", False),
        ("nonsense", "red: it is forgetting", True),
        ("", "red: it is forgetting", True),
    ],
)
def test_the_checkpoint_of_the_address_is_shown_and_remedies_where_it_is_not_green(
    monkeypatch, store, at, light, helps
):
    words = words_of(opened(monkeypatch, store, at=at))
    assert light in words
    assert (TEXTS["forget.help"]["en"] in words) is helps


def test_another_checkpoint_can_be_chosen_and_is_in_the_address(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert app.selectbox(key="forgetting-at").value == "2@250"
    assert app.selectbox(key="forgetting-at").options[3] == "step 150 (branch 1) · abandoned"
    app.selectbox(key="forgetting-at").set_value("1@100").run()
    assert app.query_params["at"] == "1@100"
    assert "At step 100 it answers 78.3 % right" in words_of(app)


def test_remedies_name_the_settings_and_the_last_green_checkpoint(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert '[data]\ngeneral = "FILE"\ngeneral_ratio = 0.2' in shown(app)
    link = next(link.proto for link in app.get("page_link") if link.proto.label == "step 100")
    assert {"view=checkpoints", "at=1%40100", "run=triage"} <= set(link.query_string.split("&"))


def test_a_green_checkpoint_that_is_gone_is_not_gone_back_to(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    store.transaction(lambda tx: tx.execute("UPDATE checkpoint SET state = 'deleted' WHERE step <= 100"))
    assert TEXTS["forget.help.back.none"]["en"] in shown(opened(monkeypatch, store))


def test_subjects_are_judged_by_their_adjusted_p(monkeypatch, store):
    rows = table_rows(opened(monkeypatch, store), "Holm p")
    assert list(rows) == ["医学", "history", "常识", "math"]
    assert rows["医学"] == ["fell", "15.2 %", "46.7 (16.8 – 69.9)", "0.016", "80.0 % → 33.3 %", "7 / 0", "15"]
    assert rows["math"][:2] == ["not shown to fall", "112.1 %"]


def titles(app):
    found = re.findall(r'<p class="a-title">(.*?)</p>', shown(app))
    return [unescape(title).partition(":")[0].partition("：")[0].partition(",")[0] for title in found]


MAP = "Retention by subject and checkpoint"


def test_what_was_kept_is_drawn_by_checkpoint_and_by_subject(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert titles(app) == ["Drop against the base", "Retention", MAP]
    assert len(app.get("vega_lite_chart")) == 3
    words = words_of(app)
    assert TEXTS["forget.kept.no_interval"]["en"] in words
    assert "the largest loss at step 250 on top" in words
    assert "By subject step 250, the largest loss first; p allows" in words


def test_one_checkpoint_alone_is_drawn_and_needs_no_table_of_checkpoints(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    store.transaction(lambda tx: tx.execute("DELETE FROM eval_run WHERE suite = 'facts' AND step <> 250"))
    # Its base belongs to no run and has no step, and is still there.
    app = opened(monkeypatch, store)
    assert titles(app) == ["Drop against the base", "Retention"]
    assert len(table_rows(app, "Holm p")) == 4
    # Nothing stands before it.
    assert "yellow: possible forgetting" in words_of(app)


def test_where_the_base_only_guesses_there_is_no_retention(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    base = evaluated.choice(None, NOW + 999)
    put(store, replace(base, items=tuple(replace(row, correct=False) for row in base.items)))
    app = opened(monkeypatch, store)
    assert "Retention – the base only guesses" in words_of(app)
    assert titles(app) == ["Drop against the base"]
    assert {row[1] for row in table_rows(app, "Holm p").values()} == {"–"}


def test_many_subjects_begin_with_the_largest_loss_and_the_rest_is_folded(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    store.transaction(
        lambda tx: tx.execute("UPDATE eval_item SET category = concat(category, ' ', place % 5) WHERE gold IS NOT NULL")
    )
    app = opened(monkeypatch, store)
    rows = table_rows(app, "Holm p")
    assert len(rows) == 12
    # Three of three lost, and two of three: those with the numbers 0 to 6 are.
    assert list(rows)[:2] == ["医学 0", "医学 1"]
    assert [folded.label for folded in app.expander][:2] == ["8 more subjects", "8 more subjects"]


def test_lost_questions_stand_there_with_what_is_answered_now(monkeypatch, store):
    app = opened(monkeypatch, store)
    rows = table_rows(app, "answers now")
    assert len(rows) == 3
    assert "9, which the base answers right and step 250 does not" in words_of(app)
    assert rows["常识"] == ["常识 0：哪一个对？ Which?", "right 0", "wrong 0", ""]
    assert words_of(app).count("right 0 wrong 0 used for training") == 1
    assert [folded.label for folded in app.expander] == [
        "1 gained: the base answers them wrong, it answers them right", "Questions used for training",
    ]  # fmt: skip


def test_a_checkpoint_that_lost_nothing_says_so(monkeypatch, store):
    assert TEXTS["forget.lost.none"]["en"] in shown(opened(monkeypatch, store, at="1@50"))


def test_questions_used_for_training_are_counted_and_taken_out(monkeypatch, store):
    words = words_of(opened(monkeypatch, store))
    assert "2 of 60 questions were used for training (1,200 rows looked at)." in words
    assert "Without them: drop 12.1 points (95 % interval 2.4 to 23.6), retention 78.5 %." in words


@pytest.mark.parametrize(
    ("at", "light"), [("2@250", "yellow"), ("2@200", "yellow"), ("1@50", "green"), ("1@150", None)]
)  # fmt: skip
def test_beside_the_light_stands_what_it_would_be_without_them(monkeypatch, store, at, light):
    words = words_of(opened(monkeypatch, store, at=at))
    said = f"{TEXTS['forget.clean.light']['en']} {light}"
    assert (said in words) if light else (TEXTS["forget.clean.light"]["en"] not in words)


def test_questions_that_were_all_used_for_training_say_nothing(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    newest = evaluated.choice((2, 250), NOW + 999)
    put(store, replace(newest, items=tuple(replace(row, leaked=True) for row in newest.items)))
    words = words_of(opened(monkeypatch, store))
    assert TEXTS["forget.clean.all"]["en"] in words
    assert TEXTS["forget.clean.light"]["en"] not in words


@pytest.mark.parametrize(
    ("leak", "key"), [(evaluated.UNCHECKED, "forget.leak.unchecked"), (evaluated.CLEAN, "forget.leak.clean")]
)
def test_a_suite_without_leaks_says_whether_it_was_looked_at(monkeypatch, tmp_path, leak, key):
    store = evaluated_store(tmp_path)
    newest = evaluated.choice((2, 250), NOW + 999)
    items = tuple(replace(row, leaked=False) for row in newest.items)
    put(store, replace(newest, items=items, data={**newest.data, "leak": leak}))
    words = shown(opened(monkeypatch, store))
    assert TEXTS[key]["en"].format(rows="1,200") in words
    assert "Without them" not in words


def put(store, evaluation):
    """Put a result of the suite `facts` in the place of another one."""
    keep(store.root, evaluation, evaluated.choice_texts())
    load_spools(store)


def test_less_likely_right_answers_make_it_yellow(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    first = evaluated.choice((1, 50), NOW + 999)
    # All of the choices' likelihoods move, the right one's down by a whole nat.
    items = tuple(
        replace(row, lls=tuple(ll - (place == 1) * 1.0 for place, ll in enumerate(row.lls))) for row in first.items
    )
    put(store, replace(first, items=tuple(replace(row, lls=jittered(row)) for row in items)))
    words = words_of(opened(monkeypatch, store, at="1@50"))
    assert "yellow: possible forgetting At step 50 the right answers are less likely than to the base, by 0." in words


def jittered(row):
    """As models differ from question to question."""
    return tuple(ll - 0.01 * (int(row.id[-2:]) % 3) for ll in row.lls)


def test_one_steep_drop_is_red_at_once(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    first = evaluated.choice((1, 50), NOW + 999)
    lost = evaluated.choice((1, 150), NOW + 999)
    put(store, replace(first, items=lost.items))
    words = words_of(opened(monkeypatch, store, at="1@50"))
    assert (
        "red: it is forgetting At step 50 it answers 60.0 % right, the base 80.0 % (p &lt; 0.001): a drop of at"
        in words
    )


def test_general_text_has_its_rise_and_its_band(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert "General text: general against the base" in words_of(app)
    assert table_rows(app, "KL, nats a token") == {
        "250": ["+0.200 (+0.195 – +0.205)", "raised", "0.625 → 0.675", "0.100"],
        "200": ["+0.120 (+0.115 – +0.125)", "raised", "0.625 → 0.655", "0.060"],
        "150": ["+0.050 (+0.045 – +0.055)", "normal", "0.625 → 0.637", "0.025"],
        "100": ["+0.020 (+0.015 – +0.025)", "negligible", "0.625 → 0.630", "0.010"],
        "50": ["+0.010 (+0.005 – +0.015)", "negligible", "0.625 → 0.627", "0.005"],
    }


def test_without_choice_questions_there_is_general_text_and_no_light(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    store.transaction(lambda tx: tx.execute("DELETE FROM eval_run WHERE suite = 'facts'"))
    words = words_of(opened(monkeypatch, store))
    assert TEXTS["forget.no_light"]["en"] in words
    assert "General text: general" in words
    assert "red:" not in words


def test_without_a_base_it_says_what_to_do(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    store.transaction(lambda tx: tx.execute("DELETE FROM eval_run WHERE run_id IS NULL"))
    words = shown(opened(monkeypatch, store))
    assert TEXTS["forget.no_base"]["en"].format(suite="facts") in words
    assert "assay eval triage --suite FILE --watch" in words
    # Nor is a rise of the loss known.
    assert "– → 0.675" in words


def test_one_of_several_suites_is_chosen_and_in_the_address(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    for place in (None, (2, 250)):
        found = evaluated.choice(place, NOW)
        keep(store.root, replace(found, suite="sums", suite_sha256="5" * 64), evaluated.choice_texts())
    load_spools(store)
    app = opened(monkeypatch, store)
    assert app.selectbox(key="kept").options == ["facts", "sums"]
    app.selectbox(key="kept").set_value("5" * 12).run()
    assert app.query_params["kept"] == "5" * 12
    # One checkpoint alone.
    assert "sums, against the base" in words_of(app)
    assert "yellow: possible forgetting" in words_of(app)


def test_only_a_new_evaluation_is_read_and_then_at_once(monkeypatch, tmp_path):
    store = evaluated_store(tmp_path)
    app = opened(monkeypatch, store)
    assert "red: it is forgetting" in words_of(app)
    with monkeypatch.context() as nothing_new:
        nothing_new.setattr("dashboard.queries.forgetting.answers", None)
        cached_scores._newest.clear()
        assert not app.run().exception
    newest = evaluated.choice((2, 250), NOW + 999)
    put(store, replace(newest, items=evaluated.choice((1, 50), NOW).items))
    cached_scores._newest.clear()
    assert "green: no sign of forgetting" in words_of(app.run())
