"""Where the store is: `--store`, else `ASSAY_STORE`, else the nearest `runs/` upward."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from assay.errors import AssayError

__all__ = ["DATABASE_NAME", "StoreLocation", "locate_store"]

DATABASE_NAME = "assay.duckdb"

_ELSEWHERE = "name another place with --store or ASSAY_STORE"


class StoreLocation(NamedTuple):
    """A store's two places on disk."""

    root: Path
    """The folder that holds one folder a run."""

    database: Path
    """The DuckDB file of all runs."""


def locate_store(named: str | os.PathLike[str] | None = None) -> StoreLocation:
    """Find the store without touching it; neither place has to exist yet.

    `named` and the variable `ASSAY_STORE` may be a database file or a folder holding one. Raises
    AssayError for a place that cannot be one or that this user may not look into.
    """
    given = named or os.environ.get("ASSAY_STORE")
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
