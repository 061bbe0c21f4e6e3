"""What a script hands over may be anything: the thread lives on, and nothing raises."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.foreign import plain
from assay.spool import read_spool

REPO = Path(__file__).parents[2]


def lines_of(folder: Path, kind: str) -> list[dict]:
    paths = sorted((folder / "spool").glob("*.jsonl"))
    return [line for path in paths for line in read_spool(path).lines if line["k"] == kind]


def steps_of(folder: Path) -> list[tuple[int, dict]]:
    return [(line["s"], line["v"]) for line in lines_of(folder, "step") if "v" in line]


class Hostile:
    def __float__(self):
        raise KeyError("float")

    def __repr__(self):
        raise OSError("repr")


class HostileDict(dict):
    def items(self):
        raise LookupError("items")

    __iter__ = items


def test_what_json_does_not_know_is_made_plain():
    circle: list = []
    circle.append(circle)
    assert plain({"p": Path("x"), "n": np.int64(5), "f": np.float32("nan"), "s": {1}, ("a", 2): (1, None, True)}) == {
        "p": "x", "n": 5, "f": "nan", "s": [1], "('a', 2)": [1, None, True],
    }  # fmt: skip
    assert plain([Hostile(), HostileDict(), 1 << 2000]) == [
        "<OSError when it was read>", "{}", "a whole number of 2001 bits",
    ]  # fmt: skip
    assert str(plain(circle)).count("[") > 10


@pytest.mark.parametrize(
    "odd",
    [
        lambda run: run.event("saved", "ok", path=Path("x")),
        lambda run: run.event("saved", "ok", data={("a", 1): 1, 2: 3}),
        lambda run: run.event("saved", "ok", thing=Hostile()),
        lambda run: run.event("saved", "ok", thing=HostileDict(a=1)),
        lambda run: run.facts(total_steps=np.int64(5)),
        lambda run: run.log(2, {1: 0.5, "lr": 0.5, ("a",): 0.5}),
        lambda run: run.log(2, loss=Hostile()),
        lambda run: run.log(Hostile(), loss=1.0),
        lambda run: run.fork("abc", "resume"),
        lambda run: run.record("event", kind=HostileDict(a=1)),
    ],
)
def test_an_odd_value_never_stops_the_recording(root, odd):
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        odd(run)
        run.log(3, loss=0.5)
    steps = steps_of(root / "mine")
    assert (steps[0], steps[-1]) == ((1, {"loss": 1.0}), (3, {"loss": 0.5}))
    assert {line["b"] for line in lines_of(root / "mine", "step")} == {1}
    assert lines_of(root / "mine", "status")[-1]["status"] == "finished"


def test_odd_values_arrive_as_what_they_mean(root):
    with assay.run("mine", store=root) as run:
        run.event("saved", "ok", path=Path("x"), size=np.int64(7))
        run.facts(total_steps=np.int64(5))
        run.log(1, {1: 0.5, "lr": np.float32(0.25)})
    [event] = lines_of(root / "mine", "event")
    assert event["data"] == {"path": "x", "size": 7}
    assert lines_of(root / "mine", "run")[-1]["fields"] == {"total_steps": 5}
    assert steps_of(root / "mine") == [(1, {"1": 0.5, "lr": 0.25})]


def test_a_line_that_cannot_be_made_is_left_out_and_said_once(root, capfd):
    with assay.run("mine", store=root) as run:
        for _ in range(2):
            run.record("status")
            run._queue.append(("too", "short"))
    assert capfd.readouterr().err.count("(ValueError) and is left out") == 1
    assert lines_of(root / "mine", "status")[-1]["status"] == "finished"


def test_an_event_that_no_reader_would_take_is_cut_and_that_is_said_once(root, monkeypatch, capfd):
    monkeypatch.setattr("assay.flusher.LONGEST_LINE", 1 << 20)
    with assay.run("mine", store=root) as run:
        for _ in range(2):
            run.event("note", "x" * (1 << 20), level="warning", step=3, found=[1])
        run.log(4, loss=1.0)
    first, second = lines_of(root / "mine", "event")
    assert (first["message"], first["level"], first["s"], first["data"]) == ("x" * 2000, "warning", 3, {})
    assert second["message"] == first["message"]
    assert steps_of(root / "mine") == [(4, {"loss": 1.0})]
    assert capfd.readouterr().err == (
        "assay: a line of kind event of run mine is longer than the 1 MiB that a line may have; it is cut to what it "
        "says first\n"
    )


def test_a_step_that_no_reader_would_take_is_left_out_and_that_is_said_once(root, monkeypatch, capfd):
    monkeypatch.setattr("assay.flusher.LONGEST_LINE", 1 << 20)
    many = {f"metric-{number}": 1.0 for number in range(60_000)}
    with assay.run("mine", store=root) as run:
        for step in (1, 2):
            run.log(step, many)
        run.log(3, loss=1.0)
    assert steps_of(root / "mine") == [(3, {"loss": 1.0})]
    assert capfd.readouterr().err == (
        "assay: a line of kind step of run mine is longer than the 1 MiB that a line may have; it is left out\n"
    )


@pytest.mark.parametrize("over", [0, 1])
def test_the_longest_line_that_is_written_is_the_longest_that_is_read(root, monkeypatch, over):
    for reader in ("assay.flusher", "assay.spool"):
        monkeypatch.setattr(f"{reader}.LONGEST_LINE", 10_000)
    with assay.run("mine", store=root) as run:
        run.record("samples", rows=[], dataset="", t=0)
        bare = len('{"k":"samples","t":0,"rows":[],"dataset":""}\n')
        run.record("samples", rows=["x" * (10_000 - bare - 2 + over)], dataset="", t=0)
    lengths = [len(line["rows"]) for line in lines_of(root / "mine", "samples")]
    assert lengths == [0, 1][: 2 - over]


@pytest.mark.parametrize("values", [0.5, [1, 2], np.zeros(3)])
def test_values_that_are_no_mapping_are_left_out_and_said_once(root, values, capfd):
    with assay.run("mine", store=root) as run:
        run.log(1, values, loss=1.0)
        run.log(2, values, loss=1.0)
    assert steps_of(root / "mine") == [(1, {"loss": 1.0}), (2, {"loss": 1.0})]
    assert capfd.readouterr().err.count("log() takes a mapping of names to numbers") == 1


def test_a_tensor_that_cannot_be_copied_is_left_out(root, capfd):
    class Gone:
        def detach(self):
            raise KeyError("device")

    with assay.run("mine", store=root) as run:
        run.log(1, loss=Gone(), lr=0.1)
    assert steps_of(root / "mine") == [(1, {"lr": 0.1})]
    assert "loss = <KeyError when it was read> is no number" in capfd.readouterr().err


def test_a_configuration_of_any_kind_is_recorded(root):
    given = argparse.Namespace(out=Path("x"), rate=np.float64("inf"))
    assay.run(Path("mine"), store=root, config=given, total_steps=np.int64(5)).finish()
    [facts] = lines_of(root / "mine", "run")
    assert facts["fields"] == {"config": {"out": "x", "rate": "inf"}, "total_steps": 5}


def test_a_configuration_without_fields_is_refused_and_leaves_no_run_behind(root):
    with pytest.raises(assay.AssayError, match="config is 3; give a mapping"):
        assay.run("mine", store=root, config=3)
    assert list(root.iterdir()) == []


def test_a_new_run_that_cannot_be_recorded_leaves_nothing_behind(root, monkeypatch):
    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assay.spool.os.write", full)
    with pytest.raises(assay.AssayError, match="No space left"):
        assay.run("mine", store=root)
    assert list(root.iterdir()) == []


def test_without_a_script_a_run_is_called_run(root):
    code = f"import assay; print(assay.run(store={str(root)!r}).name)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("run\n", "")


def test_what_is_said_to_a_closed_stderr_disturbs_nothing(root):
    code = f"import os, assay; os.close(2); run = assay.run('mine', store={str(root)!r}); run.log(1, a='x', b=1.0)"
    subprocess.run([sys.executable, "-c", code], cwd=REPO, check=True)
    assert steps_of(root / "mine") == [(1, {"b": 1.0})]


def test_a_malformed_step_is_skipped_when_a_run_goes_on(root):
    assay.run("mine", store=root).finish()
    [spool] = (root / "mine/spool").iterdir()
    with spool.open("ab") as file:
        file.write(b'{"k":"step","b":1,"s":4,"v":{}}\n{"k":"step"}\n{"k":"step","b":"x","s":5}\n{"k":"branch","b":2}\n')
    with assay.run("mine", store=root, resume=True) as run:
        run.log(loss=1.0)
    assert steps_of(root / "mine")[-1] == (5, {"loss": 1.0})
