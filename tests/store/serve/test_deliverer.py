"""One run's delivery, to a receiver in this process: what is sent where some of it is refused, or cannot be read."""

from pathlib import Path

import pytest

from assay.delivery import DELIVERY_NAME, send_to
from store.errors import StoreError
from store.serve.delivering import Deliverer, destination_of
from store.serve.receiving import Delivery, Receiver
from store.serve.remote import RefusedError
from store.serve.wire import unpack

SPOOLS = tuple(f"{rank}-20261130T100000.000000Z-0123abcd.jsonl" for rank in range(3))


class Near:
    """A service without a network."""

    def __init__(self, store, kind="inbox"):
        self._receiver, self._kind = Receiver(store), kind
        self.put: list[str] = []

    def hello(self):
        return {"kind": self._kind, "name": "gpu"}

    def told(self, verb, fields, body=""):
        try:
            if verb == "offsets":
                return {"offsets": self._receiver.offsets("gpu", fields["run"], fields["origin"])}
            self.put.append(fields["file"])
            delivery = Delivery(fields["run"], fields["origin"], fields["file"], fields["from"])
            data = unpack(body, fields["to"] - fields["from"])
            return {"offset": self._receiver.take("gpu", delivery, data)}
        except StoreError as error:
            raise RefusedError(str(error)) from error


@pytest.fixture
def folder(tmp_path) -> Path:
    """A run of three spools, of which the server takes the second alone."""
    made = tmp_path / "trainer" / "demo"
    (made / "spool").mkdir(parents=True)
    for name, text in zip(SPOOLS, (b"x" * 200 + b"\n", b"mine\n", b"y" * 300 + b"\n"), strict=True):
        (made / "spool" / name).write_bytes(text)
    send_to(made, "quack://near:1")
    return made


@pytest.fixture
def near(store, monkeypatch):
    monkeypatch.setattr("store.serve.receiving.LONGEST_LINE", 100)
    return Near(store)


def test_a_spool_that_is_refused_keeps_no_later_one_here(store, folder, near):
    deliverer = Deliverer(folder, destination_of(folder), near)
    for sent in (5, 0):
        before = deliverer.sent
        # What is said is said of the first one.
        with pytest.raises(RefusedError, match=rf"^a line of {SPOOLS[0]} in run demo is longer than the "):
            deliverer.deliver()
        assert deliverer.sent - before == sent
    assert (store.root / "demo" / "spool" / SPOOLS[1]).read_bytes() == b"mine\n"
    assert near.put == [*SPOOLS, SPOOLS[0], SPOOLS[2]]


def test_a_server_that_refuses_the_run_is_sent_none_of_it(store, folder):
    reader = Near(store, kind="read")
    with pytest.raises(RefusedError, match="the token gpu reads runs and delivers none"):
        Deliverer(folder, destination_of(folder), reader).deliver()
    assert reader.put == []


def test_a_disk_that_does_not_say_which_file_it_cannot_read_is_one_sentence_with_the_file(folder, near, monkeypatch):
    destination, real = destination_of(folder), Path.open

    def failing(path, *rest, **more):
        if folder in (path, *path.parents):
            raise OSError(5, "Input/output error")
        return real(path, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", failing)
        with pytest.raises(StoreError) as raised:
            Deliverer(folder, destination, near).deliver()
    place = folder / "spool" / SPOOLS[0]
    assert str(raised.value) == f"cannot read {place}: Input/output error; mend that, and try again"
    monkeypatch.setattr("store.serve.delivering.read_note", failing)
    with pytest.raises(StoreError) as raised:
        destination_of(folder)
    place = folder / DELIVERY_NAME
    assert str(raised.value) == f"cannot read {place}: Input/output error; mend that, and try again"
