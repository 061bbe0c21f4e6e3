"""The log of a run, `log.txt` in its folder: what a person saw on stderr while it trained.

An entry begins with its time in UTC; further lines of it are indented:

    2026-03-01T09:30:12Z my-run: step 10 of 60, loss 1.234  5,120 tokens/s
"""

import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from assay.errors import AssayError
from store.run_log import LOG

__all__ = ["RunLog"]

LIMIT_BYTES = 10_000_000
"""A log that is longer gets no more entries but one that says so."""


class RunLog:
    """Appends to the log of one run; as a context it notes how that ended, where it did so by an error."""

    def __init__(self, folder: Path) -> None:
        """Write in `folder`, the run's; it is not made anew where it is removed."""
        self._path = folder / LOG

    def write(self, text: str) -> None:
        """Add an entry. A disk that refuses costs the entry, and nothing is raised."""
        with suppress(OSError), self._path.open("ab") as file:
            if file.tell() >= LIMIT_BYTES:
                return
            file.write(_entry(text))
            if file.tell() >= LIMIT_BYTES:
                file.write(_entry(f"this log has {LIMIT_BYTES / 1e6:g} MB and ends here; the run goes on"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, AssayError):
            self.write(str(error))
        elif isinstance(error, KeyboardInterrupt):
            self.write("stopped by Ctrl-C")
        elif error is not None:
            self.write("".join(traceback.format_exception(error)).rstrip())


def _entry(text: str) -> bytes:
    indented = text.replace("\n", "\n    ")
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {indented}\n".encode("utf-8", "replace")
