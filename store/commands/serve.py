"""`assay serve`: serve the store to a team, and say who may use it."""

import signal
import threading
import time
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from assay.errors import AssayError
from store.commands.common import console, json_option, notes, open_store, print_json, store_option
from store.database import Store
from store.serve.ceiling import NO_CEILING, has_ceiling
from store.serve.door import Counts
from store.serve.server import LOOPBACK, Server
from store.serve.tokens import KINDS, Kind, add_token, list_tokens, remove_token

__all__ = ["serve"]

SAID_EVERY = 10.0
"""Seconds between two lines about what arrives, where anything does."""


@click.group(invoke_without_command=True)
@store_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9494,
    show_default=True,
    help="Port to listen on; 0 for any free one.",
)
@click.pass_context
def serve(context: click.Context, store: str | None, host: str, port: int) -> None:
    """Serve the store to a team: trainers deliver runs, others read them with SQL.

    It listens on this machine alone; a proxy in front of it speaks TLS to others (docs/serve.md).
    """
    if context.invoked_subcommand is not None:
        context.obj = store
        return
    if host not in LOOPBACK:
        raise AssayError(
            f"{host} can be reached from other machines, and tokens would pass in the clear; leave --host out, and put "
            "a proxy with TLS in front (docs/serve.md)"
        )
    opened = _local(store)
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ending.set())
    with Server(opened) as server:
        taken = server.start(host, port)
        notes.print(f"Assay serves {opened.path} at quack://{host}:{taken}")
        if has_ceiling() is False:
            notes.print(NO_CEILING, soft_wrap=True)
        if not list_tokens(opened):
            notes.print("Nobody has a token yet: assay serve token add --kind read|inbox --name NAME")
        _watch(server, ending)
        notes.print("Stopping: what has arrived is being loaded.")


def _local(named: str | None) -> Store:
    opened = open_store(named)
    if opened.shown.startswith("quack://"):
        raise AssayError(f"{opened.shown} is served already; name a file or folder with --store")
    return opened


def _watch(server: Server, ending: threading.Event) -> None:
    before, since, problem = server.counts, time.monotonic(), None
    while not ending.wait(0.5):
        if server.problem != problem:
            problem = server.problem
            notes.print(f"What arrived is not loaded: {problem}" if problem else "What arrived is loaded again.")
        if server.counts != before and time.monotonic() - since >= SAID_EVERY:
            notes.print(_said(before, server.counts))
            before, since = server.counts, time.monotonic()
    if server.counts != before:
        notes.print(_said(before, server.counts))


def _said(before: Counts, now: Counts) -> str:
    new = Counts(*(b - a for a, b in zip(before, now, strict=True)))
    refused = f", {new.refused:,} refused" if new.refused else ""
    return f"{new.deliveries:,} deliveries ({new.bytes:,} bytes), {new.questions:,} questions{refused}"


@serve.group()
def token() -> None:
    """Make, list and take back tokens."""


@token.command("add")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="read: ask about runs; inbox: deliver runs.")
@click.option("--name", required=True, metavar="NAME", help="Whose it is; runs belong to the name that delivers them.")
@store_option
@json_option
@click.pass_context
def add_command(context: click.Context, kind: Kind, name: str, *, store: str | None, as_json: bool) -> None:
    """Make a token; it is shown this once, and only its digest is kept."""
    made = add_token(_named(context, store), name, kind)
    if as_json:
        print_json({"name": name, "kind": kind, "token": made})
        return
    notes.print(f"Token of {name}, kind {kind}; it is not shown again. Who uses it puts it in ASSAY_TOKEN:")
    click.echo(made)


@token.command("ls")
@store_option
@json_option
@click.pass_context
def list_command(context: click.Context, *, store: str | None, as_json: bool) -> None:
    """List tokens: whose, of which kind, since when."""
    rows: list[dict[str, Any]] = [
        {"name": token.name, "kind": token.kind, "created": token.created}
        for token in list_tokens(_named(context, store))
    ]
    if as_json:
        print_json({"tokens": rows})
        return
    table = Table("name", "kind", "since (UTC)", box=None, pad_edge=False)
    for row in rows:
        table.add_row(Text(row["name"]), row["kind"], f"{row['created']:%Y-%m-%d %H:%M}")
    console.print(table)


@token.command("rm")
@click.argument("name")
@store_option
@click.pass_context
def remove_command(context: click.Context, name: str, *, store: str | None) -> None:
    """Take a token back; it opens nothing from then on."""
    remove_token(_named(context, store), name)
    click.echo(f"the token of {name} opens nothing any more")


def _named(context: click.Context, store: str | None) -> Store:
    return _local(store or context.obj)
