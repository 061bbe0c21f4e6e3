"""Write several files so that either all are there or none, and nothing that was there is written over."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from evals.text.errors import DataError

__all__ = ["publish", "refuse_existing", "refuse_other_than_lines", "workshop", "write_account", "write_lines"]


def refuse_other_than_lines(out: Path) -> None:
    """Raise DataError for a name that is not that of a file with a row a line."""
    if out.suffix.lower() != ".jsonl":
        raise DataError(f"{out} is to hold a row a line; give --out a name that ends in .jsonl")


def refuse_existing(paths: Sequence[Path]) -> None:
    """Raise AssayError where one of the files is there already, or where its folder is not."""
    for path in paths:
        if not path.parent.is_dir():
            raise AssayError(
                f"there is no folder {path.parent} to write {path.name} into; make it, or name another with --out"
            )
        if path.exists() or path.is_symlink():
            raise AssayError(
                f"{path} is there already, and nothing is written over; name another file with --out, or move it away"
            )


@contextmanager
def workshop(beside: Path) -> Generator[Path]:
    """A folder beside a file to be written, on the same disk, which is gone in the end whatever happens."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{beside.name}.", dir=beside.parent))
    except OSError as error:
        raise AssayError(
            f"cannot write into {beside.parent}: {error.strerror}; name a file in another folder with --out"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_lines(path: Path, lines: Iterable[bytes]) -> str:
    """Write a file, and give the SHA-256 of its bytes."""
    digest_of_all = hashlib.sha256()
    with path.open("wb") as file:
        for line in lines:
            file.write(line)
            digest_of_all.update(line)
    return digest_of_all.hexdigest()


def write_account(path: Path, account: Mapping[str, Any]) -> None:
    """Write a manifest, lists of numbers in one line each."""
    text = json.dumps(account, ensure_ascii=False, indent=1)
    compact = re.sub(
        r"\[\s+\d[\d,\s]*\]", lambda match: match[0].replace("\n", "").replace(" ", "").replace(",", ", "), text
    )
    # A name in the data can hold half a character, which UTF-8 cannot.
    write_lines(path, [compact.encode("utf-8", "replace"), b"\n"])


def publish(files: Sequence[tuple[Path, Path]]) -> None:
    """Give finished files, each (finished, wanted), their names in order; where one cannot have its, none has.

    Raises AssayError where a name was taken meanwhile.
    """
    with ExitStack() as undo:
        for finished, wanted in files:
            with finished.open("rb") as file:
                os.fsync(file.fileno())
            try:
                # Unlike a rename, a link never writes over what is there.
                os.link(finished, wanted)
            except FileExistsError as error:
                raise AssayError(
                    f"{wanted} was made by someone else meanwhile, and nothing is written over; name another file"
                ) from error
            undo.callback(wanted.unlink, missing_ok=True)
        undo.pop_all()
