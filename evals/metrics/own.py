"""Metrics of your own: a Python function by its file, or a field found by a pattern."""

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from assay.foreign import Failure, attempt, plain, shown
from evals.metrics.measured import Measured, mean_of
from evals.text.errors import DataError

__all__ = ["OwnFunction", "field_accuracy", "load_function", "own_metric"]

OwnFunction: TypeAlias = Callable[[str, str, dict[str, Any]], Any]
"""`function(prediction, reference, row)` gives a bool, or a number from 0 to 1."""


def load_function(named: str) -> OwnFunction:
    """Load `file.py:function`. Raises DataError where there is no such file or function, or the file fails."""
    file, _, name = named.rpartition(":")
    path = Path(file).expanduser()
    if not name.isidentifier() or path.suffix != ".py":
        raise DataError(f"{named} names no function; write file.py:function")
    if not path.is_file():
        raise DataError(f"{named}: there is no file {path}")
    function = getattr(_module(path), name, None)
    if not callable(function):
        raise DataError(f"{named}: {path} has no function {name}")
    return function


def own_metric(
    named: str, predictions: Sequence[str], references: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> Measured:
    """Score each text with the function `named` as `load_function` takes it; the score is the mean, 0 to 100.

    Raises DataError naming the row (counted from 1) where it raises, or gives no bool and no number from 0 to 1.
    """
    function = load_function(named)
    values = [
        _value(named, number, attempt(function, prediction, reference, dict(row)))
        for number, (prediction, reference, row) in enumerate(zip(predictions, references, rows, strict=True), 1)
    ]
    return mean_of(100 * np.array(values))


def field_accuracy(pattern: str, predictions: Sequence[str], references: Sequence[str]) -> Measured:
    """Share of texts whose field is the reference's, 0 to 100: what the one group of `pattern` finds first.

    A text without the field is right where the reference has none either. Raises DataError for a
    pattern that is broken, has not one group, or finds nothing in any reference.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(f"the pattern {pattern} is broken: {error}") from error
    if compiled.groups != 1:
        raise DataError(f"the pattern {pattern} has {compiled.groups} groups; put what is compared into one (…)")
    wanted = [_field(compiled, reference) for reference in references]
    if all(field is None for field in wanted):
        raise DataError(f"the pattern {pattern} finds nothing in any reference; no answer could be wrong")
    pairs = zip(predictions, wanted, strict=True)
    return mean_of(np.array([100.0 * (_field(compiled, prediction) == field) for prediction, field in pairs]))


def _field(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None or found[1] is None else found[1].strip()


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"own_metric_{path.stem}", path)
    assert spec is not None, "a file that ends in .py has a loader"
    assert spec.loader is not None, "a file that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    done = attempt(spec.loader.exec_module, module)
    if isinstance(done, Failure):
        raise DataError(f"{path} cannot be loaded: it raises {done.kind}; run it with Python to see where")
    return module


def _value(named: str, number: int, given: Any) -> float:
    if isinstance(given, Failure):
        raise DataError(f"row {number}: {named} raises {given.kind}")
    value = plain(given)
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise DataError(f"row {number}: {named} gives {shown(given)}; it must give a bool or a number from 0 to 1")
    return float(value)
