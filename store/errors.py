"""What can be wrong with a store, each with the sentence a person gets."""

from assay.errors import AssayError

__all__ = [
    "NotServedError", "StoreBusyError", "StoreDamagedError", "StoreError", "StoreMissingError", "StoreVersionError",
]  # fmt: skip


class StoreError(AssayError):
    """The store cannot be used as it is."""


class StoreMissingError(StoreError):
    """There is no store yet."""


class NotServedError(StoreError):
    """A server has the store, and does not give this part of it to tokens."""


class StoreBusyError(StoreError):
    """Someone else holds the store for longer than we wait."""


class StoreVersionError(StoreError):
    """The store's schema is older or newer than this program's."""


class StoreDamagedError(StoreError):
    """DuckDB cannot read the file."""
