"""What the cards of a run say."""

import pytest

from dashboard.views.figures import figure_cards, higher_since


def validated(value, lowest, step=20):
    return {"metric": "val_loss", "value": value, "lowest": lowest, "lowest_step": step}


@pytest.mark.parametrize(
    ("value", "lowest", "higher"),
    [(5.5, 5.39, True), (5.3901, 5.3899, False), (5.39, 5.39, False), (float("nan"), 5.39, False), (5.39, None, False)],
)
def test_a_value_is_higher_than_the_lowest_only_where_that_is_seen(value, lowest, higher):
    assert higher_since(validated(value, lowest)) is higher


def test_a_card_does_not_contradict_itself():
    (card,) = figure_cards([validated(5.3901, 5.3899)])
    assert card.value == "5.390"
    assert "since" not in card.note
