"""The chart of which version was live when."""

from datetime import datetime, timedelta

import pytest

from dashboard.charts.releases import AXIS, NARROWEST, ROW, Bar, releases_chart
from dashboard.colors import DARK, LIGHT

BEGIN = datetime.fromisoformat("2026-11-01T08:00")

SAID = {"what": "how", "from": "from", "to": "to"}


def bar(version, first, last, **more):
    given = {"live": False, "override": False, "words": "by Li", **more}
    return Bar(version, BEGIN + timedelta(hours=first), BEGIN + timedelta(hours=last), **given)


def rows(bars, look=LIGHT):
    chart = releases_chart(bars, SAID, look).to_dict()
    return chart, next(iter(chart["datasets"].values()))


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_each_time_a_version_was_live_is_a_bar_in_its_row(look):
    bars = [bar("v2", 10, 20, override=True), bar("v1", 0, 10), bar("v1", 20, 30, live=True)]
    chart, found = rows(bars, look)
    assert [(row["version"], row["tone"]) for row in found] == [("v2", "override"), ("v1", "past"), ("v1", "live")]
    assert chart["height"] == 2 * ROW + AXIS
    encoding = chart["layer"][0]["encoding"]
    assert encoding["y"]["scale"]["domain"] == ["v2", "v1"]
    assert encoding["color"]["scale"]["range"] == [look.bad, look.accent, look.abandoned]


def test_what_was_live_for_a_moment_can_be_seen_and_says_its_own_time():
    _, found = rows([bar("v1", 0, 1000), bar("v2", 1000, 1000.1, live=True)])
    last = found[1]
    drawn = datetime.fromisoformat(last["end"]) - datetime.fromisoformat(last["begin"])
    assert drawn == timedelta(hours=1000.1) / NARROWEST
    assert datetime.fromisoformat(last["until"]).replace(tzinfo=None) == BEGIN + timedelta(hours=1000.1)


@pytest.mark.parametrize(("hours", "form"), [(20, "%H:%M"), (100, "%m-%d %H:%M"), (1000, "%Y-%m-%d")])
def test_times_are_written_as_finely_as_the_span_asks(hours, form):
    chart, _ = rows([bar("v1", 0, hours)])
    assert chart["layer"][0]["encoding"]["x"]["axis"]["format"] == form
