"""Rows of Parquet files, as the Hugging Face hub keeps them; nested columns become lists and dicts."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evals.text.errors import DataError
from evals.text.record import Record

__all__ = ["parquet_rows"]


def parquet_rows(path: Path) -> Iterator[Record]:
    """Read the rows of a Parquet file. Raises DataError for a damaged one, and OSError."""
    number = 0
    with path.open("rb") as raw:
        try:
            for batch in pq.ParquetFile(raw).iter_batches():  # pyright: ignore[reportUnknownMemberType] - the stubs leave its lists open
                for row in batch.to_pylist():
                    number += 1
                    yield Record(f"{path} row {number}", row)
        except (pa.ArrowException, ValueError, OSError) as error:
            # Arrow says with an OSError of no number that bytes make no sense.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise DataError(f"{path} is a damaged Parquet file: {reason}; write or download it again") from error
