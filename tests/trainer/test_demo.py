"""`assay demo`: made and trained on this machine, in a store of its own, and ended whole."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter

import pytest

from assay.errors import AssayError
from store.database import Store
from store.runs import list_runs, show_run
from trainer.demo.command import _demo_store
from trainer.demo.material import LANGUAGES, make_material, write_rows
from trainer.demo.tiny import make_tokenizer


def test_the_material_is_large_enough_and_has_no_doubles():
    material = make_material()
    conversations = [tuple(turn["content"] for turn in row["messages"]) for row in material.triage]
    assert len(set(conversations)) == len(conversations) >= 120
    facts = {row["text"] for row in material.base if row["source"] == "general"}
    assert len(facts) >= 400
    ids = Counter(row["id"] for row in [*material.base, *material.triage])
    assert set(ids.values()) == {1}


def test_every_answer_about_health_says_that_it_is_sample_data():
    answers = [row["messages"][-1]["content"] for row in make_material().triage]
    said = ("样例数据，不是医疗建议", "Sample data, not medical advice")
    assert all(any(words in answer for words in said) for answer in answers)
    assert len(LANGUAGES) == 2


def test_no_complaint_stands_in_two_departments():
    departments = {}
    for row in make_material().triage:
        question, answer = (turn["content"] for turn in row["messages"])
        assert departments.setdefault(question, answer) == answer


def test_rows_are_written_in_an_order_of_the_seed(tmp_path):
    rows = make_material().triage
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_rows(tmp_path / name, rows, seed)
    one, two, other = ((tmp_path / name).read_text() for name in "abc")
    assert one == two != other
    assert sorted(one.splitlines()) == sorted(other.splitlines())
    assert len(one.splitlines()) == len(rows)
    json.loads(one.splitlines()[0])


def test_the_tokenizer_gives_every_text_back_as_it_was():
    tokenizer = make_tokenizer(["北京 Beijing"] * 3, 400)
    for text in ("北京是首都。 It is 7°C — naïve 👍", " leading  and\ttabs\n"):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_a_store_with_real_runs_is_not_used_for_the_demo(store):
    with pytest.raises(AssayError, match="holds real runs; name another place for the demo"):
        _demo_store(str(store.path))


def test_the_demo_has_a_store_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_STORE", raising=False)
    (tmp_path / "runs").mkdir()
    place = _demo_store(None)
    assert place.path == tmp_path / "runs" / "demo" / "assay.duckdb"
    assert place.rows("SELECT demo FROM meta") == [{"demo": True}]
    assert _demo_store(None) is place


def test_the_headless_demo_trains_both_runs_and_can_be_run_again(assay, tmp_path):
    place = tmp_path / "demo"
    for _ in range(2):
        result = assay("demo", "--no-serve", "--steps", "6", "--store", place)
        assert (result.returncode, result.stderr.count("Traceback")) == (0, 0)
    store = Store.at(place / "assay.duckdb")
    runs = {row["run"]: row for row in list_runs(store)}
    assert sorted(runs) == ["demo-base", "demo-base-2", "demo-triage", "demo-triage-2"]
    assert {row["status"] for row in runs.values()} == {"finished"}
    assert (runs["demo-base"]["stage"], runs["demo-triage"]["stage"]) == ("pretrain", "sft")
    assert runs["demo-triage-2"]["parent"] == "demo-base-2/1@6"
    trained = show_run(store, "demo-base")["provenance"]["model"]
    assert 800_000 < trained["parameters"] < 1_500_000


def test_ctrl_c_ends_the_demo_and_its_dashboard(tmp_path):
    place = tmp_path / "demo"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-P", "-m", "assay", "demo", "--port", port, "--steps", 100000, "--store", place]
    process = subprocess.Popen(
        list(map(str, command)), env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE, text=True
    )
    _wait_for(lambda: _listening(port) and list(place.glob("*/spool/*.jsonl")))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not _listening(port)


def test_a_port_in_use_ends_the_demo_before_it_trains(assay, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = assay("demo", "--port", taken.getsockname()[1], "--steps", "5", "--store", tmp_path / "demo")
    assert (result.returncode, result.stdout) == (2, "")
    assert list((tmp_path / "demo").glob("*/spool")) == []


def _listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")
