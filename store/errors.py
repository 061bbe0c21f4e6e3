"""What can be wrong with a store, each with the sentence a person gets."""

from assay.errors import AssayError

__all__ = ["StoreBusyError", "StoreDamagedError", "StoreError", "StoreMissingError", "StoreVersionError"]


class StoreError(AssayError):
    """The store cannot be used as it is."""


class StoreMissingError(StoreError):
    """There is no store yet."""


class StoreBusyError(StoreError):
    """Someone else holds the store for longer than we wait."""


class StoreVersionError(StoreError):
    """The store's schema is older or newer than this program's."""


class StoreDamagedError(StoreError):
    """DuckDB cannot read the file."""
