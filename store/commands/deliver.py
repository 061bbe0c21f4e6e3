"""`assay deliver`: bring what was recorded for a server to it."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click

from assay.delivery import send_to
from assay.errors import AssayError
from assay.locate import locate_store, server_address
from assay.recording import is_run_name
from store.clock import utc_now
from store.commands.common import console, json_option, notes, print_json, store_option
from store.errors import StoreError
from store.serve.delivering import Deliverer, Destination, check_taken, destination_of, destined, spools_of
from store.serve.following import Follower
from store.serve.remote import Service, UnreachableError, find_token

__all__ = ["deliver"]


class Result(NamedTuple):
    """What came of one run."""

    run: str
    """Its name here."""

    server: str
    """Where it goes."""

    sent: int
    """Bytes that were missing there and are not any more."""

    waits: int
    """Bytes that are still missing."""

    problem: str | None
    """Why, in one sentence."""

    refused: bool = False
    """Whether that is no matter of waiting."""


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--to", metavar="quack://HOST:PORT", help="Server of the named runs, from now on.")
@click.option("--as", "name", metavar="NAME", help="What the named run is to be called there.")
@store_option
@json_option
@click.option("--check", metavar="SERVER", hidden=True, help="Only ask whether a server takes deliveries from here.")
@click.option("--until-stdin-ends", "follow", metavar="DIR", hidden=True, help="Follow the run of a folder.")
def deliver(
    runs: tuple[str, ...], to: str | None, name: str | None, *, store: str | None, as_json: bool, check: str | None,
    follow: str | None,
) -> int:  # fmt: skip
    """Bring what was recorded for a server to it.

    Without a RUN: all of them that go to one. Exit 1 where something waits because the server does not answer now, 2
    where it refuses a run; the others are delivered all the same.
    """
    if check is not None:
        return _check(check)
    if follow is not None:
        return _follow(Path(follow))
    server = _address(to) if to else None
    root = locate_store(store).root
    folders = _folders(root, runs, server, name)
    found = [_delivered(folder, server, name) for folder in folders]
    if as_json:
        print_json({"runs": [result._asdict() for result in found]})
    else:
        _say(found, root)
    refused = [str(result.problem) for result in found if result.refused]
    for problem in refused[:-1]:
        notes.print(f"assay: {problem}", markup=False)
    if refused:
        raise StoreError(refused[-1])
    return int(any(result.problem for result in found))


def _check(server: str) -> int:
    try:
        check_taken(_address(server), find_token())
    except UnreachableError as error:
        notes.print(f"assay: {error}; steps wait here, and are delivered when it does")
        return 1
    return 0


def _follow(folder: Path) -> int:
    ended = threading.Event()

    def wait() -> None:
        # However the script ends, SIGKILL too, the system closes the pipe.
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    Follower(folder, _tell).follow(ended)
    return 0


def _tell(sentence: str) -> None:
    """To the log of the delivery, with the time, and to the script."""
    notes.print(f"{utc_now():%Y-%m-%d %H:%M:%S} UTC {sentence}", markup=False, soft_wrap=True)
    # Not through sys.stdout, which would fail once more when it is closed: the script may be gone.
    with suppress(OSError):
        os.write(1, f"{sentence}\n".encode())


def _address(text: str) -> str:
    address = server_address(text)
    if not address:
        raise AssayError(f"{text} is no address of a server; write it like quack://127.0.0.1:9494")
    return address


def _folders(root: Path, runs: tuple[str, ...], to: str | None, name: str | None) -> list[Path]:
    if name is not None and (len(runs) != 1 or not is_run_name(name)):
        raise AssayError("--as gives one run another name: name the run, and a name that a folder can have")
    if to is not None and not runs:
        raise AssayError("--to says where runs go: name them")
    if not runs:
        return destined(root)
    folders = [root / run for run in runs]
    for folder in folders:
        if not is_run_name(folder.name) or not (folder / "spool").is_dir():
            raise AssayError(
                f"there is no run {folder.name} in {root} that was recorded here; `assay runs ls` lists runs"
            )
    return folders


def _delivered(folder: Path, to: str | None, name: str | None) -> Result:
    sent, known, server = 0, dict[str, int](), to or ""
    problem, refused = None, False
    try:
        destination = _moved(folder, to, name)
        server = destination.server
        deliverer = Deliverer(folder, destination, Service(server, find_token()))
        try:
            deliverer.deliver()
        finally:
            sent, known = deliverer.sent, deliverer.known
    except UnreachableError as error:
        problem = str(error)
    except AssayError as error:
        # What is wrong with one run is no reason to keep the others here.
        problem, refused = str(error), True
    except OSError as error:
        problem, refused = f"cannot use {error.filename or folder}: {error.strerror}; mend that, and try again", True
    waits = sum(max(0, path.stat().st_size - known.get(path.name, 0)) for path in spools_of(folder)) if problem else 0
    return Result(folder.name, server, sent, waits, problem, refused)


def _moved(folder: Path, to: str | None, name: str | None) -> Destination:
    """Where the run goes from now on. Raises AssayError where that is nowhere, or the server would not take it, and
    changes nothing.
    """
    before = destination_of(folder)
    if before is not None:
        wanted = before._replace(server=to or before.server, name=name or before.name)
        if wanted != before:
            # A server that is away cannot be asked, and says it later.
            with suppress(UnreachableError):
                Deliverer(folder, wanted, Service(wanted.server, find_token())).ask()
    server = to or (before.server if before else "")
    if not server:
        raise AssayError(f"run {folder.name} goes to no server yet; name one with --to quack://HOST:PORT")
    send_to(folder, server, name)
    found = destination_of(folder)
    assert found is not None, "it was written just now"
    return found


def _say(found: list[Result], root: Path) -> None:
    if not found:
        console.print(f"no run in {root} goes to a server; `assay deliver RUN --to quack://HOST:PORT` sends one")
    for result in found:
        if result.refused:
            continue
        said = f"{result.run}: {result.sent:,} bytes delivered to {result.server}"
        console.print(said if not result.problem else f"{result.run}: {result.waits:,} bytes wait: {result.problem}")
