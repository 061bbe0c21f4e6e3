"""`assay rollback`: a request to a live run, and what to do instead for one that is not."""

import json

import pytest
from click.testing import CliRunner

import assay
from assay.errors import AssayError
from store.commands.rollback import rollback
from store.database import Store
from store.loading import load_spools
from store.requests import waiting


@pytest.fixture
def store(root):
    return Store.at(root / "assay.duckdb")


def invoke(store, *arguments):
    return CliRunner().invoke(rollback, [*arguments, "--store", str(store.path)], catch_exceptions=False)


def test_a_live_run_is_asked_to_go_back(root, store):
    with assay.run("live", store=root) as run:
        run.log(1, loss=1.0)
        answer = invoke(store, "live", "--to", "40", "--json")
        assert json.loads(answer.stdout) == {"request": 1, "run": "live", "step": 40}
        (request,) = waiting(store, "live")
    assert (request.kind, request.args) == ("rollback", {"step": 40})
    assert request.actor


def test_a_run_that_has_ended_is_resumed_there_instead(root, store):
    with assay.run("done", store=root) as run:
        run.log(1, loss=1.0)
    load_spools(store)
    with pytest.raises(AssayError) as caught:
        invoke(store, "done", "--to", "40")
    assert str(caught.value) == (
        "run done is finished, nobody would take the request; "
        "`assay train --resume done@40` goes on from that checkpoint"
    )
    assert waiting(store, "done") == []
