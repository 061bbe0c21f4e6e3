"""Reading a loss chart of 500,000 values, against trackio and TensorBoard, and of 10 million alone.

    python -m bench.loss_chart [--values 500000] [--large 10000000] [--times 5] [--json FILE]

Every tracker gets the same series, with 20 spikes of one step each at random steps, in its own
storage, and is asked for what its own dashboard would draw:

- Assay: `store.series.bucketed`, 1,000 buckets, which is what the Curves page calls;
- trackio: `SQLiteStorage.get_logs` with 3,000 points, which is what its server calls;
- TensorBoard: `EventAccumulator` with its default size guidance (10,000 points), and the data
  server (Rust, 1,000 points) that its command starts where it is installed, until the last step
  can be read. Both read the file anew each time, as on opening the page; a data server that
  already runs answers from memory afterwards, which the column `again` shows.

A spike counts as visible where a returned point at its step, or for Assay the maximum of its
bucket, is as high as a spike. The store of `one of 20 metrics` holds 20 values a step in the
order they were logged, so that the one series lies between 19 others.
"""

# ruff: noqa: PLC0415 - a peer is imported in the process that measures it, and only there

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

import assay
from bench.common import Report, offline, parser, quantile, seconds_of, temp_folder
from store.database import Statement, Store, Transaction
from store.loading import load_spools
from store.series import bucketed
from store.spans import Touched, open_spans, put_spans

SEED = 20261123
SPIKES = 20
HEIGHT = 9.0
BEGAN = datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001 - naive UTC, as the store keeps it
CHUNK = 1_000_000
SETTLE_SECONDS = 5.0

Points: TypeAlias = list[tuple[int, int, float]]
"""First step, last step and highest value of each point."""


class Series(NamedTuple):
    """A loss curve with spikes in it."""

    values: np.ndarray[Any, np.dtype[np.float64]]
    spikes: list[int]


class Source(NamedTuple):
    """One tracker's storage with the series in it."""

    read: Callable[[], Any]
    """What is timed: reads the chart from storage."""

    points: Callable[[Any], Points]
    """What `read` gave, as points that a chart would draw."""


def main() -> None:
    """Fill every storage, read each, print the tables."""
    made = parser(__doc__ or "", peers=True)
    made.add_argument("--values", type=int, default=500_000, help="values beside the peers (%(default)s)")
    made.add_argument("--large", type=int, default=10_000_000, help="values of Assay alone; 0: leave out (%(default)s)")
    made.add_argument("--times", type=int, default=5, help="how often each is read (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    with temp_folder() as folder:
        _beside_peers(report, Path(folder), arguments.values, arguments.times)
        if arguments.large:
            _alone(report, Path(folder), arguments.large, arguments.times)
    report.finish()


def _beside_peers(report: Report, folder: Path, count: int, times: int) -> None:
    series = _series(count)
    with _served_forever(_event_file(folder / "events", series)) as warm:
        sources = {
            "Assay": _assay_source(_fill_assay(folder / "one", series)),
            "trackio": _trackio(folder / "trackio", series),
            "TensorBoard, EventAccumulator": _accumulator(folder / "events"),
            "TensorBoard, data server": _data_server(folder / "events", count),
            "  the same, already running": Source(warm, list),
        }
        seconds: dict[str, list[float]] = {name: [] for name in sources}
        for _ in range(times):
            for name, source in sources.items():
                seconds[name] += seconds_of(source.read, 1)
        found = {name: _seen(source.points(source.read()), series.spikes) for name, source in sources.items()}
    mine = quantile(seconds["Assay"], 0.5)
    rows = [_row(name, seconds[name], mine, *found[name]) for name in sources]
    report.table(f"One loss series of {count:,} values, read {times} times in turn", rows)
    for row in rows[1:4]:
        times_faster = row["p50 / Assay's"]
        report.target(f"times faster than {row['tracker']}", ">= 10", times_faster, met=times_faster >= 10)
    _spike_target(report, count, found["Assay"][1])


def _row(name: str, seconds: list[float], mine: float, points: int, seen: int) -> dict[str, Any]:
    return {
        "tracker": name,
        "p50 ms": quantile(seconds, 0.5) * 1e3,
        "max ms": max(seconds) * 1e3,
        "points": points,
        "spikes seen": f"{seen}/{SPIKES}",
        "p50 / Assay's": quantile(seconds, 0.5) / mine,
    }


def _alone(report: Report, folder: Path, count: int, times: int) -> None:
    series = _series(count)
    few = Series(series.values[: count // 20], [step for step in series.spikes if step < count // 20])
    kinds = {f"one series of {count:,}": (series, 1), f"one of 20 metrics of {count // 20:,}": (few, 20)}
    rows: list[dict[str, Any]] = []
    for name, (planted, metrics) in kinds.items():
        store = _fill_assay(folder / str(metrics), planted, metrics)
        seconds = seconds_of(lambda store=store: bucketed(store, 1, ["loss"]), times)
        points = bucketed(store, 1, ["loss"]).points
        seen = _seen(_assay_points(points), planted.spikes)[1]
        rows.append(
            {
                "store": name,
                "first ms": seconds[0] * 1e3,
                "p50 ms": quantile(seconds, 0.5) * 1e3,
                "max ms": max(seconds) * 1e3,
                "points": points.num_rows,
                "payload KB": _payload(points) / 1e3,
                "spikes seen": f"{seen}/{len(planted.spikes)}",
                "file MB": store.path.stat().st_size / 1e6,
            }
        )
    report.table(f"Assay alone, {count:,} values in the store, read {times} times", rows)
    report.target(f"p50 of {count:,} values, ms", "<= 100", rows[0]["p50 ms"], met=rows[0]["p50 ms"] <= 100)
    largest = max(row["payload KB"] for row in rows)
    report.target("Arrow payload of the points, KB", "<= 60", largest, met=largest <= 60)
    _spike_target(report, count, int(rows[0]["spikes seen"].split("/")[0]))


def _payload(points: pa.Table) -> int:
    """Bytes of a table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, points.schema) as stream:
        stream.write_table(points)
    return sink.getvalue().size


def _spike_target(report: Report, count: int, seen: int) -> None:
    report.target(f"one-step spikes seen, {count:,} values", f"{SPIKES} of {SPIKES}", seen, met=seen == SPIKES)


def _series(count: int) -> Series:
    random = np.random.default_rng(SEED)
    values = 1.5 + 1.5 * np.exp(-np.arange(count) / (count / 5)) + random.normal(0, 0.05, count)
    spikes = sorted(int(step) for step in random.choice(count, SPIKES, replace=False))
    values[spikes] += HEIGHT
    return Series(values, spikes)


def _seen(points: Points, spikes: list[int]) -> tuple[int, int]:
    """How many points there are, and how many spikes lie in a point as high as a spike."""
    covered = {step for first, last, value in points if value > HEIGHT for step in spikes if first <= step <= last}
    return len(points), len(covered)


def _fill_assay(folder: Path, series: Series, metrics: int = 1) -> Store:
    print(f"writing {len(series.values) * metrics:,} values for Assay", file=sys.stderr)
    with assay.run("bench", store=folder):
        pass
    store = Store.at(folder / "assay.duckdb")
    load_spools(store)
    names = ["loss", *(f"other_{number}" for number in range(1, metrics))]
    store.transaction(lambda tx: tx.insert("metric_name", pa.table({"id": range(1, metrics + 1), "name": names})))
    for begin in range(0, len(series.values), CHUNK // metrics):
        table = _metric_rows(series.values[begin : begin + CHUNK // metrics], begin, metrics)
        store.transaction(lambda tx, table=table: _put(tx, table))
    store.transact([Statement("UPDATE run SET first_step = 0, last_step = $last", {"last": len(series.values) - 1})])
    return store


def _put(transaction: Transaction, table: pa.Table) -> None:
    """What loading does with the values of a spool."""
    transaction.insert("metric", table)
    touched = Touched()
    touched.add(*(table[name].to_pylist() for name in ("branch", "metric_id", "step")))
    put_spans(transaction, 1, touched, open_spans(transaction, 1))


def _metric_rows(values: np.ndarray[Any, Any], begin: int, metrics: int) -> pa.Table:
    steps = np.repeat(np.arange(begin, begin + len(values)), metrics)
    times = np.datetime64(BEGAN, "us") + steps * np.timedelta64(50, "ms")
    return pa.table(
        {
            "run_id": pa.array(np.ones(len(steps), np.int32)),
            "branch": pa.array(np.ones(len(steps), np.int32)),
            "metric_id": pa.array(np.tile(np.arange(1, metrics + 1, dtype=np.int32), len(values))),
            "step": pa.array(steps),
            "value": pa.array(np.repeat(values, metrics)),
            "time": pa.array(times),
        }
    )


def _assay_source(store: Store) -> Source:
    return Source(lambda: bucketed(store, 1, ["loss"]).points, _assay_points)


def _assay_points(points: pa.Table) -> Points:
    return list(zip(*(points[name].to_pylist() for name in ("step", "step_last", "max")), strict=True))


def _trackio(folder: Path, series: Series) -> Source:

    os.environ.update(offline(TRACKIO_DIR=str(folder)))
    from trackio.sqlite_storage import SQLiteStorage

    print("writing them for trackio", file=sys.stderr)
    for begin in range(0, len(series.values), 50_000):
        values = series.values[begin : begin + 50_000].tolist()
        steps = list(range(begin, begin + len(values)))
        stamps = [(BEGAN.replace(tzinfo=UTC) + timedelta(milliseconds=50 * step)).isoformat() for step in steps]
        SQLiteStorage.bulk_log("bench", "bench", [{"loss": value} for value in values], steps, stamps)

    def read() -> list[dict[str, Any]]:
        return SQLiteStorage.get_logs("bench", "bench", max_points=3000)

    return Source(read, lambda rows: [(row["step"], row["step"], row["loss"]) for row in rows])


def _event_file(folder: Path, series: Series) -> Path:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    print("writing them for TensorBoard", file=sys.stderr)
    writer = EventFileWriter(str(folder), max_queue_size=1000)
    began = BEGAN.replace(tzinfo=UTC).timestamp()
    for step, value in enumerate(series.values.tolist()):
        summary = Summary(value=[Summary.Value(tag="loss", simple_value=value)])
        writer.add_event(Event(wall_time=began + 0.05 * step, step=step, summary=summary))
    writer.close()
    return folder


def _accumulator(folder: Path) -> Source:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def read() -> list[Any]:
        accumulator = EventAccumulator(str(folder))
        accumulator.Reload()
        return accumulator.Scalars("loss")

    return Source(read, lambda events: [(event.step, event.step, event.value) for event in events])


def _data_server(folder: Path, count: int) -> Source:
    def read() -> Points:
        with _served(folder) as points_now:
            return _until_whole(points_now, count)

    return Source(read, list)


@contextmanager
def _served_forever(folder: Path) -> Iterator[Callable[[], Points]]:
    """A data server that has already loaded everything."""
    with _served(folder) as points_now:
        time.sleep(SETTLE_SECONDS)
        yield points_now


def _until_whole(points_now: Callable[[], Points], count: int) -> Points:
    while not (points := points_now()) or points[-1][0] < count - 1:
        time.sleep(0.002)
    return points


@contextmanager
def _served(folder: Path) -> Iterator[Callable[[], Points]]:
    """TensorBoard's data server on a folder, and how to read the loss from it."""
    import grpc
    from tensorboard.context import RequestContext
    from tensorboard.data.grpc_provider import GrpcDataProvider, make_stub
    from tensorboard.data.server_ingester import get_server_binary

    port_file = folder.parent / "port"
    port_file.unlink(missing_ok=True)
    command = [get_server_binary().path, f"--logdir={folder}", "--reload=once", "--port=0", f"--port-file={port_file}"]
    with subprocess.Popen([*command, "--die-after-stdin"], stdin=subprocess.PIPE) as server:
        while not port_file.exists() or not port_file.read_text(encoding="utf-8").endswith("\n"):
            time.sleep(0.001)
        address = f"localhost:{int(port_file.read_text(encoding='utf-8'))}"
        with grpc.insecure_channel(address) as channel:
            provider = GrpcDataProvider(address, make_stub(channel))

            def read() -> Points:
                runs = provider.read_scalars(RequestContext(), experiment_id="", plugin_name="scalars", downsample=1000)
                return [
                    (datum.step, datum.step, datum.value) for tags in runs.values() for datum in tags.get("loss", ())
                ]

            yield read
        server.terminate()


if __name__ == "__main__":
    main()
