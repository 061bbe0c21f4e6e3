"""What a run kept of what its base knew, from the rows of the store, against figures computed by hand."""

from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pytest

from dashboard import cached_forgetting, retention, suites
from dashboard.charts.forgetting import Drop, Pair, drop_chart, pair_chart
from dashboard.charts.recipe import parted
from dashboard.charts.retention import ROW, Cell, Held, retention_chart, subject_chart
from dashboard.colors import DARK, LIGHT
from dashboard.queries import forgetting as queries
from dashboard.queries.evaluations import evaluations
from dashboard.views import checkpoints_scores, checkpoints_trade, forgetting_kept
from store.evaluations import keep
from store.loading import load_spools
from tests.dashboard import evaluated
from tests.dashboard.evaluated import ACTIVE, PLACES, evaluated_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return evaluated_store(tmp_path_factory.mktemp("evaluated"))


@pytest.fixture(scope="module")
def rows(store):
    return evaluations(store, 1).to_pylist()


def facts_of(rows):
    [suite] = suites.suites(rows, "kept", ["choice"])
    return suite


def kept_of(store, suite):
    ids = [row["id"] for row in (suite.base, *suite.rows)]
    answers = retention.item_rows(queries.answers(store, ids).to_pylist())
    return judged(suite, answers, retention.item_texts(queries.asked(store, suite.sha256).to_pylist()))


def judged(suite, answers, texts):
    base = answers[suite.base["id"]]
    found = {row["id"]: retention.alone(base, answers[row["id"]], texts) for row in suite.rows}
    return retention.kept(suite, {number: one for number, one in found.items() if one is not None})


def test_answers_come_in_the_order_of_the_suite(store, rows):
    newest = facts_of(rows).newest["id"]
    found = queries.answers(store, [newest]).to_pylist()
    assert [row["item"] for row in found] == [text.id for text in evaluated.choice_texts()]
    assert found[0] == {
        "eval_id": newest, "item": "history-00", "correct": False, "pred": 0, "lls": [-1.0, -3.0, -4.0, -4.0],
        "leaked": False,
    }  # fmt: skip
    assert queries.answers(store, []).num_rows == 0


def test_lost_and_gained_questions_come_with_their_words(store, rows):
    suite = facts_of(rows)
    found = queries.changed(store, suite.base["id"], suite.newest["id"]).to_pylist()
    assert {row["item"] for row in found if row["lost"]} == set(evaluated.LOST[2, 250])
    assert [row["item"] for row in found if not row["lost"]] == ["math-14"]
    assert found[0] == {
        "item": "history-00", "lost": True, "category": "history", "question": "history 0：哪一个对？ Which?",
        "right": "right 0", "said_before": "right 0", "said_after": "wrong 0", "leaked": False,
    }  # fmt: skip
    assert [row["item"] for row in found if row["leaked"]] == ["医学-00"]


def test_a_model_that_took_no_choice_said_nothing(store, rows):
    before, after = (row["id"] for row in facts_of(rows).rows[:2])
    store.transaction(lambda tx: tx.execute("UPDATE item_result SET pred = -1 WHERE eval_id = $id", {"id": after}))
    assert {row["said_after"] for row in queries.changed(store, before, after).to_pylist()} == {None}


def test_each_checkpoint_has_its_light_and_an_abandoned_one_has_none(store, rows):
    found = {one.place: one for one in kept_of(store, facts_of(rows))}
    assert list(found) == sorted(PLACES, key=lambda place: (place[1], place[0]))
    lights = {place: one.light and (one.light.colour, one.light.reason) for place, one in found.items()}
    assert lights == {
        (1, 50): ("green", "nothing"), (1, 100): ("green", "nothing"), (1, 150): None, (2, 150): ("yellow", "once"),
        (2, 200): ("yellow", "once"), (2, 250): ("red", "twice"),
    }  # fmt: skip
    assert [found[place].comparison.mid_p for place in ACTIVE] == [1.0, 0.3125, 0.03125, 1 / 256, 6 / 1024]


def test_retention_and_drop_are_those_computed_by_hand(store, rows):
    newest = kept_of(store, facts_of(rows))[-1]
    # 48 of 60 known, 9 lost, 1 gained; one in four is guessed right, so that 33 are known and 25 of them are left.
    assert newest.comparison.drop == pytest.approx(8 / 60)
    assert newest.comparison.retention == pytest.approx(25 / 33)
    # Without the two leaked ones: 47 of 58 known, 8 lost, 1 gained; 14.5 are guessed.
    assert newest.clean.drop == pytest.approx(7 / 58)
    assert newest.clean.retention == pytest.approx((40 - 14.5) / (47 - 14.5))
    assert newest.clean.n == 58


def test_each_subject_has_its_retention(store, rows):
    newest = kept_of(store, facts_of(rows))[-1]
    # Twelve of fifteen known, 3.75 guessed; seven lost of one subject, one gained in another.
    assert {one.category: one.retention for one in newest.comparison.categories} == {
        "医学": pytest.approx(1.25 / 8.25), "history": pytest.approx(7.25 / 8.25), "常识": pytest.approx(7.25 / 8.25),
        "math": pytest.approx(9.25 / 8.25),
    }  # fmt: skip
    assert [one.category for one in forgetting_kept.by_loss(newest)] == ["医学", "history", "常识", "math"]


def test_without_leaked_questions_there_is_a_light_of_its_own(store, rows):
    found = {one.place: one for one in kept_of(store, facts_of(rows))}
    # Eight lost and one gained are left: p is 5.5 / 512, above 0.01.
    assert found[2, 250].clean.mid_p == 5.5 / 512
    assert (found[2, 250].light.colour, found[2, 250].clean_light.colour) == ("red", "yellow")
    assert (found[1, 150].light, found[1, 150].clean_light) == (None, None)
    assert not any(one.is_all_leaked for one in found.values())


def test_a_checkpoint_whose_questions_are_all_leaked_is_none_before_another_one(store, rows):
    suite = facts_of(rows)
    ids = [row["id"] for row in (suite.base, *suite.rows)]
    answers = retention.item_rows(queries.answers(store, ids).to_pylist())
    early, last = suite.rows[-2]["id"], suite.rows[-1]["id"]
    answers[early] = [replace(row, leaked=True) for row in answers[early]]
    answers[last] = [replace(row, leaked=row.id == "math-00") for row in answers[last]]
    texts = retention.item_texts(queries.asked(store, suite.sha256).to_pylist())
    *_, before, newest = judged(suite, answers, texts)
    assert (before.is_all_leaked, before.clean, before.clean_light) == (True, None, None)
    # Nine lost and one gained of 59: p is below 0.01, and was not at the one before that counts, step 150.
    assert (newest.light.colour, newest.clean_light.colour) == ("red", "yellow")
    assert newest.clean.mid_p == 6 / 1024


def test_without_any_leaked_question_there_is_no_second_light(store, rows):
    suite = facts_of(rows)
    ids = [row["id"] for row in (suite.base, *suite.rows)]
    answers = retention.item_rows(queries.answers(store, ids).to_pylist())
    answers = {number: [replace(row, leaked=False) for row in found] for number, found in answers.items()}
    texts = retention.item_texts(queries.asked(store, suite.sha256).to_pylist())
    assert {(one.clean, one.clean_light) for one in judged(suite, answers, texts)} == {(None, None)}


def test_subjects_by_checkpoints_hold_what_was_kept(monkeypatch, store, rows):
    monkeypatch.setattr("dashboard.language.current", lambda: "en")
    path = [one for one in kept_of(store, facts_of(rows)) if one.light]
    found = forgetting_kept.cells(path, ["医学", "math"])
    assert [(cell.subject, cell.step, cell.figure) for cell in found] == [
        ("医学", "50", "100"), ("医学", "100", "88"), ("医学", "150", "76"), ("医学", "200", "27"),
        ("医学", "250", "15"), ("math", "50", "100"), ("math", "100", "112"), ("math", "150", "100"),
        ("math", "200", "100"), ("math", "250", "112"),
    ]  # fmt: skip
    assert (found[4].told, found[4].changed, found[4].drop, found[4].n) == (
        "15.2 %", "7 / 0", "46.7 (16.8 – 69.9)", 15
    )  # fmt: skip
    assert forgetting_kept.cells(path, ["never asked"]) == []


def test_nothing_is_compared_without_a_base(store, rows):
    suite = facts_of([row for row in rows if row["step"] is not None])
    assert cached_forgetting._comparisons(str(store.path), suite, suite.sha256) == {}
    assert retention.kept(suite, {}) == []


def test_only_what_was_not_compared_before_is_read(store, rows, monkeypatch):
    suite = facts_of(rows)
    cached_forgetting._known().clear()
    first = cached_forgetting._comparisons(str(store.path), replace(suite, rows=suite.rows[:2]), suite.sha256)
    asked = []
    read = queries.answers
    monkeypatch.setattr(queries, "answers", lambda store, ids: asked.append(ids) or read(store, ids))
    found = cached_forgetting._comparisons(str(store.path), suite, suite.sha256)
    assert [found[number] for number in first] == list(first.values())
    assert asked == [[suite.base["id"], *(row["id"] for row in suite.rows[2:])]]
    assert cached_forgetting._comparisons(str(store.path), suite, suite.sha256) == found
    assert len(asked) == 1


def test_a_checkpoint_that_was_asked_other_questions_is_left_out(store, rows):
    suite = facts_of(rows)
    ids = [row["id"] for row in (suite.base, *suite.rows)]
    answers = retention.item_rows(queries.answers(store, ids).to_pylist())
    answers[suite.newest["id"]] = [replace(row, id=f"other-{row.id}") for row in answers[suite.newest["id"]]]
    texts = retention.item_texts(queries.asked(store, suite.sha256).to_pylist())
    assert [one.place for one in judged(suite, answers, texts)][-1] == (2, 200)
    assert retention.compared(answers[suite.base["id"]], answers[suite.newest["id"]], texts) is None


def test_a_suite_that_was_changed_is_another_one_and_the_newest_comes_first(store, rows):
    older = [{**row, "suite_sha256": "1234567890", "created": datetime(2020, 1, 1)} for row in rows]  # noqa: DTZ001 - as the store has it
    found = suites.suites([*older, *rows], "kept", ["choice"])
    assert [suite.name for suite in found] == ["facts", "facts · 123456"]


@pytest.mark.parametrize(
    ("named", "known", "metric"),
    [
        (["bleu", "chrf"], ["chrf", "bleu"], "bleu"),
        (["/here/own.py:score"], ["bleu", "own.py:score"], "own.py:score"),
        ([], ["acc_norm", "acc"], "acc"),
        (None, ["f1", "chrf"], "chrf"),
        (["bleu"], [], None),
    ],
)
def test_the_main_metric_is_the_first_that_the_suite_names(rows, named, known, metric):
    data = f'{{"settings": {{"metrics": {named if named is not None else "null"}}}}}'.replace("'", '"')
    suite = replace(facts_of(rows), rows=({**facts_of(rows).newest, "data": data},))
    assert suites.main_metric(suite, known) == metric


@pytest.mark.parametrize("data", [None, "[]", "{}", '{"leak": 1, "settings": []}', '{"leak": {"status": "odd"}}'])
def test_what_an_evaluation_does_not_say_is_not_known(rows, data):
    row = {**facts_of(rows).newest, "data": data}
    assert suites.leaks(row) == suites.Leaks("unchecked", 0, ())
    assert suites.margin(replace(facts_of(rows), rows=(row,))) == 0.03


def test_the_leak_check_and_the_margin_are_read(rows):
    found = suites.leaks(facts_of(rows).newest)
    assert (found.status, found.rows, [item["id"] for item in found.found]) == ("leaked", 1200, list(evaluated.LEAKED))
    assert suites.margin(facts_of(rows)) == 0.03


def test_learning_stands_against_retention(monkeypatch, store, rows):
    monkeypatch.setattr("dashboard.language.current", lambda: "en")
    [suite] = suites.suites(rows, "learned", ["open"])
    scores = {
        None if row["step"] is None else (row["branch"], row["step"]): {"value": evaluated.BLEU[place]}
        for row in (suite.base, *suite.rows)
        for place in [None if row["step"] is None else (row["branch"], row["step"])]
    }
    learned = checkpoints_scores.Learned(suite, "bleu", scores)
    found = checkpoints_trade.pairs(learned, kept_of(store, facts_of(rows)))
    assert [(pair.learned, round(pair.kept, 1)) for pair in found] == [
        (12.0, 100.0), (30.0, 100.0), (44.5, 97.0), (20.0, 63.6), (58.0, 87.9), (66.25, 78.8), (71.4, 75.8),
    ]  # fmt: skip
    assert [(pair.label, pair.tone) for pair in found] == [
        ("base", "accent"), ("@50 green", "good"), ("@100", "good"), ("@150 abandoned", "abandoned"),
        ("@150 yellow", "warn"), ("@200", "warn"), ("@250 red", "bad"),
    ]  # fmt: skip


def test_words_stand_beside_marks_that_have_room():
    def mark(place, learned, kept):
        return Pair(place, learned, kept, "good", "", f"@{place}")

    near = [mark(0, 10.0, 100.0), mark(1, 11.0, 99.0), mark(2, 50.0, 90.0), mark(3, 51.0, 90.5), mark(4, 60.0, 50.0)]
    assert [one.label for one in checkpoints_trade.spaced(near, first={2})] == ["@0", "", "@2", "", "@4"]
    assert [one.label for one in checkpoints_trade.spaced(near, first=set())] == ["@0", "", "", "@3", "@4"]
    assert checkpoints_trade.spaced([], first=set()) == []
    assert [one.label for one in checkpoints_trade.spaced(near[:1], first=set())] == ["@0"]


SAID = dict.fromkeys(
    ("step", "drop", "low", "high", "light", "learned", "kept", "model", "subject", "told", "changed", "n"), "said"
)  # fmt: skip
HELD = [
    Held(50, 100.0, "good", "green", "green"), Held(100, 60.0, "abandoned", "off", "abandoned"),
    Held(150, 88.5, "warn", "yellow", "yellow"),
]  # fmt: skip
CELLS = [
    Cell("sums", "50", 100.0, "100", "100.0 %", "0 / 0", "0", 10),
    Cell("letters", "50", None, "–", "–", "1 / 0", "10", 10),
]  # fmt: skip
DROPS = [
    Drop(50, 0.0, -6.0, 6.0, "good", "green", "green"), Drop(100, 20.0, 12.0, 32.0, "abandoned", "off", "abandoned"),
    Drop(150, 7.0, 0.2, 16.0, "warn", "yellow", "yellow"),
]  # fmt: skip
PAIRS = [
    Pair(0, 12.0, 100.0, "accent", "base", "base"), Pair(1, 30.0, 95.0, "good", "step 50", "@50"),
    Pair(2, 20.0, 60.0, "abandoned", "step 100", "@100"),
]  # fmt: skip


def tables_of(chart):
    return [table.to_pylist() for table in parted(chart)[1].values()]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_drops_have_intervals_a_margin_and_marks_of_their_own(look):
    spec, _ = parted(drop_chart(DROPS, 3.0, SAID, look))
    assert len(spec["layer"]) == len(parted(drop_chart([], 3.0, SAID, look))[0]["layer"]) == 9
    shapes = [layer["encoding"]["shape"]["scale"]["range"] for layer in spec["layer"] if "shape" in layer["encoding"]]
    assert shapes == [["circle", "triangle-up", "square", "cross", "diamond"]] * 2
    found = tables_of(drop_chart(DROPS, 3.0, SAID, look))
    assert [rows for rows in found if rows == [{"drop": 3.0}]] == [[{"drop": 3.0}]]
    assert [[row["step"] for row in rows] for rows in found if "step" in rows[0]] == [[50, 150], [100]]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_retention_is_drawn_against_the_whole_with_marks_of_their_own(look):
    spec, tables = parted(retention_chart(HELD, SAID, look))
    assert len(spec["layer"]) == len(parted(retention_chart([], SAID, look))[0]["layer"]) == 6
    found = tables_of(retention_chart(HELD, SAID, look))
    assert [{"kept": 100.0}] in found
    [line] = [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]
    assert tables[line["data"]["name"]]["step"].to_pylist() == [50, 150]
    # No interval is drawn, as none is known.
    assert [layer["mark"]["type"] for layer in spec["layer"]].count("rule") == 1


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_a_cell_without_retention_has_no_colour_and_says_so(look):
    spec, tables = parted(subject_chart(CELLS, ["sums", "letters"], ["50"], SAID, look))
    rect, text = spec["layer"]
    assert rect["transform"] == [{"filter": "isValid(datum.kept)"}]
    assert "transform" not in text
    [table] = tables.values()
    assert table["figure"].to_pylist() == ["100", "–"]
    assert text["encoding"]["y"]["scale"]["domain"] == ["sums", "letters"]
    assert spec["height"] == 2 * ROW + 30


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_the_line_of_learning_goes_through_the_present_path_in_order(look):
    spec, tables = parted(pair_chart(PAIRS, SAID, look))
    [line] = [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]
    assert tables[line["data"]["name"]]["name"].to_pylist() == ["base", "step 50"]
    assert line["encoding"]["order"]["field"] == "place"
    assert isinstance(tables[line["data"]["name"]], pa.Table)


def test_an_evaluation_done_again_replaces_the_older(tmp_path):
    store = evaluated_store(tmp_path)
    again = replace(evaluated.choice((2, 250), evaluated.NOW + 9999), scorer="assay-eval 2")
    keep(store.root, again, evaluated.choice_texts())
    load_spools(store)
    found = facts_of(evaluations(store, 1).to_pylist())
    assert len(found.rows) == len(PLACES)
    assert found.newest["scorer"] == "assay-eval 2"
