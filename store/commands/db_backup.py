"""`assay db backup` and `assay db restore`: a whole store to another place, and back."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from store.access import Actor
from store.backup import Progress, back_up
from store.backup_list import Contents
from store.backup_plan import CHOICES
from store.commands.common import console, json_option, notes, open_store, print_json, store_option
from store.restore import restore
from store.users import account

__all__ = ["backup_command", "restore_command"]


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--checkpoints", "which", type=click.Choice(CHOICES), default="pinned", show_default=True,
    help="Which checkpoints go in; what campaigns, approvals and releases pin is in each.",
)  # fmt: skip
@store_option
@json_option
def backup_command(folder: Path, which: str, store: str | None, as_json: bool) -> None:
    """Copy the whole store into the new folder DIR; it holds secrets, so keep it as safe as the store.

    Runs may go on meanwhile. With each checkpoint comes what it stands on, where that lies in the store.
    """
    opened = open_store(store)
    with _shown() as progress:
        made = back_up(opened, _actor(), folder, which, progress)
    if as_json:
        print_json({"folder": str(folder), "backup": made.digest, **_document(made.contents), "damaged": made.damaged})
    else:
        _say(f"{folder}: {_size(made.contents)}, {made.contents.runs} runs, {_checkpoints(made.contents)}")
        notes.print(f"It holds the secrets of {opened.root}: keep it where nobody else can read. SHA-256 {made.digest}")
        _tell_missing(made.contents, made.damaged)
    if made.damaged:
        sys.exit(1)


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@store_option
@json_option
def restore_command(folder: Path, store: str | None, as_json: bool) -> None:
    """Make a store of the backup in DIR, where there is none yet; every byte is checked before and after.

    Runs go on in it: what they name in the store's old folder is looked up in the new one.
    """
    target = open_store(store)
    with _shown() as progress:
        made = restore(folder, target, _actor(), progress)
    if as_json:
        print_json({
            "store": str(target.path), "backup": made.digest, **_document(made.contents), "migrated": made.migrated,
        })  # fmt: skip
        return
    _say(f"{target.path}: {_size(made.contents)}, {made.contents.runs} runs, {_checkpoints(made.contents)}")
    if made.migrated:
        notes.print(f"It was brought to this program's schema: {', '.join(made.migrated)}")
    _tell_missing(made.contents, [])


def _document(contents: Contents) -> dict[str, Any]:
    return {
        "created": contents.created, "roots": contents.roots, "runs": contents.runs,
        "files": len(contents.files), "bytes": sum(file.bytes for file in contents.files.values()),
        "checkpoints": {
            "wanted": contents.checkpoints, "taken": contents.taken,
            "left_out": [{"path": path, **left._asdict()} for path, left in contents.left_out.items()],
        },
        "outside": [{"path": path, "runs": runs} for path, runs in contents.outside.items()],
    }  # fmt: skip


def _size(contents: Contents) -> str:
    return f"{len(contents.files):,} files, {sum(file.bytes for file in contents.files.values()) / 1e6:,.1f} MB"


def _checkpoints(contents: Contents) -> str:
    taken, left = len(contents.taken), len(contents.left_out)
    return f"{taken} checkpoints" + (f" ({left} left out, which a restored store tells as deleted)" if left else "")


def _tell_missing(contents: Contents, damaged: list[str]) -> None:
    for sentence in damaged:
        notes.print(f"not taken, as it is damaged: {sentence}")
    if contents.outside:
        first = "; ".join(f"{path} ({', '.join(runs[:3])})" for path, runs in list(contents.outside.items())[:5])
        more = f", and {len(contents.outside) - 5} more" if len(contents.outside) > 5 else ""
        notes.print(f"Not in it, as it lies outside the store: {first}{more}. Keep it as well, or runs cannot go on.")


def _say(sentence: str) -> None:
    console.print(sentence, markup=False, soft_wrap=True)


@contextmanager
def _shown() -> Generator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Bar(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:

        def tell(what: str, done: int, needed: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=max(1, needed))

        yield tell


def _actor() -> Actor:
    return Actor("command", None, account())
