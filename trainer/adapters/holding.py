"""The files of a host's checkpoint, held before the host goes on: large ones are linked, small ones copied.

A link takes no second place on the disk and is made at once, but what is written into the host's file later is written
into the held one too; of small files, which scripts like to write again, a copy costs nothing.
"""

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from store.artifacts import temporary_for
from trainer.adapters.written import files_of, lacking

__all__ = ["Held", "complete", "copy_rest", "hold"]

SMALL = 1 << 20
"""Bytes from which on a file is linked; one that has fewer is copied at once."""


class _Unlinked(NamedTuple):
    """A large file that can only be copied."""

    source: Path
    """The host's."""

    place: Path
    """Where it is to be copied."""

    was: tuple[int, int]
    """Its size and when it was last written, as the host had just written it."""


class Held(NamedTuple):
    """What the training thread has taken of one folder."""

    source: Path
    """The host's folder."""

    temporary: Path
    """Where its files are held."""

    unlinked: list[_Unlinked]
    """Those that are not there yet."""


def hold(source: Path, final: Path, *, is_whole: bool = True) -> Held:
    """Hold the files of a folder where it is to be sealed as `final`, and list those that can only be copied. Where it
    is not `is_whole`, others write there still, and `complete` is to follow.

    Raises OSError where the disk refuses, or nothing is there.
    """
    temporary = temporary_for(final)
    held = Held(source, temporary, [])
    for path in sorted(source.rglob("*")):
        # What another process writes may get its name only when it is written.
        with nullcontext() if is_whole else suppress(FileNotFoundError):
            _take(path, held)
    if not held.unlinked and not any(temporary.iterdir()):
        raise OSError(None, f"the host has written nothing in {source}")
    return held


def complete(held: Held, everywhere: Sequence[Mapping[str, int]]) -> None:
    """Hold what other processes have written since: `everywhere` is what each sees of the folder once all have written,
    files with their sizes in bytes. Raises OSError where that is not all the first one sees.
    """
    held.unlinked.clear()
    has = files_of(held.temporary)
    wanted = {name for seen in everywhere for name, size in seen.items() if has.get(name) != size}
    for path in sorted(held.source / name for name in wanted):
        if path.is_file():
            place = held.temporary / path.relative_to(held.source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            _take(path, held)
    later = {file.place.relative_to(held.temporary).as_posix(): file.was[0] for file in held.unlinked}
    why = lacking([{**files_of(held.temporary), **later}, *everywhere[1:]])
    if why is not None:
        raise OSError(None, why)


def copy_rest(held: Held) -> None:
    """Copy the large files that could not be linked, as they were when they were listed. Raises OSError, also where one
    is another by now.
    """
    for file in held.unlinked:
        _copy(file)


def _take(path: Path, held: Held) -> None:
    known, place = path.stat(), held.temporary / path.relative_to(held.source)
    if stat.S_ISDIR(known.st_mode):
        if path.is_symlink():
            raise OSError(None, f"{path} is a link to a folder; let the host write the files themselves")
        place.mkdir(parents=True, exist_ok=True)
    elif known.st_size < SMALL:
        shutil.copyfile(path, place)
    else:
        try:
            # What a symbolic link names: a link to the link would not hold it.
            os.link(path.resolve(), place)
        except FileNotFoundError:
            raise
        except OSError:
            held.unlinked.append(_Unlinked(path, place, _written(known)))


def _copy(file: _Unlinked) -> None:
    try:
        with file.source.open("rb") as source, file.place.open("wb") as target:
            shutil.copyfileobj(source, target)
            # Of the open file: one that is deleted while it is read is whole all the same.
            is_same = _written(os.fstat(source.fileno())) == file.was
    except FileNotFoundError as error:
        raise OSError(None, f"the host deleted {file.source} before it was copied; {_ADVICE}") from error
    if not is_same:
        raise OSError(None, f"the host wrote {file.source} again before it was copied; {_ADVICE}")


_ADVICE = "let the store lie on the same disk, where files are linked at once, or raise save_total_limit"


def _written(known: os.stat_result) -> tuple[int, int]:
    return known.st_size, known.st_mtime_ns
