"""A loader that goes on knows how far it got, and finds out where somebody else got further."""

import pytest

from assay.spool import encode
from store.database import Store
from store.loading import SpoolLoader


@pytest.fixture
def store(tmp_path):
    made = Store.at(tmp_path / "assay.duckdb")
    made.create()
    return made


def steps(store, *numbers, run="r"):
    """Log steps into the spool of a run."""
    path = store.root / run / "spool" / "0-20260101T000000.000000Z-aa.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = [] if path.exists() else [{"k": "open", "t": 1, "format": 1}]
    lines = [{"k": "step", "t": 10.0, "b": 1, "s": number, "v": {"loss": float(number)}} for number in numbers]
    with path.open("ab") as file:
        file.write(b"".join(map(encode, [*begun, *lines])))


def losses(store):
    return [row["value"] for row in store.rows("SELECT value FROM metric ORDER BY value")]


@pytest.fixture
def looks(monkeypatch):
    """A list that grows with each reading of the store."""
    found, real = [], Store.snapshot
    monkeypatch.setattr(Store, "snapshot", lambda *args, **options: found.append(1) or real(*args, **options))
    return found


def test_how_far_it_got_is_read_once_while_it_alone_loads(store, looks):
    loader = SpoolLoader(store)
    for number in range(1, 6):
        steps(store, number)
        loader.load()
    assert len(looks) == 1
    assert losses(store) == [1, 2, 3, 4, 5]


def test_a_new_file_is_asked_for(store, looks):
    loader = SpoolLoader(store)
    steps(store, 1)
    loader.load()
    steps(store, 2, run="another")
    loader.load()
    assert len(looks) == 2
    assert losses(store) == [1, 2]


def test_what_another_loader_has_put_meanwhile_is_not_put_again_and_the_rest_is(store):
    one, other = SpoolLoader(store), SpoolLoader(store)
    for number in range(1, 9):
        steps(store, number)
        (one, other)[number % 3 == 0].load()
    assert losses(store) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_store_filled_anew_behind_its_back_gets_all_lines(store):
    loader = SpoolLoader(store)
    steps(store, 1, 2)
    loader.load()
    store.transaction(
        lambda transaction: [transaction.execute(f"DELETE FROM {name}") for name in ("metric", "spool_offset")]
    )
    steps(store, 3)
    loader.load()
    assert losses(store) == [1, 2, 3]
