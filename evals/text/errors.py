"""What can be wrong with a data file, said to the person who named it."""

from assay.errors import AssayError

__all__ = ["DataError"]


class DataError(AssayError):
    """A data file is missing, empty, broken or in no format we read."""
