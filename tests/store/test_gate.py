"""Who gets in first inside a process."""

import threading
import time

import pytest

from store.errors import StoreBusyError
from store.gate import Gate


def until(holds) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_writers_go_in_the_order_in_which_they_came():
    gate, went = Gate(), []

    def write(number: int) -> None:
        with gate.writing(20):
            went.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    with gate.writing(20):
        for number, thread in enumerate(threads, start=1):
            thread.start()
            until(lambda number=number: len(gate._waiting_writers) == number)
    for thread in threads:
        thread.join()
    assert went == list(range(12))


def test_a_writer_that_gives_up_lets_the_next_one_in():
    gate, went = Gate(), threading.Event()

    def give_up() -> None:
        with pytest.raises(StoreBusyError), gate.writing(0.05):
            pass

    def write() -> None:
        with gate.writing(20):
            went.set()

    first, second = threading.Thread(target=give_up), threading.Thread(target=write)
    with gate.reading(20):
        first.start()
        until(lambda: len(gate._waiting_writers) == 1)
        second.start()
        first.join()
        assert not went.is_set()
    second.join()
    assert went.is_set()
