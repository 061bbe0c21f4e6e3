"""What anyone's script imports: record a run with the standard library alone."""

from assay.errors import AssayError
from assay.recording import Run, run
from assay.version import VERSION

__version__ = VERSION

__all__ = ["AssayError", "Run", "__version__", "run"]
