"""Where the store is: `--store`, else `ASSAY_STORE`, else the nearest `runs/` upward."""

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["DATABASE_NAME", "StoreLocation", "locate_store"]

DATABASE_NAME = "assay.duckdb"


class StoreLocation(NamedTuple):
    """A store's two places on disk."""

    root: Path
    """The folder that holds one folder a run."""

    database: Path
    """The DuckDB file of all runs."""


def locate_store(named: str | os.PathLike[str] | None = None) -> StoreLocation:
    """Find the store without touching it; neither place has to exist yet.

    `named` and the variable `ASSAY_STORE` may be a database file or a folder holding one.
    """
    given = named or os.environ.get("ASSAY_STORE")
    if given:
        return _from_path(Path(given).expanduser().absolute())
    return _in_folder(_nearest_runs(Path.cwd()))


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
