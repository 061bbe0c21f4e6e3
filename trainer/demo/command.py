"""`assay demo`: the dashboard first, then a small model made from nothing and trained before one's eyes."""

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import click

from assay.errors import AssayError
from assay.locate import DATABASE_NAME, locate_store
from store.commands.common import notes, open_store, store_option
from store.database import Store
from trainer.demo.allocator import keep_freed_memory

__all__ = ["demo"]

PORT = 8501

_DESK = {"triage": "with general data mixed in", "triage only": "without"}


@click.command()
@click.option(
    "--no-serve", is_flag=True, help="Without a dashboard: a made-up panel judges, the story goes to its end."
)
@click.option("--port", type=click.IntRange(0, 65535), help=f"Port of the dashboard. Default: {PORT}, or a free one.")
@click.option("--steps", type=click.IntRange(1), help="Steps of the base; the others have fewer. Default: 1300.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True, help="Decides all that is random.")
@store_option
def demo(*, no_serve: bool, port: int | None, steps: int | None, seed: int, store: str | None) -> int:
    """Show the whole story on this machine."""
    place = _demo_store(store)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_terminated_like_interrupted())
        child = None if no_serve else stack.enter_context(_dashboard(place, _port(port)))
        story = _story()
        if child is not None and child.poll() is not None:
            return child.returncode  # it has said why it could not start
        told = story.tell(place, steps=steps or story.STEPS, seed=seed, say=notes.print, to_its_end=no_serve)
        for run in told.runs:
            click.echo(f"run {run.name} is in {run.folder}")
        if not told.marks:
            return 130
        _print_marks(told.marks)
        _print_ends(told.ends)
        for line in told.lines:
            click.echo(line)
        if told.review is not None and child is not None:
            click.echo(f"blind review {told.review} is open: judge fifteen pairs on page Review, as Dr Wang")
        if child is None:
            click.echo(f"next: assay dash --store {place.path}")
            return 0
        return _serve_until_ended(child)


def _print_marks(marks: dict[str, Any]) -> None:
    click.echo("answered rightly        facts mixed in   other facts   department of new complaints")
    for stage, found in marks.items():
        click.echo(f"{stage:<22}{found.facts_a:>16.0%}{found.facts_b:>14.0%}{found.department:>31.0%}")
    said = [f"{_points(*found.lost)} {how}" for name, how in _DESK.items() if (found := marks[name]).lost]
    if said:
        click.echo(f"of the other facts fine-tuning lost {', '.join(said)}")


def _points(lost: float, low: float, high: float) -> str:
    """A loss of points with its interval.

    >>> _points(-0.0, -0.0167, 0.0169)
    '0.0 points (-1.7 to 1.7)'
    """
    return f"{100 * lost:z.1f} points ({100 * low:z.1f} to {100 * high:z.1f})"


def _print_ends(ends: dict[str, float | None]) -> None:
    with_guard, without = (f"{ends[mode]:.2f}" if ends[mode] is not None else "none" for mode in ("act", "watch"))
    click.echo(
        f"a learning rate too high and four broken rows: validation loss {with_guard} with the guard, {without} without"
    )


def _demo_store(named: str | None) -> Store:
    """The demo's own store: nothing that was made for show is ever mixed with real runs."""
    place = Store.at(locate_store().root / "demo" / DATABASE_NAME) if named is None else open_store(named)
    place.create(demo=True)
    if not place.rows("SELECT demo FROM meta")[0]["demo"]:
        raise AssayError(f"{place.path} holds real runs; name another place for the demo with --store, or leave it out")
    return place


def _story() -> Any:
    """The part that needs torch, which takes seconds to load: the dashboard starts meanwhile."""
    # One core is left to the dashboard: two threads that wait for each other are slower than one.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    keep_freed_memory()
    notes.print("Making a model of a million parameters and training it here; nothing is fetched.")
    return importlib.import_module("trainer.demo.story")


@contextlib.contextmanager
def _dashboard(place: Store, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The dashboard as a process, which prints its address and ends with us."""
    command = [sys.executable, "-P", "-m", "assay", "dash", "--store", str(place.path), "--port", str(port)]
    # In a session of its own, Ctrl-C reaches us alone and we end it in our order; the pipe ends it where we cannot.
    child = subprocess.Popen(
        [*command, "--until-stdin-ends"], stdout=sys.stderr.fileno(), stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _serve_until_ended(child: "subprocess.Popen[bytes]") -> int:
    if child.poll() is None:
        notes.print("The dashboard stays open. Ctrl-C ends it.")
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 0


def _port(wanted: int | None) -> int:
    """The port to take; 0 for any free one. Raises AssayError where the one asked for is in use."""
    port = PORT if wanted is None else wanted
    if _is_free(port):
        return port
    if wanted is None:
        notes.print(f"Port {PORT} is in use; the dashboard takes another.")
        return 0
    raise AssayError(f"port {port} is in use; choose another with --port, or 0 for any free one")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
