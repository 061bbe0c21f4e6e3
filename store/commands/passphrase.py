"""The passphrase of a key: from the environment, or asked for on the terminal."""

import os
import sys
from pathlib import Path

import click

from assay.errors import AssayError

__all__ = ["VARIABLE", "passphrase_for"]

VARIABLE = "ASSAY_KEY_PASSPHRASE"
"""Environment variable that holds it where nobody is there to ask."""


def passphrase_for(key: Path, *, new: bool = False) -> str:
    """The passphrase of a key's file; a new one is asked for twice. Raises AssayError where nobody can be asked."""
    found = os.environ.get(VARIABLE)
    if found is not None:
        return found
    if not sys.stdin.isatty():
        raise AssayError(f"the key {key} needs a passphrase, and there is no terminal to ask on; set {VARIABLE}")
    return click.prompt(
        f"{'New passphrase' if new else 'Passphrase'} of {key}", hide_input=True, confirmation_prompt=new, err=True
    )
