"""`assay export`: a checkpoint as a folder to be tried elsewhere, not released."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.errors import AssayError
from store.commands.common import console, json_option, notes, open_store, print_json, store_option
from store.database import Store
from trainer.bar import Bar
from trainer.export_words import trial_readme
from trainer.probe_command import torch_module

if TYPE_CHECKING:
    from trainer.export import Exported

__all__ = ["export"]


@click.command()
@click.argument("asked", metavar="RUN@STEP")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--merge", is_flag=True, help="Take the adapter into the weights of its base.")
@store_option
@json_option
def export(*, asked: str, out: Path, merge: bool, store: str | None, as_json: bool) -> None:
    """Write a checkpoint as a folder to be tried elsewhere; it is not released.

    The folder holds the adapter (or with --merge, and for a model trained whole, all weights), the tokenizer, the chat
    template, the decoding that answers are judged with, and the digest of every file. Nobody has approved it: it says
    so in its README.md and in its manifest. What is served comes from `assay release make`.
    """
    place = open_store(store)
    final = out.expanduser().absolute()
    _check_place(final, place)
    exporting = torch_module("trainer.export")
    source = exporting.source_of(asked, place)
    with Bar() as bar:
        done = exporting.export(
            source, final, merge=merge, readme=trial_readme, facts={"released": False}, progress=bar.show
        )
    if as_json:
        print_json(_as_dict(done))
    else:
        _print(done)


def _check_place(final: Path, store: Store) -> None:
    """Refuse a place that is taken, or not there, before anything is loaded."""
    if final.is_dir() and any(final.iterdir()):
        raise AssayError(f"{final} is there and not empty; name a new folder with --out")
    if final.exists() and not final.is_dir():
        raise AssayError(f"{final} is a file; name a new folder with --out")
    if not final.parent.is_dir():
        raise AssayError(f"there is no folder {final.parent} to make {final.name} in; make it first")
    if final.resolve().is_relative_to(store.root.resolve()):
        raise AssayError(f"{final} is among the runs in {store.root}; name a folder elsewhere with --out")


def _as_dict(done: "Exported") -> dict[str, Any]:
    manifest = done.manifest
    names = (
        "candidate", "run", "branch", "step", "checkpoint_sha256", "released", "merged", "digests", "base", "versions",
    )  # fmt: skip
    return {
        "out": str(done.folder), "sha256": done.sha256, **{name: manifest[name] for name in names},
        "files": sorted(manifest["files"]), "bytes": sum(file["bytes"] for file in manifest["files"].values()),
    }  # fmt: skip


def _print(done: "Exported") -> None:
    facts = done.manifest
    console.print(f"not released: {facts['candidate']} is in {done.folder}, to be tried elsewhere", markup=False)
    console.print(f"digest: {done.sha256}", markup=False)
    if facts["digests"]["adapter"]:
        known = f" (digest {facts['digests']['base'][:12]})" if facts["digests"]["base"] else ""
        notes.print(f"it is an adapter, and loads where the model in {facts['base']['path']}{known} is")
