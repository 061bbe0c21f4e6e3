"""What the commands share: the store option, JSON on stdout, tables and progress on stderr."""

import json
import math
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from rich.console import Console

from assay.errors import AssayError
from assay.locate import DATABASE_NAME, locate_store, server_address
from store.database import Store
from store.loading import load_spools
from store.serve.delivering import check_taken
from store.serve.remote import UnreachableError, find_token

__all__ = [
    "console", "json_option", "json_ready", "loaded_store", "notes", "open_store", "print_json", "recording_store",
    "require_new", "store_option", "write_new",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])

notes = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
"""Where logs and progress go."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
"""Where a command's answer for people goes."""


def store_option(command: F) -> F:
    """Add `--store`."""
    return click.option(
        "--store",
        metavar="PATH",
        help="Database file, or the folder holding it. Default: ASSAY_STORE, else the nearest runs/.",
    )(command)


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")(command)


def open_store(named: str | Path | None = None, *, served: bool = False) -> Store:
    """The store a command works on; it need not exist yet.

    Raises AssayError for one on a server, unless the command only reads it (`served`).
    """
    where = locate_store(named)
    if where.server and not served:
        raise AssayError(
            f"{where.server} can be read from here with `assay runs`, `assay db query` and `assay dash`; do this on "
            "the machine that runs `assay serve`"
        )
    return Store.at(where.server or where.database)


def recording_store(named: str | Path | None = None) -> Store:
    """The store a run is recorded in: that of this machine, also where the run goes on to a server.

    Raises StoreError where that server refuses; one that does not answer now is said on stderr.
    """
    where = locate_store(named)
    if not where.server:
        return Store.at(where.database)
    try:
        check_taken(where.server, find_token())
    except UnreachableError as error:
        notes.print(f"{error}; steps wait here, and are delivered when it does")
    store = Store.at(where.root / DATABASE_NAME)
    store.delivers_to = where.server
    return store


def loaded_store(named: str | Path | None = None, *, served: bool = False) -> Store:
    """The store with everything in it that is in the spools by now. Raises StoreError where there
    is none; see `open_store` for one on a server, which loads its spools itself.
    """
    store = open_store(named, served=served)
    if server_address(store.shown):
        return store
    report = load_spools(store)
    if report.damaged:
        notes.print(f"{report.damaged} damaged lines in the spools were skipped; `assay db check` says where")
    for file in report.newer:
        notes.print(f"{file} was written by a newer Assay and is left alone")
    return store


def require_new(out: Path, store: Store) -> None:
    """Raise AssayError where a file to be written is there already, or would lie in the store's folder: what is sealed
    there, or read when it is loaded, would be another.
    """
    if out.expanduser().resolve().is_relative_to(store.root.resolve()):
        raise AssayError(f"{out} lies in the store's folder {store.root}; name a file outside it")
    if out.exists() or out.is_symlink():
        raise AssayError(f"{out} is there already, and nothing is written over; name another file, or move it away")


def write_new(out: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a file that is not there yet, whole or not at all. Raises AssayError."""
    try:
        file = out.open("x", encoding=encoding)
        try:
            with file:
                file.write(text)
        except OSError:
            out.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AssayError(f"cannot write {out}: {error.strerror}; name another file") from error


def print_json(value: Any) -> None:
    """Print one JSON document; non-finite numbers become null with a sibling `nonfinite`, half a character a question
    mark, as it can be in data and not be printed.
    """
    said = json.dumps(json_ready(value), ensure_ascii=False, indent=2)
    click.echo(said.encode("utf-8", "replace").decode())


def json_ready(value: Any) -> Any:
    """Make a value plain JSON.

    A non-finite number in an object is null, and the object's `nonfinite` says which it was: a word
    where there is one such field, else words by field.

    >>> json_ready({"loss": float("nan"), "step": 3})
    {'loss': None, 'step': 3, 'nonfinite': 'nan'}
    """
    if isinstance(value, dict):
        return _object(cast("dict[Any, Any]", value))
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in cast("list[Any]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _object(value: dict[Any, Any]) -> dict[str, Any]:
    ready = {str(key): json_ready(item) for key, item in value.items()}
    odd = {str(key): _word(item) for key, item in value.items() if isinstance(item, float) and not math.isfinite(item)}
    if odd:
        ready["nonfinite"] = next(iter(odd.values())) if len(odd) == 1 else odd
    return ready


def _word(value: float) -> str:
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
