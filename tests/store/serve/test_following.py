"""The process beside a script: what it says while the run goes on, and what it does when it is told otherwise."""

import threading
import time

import pytest

from assay.delivery import send_to
from store.errors import StoreError
from store.serve.following import Follower
from store.serve.remote import UnreachableError
from store.serve.tokens import remove_token
from tests.store.serve.serving import assay, free_port, recorded, steps_of, wait_until
from tests.store.serve.test_delivering import script


@pytest.fixture
def following(monkeypatch, tmp_path):
    """Starts to follow a run; what is told, and how to end it."""
    monkeypatch.setattr("store.serve.following.POLL_SECONDS", 0.02)
    monkeypatch.setattr("store.serve.following.LAST_PATIENCE", 0.1)
    ended, threads = threading.Event(), []

    class Following:
        def __init__(self, folder):
            self.told, self.raised = [], None
            self._follower = Follower(folder, self.told.append)
            threads.append(threading.Thread(target=self._run))
            threads[-1].start()

        def _run(self):
            try:
                self._follower.follow(ended)
            except StoreError as error:
                self.raised = error

        def end(self):
            ended.set()
            threads[-1].join(60)
            return self.raised

    yield Following
    ended.set()
    for thread in threads:
        thread.join(60)


@pytest.fixture
def sent(monkeypatch, served, tmp_path):
    """A run of three steps that goes to the server, and whose token is in the environment."""
    monkeypatch.setenv("ASSAY_TOKEN", served.token("inbox", "gpu"))
    folder = recorded(tmp_path / "trainer", "demo", 3)
    send_to(folder, served.address)
    return folder


def taken_elsewhere(served, tmp_path):
    """The server has another run called demo."""
    recorded(tmp_path / "other", "demo", 1)
    other = {"folder": tmp_path / "other", "ASSAY_TOKEN": served.token("inbox", "other")}
    assert assay("deliver", "demo", "--to", served.address, **other).returncode == 0


def test_a_refusal_is_told_once_however_often_it_is_heard(monkeypatch, served, sent, following, tmp_path):
    monkeypatch.setattr("store.serve.following.REFUSED_PAUSE", 0.05)
    taken_elsewhere(served, tmp_path)
    one = following(sent)
    wait_until(lambda: one.told)
    passes: list[int] = []
    monkeypatch.setattr("store.serve.following.find_token", lambda: passes.append(1) or "assay-inbox-none")
    wait_until(lambda: len(one.told) == 2 and len(passes) > 30)
    taken = (
        "the server has another run called demo; nothing of this one was sent: give it a name of its own with "
        "`assay deliver demo --as NAME`"
    )
    wrong = f"{served.address} does not know the token in ASSAY_TOKEN; ask whoever runs the server for another"
    assert one.told == [f"run demo is not delivered: {taken}", f"run demo is not delivered: {wrong}"]
    assert str(one.end()) == wrong


def test_another_name_that_is_given_beside_it_is_followed_at_once(served, sent, following, tmp_path, monkeypatch):
    taken_elsewhere(served, tmp_path)
    one = following(sent)
    wait_until(lambda: one.told)
    send_to(sent, served.address, "demo-2")
    wait_until(lambda: steps_of(served.store, "demo-2") == [1, 2, 3])
    assert one.end() is None
    assert one.told[1:] == ["run demo is delivered again"]
    assert steps_of(served.store, "demo") == [1]


def test_a_name_that_is_given_as_soon_as_the_refusal_is_told_is_not_waited_for(monkeypatch, served, sent, tmp_path):
    monkeypatch.setattr("store.serve.following.REFUSED_PAUSE", 600.0)
    taken_elsewhere(served, tmp_path)
    ended = threading.Event()
    follower = Follower(sent, lambda said: "not delivered" in said and send_to(sent, served.address, "demo-2"))
    thread = threading.Thread(target=follower.follow, args=(ended,))
    thread.start()
    try:
        wait_until(lambda: steps_of(served.store, "demo-2") == [1, 2, 3])
    finally:
        ended.set()
        thread.join(60)


def test_a_run_that_was_refused_and_is_removed_here_is_not_told_as_delivered(
    monkeypatch, served, sent, following, tmp_path
):
    taken_elsewhere(served, tmp_path)
    one = following(sent)
    wait_until(lambda: one.told)
    real, passes = Follower._deliver, []
    monkeypatch.setattr(Follower, "_deliver", lambda self: passes.append(sent.is_dir()) or real(self))
    sent.rename(tmp_path / "removed")
    wait_until(lambda: passes.count(False) > 3)
    assert one.end() is None
    assert [sentence.partition(":")[0] for sentence in one.told] == ["run demo is not delivered"]


def test_a_token_that_is_taken_back_is_told_and_one_in_its_place_is_used(
    monkeypatch, served, sent, following, tmp_path
):
    token = tmp_path / "token"
    monkeypatch.delenv("ASSAY_TOKEN")
    monkeypatch.setenv("ASSAY_TOKEN_FILE", str(token))
    remove_token(served.store, "gpu")
    token.write_text(served.token("inbox", "gpu"))
    token.chmod(0o600)
    one = following(sent)
    wait_until(lambda: steps_of(served.store, "demo") == [1, 2, 3])
    remove_token(served.store, "gpu")
    with next((sent / "spool").iterdir()).open("ab") as spool:
        spool.write(b'{"k":"step","t":1,"b":1,"s":4,"v":{"loss":1}}\n')
    wait_until(lambda: one.told)
    assert "does not know the token in ASSAY_TOKEN" in one.told[0]
    token.write_text(served.token("inbox", "gpu"))
    wait_until(lambda: steps_of(served.store, "demo") == [1, 2, 3, 4])
    assert one.end() is None
    assert one.told[1:] == ["run demo is delivered again"]


def test_the_script_and_the_log_say_what_is_refused_while_it_runs(served, tmp_path):
    (tmp_path / "trainer" / "runs").mkdir(parents=True)
    done = script(tmp_path / "trainer", served.address, 5000, 0.02, ASSAY_TOKEN=served.token("inbox", "gpu"))
    try:
        wait_until(lambda: steps_of(served.store, "live"))
        remove_token(served.store, "gpu")
        log = tmp_path / "trainer" / "runs" / "live" / "delivery.log"
        wait_until(lambda: "run live is not delivered" in log.read_text())
        assert done.poll() is None
        time.sleep(0.2)
    finally:
        done.kill()
        said = done.communicate(timeout=60)[1]
    # What was under way as it was taken back is answered by the server itself.
    either = (f"{served.address} does not know the token in ASSAY_TOKEN", "the token was taken back")
    told = [f"run live is not delivered: {wrong}; ask whoever runs the server for another" for wrong in either]
    assert said in [f"assay: {one}\n" for one in told]
    assert log.read_text().splitlines()[0].partition(" UTC ")[2] in told


def test_a_note_that_is_damaged_while_it_follows_is_told(served, sent, following):
    one = following(sent)
    wait_until(lambda: steps_of(served.store, "demo") == [1, 2, 3])
    note = (sent / "delivery.json").read_text()
    (sent / "delivery.json").write_text("")
    wait_until(lambda: one.told)
    assert "delivery.json is damaged" in one.told[0]
    (sent / "delivery.json").write_text(note)
    wait_until(lambda: len(one.told) == 2)
    assert one.end() is None


def test_a_server_that_is_away_is_told_at_the_end_alone(monkeypatch, sent, following):
    send_to(sent, f"quack://127.0.0.1:{free_port()}")
    monkeypatch.setattr("store.serve.following.PAUSES", (0.01,))
    one = following(sent)
    assert isinstance(one.end(), UnreachableError)
    assert one.told == []
