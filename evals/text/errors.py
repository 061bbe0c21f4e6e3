"""What can be wrong with a data file, said to the person who named it."""

from collections.abc import Collection
from difflib import get_close_matches

from assay.errors import AssayError

__all__ = ["DataError", "hint"]


class DataError(AssayError):
    """A data file is missing, empty, broken or in no format we read."""


def hint(name: str, known: Collection[str]) -> str:
    """What to write instead of a name nobody knows: the nearest known one, else all of them.

    >>> hint("instuction", ("instruction", "output")), hint("x", ("instruction", "output"))
    ('did you mean instruction?', 'known are instruction, output')
    """
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
