"""Campaigns: the files that whoever asks for one may name."""

import stat
from collections.abc import Mapping
from pathlib import Path

from assay.errors import AssayError
from dashboard.language import t

__all__ = ["MOST", "files"]

MOST = {"questions": 50_000_000, "policy": 1_000_000}
"""Largest file of each kind, in bytes."""


def files(fields: Mapping[str, str], root: Path, *, here: bool) -> dict[str, str]:
    """The fields that name files, as they are to be read. Raises AssayError.

    Whoever sits `here` may name any file of this machine; others only those below `root`, the store's folder, and are
    told nothing of what lies elsewhere.
    """
    named = {kind: fields[kind] for kind in MOST if fields.get(kind)}
    found = {kind: Path(given) if here else _inside(given, root) for kind, given in named.items()}
    for kind, path in found.items():
        _check(path, MOST[kind])
    return {kind: str(path) for kind, path in found.items()}


def _inside(given: str, root: Path) -> Path:
    whole = root.resolve()
    try:
        found = (whole / given).resolve()
    except (OSError, RuntimeError, ValueError):
        # A loop of links, or a name that is none.
        found = Path()
    if not found.is_relative_to(whole):
        raise AssayError(t("campaigns.new.outside"))
    return found


def _check(path: Path, most: int) -> None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        # Whoever reads it says so.
        return
    if not stat.S_ISREG(status.st_mode):
        raise AssayError(t("campaigns.new.no_file", path=path))
    if status.st_size > most:
        raise AssayError(t("campaigns.new.large", path=path, most=most // 1_000_000))
