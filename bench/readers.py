"""What is left of a run after its process was killed, read with each tracker's own reader."""

# ruff: noqa: PLC0415 - a peer is imported in the process that measures it, and only there

import json
import os
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from assay.spool import read_spool
from bench.trackers import PROJECT
from store.database import Store
from store.loading import load_spools, spool_files

__all__ = ["READERS", "Values", "read_spooled", "read_store"]

Values: TypeAlias = Counter[tuple[int, str, float]]
"""How often each (step, name, value) was found."""

_BLOCK = 32 * 1024
_FILE_HEADER = 7
_RECORD_HEADER = 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def read_store(folder: Path) -> Values:
    """Load the spools, twice, and read the store: what Assay shows after a crash."""
    store = Store.at(folder / "assay.duckdb")
    load_spools(store)
    load_spools(store)
    rows = store.read("SELECT step, name, value FROM metric JOIN metric_name ON id = metric_id")
    return Counter(zip(*(rows[column].to_pylist() for column in ("step", "name", "value")), strict=True))


def read_spooled(folder: Path) -> Values:
    """What lies in the spools: the steps that Assay has acknowledged."""
    found: Values = Counter()
    for path in spool_files(folder):
        for line in read_spool(path).lines:
            if line["k"] == "step":
                found.update((line["s"], name, value) for name, value in line["v"].items())
    return found


def _read_tensorboard(folder: Path) -> Values:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    found: Values = Counter()
    for path in folder.glob("*tfevents*"):
        for event in EventFileLoader(str(path)).Load():
            found.update((event.step, value.tag, make_ndarray(value.tensor).item()) for value in event.summary.value)
    return found


def _read_trackio(folder: Path) -> Values:
    os.environ["TRACKIO_DIR"] = str(folder)
    from trackio import sqlite_storage

    # trackio reads the variable once, when it is imported; here each run has a folder of its own.
    sqlite_storage.TRACKIO_DIR = folder
    rows = sqlite_storage.SQLiteStorage.get_logs(PROJECT, "bench", max_points=None)
    return Counter(
        (row["step"], name, value) for row in rows for name, value in row.items() if name not in ("step", "timestamp")
    )


def _read_wandb(folder: Path) -> Values:
    from wandb.proto.wandb_internal_pb2 import Record

    found: Values = Counter()
    for path in folder.glob("wandb/offline-run-*/*.wandb"):
        for data in _wandb_records(path.read_bytes()):
            record = Record()
            record.ParseFromString(data)
            if record.HasField("history"):
                items = {(item.key or "/".join(item.nested_key)): item.value_json for item in record.history.item}
                step = record.history.step.num
                found.update((step, name, json.loads(text)) for name, text in items.items() if not name.startswith("_"))
    return found


def _wandb_records(data: bytes) -> Iterator[bytes]:
    """Whole records of a `.wandb` file: LevelDB's log format after a header of 7 bytes.

    wandb 0.31 has no reader of it in Python any more; the format is that of
    https://github.com/google/leveldb/blob/main/doc/log_format.md with a CRC-32 over type and data.
    """
    position, parts = _FILE_HEADER, b""
    while position + _RECORD_HEADER <= len(data):
        if _BLOCK - position % _BLOCK < _RECORD_HEADER:
            position += _BLOCK - position % _BLOCK
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, position)
        body = data[position + _RECORD_HEADER : position + _RECORD_HEADER + length]
        if len(body) < length or kind not in (_FULL, _FIRST, _MIDDLE, _LAST):
            return
        if zlib.crc32(body, zlib.crc32(bytes([kind]))) != checksum:
            return
        position += _RECORD_HEADER + length
        parts = body if kind in (_FULL, _FIRST) else parts + body
        if kind in (_FULL, _LAST):
            yield parts


READERS: dict[str, Callable[[Path], Values]] = {
    "Assay": read_store,
    "TensorBoard": _read_tensorboard,
    "wandb offline": _read_wandb,
    "trackio": _read_trackio,
}
"""The reader of each tracker."""
