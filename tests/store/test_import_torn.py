"""A file of JSON lines whose program died while it wrote."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from assay.cli import main
from tests.watched import line, logged


@pytest.fixture(autouse=True)
def exits(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` ends with `sys.exit`; 0 is no news for a test."""
    real = sys.exit
    monkeypatch.setattr(sys, "exit", lambda status=0: real(status) if status else None)


def reported(root: Path, capsys: pytest.CaptureFixture[str], log: Path) -> dict[str, Any]:
    capsys.readouterr()
    main(["import", str(log), "--store", str(root), "--json"])
    [report] = json.loads(capsys.readouterr().out)["runs"]
    return report


def test_lines_that_end_half_written_are_read_as_far_as_they_are_whole_and_that_is_said(root, tmp_path, capsys):
    log = logged(tmp_path / "out", line(10, 2.5) + line(20, 2.25))
    whole = log.read_text()
    log.write_text(whole[:-9] + " ")
    report = reported(root, capsys, log)
    left = len(whole.splitlines()[-1]) - 8
    said = f"{log.name} ends half-written: its last {left} bytes are no whole record"
    assert (report["points"], report["left"]) == (1, [said])
    log.write_text(whole.removesuffix("\n"))
    report = reported(root, capsys, log)
    assert (report["new_points"], report["points"], report["left"]) == (1, 2, [])
