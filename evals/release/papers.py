"""The papers of a release: what lies beside its files, and the way they get there, each whole or not at all.

    README.md             the model card
    bundle.json           everything it was decided on, canonical JSON; the card stands in it as well
    bundle.intoto.json    the server's signature over folder, bundle and card
    restore.intoto.json   that over its newest restore, where there was one; see `restored`

The row in the store is the truth, and the signature is written last: where it is not there, or is that of an earlier
release of the same folder, writing was interrupted, and whoever reads next writes all three; a paper that is missing is
written as well. Where it is there, whatever else differs was changed afterwards, and is told instead.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple, cast

from evals.release.errors import RefusedError

__all__ = [
    "BUNDLE", "CARD", "ENVELOPE", "Papers", "mend_papers", "paper_text", "read_papers", "text_sha256", "write_paper",
    "write_papers",
]  # fmt: skip

CARD, BUNDLE, ENVELOPE = "README.md", "bundle.json", "bundle.intoto.json"
"""Names of the three, in the order in which they are written."""


class Papers(NamedTuple):
    """The texts."""

    card: str
    """README.md."""

    bundle: str
    """bundle.json."""

    envelope: str
    """bundle.intoto.json."""

    @property
    def fields(self) -> dict[str, Any]:
        """What the bundle says; whether it holds is not looked at."""
        return json.loads(self.bundle)

    @property
    def by_name(self) -> dict[str, str]:
        """Texts by names of files, in the order in which they are written."""
        return {CARD: self.card, BUNDLE: self.bundle, ENVELOPE: self.envelope}


def read_papers(bundle: str, envelope: str) -> Papers:
    """The papers from what the store keeps. Raises RefusedError where it keeps no bundle."""
    try:
        found: Any = json.loads(bundle)
    except (ValueError, RecursionError) as error:
        raise RefusedError("the bundle in the store is damaged: it is no JSON") from error
    card = cast("dict[str, Any]", found).get("card") if isinstance(found, dict) else None
    if not isinstance(card, str):
        raise RefusedError("the bundle in the store is damaged: it has no card")
    return Papers(card, bundle, envelope)


def mend_papers(folder: Path, papers: Papers, earlier: Collection[str] = ()) -> bool:
    """Write the papers where they were not written to their end, or one is missing; whether that was so.

    `earlier` are envelopes of earlier releases of the same folder. Raises RefusedError for a paper that was changed
    after it had been written, OSError where the disk refuses.
    """
    there = {name: paper_text(folder / name) for name in papers.by_name}
    if there[ENVELOPE] is None or there[ENVELOPE] in earlier:
        write_papers(folder, papers)
        return True
    for name, text in papers.by_name.items():
        if there[name] not in (None, text):
            raise RefusedError(f"{folder / name} is not the one that was released; put it back as it was, or remove it")
    if None not in there.values():
        return False
    write_papers(folder, papers)
    return True


def write_papers(folder: Path, papers: Papers) -> None:
    """Write the papers, the signature last. Raises OSError."""
    for name, text in papers.by_name.items():
        write_paper(folder / name, text)


def text_sha256(text: str) -> str:
    """SHA-256 of a text's bytes, hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def paper_text(path: Path) -> str | None:
    """A paper's text; None where there is none, and for bytes that are no text something that no paper is."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""


def write_paper(path: Path, text: str) -> None:
    """Write one paper, whole or not at all. Raises OSError."""
    # Outside the folder, in which every file counts, so that what is interrupted leaves it as it was.
    unfinished = path.parent.with_name(f".{path.parent.name}.{path.name}.{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
