"""Whether the system ends this process before it has taken the machine's memory, as a unit's MemoryMax= has it."""

from pathlib import Path

__all__ = ["NO_CEILING", "has_ceiling"]

NO_CEILING = (
    "No limit of memory is set for this process, and one question can take all there is; start it with one "
    "(docs/serve.md, Memory)"
)

CGROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def has_ceiling() -> bool | None:
    """Whether Linux limits what this process and those beside it may use; None where that cannot be known."""
    try:
        line = next(line for line in OWN.read_text(encoding="utf-8").splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    place = CGROUPS / line.removeprefix("0::").strip("/")
    found = [limit for folder in (place, *place.parents) if (limit := _limit(folder)) is not None]
    return any(limit != "max" for limit in found) if found else None


def _limit(folder: Path) -> str | None:
    try:
        return (folder / "memory.max").read_text(encoding="utf-8").strip()
    except OSError:
        return None
