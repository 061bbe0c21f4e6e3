"""What was live when, and who had signed it."""

from datetime import datetime, timedelta

import pytest

from evals.release.errors import ReleaseError
from evals.release.moments import live_at, signatures_of, span_of
from evals.release.rows import releases_of
from store.access import AccessError
from tests.evals.release.world import sql

DAY = datetime.fromisoformat("2026-03-10T09:30")


@pytest.fixture
def dated(superseded):
    """v1 from 10 March 09:30, v2 from 12 March 09:30."""
    for version, days in ((1, 0), (2, 2)):
        sql(
            superseded.store, "UPDATE release SET created = $moment WHERE version = $version", version=version,
            moment=DAY + timedelta(days=days),
        )  # fmt: skip
    return superseded


def versions(world, text):
    return [one.release.version for one in live_at(world.store, world.made.qian, span_of(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-09", []), ("2026-03-10", [1]), ("2026-03-11", [1]), ("2026-03-12", [1, 2]), ("2026-03-13", [2]),
        ("2026-03-10T09:29:59", []), ("2026-03-10T09:30", [1]), ("2026-03-12T09:29", [1]), ("2026-03-12T09:30", [2]),
        ("2026-03-12T09:29:59", [1]), ("2026-03-12T09:30:00", [2]),
        ("2026-03-10T17:30+08:00", [1]), ("2026-03-10T17:29+08:00", []), ("2026-03-10T09:30Z", [1]),
        ("2026-03-13+08:00", [2]), ("2026-03-12+00:00", [1, 2]), ("2026-03-10-12:00", [1]),
    ],
)  # fmt: skip
def test_a_moment_has_one_release_and_a_day_all_that_were_live_on_it(dated, text, found):
    assert versions(dated, text) == found


def test_it_says_until_when_and_who_had_signed(dated):
    found = live_at(dated.store, dated.made.li, span_of("2026-03-11"))[0].release
    assert (found.created, found.until) == (DAY, DAY + timedelta(days=2))
    assert [(one.name, one.kind, one.way) for one in signatures_of(found.papers.fields)] == [
        ("Li", "approve", "key"), ("Zhao", "approve", "oidc"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "2026-3-1", "12:00", "2026-03-10T25:00"])
def test_what_is_no_date_is_said(text):
    with pytest.raises(ReleaseError, match="is no date; give one like 2026-11-29"):
        span_of(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00+23:00", "9999-12-31"])
def test_a_date_at_the_end_of_all_dates_is_said(text):
    with pytest.raises(ReleaseError, match="is no date that can be reckoned with"):
        span_of(text)


def test_nobody_knows_what_will_be_live():
    with pytest.raises(ReleaseError, match="9998-01-01 is still to come"):
        span_of("9998-01-01")


def test_experts_do_not_ask(both):
    with pytest.raises(AccessError):
        live_at(both.store, both.made.wang, span_of("2026-03-11"))


def test_another_environment_is_another_history(both):
    assert live_at(both.store, both.made.li, span_of("2026-11-29"), "staging") == []
    assert both.store.snapshot(lambda snapshot: releases_of(snapshot, "staging")) == []
