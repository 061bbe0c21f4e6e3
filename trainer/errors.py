"""What can be wrong before or during training, said to the person who started it."""

from assay.errors import AssayError

__all__ = ["ConfigError", "ModelError", "ResumeError", "TrainingError"]


class ConfigError(AssayError):
    """The configuration names something we do not know, or a value that cannot be meant."""


class ModelError(AssayError):
    """The model cannot be loaded."""


class ResumeError(AssayError):
    """The run cannot go on from where it is."""


class TrainingError(AssayError):
    """Training cannot go on."""
