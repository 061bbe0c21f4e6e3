"""What the trainer's tests look at: checkpoints, metrics, events; and people who ask for things."""

import json
import threading
import time
from contextlib import contextmanager

import pytest
from safetensors.torch import load_file

from store.artifacts import sealed_folders
from store.requests import ask
from store.runs import list_runs, show_run
from trainer.step import Engine

ENDLESS = {"train__steps": 100000, "train__eval_every": 100000, "checkpoint__every": 100000}


def checkpoints(store, run="r"):
    return sealed_folders(store.root / run / "checkpoints")


def learned(folder):
    """Everything a run goes on from, byte for byte."""
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    assert len(names) == 2
    return {name: (folder / name).read_bytes() for name in (*names, "state.json")}


def weights(folder):
    (path,) = (path for path in folder.glob("*.safetensors") if path.name != "optimizer.safetensors")
    return load_file(path)


def state_of(folder):
    return json.loads((folder / "state.json").read_text())


def metric(store, name, run="r"):
    """Values of a metric by branch and step."""
    rows = store.rows(
        "SELECT m.branch, m.step, m.value FROM metric m JOIN metric_name n ON n.id = m.metric_id "
        "JOIN run r ON r.id = m.run_id WHERE n.name = $name AND r.name = $run ORDER BY m.branch, m.step",
        {"name": name, "run": run},
    )
    return {(row["branch"], row["step"]): row["value"] for row in rows}


def active(store, name, run="r"):
    """Values of a metric on the active path by step."""
    rows = store.rows(
        "SELECT m.step, m.value FROM metric m JOIN metric_name n ON n.id = m.metric_id JOIN run r ON r.id = m.run_id "
        "JOIN active_path p USING (run_id, branch) WHERE m.step BETWEEN p.first_step AND p.last_step "
        "AND n.name = $name AND r.name = $run ORDER BY m.step",
        {"name": name, "run": run},
    )
    return {row["step"]: row["value"] for row in rows}


def batches(store, run="r"):
    """Recorded batches in order."""
    return store.rows(
        "SELECT b.* FROM step_batch b JOIN run r ON r.id = b.run_id WHERE r.name = $run ORDER BY b.branch, b.step",
        {"run": run},
    )


def events(store, kind, run="r"):
    """Events of a kind, oldest first, with their data."""
    return [item for item in reversed(show_run(store, run)["events"]) if item["kind"] == kind]


def said(store, kind, run="r"):
    return [item["message"] for item in events(store, kind, run)]


@contextmanager
def dies_at(monkeypatch, number, what="the power failed"):
    """The process dies in its `number`-th step."""
    measure = Engine.measure
    count = iter(range(1, 100000))

    def dying(*arguments, **options):
        if next(count) == number:
            raise RuntimeError(what)
        return measure(*arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match=what):
        patch.setattr("trainer.step.Engine.measure", dying)
        yield


def wait_for(condition):
    for _ in range(3000):
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


def done(store, number):
    rows = store.rows("SELECT result FROM request WHERE id = $id AND done IS NOT NULL", {"id": number})
    return rows and rows[0]["result"]


class Person(threading.Thread):
    """Asks one thing after another, each when the one before has been answered.

    A thing is a kind, or a kind with its arguments.
    """

    def __init__(self, store, *things, before=lambda: None, first=lambda: True):
        super().__init__(daemon=True)
        self.store, self.things, self.before, self.first, self.answers = store, things, before, first, []
        self.start()

    def run(self):
        wait_for(lambda: self.store.exists and list_runs(self.store))
        wait_for(self.first)
        for thing in self.things:
            kind, args = thing if isinstance(thing, tuple) else (thing, {})
            number = ask(self.store, "r", kind, args, actor="command:lin")
            self.answers.append(wait_for(lambda number=number: done(self.store, number)))
            self.before()
