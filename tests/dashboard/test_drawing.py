"""Which charts are kept, and for how long."""

from collections import OrderedDict

import pytest

from dashboard import drawing


@pytest.fixture
def made(monkeypatch):
    """Names of charts in the order they were made, with a clock that is set by hand."""
    names, now = [], [0.0]
    monkeypatch.setattr(drawing, "_kept", OrderedDict())
    monkeypatch.setattr(drawing, "_written", lambda name: names.append(name) or ("{}", {}))
    monkeypatch.setattr(drawing, "_show", lambda *_: None)
    monkeypatch.setattr(drawing.time, "monotonic", lambda: now[0])

    def ask(name, at):
        now[0] = at
        drawing.draw_kept(name, lambda: name)

    return ask, names


def test_a_chart_is_made_once_as_long_as_someone_asks_for_it(made):
    ask, names = made
    for at in range(0, 600, 50):
        ask("loss", at)
    assert names == ["loss"]


def test_one_that_nobody_asked_for_any_more_is_let_go(made):
    ask, names = made
    ask("old", 0)
    ask("loss", 30)
    ask("loss", drawing.UNASKED + 1)
    assert list(drawing._kept) == ["loss"]
    ask("old", drawing.UNASKED + 2)
    assert names == ["old", "loss", "old"]


def test_no_more_than_so_many_are_kept(made):
    ask, names = made
    for number in range(drawing.KEPT + 3):
        ask(number, 0)
    assert len(drawing._kept) == drawing.KEPT
    ask(0, 0)
    assert names[-1] == 0
