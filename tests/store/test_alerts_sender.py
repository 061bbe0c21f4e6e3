"""Delivery by a thread: nothing waits for it, nothing is sent twice, and what is lost is said."""

import threading
from collections import deque

import pytest

from store.alerts.alert import Alert
from store.alerts.post import Tried, post
from store.alerts.sender import Delivery, Means, Sender
from store.alerts.targets import Target
from tests.webhook import TOKEN, Answer, webhook

WELL, BUSY, REFUSED = Tried(True, "ok", 200), Tried(False, "HTTP 500", 500, True), Tried(False, "HTTP 404", 404)
TARGET = Target("slack", f"https://hooks.slack.com/services/{TOKEN}")


def alert(number: int = 1) -> Alert:
    return Alert("spike", "alarm", f"r: loss spike {number}", f"sentence {number}", "r", number)


class Fake:
    """A network that answers from a list, and a clock that only the waits move."""

    def __init__(self, *answers: Tried) -> None:
        self.answers = deque(answers)
        self.posted: list[str] = []
        self.timeouts: list[float] = []
        self.waits: list[float] = []
        self.now = 1000.0

    def post(self, target: Target, message: Alert, timeout: float) -> Tried:
        self.posted.append(message.sentence)
        self.timeouts.append(timeout)
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]

    def wait(self, event: threading.Event, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def means(self, **others) -> Means:
        return Means(post=self.post, wait=self.wait, clock=lambda: self.now, seed=0, **others)


class Told:
    """What was told of deliveries, and a way to wait for it."""

    def __init__(self) -> None:
        self.all: list[Delivery] = []
        self._came = threading.Semaphore(0)

    def __call__(self, delivery: Delivery) -> None:
        self.all.append(delivery)
        self._came.release()

    def wait(self, count: int = 1) -> None:
        for _ in range(count):
            assert self._came.acquire(timeout=60)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def hook(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with webhook() as made:
        yield made


def test_a_message_is_delivered_once_and_told(told):
    fake = Fake(WELL)
    with Sender([TARGET], told, fake.means()) as sender:
        sender.send(alert(1))
        sender.send(alert(2))
        told.wait(2)
    assert fake.posted == ["sentence 1", "sentence 2"]
    assert told.all == [Delivery(told.all[0].alert, TARGET.title, True, 1, "ok"),
                        Delivery(told.all[1].alert, TARGET.title, True, 1, "ok")]  # fmt: skip


def test_every_hook_gets_every_message(told):
    fake = Fake(WELL)
    other = Target("json", "http://me/hook")
    with Sender([TARGET, other], told, fake.means()) as sender:
        sender.send(alert())
        told.wait(2)
    assert sorted(delivery.target for delivery in told.all) == sorted([TARGET.title, other.title])


def test_what_failed_is_tried_again_after_twice_as_long_each_time(told):
    fake = Fake(BUSY, BUSY, BUSY, BUSY, WELL)
    with Sender([TARGET], told, fake.means()) as sender:
        sender.send(alert())
        told.wait()
    assert (told.all[0].delivered, told.all[0].tries) == (True, 5)
    assert len(set(fake.posted)) == 1
    for number, seconds in enumerate(fake.waits):
        assert 0.5 * 2**number <= seconds <= 2**number
    assert len({seconds / 2**number for number, seconds in enumerate(fake.waits)}) == 4


def test_the_waits_are_those_of_the_seed(told):
    waits = []
    for _ in range(2):
        fake = Fake(BUSY, BUSY, WELL)
        with Sender([TARGET], told, fake.means()) as sender:
            sender.send(alert())
            told.wait()
        waits.append(fake.waits)
    assert waits[0] == waits[1]


def test_what_the_service_asks_to_wait_is_waited(told):
    fake = Fake(Tried(False, "HTTP 429", 429, True, 70.0), WELL)
    with Sender([TARGET], told, fake.means()) as sender:
        sender.send(alert())
        told.wait()
    assert fake.waits == [70.0]
    assert told.all[0].delivered


def test_a_refusal_is_final_at_once(told):
    fake = Fake(REFUSED)
    with Sender([TARGET], told, fake.means()) as sender:
        sender.send(alert())
        told.wait()
    assert (fake.waits, told.all[0].tries, told.all[0].sentence) == ([], 1, "HTTP 404")


def test_after_so_many_tries_it_is_given_up_and_told(told):
    fake = Fake(BUSY)
    with Sender([TARGET], told, fake.means(tries=4)) as sender:
        sender.send(alert())
        told.wait()
    assert len(fake.posted) == 4
    assert told.all == [Delivery(told.all[0].alert, TARGET.title, False, 4, "HTTP 500")]


def test_the_next_message_says_that_earlier_ones_were_lost(told):
    fake = Fake(REFUSED, REFUSED, WELL, WELL)
    with Sender([TARGET], told, fake.means()) as sender:
        for number in (1, 2, 3, 4):
            sender.send(alert(number))
        told.wait(4)
    assert fake.posted == [
        "sentence 1", "sentence 2 (1 earlier message could not be delivered here)",
        "sentence 3 (2 earlier messages could not be delivered here)", "sentence 4",
    ]  # fmt: skip


def test_a_hook_that_hangs_holds_up_nobody_and_its_oldest_waiting_messages_are_dropped(hook, told):
    hook.answers.append(Answer(hangs=True))
    sender = Sender([Target("json", hook.url)], told, Means(room=3, timeout=60.0))
    sender.send(alert(0))
    hook.wait()  # the thread is in the network now, and stays there
    for number in range(1, 1001):
        sender.send(alert(number))
    assert len(told.all) == 997
    assert {delivery.sentence for delivery in told.all} == {"dropped: too many messages were waiting for this hook"}
    assert [delivery.alert.step for delivery in told.all] == list(range(1, 998))
    told.all.clear()
    sender.close(within=0.05)
    assert [(delivery.alert.step, delivery.sentence) for delivery in told.all] == [
        (0, "the run ended while it was being sent, it may have come or not"),
        *((step, "the run ended before it could be sent") for step in (998, 999, 1000)),
    ]
    assert all(not delivery.delivered for delivery in told.all)


def test_closing_delivers_what_waits(hook, told):
    hook.answers.append(Answer(500))
    with Sender([Target("json", hook.url)], told, Means(wait=lambda *_: None)) as sender:
        for number in range(20):
            sender.send(alert(number))
    assert [body["step"] for body in hook.bodies] == [0, *range(20)]
    assert [delivery.delivered for delivery in told.all] == [True] * 20


def test_closing_cuts_a_long_wait_short_and_tries_once_more(told):
    waiting = threading.Event()
    fake = Fake(BUSY, WELL)

    def wait(event: threading.Event, seconds: float) -> None:
        waiting.set()
        if seconds > 5:
            assert event.wait(60)

    fake.answers = deque([BUSY] * 5 + [WELL])
    sender = Sender([TARGET], told, Means(post=fake.post, wait=wait, clock=lambda: 0.0, seed=0))
    sender.send(alert())
    assert waiting.wait(60)
    sender.close(within=30.0)
    assert (told.all[0].delivered, told.all[0].tries) == (True, 6)


def test_at_the_end_nobody_is_asked_earlier_than_they_said(told):
    waiting = threading.Event()

    def wait(event: threading.Event, seconds: float) -> None:
        waiting.set()
        assert event.wait(60)

    fake = Fake(Tried(False, "HTTP 429", 429, True, 100.0))
    sender = Sender([TARGET], told, Means(post=fake.post, wait=wait, clock=lambda: 0.0))
    sender.send(alert())
    assert waiting.wait(60)
    sender.close(within=30.0)
    assert len(fake.posted) == 1
    assert told.all[0].sentence == "HTTP 429; then the run ended"


def test_after_its_end_nothing_is_sent_and_nothing_raises(told):
    fake = Fake(WELL)
    sender = Sender([TARGET], told, fake.means())
    sender.close()
    sender.send(alert())
    sender.close()
    assert (fake.posted, told.all) == ([], [])


def test_without_a_hook_there_is_no_thread(told):
    before = threading.active_count()
    with Sender([], told) as sender:
        sender.send(alert())
        assert sender.is_idle
    assert threading.active_count() == before


def test_a_listener_that_fails_does_not_end_the_thread():
    heard = threading.Semaphore(0)

    def listen(delivery: Delivery) -> None:
        heard.release()
        raise ValueError(delivery.sentence)

    fake = Fake(WELL)
    with Sender([TARGET], listen, fake.means()) as sender:
        sender.send(alert(1))
        assert heard.acquire(timeout=60)
        sender.send(alert(2))
        assert heard.acquire(timeout=60)
    assert fake.posted == ["sentence 1", "sentence 2"]


def test_a_real_hook_that_fails_is_slow_and_is_busy_gets_the_message_once(hook, told):
    hook.answers.extend([Answer(500), Answer(hangs=True), Answer(429, "slow", {"Retry-After": "3"}), Answer()])
    waits: list[float] = []
    timeouts = iter([60.0, 0.05, 60.0, 60.0])

    def once(target: Target, message: Alert, _: float) -> Tried:
        return post(target, message, next(timeouts))

    means = Means(post=once, wait=lambda _, seconds: waits.append(seconds), seed=0)
    with Sender([Target("json", hook.url)], told, means) as sender:
        sender.send(alert())
        told.wait()
    assert (told.all[0].delivered, told.all[0].tries) == (True, 4)
    assert len(hook.bodies) == 4
    assert len({body["id"] for body in hook.bodies}) == 1
    assert waits[2] == pytest.approx(3.5, abs=0.6)  # its own wait after three tries is 2 to 4, and 3 were asked for
    assert waits[2] >= 2.9


def test_no_delivery_names_the_secret_of_its_hook(told):
    unreachable = Target("json", f"http://127.0.0.1:9/{TOKEN}")
    with Sender([unreachable, TARGET], told, Means(tries=1, post=lambda *_: REFUSED)) as sender:
        sender.send(alert())
        told.wait(2)
    assert TOKEN not in repr(told.all)
    assert TOKEN not in repr(sender)
