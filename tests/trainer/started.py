"""A process of its own, without the seconds that each takes to load torch: forked from one that has.

done = run("train", job, "--store", store.path)             what subprocess.run gives for `python -m assay train …`
running = start("train", job); running.send_signal(signal.SIGINT); out, err = running.communicate()
done = run(job, code=TEXT)                                  the same for `python -c TEXT job`
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from signal import Signals
from typing import Any

import torch

from assay.cli import main
from tests.trainer.parallel.launched import CONTEXT, _no_main

TIMEOUT = 120.0


class Started:
    """What is used here of subprocess.Popen."""

    def __init__(self, process: Any, folder: Path) -> None:
        self.process, self.folder = process, folder

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def send_signal(self, number: Signals) -> None:
        os.kill(self.process.pid, number)

    def communicate(self, timeout: float = TIMEOUT) -> tuple[str, str]:
        self.process.join(timeout)
        is_late = self.returncode is None
        if is_late:
            self.process.kill()
        with self:
            out, err = ((self.folder / name).read_text() for name in ("out", "err"))
        assert not is_late, f"still running: {out} {err}"
        return out, err


def start(
    *arguments: object, code: str | None = None, text: str = "", cwd: Path | None = None,
    before: Callable[[], None] | None = None,
) -> Started:  # fmt: skip
    """Start `assay` with arguments, or `code`; `text` is what it reads, `before` is called in it first."""
    folder = Path(tempfile.mkdtemp())
    (folder / "in").write_text(text)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    given = (folder, cwd or Path.cwd(), environment, [str(item) for item in arguments], code, before)
    process = CONTEXT.Process(target=_begin, args=given)
    with _no_main():
        process.start()
    return Started(process, folder)


def run(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Start it and wait for its end."""
    done = start(*arguments, **options)
    out, err = done.communicate()
    return subprocess.CompletedProcess(arguments, done.returncode or 0, out, err)


def _begin(
    folder: Path, cwd: Path, environment: dict[str, str], arguments: list[str], code: str | None,
    before: Callable[[], None] | None,
) -> None:  # fmt: skip
    for number, (name, mode) in enumerate((("in", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))):
        os.dup2(os.open(folder / name, mode | os.O_CREAT), number)
    sys.stdin = os.fdopen(0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    torch.set_num_threads(1)
    if before:
        before()
    try:
        if code is None:
            sys.argv = ["assay", *arguments]
            main()
        else:
            sys.argv = ["-c", *arguments]
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    finally:
        # Which multiprocessing leaves out.
        atexit._run_exitfuncs()
