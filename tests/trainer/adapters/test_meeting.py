"""The processes of a host meet before the first step, also where some come late, and say where they cannot."""

import itertools
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
import torch
from torch import distributed
from torch.distributed import HashStore

from trainer.adapters import AssayCallback, callback, others


@pytest.fixture
def rank_of_two(monkeypatch):
    """Makes this process one of two that wait for each other no longer than they must; gives torch's store."""

    def be(rank):
        store = HashStore()
        for name, value in (("is_initialized", True), ("get_rank", rank), ("get_world_size", 2)):
            monkeypatch.setattr(distributed, name, lambda value=value: value)
        monkeypatch.setattr(others, "_store", lambda: store)
        monkeypatch.setattr(others, "_meetings", itertools.count())
        monkeypatch.setattr(others, "Others", lambda *given: given)
        monkeypatch.setattr(others, "MEETING", timedelta(0))
        return store

    return be


def later(store, key, word):
    threading.Timer(0.3, store.compare_set, (key, "", word)).start()


def test_one_that_has_said_early_that_it_comes_is_waited_for(rank_of_two):
    store = rank_of_two(0)
    store.set("assay/here/1", "here")
    later(store, "assay/0/1", "here")
    assert others.meet() == (0, 2, store, "assay/0")


def test_one_that_has_said_nothing_is_not_waited_for(rank_of_two):
    store = rank_of_two(0)
    assert others.meet() is None
    assert (store.get("assay/0/together"), store.get("assay/here/0")) == (b"no", b"here")


@pytest.mark.parametrize(("word", "meets"), [("yes", True), ("no", False)])
def test_where_the_first_one_is_there_the_others_wait_for_its_word(rank_of_two, word, meets):
    store = rank_of_two(1)
    store.set("assay/0/0", "here")
    later(store, "assay/0/together", word)
    assert others.meet() == ((1, 2, store, "assay/0") if meets else None)


def test_who_comes_late_keeps_to_what_was_decided(rank_of_two):
    store = rank_of_two(1)
    store.set("assay/0/together", "no")
    assert others.meet() is None


def test_a_callback_says_that_it_is_there_as_soon_as_its_trainer_is_made(rank_of_two):
    store = rank_of_two(1)
    AssayCallback("r").on_init_end(SimpleNamespace(world_size=2), None, None)
    assert store.get("assay/here/1") == b"here"


def test_processes_that_cannot_be_joined_say_so(monkeypatch, capfd):
    def refused():
        raise RuntimeError("Connection refused")

    monkeypatch.setattr(callback, "meet", refused)
    assert AssayCallback("r")._meet(SimpleNamespace(world_size=2)) == others.ALONE
    assert capfd.readouterr().err == (
        "assay: RuntimeError: Connection refused; the processes of this training are not told what people want\n"
    )


def test_a_group_is_joined_soon_or_not_at_all_and_has_patience_then(monkeypatch):
    distributed.init_process_group("gloo", store=HashStore(), rank=0, world_size=1)
    asked, made = [], distributed.new_group
    monkeypatch.setattr(distributed, "new_group", lambda **given: asked.append(given["timeout"]) or made(**given))
    try:
        found = others.Others(0, 1, HashStore(), "assay/0")
        timeout = found._group._get_backend(torch.device("cpu")).options._timeout
    finally:
        distributed.destroy_process_group()
    assert (asked, timeout) == ([timedelta(seconds=20)], timedelta(minutes=30))
