"""What a release says no with."""

from assay.errors import AssayError

__all__ = ["BrokenError", "RefusedError", "ReleaseError"]


class ReleaseError(AssayError):
    """Something asked of releases that cannot be: no such version, no such moment."""


class RefusedError(AssayError):
    """The answer is no, and the sentence says why; commands end with 1."""


class BrokenError(RefusedError):
    """A release is not what was released; the sentence names the first thing that does not hold."""
