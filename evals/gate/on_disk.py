"""Whether a sealed folder is there: its manifest's digest, and the size of every file.

Bytes are hashed when a folder is proposed and when it is released; looking must be quick.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from store.artifacts import MANIFEST, ArtifactError, digest, read_manifest

__all__ = ["folder_state"]


def folder_state(root: Path, path: str, sha256: str, beside: Collection[str] | None = None) -> dict[str, Any]:
    """`state` is whole, gone or changed; `what` says what is changed. `beside` is as in `store.artifacts.verify`."""
    folder = root / path
    if not (folder / MANIFEST).is_file():
        return {"state": "gone", "what": path}
    try:
        if digest(folder) != sha256:
            return {"state": "changed", "what": f"its {MANIFEST} is not the one that was sealed"}
        files = read_manifest(folder)["files"]
    except ArtifactError as error:
        return {"state": "changed", "what": str(error).replace(f"{folder}/", "")}
    for name, sealed in files.items():
        size = (folder / name).stat().st_size if (folder / name).is_file() else None
        if size != sealed.get("bytes"):
            return {"state": "changed", "what": f"{name} is missing" if size is None else f"{name} has another size"}
    present = _names(folder, hidden=beside is not None)
    odd = sorted(present - files.keys() - {MANIFEST} - set(beside or ()))
    return {"state": "changed", "what": f"{odd[0]} was added"} if odd else {"state": "whole", "what": ""}


def _names(folder: Path, *, hidden: bool) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if hidden or not any(part.startswith(".") for part in path.parts)}
