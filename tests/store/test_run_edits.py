"""What people say about runs, and what the spool may not take back."""

from pathlib import Path

import pytest

import assay
from store.access import AccessError, Actor
from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.rebuild import rebuild
from store.run_edits import edit_runs
from tests.store.people import COMMAND


@pytest.fixture
def full(root: Path) -> Store:
    """Two finished runs, one of them with tags and a project from its script."""
    for name, tags in (("first", ("lora",)), ("second", ())):
        with assay.run(name, store=root, project="clinic" if tags else None, tags=tags) as run:
            run.log(1, loss=1.0)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def said(store, name="first"):
    sql = "SELECT tags, project, starred, archived, notes, edited FROM run WHERE name = $name"
    [row] = store.rows(sql, {"name": name})
    return tuple(row.values())


def test_what_is_left_out_stays(full):
    edit_runs(full, COMMAND, ["first"], {"starred": True, "notes": " try a lower rate \n"})
    assert said(full) == (["lora"], "clinic", True, False, "try a lower rate", ["notes", "starred"])
    edit_runs(full, COMMAND, ["first"], {"archived": True})
    assert said(full) == (["lora"], "clinic", True, True, "try a lower rate", ["archived", "notes", "starred"])
    assert said(full, "second") == ([], None, False, False, None, None)


def test_several_runs_change_together(full):
    edit_runs(full, COMMAND, ["first", "second"], {"tags": [" keep ", "", "keep", "医疗"], "project": "triage"})
    for name in ("first", "second"):
        assert said(full, name)[:2] == (["keep", "医疗"], "triage")


def test_blank_means_none(full):
    edit_runs(full, COMMAND, ["first"], {"tags": [], "project": " ", "notes": ""})
    assert said(full) == ([], None, False, False, None, ["notes", "project", "tags"])


def test_an_unknown_run_is_one_sentence_and_changes_nothing(full):
    with pytest.raises(StoreError, match=r"there is no run frist in .*; did you mean first\?"):
        edit_runs(full, COMMAND, ["second", "frist"], {"starred": True})
    assert said(full, "second")[2] is False


@pytest.mark.parametrize("nothing", [([], {"starred": True}), (["first"], {})])
def test_nothing_to_change_is_no_error(full, nothing):
    edit_runs(full, COMMAND, *nothing)
    assert said(full)[2] is False


def resumed(store):
    with assay.run("first", store=store.root, resume=True, project="elsewhere", tags=("again",)) as run:
        run.log(2, loss=0.5)
    load_spools(store)


def test_until_a_person_sets_them_the_script_has_the_last_word(full):
    edit_runs(full, COMMAND, ["first"], {"starred": True})
    resumed(full)
    assert said(full) == (["again"], "elsewhere", True, False, None, ["starred"])


def test_what_a_person_set_is_not_taken_back_by_the_script(full):
    edit_runs(full, COMMAND, ["first"], {"tags": []})
    resumed(full)
    assert said(full)[:2] == ([], "elsewhere")
    edit_runs(full, COMMAND, ["first"], {"project": "mine"})
    resumed(full)
    assert said(full)[:2] == ([], "mine")
    assert full.rows("SELECT last_step FROM run WHERE name = 'first'") == [{"last_step": 2}]


def test_edits_survive_a_rebuild_and_still_hold_after_it(full):
    edit = {"tags": ["kept"], "project": "mine", "starred": True, "archived": True, "notes": "good"}
    edit_runs(full, COMMAND, ["first"], edit)
    before = said(full)
    rebuild(full)
    assert said(full) == before == (["kept"], "mine", True, True, "good", sorted(edit))
    assert said(full, "second") == ([], None, False, False, None, None)
    resumed(full)
    assert said(full) == before


def test_a_project_that_nobody_set_comes_from_the_spool_in_a_rebuild(full):
    full.transaction(lambda tx: tx.execute("UPDATE run SET project = 'wrong'"))
    rebuild(full)
    assert said(full)[1] == "clinic"


def test_who_changed_what_is_in_the_log_and_needs_the_role(full):
    with pytest.raises(AccessError):
        edit_runs(full, Actor("oidc", 7), ["first"], {"starred": True})
    assert said(full)[2] is False
    edit_runs(full, COMMAND, ["first", "second"], {"starred": True, "notes": "secret"})
    rows = full.rows("SELECT actor, action, object, payload FROM audit ORDER BY seq")
    assert [row["object"] for row in rows] == ["run:first", "run:second"]
    assert {(row["actor"], row["action"], row["payload"]) for row in rows} == {
        ("command:ann", "run-edit", '{"columns":["notes","starred"]}')
    }
