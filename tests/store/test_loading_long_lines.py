"""Lines that are longer than a spool's line may be: counted once, left out, and in nobody's way."""

import json

from assay.spool import encode
from store.database import Store
from store.loading import SpoolLoader, load_spools
from store.spool_rows import rows_of
from tests.store.test_loading import spool, step, values


def test_a_line_without_an_end_stops_no_loading_and_is_never_held_in_memory(root, store, monkeypatch):
    monkeypatch.setattr("assay.spool.LONGEST_LINE", 10_000)
    monkeypatch.setattr("store.loading.CHUNK_BYTES", 1000)
    path = spool(root, "mine", step(1, loss=1.0))
    spool(root, "other", step(1, loss=4.0), name="0-20260101T000000.000000Z-bb.jsonl")
    loader, largest = SpoolLoader(store), 0
    real = rows_of

    def measured(lines, *rest):
        nonlocal largest
        largest = max(largest, len(json.dumps(lines)))
        return real(lines, *rest)

    monkeypatch.setattr("store.loading.rows_of", measured)
    for _ in range(30):
        with path.open("ab") as file:
            file.write(b"x" * 1000)
        loader.load()
    with path.open("ab") as file:
        file.write(b"\n" + encode(step(2, loss=2.0)))
    assert loader.load().lines == 1
    assert values(store) == [("mine", 1, 1, 1.0), ("mine", 1, 2, 2.0), ("other", 1, 1, 4.0)]
    assert store.rows("SELECT sum(damaged) AS n FROM spool_offset") == [{"n": 1}]
    assert largest < 1000
    assert store.rows("SELECT \"offset\" FROM spool_offset WHERE file LIKE '%-aa%'") == [
        {"offset": path.stat().st_size}
    ]
    # A second store, which reads it whole, finds the same.
    again = Store.at(root / "again.duckdb")
    assert load_spools(again)[:2] == (5, 1)
