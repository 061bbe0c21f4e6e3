"""Files in an encoding that training refuses."""

from collections.abc import Mapping, Sequence

from evals.data.finding import Finding, found
from evals.data.row import DataRow

__all__ = ["encoding"]


def encoding(rows: Sequence[DataRow], encodings: Mapping[str, str]) -> list[Finding]:
    """Rows in files that are not UTF-8; `encodings` has each file's."""
    odd = (row for row in rows if encodings[row.file] != "UTF-8")
    return [found("not-utf8", "error", odd, lambda row: f"the file is in {encodings[row.file]}")]
