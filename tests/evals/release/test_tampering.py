"""Tamperings and breaches: each is refused, each with a reason of its own."""

import pytest

from tests.evals.release.tampering_audit import AUDIT
from tests.evals.release.tampering_files import FILES
from tests.evals.release.tampering_papers import PAPERS
from tests.evals.release.tampering_store import APPROVED, PASSING, SUPERSEDED

OFFLINE = [*FILES, *PAPERS]

EVERYTHING = [*OFFLINE, *AUDIT, *PASSING, *APPROVED, *SUPERSEDED]


def name_of(case):
    return case.name


@pytest.mark.parametrize("case", OFFLINE, ids=name_of)
def test_a_verifier_without_a_store_names_it(case, superseded):
    assert case.reason in case.act(superseded)


@pytest.mark.parametrize("case", AUDIT, ids=name_of)
def test_the_audit_log_tells_of_it(case, released):
    assert case.reason in case.act(released)


@pytest.mark.parametrize("case", PASSING, ids=name_of)
def test_nobody_gets_it_signed(case, passing):
    assert case.reason in case.act(passing)


@pytest.mark.parametrize("case", APPROVED, ids=name_of)
def test_nobody_gets_it_released(case, approved):
    assert case.reason in case.act(approved)
    assert approved.store.rows("SELECT id FROM release") == []


@pytest.mark.parametrize("case", SUPERSEDED, ids=name_of)
def test_nobody_gets_it_restored_or_loaded(case, superseded):
    assert case.reason in case.act(superseded)
    assert len(superseded.store.rows("SELECT id FROM release")) == 2


def test_what_was_not_touched_holds(both):
    assert (both.verified().holds, both.verified().why) == (True, "")


def test_every_reason_is_of_its_own():
    reasons = [case.reason for case in EVERYTHING]
    assert [one for one in reasons if sum(one in other for other in reasons) > 1] == []
    assert len({case.name for case in EVERYTHING}) == len(EVERYTHING) >= 40
