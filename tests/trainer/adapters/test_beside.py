"""What is done beside the training: in order, nothing lost, and as it would be done at once."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest
from transformers import Trainer

from store.artifacts import verify
from store.database import Store
from store.requests import Request
from tests.trainer.adapters.hosts import Seen, SeenShaken, Shaken, are_equal, recorded, shown, weights
from tests.trainer.seen import batches, events, metric, said, wait_for
from trainer.adapters.beside import Beside, BrokenRecordingError
from trainer.adapters.hosted import Hosted

CLOCKED = ("step_seconds", "tokens_per_s")


def nobody(_why):
    """Who is told of nothing."""


@pytest.fixture
def beside():
    made = Beside(at_once=False, broken=nobody)
    yield made
    made.close()


@pytest.fixture
def asleep(monkeypatch):
    """The thread never comes to anything by itself, and no step is slow."""
    monkeypatch.setattr("trainer.adapters.beside.POLL_SECONDS", 600.0)
    monkeypatch.setattr("trainer.adapters.hosted.SLOW_SECONDS", 600.0)


def in_thread():
    return threading.current_thread().name


def test_all_is_done_in_the_order_it_was_handed_over(beside):
    done = []
    for number in range(5000):
        beside.hand_over(done.append, number)
    beside.catch_up()
    assert done == list(range(5000))


def test_it_is_done_by_a_thread_of_its_own_though_nobody_asks(beside):
    done = []
    beside.hand_over(lambda: done.append(in_thread()))
    wait_for(lambda: done)
    assert done == ["assay-recording"]


def test_at_once_it_is_done_where_it_is_handed_over_and_raises_there():
    made, done = Beside(at_once=True, broken=nobody), []
    made.hand_over(lambda: done.append(in_thread()))
    assert done == [in_thread()]
    with pytest.raises(ZeroDivisionError):
        made.hand_over(lambda: 1 / 0)
    assert made.failure is None
    made.close()


@pytest.mark.usefixtures("asleep")
def test_who_hands_over_too_much_does_it_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr("trainer.adapters.beside.MOST", 4)
    made, done = Beside(at_once=False, broken=nobody), []
    for number in range(6):
        made.hand_over(done.append, number)
        assert len(done) == (4 if number > 3 else 0)
    made.close()
    assert done == [0, 1, 2, 3, 4, 5]


def test_what_goes_wrong_ends_it_and_is_kept(beside):
    done = []
    beside.hand_over(done.append, 1)
    beside.hand_over(lambda: {}["ours"])
    beside.hand_over(done.append, 2)
    with pytest.raises(BrokenRecordingError, match="'ours'"):
        beside.catch_up()
    assert (done, beside.failure.kind) == ([1], "KeyError")
    beside.forgive()
    beside.hand_over(done.append, 3)
    beside.catch_up()
    assert done == [1, 3]


def test_the_rest_of_something_is_done_in_the_hosts_thread_before_anything_else(beside):
    done = []

    def rest():
        done.append(("rest", in_thread()))

    def first():
        done.append(("first", in_thread()))
        return rest

    beside.hand_over(first)
    wait_for(lambda: beside.needs_host)
    beside.hand_over(lambda: done.append(("second", in_thread())))
    wait_for(lambda: len(done) == 3)
    assert done == [("first", "assay-recording"), ("rest", "MainThread"), ("second", "assay-recording")]


def test_a_forked_child_does_nothing_of_it_and_waits_for_nothing(beside):
    begun, goes_on, done = threading.Event(), threading.Event(), []

    def works():
        begun.set()
        goes_on.wait()

    beside.hand_over(works)
    begun.wait()
    beside.hand_over(done.append, 1)
    child = os.fork()
    if child == 0:
        beside.catch_up()
        beside.close()
        os._exit(len(done))
    assert os.waitpid(child, 0)[1] == 0
    goes_on.set()
    beside.catch_up()
    assert done == [1]


def test_who_is_asked_for_the_rest_while_doing_it_goes_on_with_it(beside):
    done = []

    def asked():
        beside.catch_up()
        done.append(1)

    beside.hand_over(asked)
    beside.hand_over(done.append, 2)
    beside.catch_up()
    assert done == [1, 2]


@pytest.mark.usefixtures("asleep")
def test_what_is_found_to_be_broken_when_the_program_ends_is_told():
    told = []
    made = Beside(at_once=False, broken=told.append)
    made.hand_over(lambda: 1 / 0)
    made._leave()
    assert told == ["recording stopped: ZeroDivisionError: division by zero"]
    made.close()


@pytest.mark.usefixtures("asleep")
def test_ctrl_c_while_a_step_is_judged_is_what_the_run_says_and_the_step_is_recorded(make, store, monkeypatch):
    judged, real = [], Hosted._judge

    def interrupted(hosted, seen):
        judged.append(seen.step)
        if judged.count(3) == 1 and seen.step == 3:
            raise KeyboardInterrupt
        return real(hosted, seen)

    monkeypatch.setattr(Hosted, "_judge", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(Seen, recorded(store), max_steps=8, save_steps=5).train()
    assert judged == [1, 2, 3, 3, 4, 5]
    assert (shown(store)["status"], shown(store)["error"]) == ("failed", "stopped by Ctrl-C")
    assert sorted(step for _, step in metric(store, "loss")) == [1, 2, 3, 4, 5]


def test_its_thread_ends_with_the_recording(make, store):
    make(Seen, recorded(store), max_steps=2).train()
    assert not [thread for thread in threading.enumerate() if thread.name == "assay-recording"]


def everything(store, name):
    """What the store has of a run, but for the clock; numbers to the bit."""
    names = [row["name"] for row in store.rows("SELECT name FROM metric_name ORDER BY name")]
    values = {
        (kind, *at): value.hex()
        for kind in names
        if kind not in CLOCKED
        for at, value in metric(store, kind, name).items()
    }
    kept = [
        {key: repr(value) for key, value in row.items() if key not in ("run_id", "at")} for row in batches(store, name)
    ]
    told = [(item["step"], item["message"], item["data"]) for item in events(store, "spike", name)]
    return values, kept, told


@pytest.mark.parametrize(("kind", "how"), [(SeenShaken, "nan"), (SeenShaken, "noise"), (Shaken, "nan")])
def test_a_host_is_recorded_as_it_would_be_at_once(make, store, monkeypatch, kind, how):
    """Also where a loss is no number, and the weights behind it are none."""
    found = []
    for name, at_once in (("beside", False), ("at-once", True)):
        monkeypatch.setattr(
            "trainer.adapters.hosted.Beside",
            lambda at_once, broken, now=at_once: Beside(at_once=at_once or now, broken=broken),
        )
        trainer = make(kind, recorded(store, name), output=name, max_steps=60, logging_steps=1, save_steps=30)
        trainer.shaken_at, trainer.how = (45,), how
        trainer.train()
        shown(store, name)
        found.append(everything(store, name))
    assert found[0] == found[1]
    assert len(found[0][2]) > 0


def test_only_behind_a_step_of_no_number_the_weights_are_none(make, store):
    """The step itself is only to be skipped: its weights were looked at before it was taken."""
    trainer = make(SeenShaken, recorded(store), max_steps=7)
    trainer.shaken_at = (5,)
    trainer.train()
    shown(store)
    assert [(item["step"], item["data"]["series"], item["data"]["action"]) for item in events(store, "spike")] == [
        (5, "loss", "skip"), (5, "grad_norm", "skip"), (6, "loss", "rollback"), (6, "grad_norm", "rollback"),
    ]  # fmt: skip


@pytest.mark.usefixtures("asleep")
@pytest.mark.parametrize("kind", [Seen, Trainer])
def test_before_a_checkpoint_and_at_the_end_all_is_done(make, store, kind):
    trainer = make(kind, recorded(store, stable_after=4))
    trainer.train()
    run = shown(store)
    assert (run["status"], run["step"]) == ("finished", 12)
    assert sorted(step for _, step in metric(store, "loss")) == (list(range(1, 13)) if kind is Seen else [3, 6, 9, 12])
    assert [(item["step"], item["state"]) for item in run["checkpoints"]] == [
        (4, "stable"),
        (8, "stable"),
        (12, "stable"),
    ]
    for item in run["checkpoints"]:
        assert verify(store.root / item["path"], item["sha256"])["update"] == item["step"]


def states(trainer):
    """Has a host keep the step its state is of as each of its steps ends."""
    step_end, known = trainer._assay.on_step_end, []

    def looks(*given, **others):
        step_end(*given, **others)
        known.append(trainer._assay.hosted.state.step)

    trainer._assay.on_step_end = looks
    return known


@pytest.mark.usefixtures("asleep")
def test_where_the_guard_acts_all_is_done_at_once(make, store):
    watches, acts = (
        make(Seen, recorded(store, "watches")),
        make(Seen, recorded(store, "acts", mode="act"), output="acts"),
    )
    watched, acted = states(watches), states(acts)
    watches.train()
    acts.train()
    assert watched == [0] * 3 + [4] * 4 + [8] * 4 + [12]  # a checkpoint is what it is done for
    assert acted == list(range(1, 13))


@pytest.mark.usefixtures("asleep")
def test_steps_that_take_long_are_recorded_as_they_end(make, store, monkeypatch):
    monkeypatch.setattr("trainer.adapters.hosted.SLOW_SECONDS", 0.0)
    trainer = make(Seen, recorded(store))
    known = states(trainer)
    trainer.train()
    assert known == list(range(1, 13))


@pytest.mark.usefixtures("asleep")
@pytest.mark.parametrize("kind", [Seen, Trainer])
def test_before_the_host_evaluates_all_is_done(make, store, kind):
    callback, known = recorded(store), []
    trainer = make(kind, callback, eval_strategy="steps", eval_steps=5, save_strategy="no")
    evaluate = trainer.evaluate

    def looks(*given, **others):
        known.append(callback.hosted.state.step)
        return evaluate(*given, **others)

    trainer.evaluate = looks
    trainer.train()
    assert known == [5, 10, 12]


@pytest.mark.parametrize("is_asleep", [True, False])
def test_what_goes_wrong_beside_the_host_is_said_once_and_the_host_trains_on(
    make, store, monkeypatch, capfd, is_asleep
):
    if is_asleep:
        monkeypatch.setattr("trainer.adapters.beside.POLL_SECONDS", 600.0)
    record = Hosted._record

    def breaks(hosted, seen, *given):
        if seen.step == 3:
            raise KeyError("ours")
        return record(hosted, seen, *given)

    monkeypatch.setattr(Hosted, "_record", breaks)
    plain, trainer = make(Trainer, output="plain"), make(Seen, recorded(store))
    plain.train()
    trainer.train()
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("assay: ")]
    assert lines == ["assay: recording stopped: KeyError: 'ours'; the training goes on"]
    assert are_equal(weights(plain), weights(trainer))
    run = shown(store)
    assert (run["status"], run["error"]) == ("failed", "recording stopped: KeyError: 'ours'")
    assert sorted(step for _, step in metric(store, "loss")) == [1, 2]


@pytest.mark.usefixtures("asleep")
def test_who_asks_for_something_gets_it_of_the_step_it_was_asked_behind(make, store):
    trainer, answers = make(Seen, recorded(store)), []
    step_end = trainer._assay.on_step_end

    def ask(*given, **known):
        if given[1].global_step == 10 and not answers:
            inbox = trainer._assay.hosted.wishes._inbox
            inbox.answer = lambda _, result: answers.append(result)
            for number, (kind, args) in enumerate([("note", {"text": "well"}), ("rollback", {"step": 8})]):
                inbox._requests.put(Request(number, kind, args, "command:li"))
        step_end(*given, **known)

    trainer._assay.on_step_end = ask
    trainer.train()
    run = shown(store)
    assert answers == ["noted", "goes back from step 10 to step 8, on branch 2"]
    assert [item["step"] for item in events(store, "note")] == [10]
    assert (run["branch"], run["step"], run["status"]) == (2, 12, "finished")
    assert said(store, "replay") == ["steps 9 to 10, done again, came to the same numbers, bit for bit"]
    assert sorted(metric(store, "loss")) == [(1, step) for step in range(1, 11)] + [(2, step) for step in range(9, 13)]


class Asked(list):
    """Rows that keep which threads have asked for one."""

    def __init__(self, rows):
        super().__init__(rows)
        self.threads = set()

    def __getitem__(self, key):
        self.threads.add(in_thread())
        return super().__getitem__(key)


def test_the_hosts_dataset_is_asked_in_its_own_thread_alone(make, store):
    trainer = make(SeenShaken, recorded(store), max_steps=8)
    trainer.shaken_at, trainer.train_dataset = (6,), Asked(trainer.train_dataset)
    trainer.train()
    shown(store)
    assert all(item["text"].startswith("What is ") for item in events(store, "spike")[0]["data"]["samples"])
    assert trainer.train_dataset.threads == {"MainThread"}


SCRIPT = """
import sys
from pathlib import Path
from transformers import Trainer, TrainerCallback
from tests.trainer.adapters.hosts import host
from trainer.adapters import AssayCallback, beside

beside.POLL_SECONDS = 600.0

class Ends(TrainerCallback):
    def on_step_begin(self, args, state, control, **_):
        if state.global_step == 7:
            {end}

model, folder = Path(sys.argv[1]), Path(sys.argv[2])
callbacks = [AssayCallback("r", store=str(folder / "runs")), Ends()]
host(Trainer, model, folder / "out", *callbacks, logging_steps=1, save_strategy="no").train()
"""


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("raise RuntimeError('the power failed')", "failed", "RuntimeError: the power failed"),
        pytest.param("sys.exit(0)", "finished", None, marks=pytest.mark.slow),
    ],
)
def test_a_program_that_ends_without_a_word_leaves_nothing_unrecorded(model_folder, tmp_path, end, status, error):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT).format(end=end), str(model_folder), str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    store = Store.at(tmp_path / "runs" / "assay.duckdb")
    run = shown(store)
    assert (run["status"], run["error"], run["step"]) == (status, error, 7), done.stderr
    assert sorted(step for _, step in metric(store, "loss")) == list(range(1, 8))
