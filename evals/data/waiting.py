"""Cleaned rows that wait in a file until it is decided which of them are kept."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from evals.data.alike import Numbers
from evals.data.clean_rows import CleanedRows
from evals.data.marks import Marks

__all__ = ["Waiting"]


class Waiting:
    """Rows of several files; each has a place, from 0, in the order in which they came."""

    def __init__(self, path: Path) -> None:
        """Keep the rows' bytes in a new file."""
        self._path, self._file = path, path.open("wb")
        self._parts: dict[str, list[Numbers]] = {"sizes": [], "rows": [], "changed": [], "forms": [], "files": []}
        self._marks: list[Marks] = []
        self._names: list[str] = []
        self._tasks: dict[str | None, str | None] = {}
        self.tasks: list[str | None] = []
        """The subtask of each row."""

    def add(self, file: str, cleaned: CleanedRows) -> None:
        """Add rows of a file."""
        if not self._names or self._names[-1] != file:
            self._names.append(file)
        self._file.write(cleaned.lines)
        number = np.full(len(cleaned.rows), len(self._names) - 1, np.int32)
        new = {
            "sizes": cleaned.sizes,
            "rows": cleaned.rows,
            "changed": cleaned.changed,
            "forms": cleaned.forms,
            "files": number,
        }
        for name, part in new.items():
            self._parts[name].append(part)
        self._marks.append(cleaned.marks)
        # Equal names are one object, so that a million rows hold a few.
        self.tasks += [self._tasks.setdefault(task, task) for task in cleaned.tasks]

    def __len__(self) -> int:
        return len(self.tasks)

    @property
    def forms(self) -> Numbers:
        """Digest of each row's words."""
        return self._all("forms", np.uint64)

    @property
    def marks(self) -> Marks:
        """What tells each row apart from what is nearly the same."""
        return Marks.joined(self._marks)

    @property
    def changed(self) -> Numbers:
        """What was changed in each row, a bit for each step."""
        return self._all("changed", np.uint8)

    def places(self, chosen: Iterable[int]) -> Iterator[tuple[str, int]]:
        """File and row, from 1, of the rows at these places."""
        files: list[int] = self._all("files", np.int32).tolist()
        rows: list[int] = self._all("rows", np.int64).tolist()
        return ((self._names[files[place]], rows[place]) for place in chosen)

    def lines(self, chosen: Sequence[int]) -> Iterator[bytes]:
        """The rows at these places, in the order in which they are named."""
        self._file.flush()
        sizes = self._all("sizes", np.int64)
        starts = np.cumsum(sizes) - sizes
        with self._path.open("rb") as file:
            for place in chosen:
                file.seek(int(starts[place]))
                yield file.read(int(sizes[place]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _all(self, name: str, kind: type[np.generic]) -> Numbers:
        parts = self._parts[name]
        if len(parts) != 1:
            parts[:] = [np.concatenate(parts) if parts else np.empty(0, kind)]
        return parts[0]
