"""Refuse a store where it could not be kept: on a network filesystem, or under a name that DuckDB cannot use."""

import os
from pathlib import Path

import psutil

from store.errors import StoreError

__all__ = ["refuse_network", "refuse_place"]

NETWORK_TYPES = frozenset(
    [
        "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre",
        "gpfs", "beegfs", "davfs", "wekafs", "panfs", "orangefs", "pvfs2", "vboxsf", "prl_fs", "juicefs",
    ]
)  # fmt: skip

LOCAL_FUSE = frozenset(["fuse.encfs", "fuse.gocryptfs", "fuse.mergerfs", "fuse.fuse-overlayfs", "fuse.portal"])
"""Filesystems of user programs that lie on a local disk; all others are taken for remote ones."""


def refuse_place(path: Path) -> None:
    """Raise StoreError where a store cannot lie at `path`: for its name, or as `refuse_network` says."""
    _refuse_name(path)
    refuse_network(path)


def _refuse_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise StoreError(f"the store {shown} has a name that is not UTF-8; name another with --store") from error
    if "?" in str(path):
        # DuckDB takes what follows for options, as in an address, and looks for the file's log before it.
        raise StoreError(f"the store {path} has a question mark in its name or a folder's; name another with --store")


def refuse_network(path: Path) -> None:
    """Raise StoreError where `path` lies on a network filesystem, unless ASSAY_NETWORK_STORE is 1."""
    if os.environ.get("ASSAY_NETWORK_STORE") == "1":
        return
    kind = _filesystem_of(path)
    if kind in NETWORK_TYPES or (kind.startswith("fuse.") and kind not in LOCAL_FUSE):
        raise StoreError(
            f"the store {path} would lie on a network filesystem ({kind}), where file locks cannot be trusted; "
            "name a local place with --store, or set ASSAY_NETWORK_STORE=1 where only one machine uses it"
        )


def _filesystem_of(path: Path) -> str:
    mounts = {Path(part.mountpoint): part.fstype.lower() for part in psutil.disk_partitions(all=True)}
    for folder in (path, *path.parents):
        if folder in mounts:
            return mounts[folder]
    return ""
