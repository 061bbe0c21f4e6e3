"""A store that lies elsewhere than when its runs began: what they name in its old folder is looked up in the new one.

Configurations and manifests name models and data by absolute paths, and sealed folders cannot be written again. So a
restored store remembers where it lay before, and whoever reads such a path asks here.
"""

import json
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, cast

from store.errors import StoreError

__all__ = ["MARKER", "found_again", "roots_before", "write_marker"]

MARKER = ".restored.json"
"""File in a store's root that says where the store lay before."""


def found_again(text: str, near: Path) -> str:
    """A path as it is found today: below the store's present folder where it lay below an old one and is there.

    `near` is the file or folder that names it; a store is looked for above it. Anything else comes back as it is. The
    part behind `.json:` is a data set's name. Raises StoreError where the marker is damaged.
    """
    if not PurePath(text).is_absolute():
        return text
    root = next((folder for folder in (near, *near.parents) if (folder / MARKER).is_file()), None)
    if root is None:
        return text
    for old in roots_before(root):
        if PurePath(text).is_relative_to(old):
            here = str(root / PurePath(text).relative_to(old))
            if Path(here.rpartition(":")[0] if ".json:" in here else here).exists():
                return here
    return text


def roots_before(root: Path) -> list[str]:
    """Folders that a store lay in before this one, the newest first. Raises StoreError where the marker is damaged."""
    marker = root / MARKER
    if not marker.is_file():
        return []
    try:
        found: Any = json.loads(marker.read_text(encoding="utf-8"))
        before: Any = cast("dict[str, Any]", found)["from"]
        return [str(folder) for folder in cast("list[Any]", before)]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{marker} is damaged, which says where this store lay before; restore it again") from error


def write_marker(root: Path, before: Sequence[str], backup: str) -> None:
    """Say where a store lay before, and from which backup it came (its digest). Raises OSError."""
    told = {"from": list(before), "backup": backup}
    (root / MARKER).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
