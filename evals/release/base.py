"""The model that a released adapter stands on: whether it is there, and whether it is the one it was trained on."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.gate.proposals import Proposal
from evals.release.errors import RefusedError
from store.model_digest import file_sha256, model_sha256
from store.moved import found_again

__all__ = ["base_folder", "base_missing", "known_sha256", "needs_base", "require_base"]

CONFIG = "config.json"


def needs_base(proposal: Proposal) -> bool:
    """Whether what was released cannot run without another model's files."""
    return not proposal.merged and bool(proposal.digests.get("adapter"))


def base_folder(root: Path, proposal: Proposal) -> Path:
    """Where that model is: a checkpoint of this store, else the folder that training read it from."""
    here = proposal.data.get("base_checkpoint")
    known: Mapping[str, Any] = proposal.data.get("base") or {}
    return root / here if here else Path(found_again(str(known.get("path") or ""), root)).expanduser()


def base_missing(root: Path, proposal: Proposal) -> str:
    """Why the model cannot be used as far as a glance tells; empty where it can, or is not needed."""
    if not needs_base(proposal):
        return ""
    folder = base_folder(root, proposal)
    if not proposal.digests.get("base"):
        return f"the digest of its base {folder} was never known, so nobody can tell whether it is the same"
    if not (folder / CONFIG).is_file() or not any(folder.glob("*.safetensors")):
        return f"its base is gone from {folder}; put it back"
    return ""


def require_base(root: Path, proposal: Proposal, *, digest: Callable[[Path], str] = file_sha256) -> None:
    """Read every byte of the model. Raises RefusedError where it is gone, cannot be read, or is another one.

    `digest` is as in `store.model_digest`: what only looks takes `known_sha256`, which reads a file once.
    """
    missing = base_missing(root, proposal)
    if missing:
        raise RefusedError(missing)
    if not needs_base(proposal):
        return
    folder = base_folder(root, proposal)
    try:
        found = model_sha256(folder, digest=digest)
    except OSError as error:
        raise RefusedError(f"its base in {folder} cannot be read: {error.strerror}") from error
    if found != proposal.digests["base"]:
        raise RefusedError(f"its base in {folder} is not the one it was trained on; put that one back")


def known_sha256(path: Path) -> str:
    """SHA-256 of a file, remembered in this process for as long as the file stays as it is. Raises OSError."""
    status = path.stat()
    return _sha256(path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache(maxsize=1024)
def _sha256(path: Path, *_: int) -> str:
    return file_sha256(path)
