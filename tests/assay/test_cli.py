"""The command line's last line of defence: a sentence where there is nothing left to write to."""

import subprocess
import sys
from pathlib import Path

import pytest

import assay
from assay.cli import main
from store.database import Store
from store.loading import load_spools

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full, which refuses every write")
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_answer_that_cannot_be_written_is_one_sentence(root, more):
    with assay.run("r", store=root) as run:
        run.log(1, loss=1.0)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    command = [sys.executable, "-P", "-m", "assay", "runs", "ls", *more, "--store", str(store.path)]
    with FULL.open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "assay: cannot write: No space left on device; make room there\n")


def test_an_argument_that_is_no_text_is_refused_before_any_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["gate", "check", "\udcff@1", "--json"])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert printed.err == "assay: ?@1 is no UTF-8 text; write it so, or rename the file\n"
