"""A folder to be released that a page asks for, built by `assay eval RUN --watch`."""

import pytest

from store.requests import Request, ask
from tests.trainer.exported import campaign, train
from trainer.eval_watch import EvalWatch
from trainer.evaluator import Evaluator
from trainer.propose_request import propose_requested


@pytest.fixture(scope="module")
def store(model_folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    store = train(root, model_folder)
    campaign(store, root)
    return store


def said(store, actor="command:lin", **args):
    return propose_requested(store, "r", Request(1, "propose", args, actor), lambda *_: None)


def test_a_page_may_ask_for_a_folder_and_the_evaluator_builds_it(store):
    number = ask(store, "r", "propose", {"place": "1@6"}, actor="command:lin")
    told = []
    evaluator = Evaluator(store, [], say=told.append)
    assert list(EvalWatch(store, "r", evaluator, lambda suites: evaluator, told.append).once()) == []
    [made] = store.rows("SELECT candidate, sha256, merged, created_by FROM proposal")
    assert (made["candidate"], made["merged"], made["created_by"]) == ("r@6", False, "command:lin")
    [row] = store.rows("SELECT done IS NOT NULL AS done, result FROM request WHERE id = $id", {"id": number})
    assert row == {"done": True, "result": f"the folder {made['sha256'][:12]} is built of r@6"}


def test_merged_weights_are_built_where_they_are_asked_for(store):
    assert said(store, place="1@6", merge=True).endswith(" is built of r@6")
    assert store.rows("SELECT merged FROM proposal ORDER BY id DESC LIMIT 1") == [{"merged": True}]


@pytest.mark.parametrize("place", [None, 6, "6", "r@6", "1@6/..", ""])
def test_what_names_no_checkpoint_of_the_run_is_refused_in_words(store, place):
    assert said(store, place=place) == (
        "not built: a folder is built of one checkpoint, named by branch and step, such as 1@40"
    )


def test_a_checkpoint_that_is_not_there_is_told(store):
    assert said(store, place="1@5").startswith("not built: branch 1 of run r has no sealed checkpoint at step 5")


def test_whoever_asked_needs_the_role_when_it_is_built(store):
    assert said(store, "user:1", place="1@6") == (
        "not built: this needs the role engineer or lead; ask an admin for it"
    )
