"""`assay demo`: made and trained on this machine, in a store of its own, and ended whole."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from assay.errors import AssayError
from store.database import Store
from store.runs import list_runs, show_run
from trainer.demo.command import _demo_store
from trainer.demo.story import tell
from trainer.demo.tiny import make_tokenizer


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


@pytest.mark.slow
def test_the_headless_demo_tells_its_story_and_the_second_one_begins_with_the_third_run(assay, tmp_path):
    place = tmp_path / "demo"
    first, second = (assay("demo", "--no-serve", "--steps", "6", "--store", place) for _ in range(2))
    for result in (first, second):
        assert (result.returncode, result.stderr.count("Traceback")) == (0, 0), result.stderr
    store = Store.at(place / "assay.duckdb")
    runs = {row["run"]: row for row in list_runs(store)}
    again = ["demo-guarded", "demo-triage", "demo-triage-only", "demo-watched"]
    assert sorted(runs) == sorted(["demo-base", "demo-handbook", *again, *(f"{name}-2" for name in again)])
    assert {row["status"] for row in runs.values()} == {"finished"}
    assert [runs[f"demo-{name}"]["stage"] for name in ("base", "handbook", "triage")] == ["pretrain", "cpt", "sft"]
    assert runs["demo-handbook"]["parent"] == "demo-base/1@6"
    assert runs["demo-triage-2"]["parent"] == "demo-handbook/1@1"
    assert "The base was made before: demo-base/checkpoints/00000006-b1." in second.stderr
    marks = [[line for line in result.stdout.splitlines() if line.count("%") == 3] for result in (first, second)]
    assert [line.split()[0] for line in marks[0]] == ["base", "handbook", "triage", "triage"]
    assert marks[0] == marks[1]
    assert runs["demo-guarded"]["parent"] == runs["demo-watched"]["parent"] == "demo-triage/1@1"
    assert "with the guard" in first.stdout
    trained = show_run(store, "demo-base")["provenance"]["model"]
    assert 900_000 < trained["parameters"] < 3_000_000


@pytest.mark.slow
def test_a_base_that_was_damaged_is_made_again(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create(demo=True)
    said = []
    tell(store, steps=2, seed=0, say=said.append)
    weights = tmp_path / "demo-base" / "checkpoints" / "00000002-b1" / "model.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    told = tell(store, steps=2, seed=0, say=said.append)
    assert [run.name for run in told.runs] == [
        "demo-base-2", "demo-handbook-2", "demo-triage-2", "demo-triage-only-2", "demo-watched-2", "demo-guarded-2",
    ]  # fmt: skip


@pytest.mark.slow
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


def test_a_demo_that_is_killed_takes_its_dashboard_with_it(tmp_path):
    place = tmp_path / "demo"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-P", "-m", "assay", "demo", "--port", port, "--steps", 100000, "--store", place]
    process = subprocess.Popen(list(map(str, command)), env={**os.environ, "OMP_NUM_THREADS": "1"})
    _wait_for(lambda: _listening(port))
    process.kill()
    process.wait(timeout=60)
    _wait_for(lambda: not _listening(port))


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
