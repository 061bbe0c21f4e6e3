"""Where the store is: `--store`, else `ASSAY_STORE`, else the nearest `runs/` upward."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from assay.errors import AssayError

__all__ = ["DATABASE_NAME", "StoreLocation", "locate_store", "server_address"]

DATABASE_NAME = "assay.duckdb"

PORT = 9494
"""Where `assay serve` listens by itself."""

_ADDRESS = re.compile(r"quack:/{0,2}(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?/?")

_ELSEWHERE = "name another place with --store or ASSAY_STORE"


class StoreLocation(NamedTuple):
    """A store's two places on disk."""

    root: Path
    """The folder that holds one folder a run."""

    database: Path
    """The DuckDB file of all runs; of a server, its address as a path."""

    server: str = ""
    """Address of the server that has the store (`quack://host:port`), where one was named; what is recorded lies below
    `root` all the same, and is delivered from there."""


def locate_store(named: str | os.PathLike[str] | None = None) -> StoreLocation:
    """Find the store without touching it; neither place has to exist yet.

    `named` and the variable `ASSAY_STORE` may be a database file, a folder holding one, or the address of a server.
    Raises AssayError for a place that cannot be one or that this user may not look into.
    """
    given = named or os.environ.get("ASSAY_STORE")
    if given and (server := server_address(given)):
        return StoreLocation(_nearest_runs(_current_folder()), Path(server), server)
    start = _current_folder() if given is None or not Path(given).is_absolute() else None
    said = "the store" if given is None else f"the store {str(given)!r}"
    try:
        found = _from_path(Path(given).expanduser().absolute()) if given else _in_folder(_nearest_runs(start or Path()))
        with suppress(FileNotFoundError, NotADirectoryError):
            found.database.stat()
    except OSError as error:
        raise AssayError(f"{said} cannot be used: {error.strerror}; {_ELSEWHERE}") from error
    except (RuntimeError, ValueError) as error:
        raise AssayError(f"{said} cannot be used: {error}; {_ELSEWHERE}") from error
    return found


def server_address(named: str | os.PathLike[str]) -> str:
    """Address of a server as it is written, `quack://host:port`; empty for what names a place on disk.

    A path to one is taken too, which has one slash less. Raises AssayError for an address that cannot be one.

    >>> server_address("quack:/127.0.0.1:9494"), server_address("runs/assay.duckdb")
    ('quack://127.0.0.1:9494', '')
    """
    text = os.fspath(named)
    if not text.startswith("quack:"):
        return ""
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"] or 1) < 65536:
        raise AssayError(f"{text} is no address of a server; write it like quack://127.0.0.1:9494")
    return f"quack://{found['host'].lower()}:{found['port'] or PORT}"


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise AssayError(f"the current folder cannot be used ({error.strerror}); go to another one") from error


def _from_path(path: Path) -> StoreLocation:
    if path.is_file() or (path.suffix == ".duckdb" and not path.is_dir()):
        return StoreLocation(path.parent, path)
    return _in_folder(path)


def _in_folder(folder: Path) -> StoreLocation:
    return StoreLocation(folder, folder / DATABASE_NAME)


def _nearest_runs(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / "runs").is_dir():
            return folder / "runs"
    return start / "runs"
