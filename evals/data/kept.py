"""Results of checks that were made for a page: a file each, named by the digests of what was checked.

    key = key_of(["60dc4f90…", "37576832…"], {}, 512, ["91ab02c7…"])
    keep(store.root, key, result)       the file `runs/.checks/<key>.json`, whole or not at all
    find(store.root, key)               the same later, in any process

Like the results of evaluations they can be made again: nothing names them.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

__all__ = ["FOLDER", "digest_of", "find", "keep", "key_of"]

FOLDER = ".checks"
"""Folder beside the runs; no run is called so."""

FORMAT = 2
"""Raised where a check comes to say something else of the same rows."""


def key_of(
    digests: Sequence[str], columns: Mapping[str, str], max_length: int | None, beside: Sequence[str] = ()
) -> str:
    """What decides a result: the files' digests in their order, the names of their columns, the longest row, and the
    digests of what is used `beside` them: a tokenizer, suites.

    >>> key_of(["a", "b"], {}, None) == key_of(["b", "a"], {}, None)
    False
    """
    said = json.dumps([FORMAT, list(digests), sorted(columns.items()), max_length, list(beside)])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def digest_of(file: Path) -> str:
    """SHA-256 of a file's bytes. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def keep(root: Path, key: str, result: Mapping[str, Any]) -> None:
    """Write a result; an older one of the same key is replaced. Raises OSError."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f".{key}.{os.getpid()}"
    try:
        with new.open("w", encoding="utf-8", errors="replace") as file:
            json.dump(dict(result), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / f"{key}.json")
    finally:
        new.unlink(missing_ok=True)


def find(root: Path, key: str) -> dict[str, Any] | None:
    """The result of this key; None where there is none, or where its file is damaged."""
    try:
        found: Any = json.loads((root / FOLDER / f"{key}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) and "findings" in found else None
