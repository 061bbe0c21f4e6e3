"""Bring what a run records to a server: a process of its own follows the spool, and the script waits for nothing.

A run that goes to a server has a file beside its spool that says where. The spool itself stays here as long as the
run: while the server is away it waits, and `assay deliver` brings what is left.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from assay.flusher import say
from assay.notes import write_note

__all__ = ["DELIVERY_NAME", "Delivery", "check_server", "read_note", "send_to"]

DELIVERY_NAME = "delivery.json"
"""File in a run's folder: to which server it goes, and the random word that tells it from others of its name."""

LOG_NAME = "delivery.log"
"""What the process that delivers has said, in a run's folder."""

PATIENCE_SECONDS = 10.0
"""How long a run's end waits for its last lines to arrive; what is left goes on without it."""

CHECK_SECONDS = 60.0


def send_to(run_folder: Path, server: str, name: str | None = None) -> None:
    """Note that what is recorded in this folder goes to `server`, there under `name`; None leaves the name as it is.

    It stays the same run. Raises OSError, and AssayError where there is a note that cannot be read.
    """
    note = read_note(run_folder) or {"origin": secrets.token_hex(16)}
    fresh = {**note, "server": server, **({} if name is None else {"as": name})}
    if fresh != note:
        write_note(run_folder / DELIVERY_NAME, json.dumps(fresh) + "\n")


def read_note(run_folder: Path) -> dict[str, str] | None:
    """What is noted of a run's delivery: `origin`, `server`, and `as` where it has another name there; None for a run
    that goes nowhere. Raises OSError, and AssayError for a note that is damaged.
    """
    place = run_folder / DELIVERY_NAME
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        return {**found, **{name: str(found[name]) for name in ("origin", "server")}}
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, LookupError) as error:
        # With another origin the server would take it for another run, and all of it again.
        raise AssayError(
            f"{place} is damaged, and the server knows the run by the origin in it; put it back from a copy, or write "
            "it anew with the origin that delivered.json in the run's folder on the server has"
        ) from error


def check_server(server: str) -> None:
    """Ask whether `server` takes what is recorded here. Raises AssayError where it says no.

    One that cannot be reached now is no reason to wait: that is said on stderr.
    """
    try:
        done = subprocess.run(
            _command("--check", server), env=_environment(), capture_output=True, text=True, timeout=CHECK_SECONDS,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        say(f"{server} does not answer; steps wait here, and are delivered when it does")
        return
    line = done.stderr.strip().rpartition("\n")[2]
    said = line.removeprefix("assay: ")
    if done.returncode == 1 and said != line:
        say(said)
    elif done.returncode:
        raise AssayError(said if said != line else f"{server} cannot be used from here: {line or done.returncode}")


class Delivery:
    """The process that delivers one run while it is recorded."""

    def __init__(self, run_folder: Path) -> None:
        """Start it. Raises OSError."""
        self._folder = run_folder
        with (run_folder / LOG_NAME).open("ab") as log:
            # Its own session: Ctrl-C ends the script, and the last lines still go.
            # Without buffers: a forked child that drops one must not wait for the thread that reads it.
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                _command("--until-stdin-ends", str(run_folder)), env=_environment(), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, start_new_session=True, bufsize=0,
            )  # fmt: skip
        self._telling = threading.Thread(target=_tell, args=(self._process,), name="assay-delivery", daemon=True)
        self._telling.start()

    def end(self) -> None:
        """Say that all is written, and give it a while to deliver the rest."""
        process = self._let_go()
        if process is None:
            return
        try:
            status = process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            # It goes on by itself; Python would warn of one that nobody waited for.
            process.returncode = 0
            say(f"the last steps of run {self._folder.name} are still on their way; `assay deliver` says how far")
            return
        self._telling.join(PATIENCE_SECONDS)
        if status:
            say(f"run {self._folder.name} is not all delivered: {self._last_word()}; `assay deliver` brings the rest")

    def abandon(self) -> None:
        """Forget it: in a forked child it is the parent's."""
        process = self._let_go()
        if process is not None:
            process.returncode = 0

    def _let_go(self) -> "subprocess.Popen[bytes] | None":
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        return process

    def _last_word(self) -> str:
        with suppress(OSError):
            text = (self._folder / LOG_NAME).read_text(encoding="utf-8", errors="replace")
            return text.strip().rpartition("\n")[2].removeprefix("assay: ")
        return "its log cannot be read"


def _tell(process: "subprocess.Popen[bytes]") -> None:
    """Say what the server refuses while the run goes on."""
    assert process.stdout is not None, "it was opened as a pipe"
    with process.stdout as lines:
        for line in lines:
            say(line.decode("utf-8", "replace").rstrip("\n"))


def _command(*arguments: str) -> list[str]:
    # Without -P, a file store.py where the script was started would stand in for our package.
    return [sys.executable, "-P", "-m", "assay", "deliver", *arguments]


def _environment() -> dict[str, Any]:
    here = str(Path(__file__).resolve().parents[1])
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{before}" if before else here}
