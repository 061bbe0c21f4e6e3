"""Watchers that are killed, stopped, or two at once: every point is recorded once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.spool import encode, read_spool
from store.database import Store
from store.readers import find_source
from store.watch_run import hold_run
from store.watching import Recording
from tests.watched import line, logged, rows_in_store, shown, values, watch_once

REPO = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def exits(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` ends with `sys.exit`; 0 is no news for a test."""
    real = sys.exit
    monkeypatch.setattr(sys, "exit", lambda status=0: real(status) if status else None)


@pytest.mark.parametrize("cut", range(14))
def test_killed_between_any_two_lines_the_next_watch_completes_the_record(root, tmp_path, cut):
    """Every prefix of the spool is a moment at which the watcher may die; a torn line follows it."""
    source = tmp_path / "a"
    logged(source, "".join(line(step, step / 7) for step in (10, 20, 30, 20, 30, 10, 40)))
    watch_once(root, source)
    expected = values(root, "a")
    [spool] = (root / "a" / "spool").iterdir()
    lines = read_spool(spool).lines
    assert [item["k"] for item in lines[:4]] == ["open", "run", "status", "step"]
    assert len(lines) == 14
    other = tmp_path / "other"
    (other / "a" / "spool").mkdir(parents=True)
    (other / "a" / "watch.lock").touch()
    torn = encode(lines[cut])[:-9]
    (other / "a" / "spool" / spool.name).write_bytes(b"".join(map(encode, lines[:cut])) + torn)
    watch_once(other, source)
    assert values(other, "a") == expected
    assert [(row["branch"], row["fork_step"]) for row in shown(other, "a")["branches"]] == [(1, -1), (2, 19), (3, 9)]
    assert rows_in_store(other)[0]["runs"] == 1
    before = rows_in_store(other)
    watch_once(other, source)
    assert rows_in_store(other) == before


def test_killed_again_and_again_it_neither_doubles_nor_loses_a_point(root, tmp_path):
    steps = [*range(3000), *range(2000, 4000), *range(3500, 6000)]
    logged(tmp_path / "a", "step,loss\n" + "".join(f"{step},{n / 8}\n" for n, step in enumerate(steps)), "log.csv")
    command = [
        sys.executable,
        "-P",
        "-m",
        "assay",
        "watch",
        str(tmp_path / "a"),
        "--store",
        str(root),
        "--every",
        "0.05",
    ]
    chance = random.Random(4)
    for _ in range(4):
        watcher = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        seen = points_in_spools(root)
        while points_in_spools(root) <= seen and watcher.poll() is None and seen < len(steps):
            time.sleep(0.002)
        time.sleep(chance.random() / 20)
        watcher.kill()
        watcher.wait()
    watch_once(root, tmp_path / "a")
    expected = [(1 + (n >= 3000) + (n >= 5000), step, n / 8) for n, step in enumerate(steps)]
    assert values(root, "a") == expected


def points_in_spools(root: Path) -> int:
    return sum(path.read_bytes().count(b'"at"') for path in root.glob("*/spool/*.jsonl"))


def test_two_watchers_of_one_source_are_refused(root, tmp_path, capsys):
    logged(tmp_path / "a", line(10, 2.5))
    found = find_source(tmp_path / "a")
    with hold_run(root, tmp_path / "a", found, None) as folder:
        recording = Recording(folder, tmp_path / "a", found)
        recording.take()
        with pytest.raises(SystemExit) as stopped:
            watch_once(root, tmp_path / "a")
        recording.close("paused")
    said = capsys.readouterr()
    assert stopped.value.code == 2
    assert said.out == ""
    assert said.err.endswith(
        f"assay: {tmp_path / 'a'} is being watched or imported already, as run a; end that first, or wait for it\n"
    )
    watch_once(root, tmp_path / "a")
    assert values(root, "a") == [(1, 10, 2.5)]


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal_it_leaves_with_0_and_the_run_is_in_the_store(root, tmp_path, word):
    logged(tmp_path / "a", line(1, 2.5) + line(2, 2.0))
    command = [sys.executable, "-P", "-m", "assay", "watch", str(tmp_path / "a"), "--store", str(root), "--json"]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPO)
    deadline = time.monotonic() + 60
    while points_in_spools(root) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(watcher.pid, word)
    out, err = watcher.communicate(timeout=60)
    assert watcher.returncode == 0, err
    report = json.loads(out)
    assert (report["status"], report["new_points"], report["step"]) == ("paused", 2, 2)
    rows = Store.at(root / "assay.duckdb").rows("SELECT name, status, last_step FROM run")
    assert rows == [{"name": "a", "status": "paused", "last_step": 2}]
