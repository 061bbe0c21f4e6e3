"""What the loss chart says at a point is what stands there, and its validations are no bar."""

import pytest

from dashboard.charts.loss import DOTS, loss_chart
from dashboard.colors import LIGHT
from dashboard.texts import LANGUAGES, TEXTS
from dashboard.views.chart_words import _words
from tests.dashboard.charted import data, layers, points

STEPS = range(0, 1024, 128)
TRAINING = [("loss", 1, True, step, 1.5, 1.8, 1.6 + step / 4096) for step in STEPS]


def chart(rows, width=1, language="en", **options):
    given = data(*rows)._replace(points=points(*rows, width=width))
    return layers(loss_chart(given, _words(language), LIGHT, **options))


def readings(found, field):
    """Of the points that are found by the pointer: their titles by field, and the rows."""
    [(encoding, rows)] = [
        (encoding, rows) for kind, _, encoding, rows in found
        if kind == "point" and "tooltip" in encoding and encoding.get("y", {}).get("field") == field
    ]  # fmt: skip
    return {item["field"]: item["title"] for item in encoding["tooltip"]}, rows


def test_a_point_of_many_steps_says_which_and_that_its_value_is_that_of_the_last_and_what_the_line_is_there():
    spec, found = chart(TRAINING, width=128, smooth=300)
    said, rows = readings(found, "mean")
    assert said == {
        "reach": "steps", "value": "training, last step", "mean": "smoothed", "low": "lowest", "high": "highest",
    }  # fmt: skip
    assert (rows[1]["step"], rows[1]["step_last"], rows[1]["value"]) == (128, 255, pytest.approx(1.63125))
    assert rows[1]["mean"] == pytest.approx(1.6189, abs=1e-4)
    [put] = [layer["transform"] for layer in spec["layer"] if "transform" in layer]
    assert put[0]["as"] == "reach"
    assert "datum.step_last" in put[0]["calculate"]


def test_a_point_of_one_step_says_that_step_and_the_smoothed_value_where_there_is_one():
    _, found = chart(TRAINING, smooth=300)
    said, _ = readings(found, "mean")
    # A lowest and a highest value would be the value again.
    assert list(said.items()) == [("step", "step"), ("value", "training"), ("mean", "smoothed")]
    _, found = chart(TRAINING)
    assert "mean" not in readings(found, "mean")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_these_words_are_in_the_tables_in_every_language(language):
    _, found = chart([*TRAINING, *validations(8)], width=128, language=language, smooth=300)
    titles = {*readings(found, "mean")[0].values(), *readings(found, "value")[0].values()}
    assert titles <= {TEXTS[key][language] for key in TEXTS if key.startswith("curves.")}


def validations(count):
    return [("val_loss", 1, True, step, 1.0, 1.0, 1.0) for step in range(0, 100 * count, 100)]


@pytest.mark.parametrize(("count", "dots"), [(0, 0), (1, 1), (DOTS, DOTS), (DOTS + 1, 1), (600, 1)])
def test_many_validations_are_a_line_with_a_dot_at_its_end_and_few_have_a_dot_each(count, dots):
    spec, found = chart(validations(count))
    seen = [rows for kind, mark, encoding, rows in found if kind == "point" and mark.get("size") == 26]
    assert [len(rows) for rows in seen] == [dots]
    assert [row["step"] for row in seen[0][-1:]] == ([100 * (count - 1)] if count else [])
    said, rows = readings(found, "value")
    assert (said, len(rows)) == ({"step": "step", "value": "validation"}, count)
    assert len(spec["layer"]) == len(chart([])[0]["layer"])


def test_validations_that_stand_for_several_steps_say_so():
    _, found = chart(validations(1200), width=100)
    assert readings(found, "value")[0] == {"reach": "steps", "value": "validation, last step"}
