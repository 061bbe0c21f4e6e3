"""`assay user key`: keys that people sign with, and the server's."""

from pathlib import Path
from typing import Any

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.table import Table
from rich.text import Text

from store.access import Actor
from store.commands.common import console, json_option, notes, open_store, print_json, store_option
from store.commands.passphrase import passphrase_for
from store.database import Store
from store.errors import StoreError
from store.keys import (
    key_id,
    list_keys,
    make_private,
    read_public,
    register_key,
    retire_key,
    server_public,
    write_public,
)
from store.users import account, find_user

__all__ = ["key"]

file_argument = click.Path(path_type=Path, dir_okay=False)


@click.group()
def key() -> None:
    """Keys that people sign approvals with, and the server's own."""


@key.command("make")
@click.argument("name")
@click.option(
    "--out", type=file_argument, required=True, metavar="FILE", help="Where the key goes; FILE.pub beside it."
)
@store_option
@json_option
def make_command(name: str, out: Path, store: str | None, as_json: bool) -> None:
    """Make a key for NAME, and register its public half.

    FILE is encrypted with a passphrase, which is asked for twice, or taken from ASSAY_KEY_PASSPHRASE. Keep it where
    nobody but its owner reads, outside the store's folder.
    """
    opened = open_store(store)
    # Before anything is asked or written.
    opened.snapshot(lambda snapshot: find_user(snapshot, name))
    public = _made(opened, name, out)
    document = {"key": public, "user": name, "file": str(out), "public": str(_beside(out))}
    _done(as_json, document, f"{out} is the key {public[:12]} of {name}, and {_beside(out)} its public half")


@key.command("add")
@click.argument("name")
@click.argument("file", type=file_argument)
@store_option
@json_option
def add_command(name: str, file: Path, store: str | None, as_json: bool) -> None:
    """Register the public key in FILE for NAME; it was made elsewhere (Ed25519, PEM)."""
    public = register_key(open_store(store), _actor(), name, read_public(file))
    _done(as_json, {"key": public, "user": name}, f"the key {public[:12]} is registered for {name}")


@key.command("ls")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List the keys whose signatures this store takes, and those retired."""
    rows = list_keys(open_store(store), _actor())
    if as_json:
        print_json(rows)
    elif not rows:
        notes.print("no keys yet: the server's is made when it first signs, a person's by assay user key make")
    else:
        console.print(_table(rows))


@key.command("retire")
@click.argument("key_id")
@store_option
@json_option
def retire_command(key_id: str, store: str | None, as_json: bool) -> None:
    """End the key KEY_ID; what it signed before stands. The first 8 characters will do."""
    public = retire_key(open_store(store), _actor(), key_id)
    _done(as_json, {"key": public, "retired": True}, f"the key {public[:12]} signs nothing here any more")


@key.command("server")
@click.option("--out", type=file_argument, required=True, metavar="FILE.pub", help="Where the public key goes.")
@store_option
@json_option
def server_command(out: Path, store: str | None, as_json: bool) -> None:
    """Write the server's public key, to be handed to whoever verifies releases and the audit log."""
    opened = open_store(store)
    public = server_public(opened, _actor())
    write_public(out, public)
    document = {"key": key_id(public), "file": str(out)}
    _done(as_json, document, f"{out} is the public key {key_id(public)[:12]} of the server of {opened.path}")


def _made(store: Store, name: str, out: Path) -> str:
    """Make both files and register the key; what was made is taken away again where that fails."""
    public: Ed25519PublicKey = make_private(out, passphrase_for(out, new=True), store.root).public_key()
    written = [out]
    try:
        write_public(_beside(out), public)
        written.append(_beside(out))
        return register_key(store, _actor(), name, public)
    except StoreError:
        for file in written:
            file.unlink(missing_ok=True)
        raise


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.pub")


def _actor() -> Actor:
    return Actor("command", None, account())


def _done(as_json: bool, document: dict[str, Any], sentence: str) -> None:
    if as_json:
        print_json(document)
    else:
        notes.print(sentence)


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("key", "of", "since", "state", "registered by"):
        table.add_column(title, overflow="fold")
    for row in rows:
        owner = "the server" if row["user_id"] is None else row["name"] or f"user:{row['user_id']}"
        state = "counts" if row["retired"] is None else f"retired {row['retired']:%Y-%m-%d}"
        table.add_row(
            row["key_id"][:12], Text(owner), f"{row['created']:%Y-%m-%d}", state, Text(row["created_by"])
        )  # fmt: skip
    return table
