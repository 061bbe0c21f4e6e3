"""The server makes the checks that pages ask for: one at a time, in another process, with an answer for each."""

import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import assay
from assay.errors import AssayError
from dashboard import data_checks
from dashboard.check_plan import plan_of
from dashboard.queries import data_check as queries
from dashboard.queries.data import datasets
from dashboard.queries.origin import origin
from dashboard.queries.waiting import untaken
from evals.data.kept import FOLDER, find
from store.database import Store
from store.loading import load_spools
from store.requests import SERVER, ask, take
from tests.evals.written import written

GOOD = {"prompt": "怎样退热？", "completion": "多喝水，多休息。"}
BAD = {"prompt": "怎样挂号？", "completion": "打13800138000。"}


@pytest.fixture
def store(root: Path) -> Store:
    """Runs `one` and `two` of a file each, as it is on disk."""
    root.mkdir(exist_ok=True)
    for name, row in (("one", BAD), ("two", GOOD)):
        file = written(root, row, name=f"{name}.jsonl")
        with assay.run(name, store=root) as run:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            run.record("dataset", path=str(file), sha256=digest, rows=1, role="train", first_row=0)
    made = Store.at(root / "assay.duckdb")
    load_spools(made)
    return made


@pytest.fixture
def said(monkeypatch):
    """Commands that were run; each says that one row is clean."""
    commands = []

    def answer(command):
        commands.append(command)
        sha256 = hashlib.sha256(Path(command[-1]).read_bytes()).hexdigest()
        return json.dumps({"rows": 1, "score": 100.0, "findings": [], "files": [{"sha256": sha256}]}).encode()

    monkeypatch.setattr(data_checks, "_said", answer)
    return commands


def run_id(store, name):
    return store.rows("SELECT id FROM run WHERE name = $name", {"name": name})[0]["id"]


def work(store):
    """What a server does, and waits for it."""
    before = set(threading.enumerate())
    data_checks.begin(store)
    for thread in set(threading.enumerate()) - before:
        thread.join()


def answers(store):
    return [(row["result"], row["done"] is not None) for row in store.rows("SELECT * FROM request ORDER BY id")]


def kept(store, name):
    number = run_id(store, name)
    plan = plan_of(datasets(store, number).to_pylist(), origin(store, number))
    return find(store.root, plan.key(plan.files.values()))


def test_the_command_is_run_and_its_result_kept_by_digest(store):
    ask(store, "one", "check-data", actor="command:ann")
    work(store)
    assert answers(store) == [("checked 1 rows", True)]
    found = kept(store, "one")
    assert found["findings"][0]["check"] == "phone-number"
    assert found["distributions"]["sources"] == [{"name": "one", "rows": 1}]
    assert (found["suites"], found["checked"] > 1.7e9) == ([], True)
    assert kept(store, "two") is None


def test_all_that_waits_is_made_in_the_order_it_was_asked_for(store, said):
    for name in ("two", "one"):
        ask(store, name, "check-data", actor="command:ann")
    work(store)
    assert [command[-1].rpartition("/")[2] for command in said] == ["two.jsonl", "one.jsonl"]
    assert said[0][1:6] == ["-P", "-m", "assay", "data", "check"]
    assert queries.unfinished(store) is False


def test_what_a_server_left_behind_is_answered_by_the_next(store, said):
    ask(store, "one", "check-data", actor="command:ann")
    take(store, "one", SERVER)
    work(store)
    assert answers(store) == [(f"not checked: {queries.STOPPED}", True)]
    assert said == []


def test_a_server_beside_it_leaves_everything_to_the_one_that_holds_the_lock(store, said):
    ask(store, "one", "check-data", actor="command:ann")
    with data_checks._alone(store.root) as alone:
        assert alone
        work(store)
    assert answers(store) == [(None, False)]
    work(store)
    assert answers(store) == [("checked 1 rows", True)]


def test_where_nothing_waits_nothing_is_written(store, said):
    work(store)
    assert not (store.root / FOLDER).exists()


def test_a_file_that_cannot_be_read_is_answered_with_the_sentence_of_the_command(store):
    (store.root / "one.jsonl").unlink()
    ask(store, "one", "check-data", actor="command:ann")
    work(store)
    assert answers(store) == [(f"not checked: there is no data file {store.root / 'one.jsonl'}", True)]
    assert kept(store, "one") is None


def test_someone_who_may_not_act_on_runs_has_nothing_checked(store, said):
    ask(store, "one", "check-data", actor="user:4711")
    work(store)
    [(result, done)] = answers(store)
    assert done
    assert result.startswith("not done: ")
    assert said == []


def test_a_run_without_files_is_answered_too(store, said):
    assay.run("bare", store=store.root).finish()
    load_spools(store)
    ask(store, "bare", "check-data", actor="command:ann")
    work(store)
    assert answers(store) == [("not checked: the run recorded no data files", True)]


def test_what_takes_too_long_is_ended_with_all_it_began(monkeypatch):
    ended, killed = [], data_checks._end
    monkeypatch.setattr(data_checks, "_end", lambda child: (ended.append(child), killed(child)))
    monkeypatch.setattr(data_checks, "LIMIT", 0.01)
    with pytest.raises(AssayError, match=data_checks.TOO_SLOW):
        data_checks._said([sys.executable, "-c", "import time; time.sleep(600)"])
    assert ended[0].returncode == -9


def test_a_server_that_ends_takes_its_check_with_it(store, monkeypatch):
    begun, started = threading.Event(), subprocess.Popen

    def start(*arguments, **options):
        child = started([sys.executable, "-c", "import time; time.sleep(600)"], **options)
        begun.set()
        return child

    monkeypatch.setattr(data_checks.subprocess, "Popen", start)
    before = set(threading.enumerate())
    ask(store, "one", "check-data", actor="command:ann")
    with data_checks.checking(store):
        assert begun.wait(30)
        while not data_checks._children:
            pass
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert answers(store) == [(f"not checked: {queries.STOPPED}", True)]
    data_checks._ending.clear()


def test_a_check_is_nothing_that_waits_for_a_person(store):
    ask(store, "one", "check-data", actor="command:ann")
    assert untaken(store).num_rows == 0
