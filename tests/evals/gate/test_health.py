"""The training behind a checkpoint goes on before its own run: alarms and states of what that began at."""

from datetime import timedelta

import pytest

from evals.gate.health import health
from evals.gate.looking import look
from store.clock import utc_now
from store.places import find_checkpoint
from tests.evals.gate.passing import COMMAND

TOLD = "INSERT INTO event SELECT id, 1, $step, $now, $kind, $level, 'jump', NULL FROM run WHERE name = $run"


def sql(made, statement, **values):
    made.store.transaction(lambda transaction: transaction.execute(statement, values))


def tell(made, run, step, kind="spike", level="alarm"):
    sql(made, TOLD, run=run, step=step, kind=kind, level=level, now=utc_now())


def of(made, named="triage@400"):
    return made.store.snapshot(lambda snapshot: health(snapshot, find_checkpoint(snapshot, made.store.root, named)))


def check(made, name):
    return {one.name: one for one in look(made.store, COMMAND, "triage@400").checks}[name]


def test_an_alarm_before_the_checkpoint_that_the_run_began_at_is_open(made):
    tell(made, "handbook", 80)
    assert of(made)["alarms"] == [
        {"run": "handbook", "branch": 1, "step": 80, "kind": "spike", "message": "jump"},
    ]  # fmt: skip
    found = check(made, "alarms")
    assert (found.result, found.sentence) == ("fail", "alarms.open")
    assert found.says.startswith("an alarm of handbook at step 80 is open: jump;")


def test_a_note_on_that_run_answers_it(made):
    tell(made, "handbook", 70)
    tell(made, "handbook", 80, "note", "info")
    assert of(made)["alarms"] == []


def test_what_happened_there_after_that_checkpoint_does_not_count(made):
    sql(made, "UPDATE run SET parent = 'handbook/1@60' WHERE name = 'triage'")
    tell(made, "handbook", 61)
    assert of(made)["alarms"] == []
    tell(made, "handbook", 60)
    assert [(row["run"], row["step"]) for row in of(made)["alarms"]] == [("handbook", 60)]


def test_what_lies_on_another_branch_there_does_not_count(made):
    sql(made, "INSERT INTO branch SELECT id, 2, 1, 50, 'start', $at, NULL FROM run WHERE name = 'handbook'",
        at=utc_now() - timedelta(days=1))  # fmt: skip
    tell(made, "handbook", 55)
    sql(made, "UPDATE run SET parent = 'handbook/2@80' WHERE name = 'triage'")
    assert of(made)["alarms"] == []


def test_its_own_alarms_come_first_and_every_stage_back_counts(made):
    sql(made, "INSERT INTO run BY NAME SELECT * REPLACE (99 AS id, 'base' AS name) FROM run WHERE name = 'handbook'")
    sql(made, "INSERT INTO branch BY NAME SELECT * REPLACE (99 AS run_id) FROM branch WHERE run_id = "
        "(SELECT id FROM run WHERE name = 'handbook')")  # fmt: skip
    sql(made, "UPDATE run SET parent = 'base/1@40' WHERE name = 'handbook'")
    for run, step in (("base", 40), ("base", 41), ("handbook", 3), ("triage", 9), ("triage", 401)):
        tell(made, run, step)
    assert [(row["run"], row["step"]) for row in of(made)["alarms"]] == [("triage", 9), ("handbook", 3), ("base", 40)]


@pytest.mark.parametrize("parent", ["triage/1@400", "nobody/1@3", "handbook", "handbook/1@x", "", "a/99999999999@1"])
def test_a_parent_that_is_the_run_itself_or_none_ends_the_way_back(made, parent):
    sql(made, "UPDATE run SET parent = $parent WHERE name = 'triage'", parent=parent)
    tell(made, "triage", 9)
    tell(made, "handbook", 9)
    assert [row["run"] for row in of(made)["alarms"]] == ["triage"]
    assert of(made)["parents"] == []


@pytest.mark.parametrize("state", ["suspect", "sealed"])
def test_a_checkpoint_it_goes_back_to_that_nobody_should_return_to_is_named(made, state):
    sql(made, "UPDATE checkpoint SET state = $state WHERE path LIKE 'handbook/%'", state=state)
    assert of(made)["parents"] == [{"name": "handbook/1@80", "state": state}]
    found = check(made, "stable")
    assert (found.result, found.sentence) == ("fail", f"stable.parent.{state}")
    assert "handbook/1@80, which the training goes back to" in found.says
