"""The watcher of a run: what is told, when, and that a run without hooks costs nothing."""

import math
import threading
from collections import namedtuple

import pytest

from assay.errors import AssayError
from store.alerts import watch
from store.alerts.alert import Alert
from store.alerts.hooks import written_down
from store.alerts.sender import Sender
from store.alerts.settings import AlertsConfig, alerts_from
from store.alerts.watch import Watcher, open_watcher
from tests.webhook import Answer, webhook

Usage = namedtuple("Usage", "total used free")


class Caught(Sender):
    """Keeps what it is to send; without targets, so that no thread looks at the clock but the test."""

    def __init__(self) -> None:
        super().__init__([], lambda _: None)
        self.sent: list[Alert] = []
        self.closed: list[float] = []

    def send(self, alert: Alert) -> None:
        self.sent.append(alert)

    def close(self, within: float = 10.0) -> None:
        self.closed.append(within)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(alert.kind, alert.sentence) for alert in self.sent]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sender():
    return Caught()


@pytest.fixture
def watcher_for(sender, clock):
    def make(folder=None, **settings) -> Watcher:
        return Watcher(AlertsConfig(**settings), "r", sender, folder, clock)

    return make


def steps(watcher, clock, first, last, seconds=1.0):
    for step in range(first, last + 1):
        clock.now += seconds
        watcher.step(step, seconds)
        watcher.look_at_clock()


def test_a_stall_is_told_once_and_so_is_its_end(watcher_for, sender, clock):
    with watcher_for(stalled_seconds=5.0) as watcher:
        steps(watcher, clock, 1, 20)
        for _ in range(300):
            clock.now += 1.0
            watcher.look_at_clock()
        steps(watcher, clock, 21, 40)
    assert sender.told == [
        ("stalled", "no step has ended since step 20, for 11 seconds"),
        ("stalled", "steps go on after 5 minutes"),
    ]
    assert [(alert.level, alert.title, alert.step) for alert in sender.sent] == [
        ("warning", "r: stalled", 20), ("info", "r: no longer stalled", 21),
    ]  # fmt: skip
    assert sender.sent[0].link == "http://127.0.0.1:8501/run?run=r&view=log"


def test_a_run_that_never_takes_a_step_is_told_too(watcher_for, sender, clock):
    with watcher_for() as watcher:
        clock.now = 1801.0
        watcher.look_at_clock()
    assert sender.told == [("stalled", "no step has ended yet, for 30 minutes")]


def test_the_end_of_a_stall_that_was_held_back_is_held_back_too(watcher_for, sender, clock):
    with watcher_for(stalled_seconds=5.0, every_seconds=1000.0) as watcher:
        steps(watcher, clock, 1, 20)
        for _ in range(2):
            clock.now += 60.0
            watcher.look_at_clock()
            steps(watcher, clock, 21, 22)
    assert [kind for kind, _ in sender.told] == ["stalled", "stalled"]
    assert [alert.level for alert in sender.sent] == ["warning", "info"]


def test_a_paused_or_ended_run_is_not_stalled(watcher_for, sender, clock):
    with watcher_for(stalled_seconds=5.0) as watcher:
        steps(watcher, clock, 1, 20)
        watcher.paused(True)
        clock.now += 5000.0
        watcher.look_at_clock()
        watcher.paused(False)
        watcher.ended("paused")
        assert sender.told == []
        watcher.ended("finished", "20 steps")
        clock.now += 5000.0
        watcher.look_at_clock()
    assert sender.told == [("finished", "20 steps")]


def test_events_of_the_guard_are_told_and_others_are_passed_over(watcher_for, sender):
    with watcher_for() as watcher:
        watcher.event("not-a-number", "step 7: the loss is not a number", 7)
        watcher.event("checkpoint", "saved", 7)
        watcher.event("rollback", "went back to step 4", 7)
        watcher.event("paused", "three rollbacks did not help", 7)
    assert sender.told == [
        ("spike", "step 7: the loss is not a number"), ("rollback", "went back to step 4"),
        ("paused", "three rollbacks did not help"),
    ]  # fmt: skip
    assert [alert.step for alert in sender.sent] == [7, 7, 7]


def test_many_spikes_are_one_message_in_a_while_and_the_end_says_how_many_there_were(watcher_for, sender, clock):
    with watcher_for(every_seconds=100.0) as watcher:
        for now in (0, 10, 20, 110, 120, 130):
            clock.now = now
            watcher.event("spike", f"at {now}")
        watcher.ended("failed", "stopped")
        watcher.ended("finished", "again")
    assert sender.told == [
        ("spike", "at 0"), ("spike", "at 110 (2 more of this kind before)"),
        ("failed", "stopped (messages held back: 2 of loss spike)"),
    ]  # fmt: skip


def test_a_spike_that_gets_worse_is_told_each_time_it_does(watcher_for, sender, clock):
    with watcher_for(every_seconds=600.0) as watcher:
        for now, sentence, severity in ((0, "jump", 1), (20, "stays high", 2), (60, "jump", 1), (420, "no number", 3)):
            clock.now = now
            watcher.event("spike", sentence, now, severity)
        watcher.event("spike", "no number", 421, 3)
    assert sender.told == [
        ("spike", "jump"), ("spike", "stays high"), ("spike", "no number (1 more of this kind before)"),
    ]  # fmt: skip
    assert [alert.step for alert in sender.sent] == [0, 20, 420]


def test_only_what_is_wanted_is_told(watcher_for, sender, clock):
    with watcher_for(on=["failed"], stalled_seconds=5.0) as watcher:
        steps(watcher, clock, 1, 20)
        clock.now += 999.0
        watcher.look_at_clock()
        watcher.event("spike", "s")
        watcher.ended("failed", "f")
    assert sender.told == [("failed", "f")]


def test_a_rising_validation_loss_is_told_and_what_was_measured_before_counts_quietly(watcher_for, sender):
    watcher = watcher_for(val_loss_rising=2)
    for step, loss in enumerate((2.0, 2.1, 2.2, 2.3)):
        watcher.validation(step, loss)
    with watcher:
        assert sender.told == []
        watcher.validation(10, 1.5)
        watcher.validation(20, math.nan)
        watcher.validation(30, 1.75)
    ((kind, sentence),) = sender.told
    assert kind == "val_loss_rising"
    assert sentence.startswith("the validation loss is 1.75 at step 30 and has been above its lowest, 1.5 at step 10,")


def test_little_room_on_the_disk_of_the_run_is_told_once(watcher_for, sender, tmp_path, monkeypatch):
    free = iter([9e9, 1e9, 5e8])
    monkeypatch.setattr(watch.shutil, "disk_usage", lambda folder: Usage(1, 1, next(free)))
    with watcher_for(tmp_path, disk_low_bytes=2e9) as watcher:
        for _ in range(3):
            watcher.look_at_disk()
    assert [kind for kind, _ in sender.told] == ["disk_low"]
    assert sender.told[0][1].startswith("1.0 GB are left on the disk of the run; below 2 GB")


def test_a_folder_that_is_gone_is_no_news_of_a_disk(watcher_for, sender, tmp_path):
    with watcher_for(tmp_path / "gone") as watcher:
        watcher.look_at_disk()
    assert sender.told == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AssayError("the disk is full"), [("failed", "the disk is full")]),
        (ValueError("bad"), [("failed", "ValueError: bad")]),
        (KeyboardInterrupt(), []),
        (SystemExit(143), []),
    ],
)
def test_what_ends_a_run_is_told_unless_a_person_did_it(watcher_for, sender, error, told):
    with pytest.raises(type(error)), watcher_for():
        raise error
    assert sender.told == told
    assert sender.closed == [10.0 if told else 2.0]


def test_an_error_after_the_end_was_told_is_not_told_again(watcher_for, sender):
    with pytest.raises(ValueError, match="late"), watcher_for() as watcher:
        watcher.ended("failed", "the loss is not a number")
        raise ValueError("late")
    assert sender.told == [("failed", "the loss is not a number")]


def test_without_a_hook_no_thread_is_started(tmp_path):
    before = threading.active_count()
    with open_watcher(AlertsConfig(), "r", tmp_path, record=lambda _: None) as watcher:
        watcher.step(1, 1.0)
        watcher.event("spike", "s")
        assert threading.active_count() == before


def test_a_hook_that_cannot_be_used_is_said_before_the_run_or_recorded_where_it_goes_on(tmp_path):
    config = alerts_from({"url": "env:ASSAY_NO_SUCH_HOOK"})
    said: list[str] = []
    with pytest.raises(AssayError, match="ASSAY_NO_SUCH_HOOK, which is not set"):
        open_watcher(config, "r", tmp_path, record=said.append)
    with open_watcher(config, "r", tmp_path, record=said.append, goes_on=True) as watcher:
        watcher.ended("finished")
    assert said == ["alerts.url names the environment variable ASSAY_NO_SUCH_HOOK, which is not set"]
    masked = written_down(alerts_from({"url": "https://hooks.slack.com/services/T0/B0/secretsecret"}))
    open_watcher(masked, "r", tmp_path, record=said.append, goes_on=True)
    assert "secretsecret" not in said[1]


def test_a_whole_run_reaches_a_real_hook_and_what_was_refused_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    said: list[str] = []
    with webhook() as hook:
        hook.answers.extend([Answer(404, "no_service"), Answer()])
        config = alerts_from({"url": hook.url, "kind": "slack", "disk_low_bytes": 0})
        with open_watcher(config, "试 1", tmp_path, record=said.append) as watcher:
            watcher.step(1, 0.5)
            watcher.event("spike", "the loss jumped", 1)
            hook.wait()
            watcher.ended("finished", "1 step")
    assert [body["blocks"][0]["text"]["text"] for body in hook.bodies] == [
        "Assay · 试 1: loss spike", "Assay · 试 1: finished",
    ]  # fmt: skip
    assert hook.bodies[1]["blocks"][1]["text"]["text"] == "1 step (1 earlier message could not be delivered here)"
    assert len(said) == 1
    assert said[0].startswith("Slack at http://127.0.0.1:")
    assert said[0].endswith('…wxyz was not told "试 1: loss spike": HTTP 404: no_service')


def test_the_threads_of_a_watcher_look_at_clock_and_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with webhook() as hook:
        config = alerts_from({"url": hook.url, "disk_low_bytes": 1e30})
        with open_watcher(config, "r", tmp_path, record=lambda _: None):
            hook.wait()
    assert hook.bodies[0]["kind"] == "disk_low"
    assert hook.bodies[0]["link"] == "http://127.0.0.1:8501/run?run=r&view=checkpoints"
