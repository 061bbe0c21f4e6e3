"""Each process says what it has written of a checkpoint, and none waits for another while it trains."""

import subprocess
import sys

import pytest
from torch.distributed import HashStore

from trainer.adapters import written
from trainer.adapters.written import Written, files_of, lacking


@pytest.fixture
def part(tmp_path):
    """Writes a file of one process, which says so."""
    store = HashStore()

    def write(rank, name, size=2):
        (tmp_path / name).write_text("part")
        return Written(store, "step-4", rank, size, tmp_path)

    return write


def test_what_all_see_is_known_once_all_have_written(part):
    other = part(1, "second").tell_beside()
    first = part(0, "first")
    assert first.everywhere() == [{"first": 4, "second": 4}] * 2
    other.join(30)
    assert not other.is_alive()


def test_who_has_not_written_in_time_is_named(part, monkeypatch):
    monkeypatch.setattr(written, "LIMIT_SECONDS", 0.0)
    part(1, "second", size=3)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - what it says is compared whole
        part(0, "first", size=3).everywhere()
    assert caught.value.strerror == (
        "process 2 has not saved it within 0 seconds; let every process of the host set should_save at the same step"
    )


def test_where_the_training_has_failed_nobody_is_waited_for_long(part, monkeypatch):
    monkeypatch.setattr(written, "LAST_SECONDS", 0.1)
    part(1, "second", size=3)
    first = part(0, "first", size=3)
    first.give_up()
    with pytest.raises(OSError) as caught:  # noqa: PT011 - what it says is compared whole
        first.everywhere()
    assert caught.value.strerror == "process 2 had not saved it when the training failed"


RAISES = """
import pathlib, sys
from torch.distributed import HashStore
from trainer.adapters import written
from trainer.adapters.sealing import Sealer
from trainer.state import TrainState

written.LIMIT_SECONDS = 3600.0
here = pathlib.Path(sys.argv[1])
(here / "checkpoint-4").mkdir()
(here / "checkpoint-4" / "model").write_text("weights")
first = written.Written(HashStore(), "step-4", 0, 2, here / "checkpoint-4")

def everywhere():
    try:
        return first.everywhere()
    except OSError as error:
        print(error.strerror)
        raise

Sealer(here / "run", dict).take(here / "checkpoint-4", 1, TrainState(4), "", {}, everywhere)
raise SystemExit("the host's own error")
"""


def test_a_host_that_raises_without_a_word_is_not_kept_from_ending(tmp_path):
    ended = subprocess.run([sys.executable, "-c", RAISES, tmp_path], capture_output=True, text=True, timeout=60)
    assert ended.stderr == "the host's own error\n"
    assert ended.stdout == "process 1 had not saved it when the training failed\n"
    assert not any((tmp_path / "run" / "checkpoints").iterdir())


def test_a_store_that_is_gone_is_said(part, monkeypatch):
    first = part(0, "first", size=1)

    def gone(*_):
        raise RuntimeError("Connection reset by peer")

    monkeypatch.setattr(written, "await_keys", gone)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - what it says is compared whole
        first.everywhere()
    assert caught.value.strerror == (
        "the processes of the host cannot be asked what they have written: Connection reset by peer"
    )


def test_what_one_process_sees_and_the_first_one_does_not_is_named(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "part").write_text("[1, 2]")
    found = files_of(tmp_path)
    assert found == {"inner/part": 6}
    assert lacking([found, found]) is None
    assert lacking([{**found, "more": 1}, found]) is None
    assert lacking([found, {"inner/part": 7}]).startswith("process 1 has written inner/part, which process 0 does not")
