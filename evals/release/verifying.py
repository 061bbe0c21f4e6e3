"""Verify a release offline: no store, only the folder and the public keys that the verifier trusts.

found = verify_release(Path("triage@600-1a2b…"), Path("keys"))
found.holds, found.why

Keys inside the folder are never trusted. A bundle that was sent without its folder is verified as far as papers go, and
that its files were not looked at is said.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from evals.gate.evidence import BESIDE
from evals.release.check_papers import check_papers
from evals.release.errors import BrokenError, RefusedError, ReleaseError
from evals.release.papers import BUNDLE, CARD, ENVELOPE, Papers, read_papers
from evals.release.restored import RESTORED, check_restored
from evals.release.trust import Trusted, read_trusted
from store.artifacts import MANIFEST, ArtifactError, digest, verify
from store.model_digest import model_sha256

__all__ = ["Verified", "check_files", "needs_base", "verify_release"]


class Verified(NamedTuple):
    """What was found."""

    holds: bool
    """Whether everything holds."""

    why: str
    """The first thing that does not; empty where all does."""

    folder: Path
    """What was looked at."""

    files: int | None
    """Files whose every byte was read; None where only the papers were there."""

    bundle: dict[str, Any] | None
    """What holds; None where something does not."""

    server_known: bool
    """Whether the keys say which one is the server's."""

    base: Path | None
    """The base whose every byte was read; None where none was given, or none is needed."""

    restored: dict[str, Any] | None
    """What the paper of its newest restore says; None where there is none beside the bundle."""


def verify_release(place: Path, keys: Path, base: Path | None = None) -> Verified:
    """Verify a folder, or the bundle.json in one; with `base` also that folder, on which an adapter is to run.

    Raises ReleaseError, KeyFileError where there is nothing to read.
    """
    folder = place if place.is_dir() else place.parent
    if not (folder / BUNDLE).is_file() or (not place.is_dir() and place.name != BUNDLE):
        raise ReleaseError(f"{place} is no release: name the folder that {BUNDLE} lies in, or that file")
    trusted = read_trusted(keys)
    only_papers = not place.is_dir() and not (folder / MANIFEST).exists()
    known = bool(trusted.servers)
    try:
        bundle = _check(folder, trusted, only_papers=only_papers)
        restored = _restored(folder, trusted, bundle)
        if base is not None and needs_base(bundle):
            _check_base(base, bundle["what"]["digests"])
    except RefusedError as error:
        return Verified(False, str(error), folder, None, None, known, None, None)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        said = f"bundle.json or what it holds has another shape than a release has ({error!r})"
        return Verified(False, said, folder, None, None, known, None, None)
    files = None if only_papers else len(bundle["what"]["files"])
    return Verified(True, "", folder, files, bundle, known, base if needs_base(bundle) else None, restored)


def needs_base(bundle: Mapping[str, Any]) -> bool:
    """Whether what was released cannot run without another model's files."""
    return not bundle["what"]["merged"] and bool(bundle["what"]["digests"].get("adapter"))


def check_files(folder: Path, sha256: str | None = None) -> dict[str, Any]:
    """Read every byte of a released folder; its manifest. Raises BrokenError naming the file.

    A folder that stands in for one by a link is none of what was sealed: its files would not be counted.
    """
    links = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_linked_folder(path))
    if links:
        raise BrokenError(f"{links[0]} is a link to a folder, which was added")
    try:
        return verify(folder, sha256, beside=BESIDE)
    except ArtifactError as error:
        raise BrokenError(_short(str(error), folder)) from error


def _check(folder: Path, trusted: Trusted, *, only_papers: bool) -> dict[str, Any]:
    manifest = None if only_papers else check_files(folder)
    bundle = check_papers(_papers(folder, only_papers=only_papers), trusted)
    if manifest is not None:
        _check_same(folder, manifest, bundle["what"])
    return bundle


def _restored(folder: Path, trusted: Trusted, bundle: Mapping[str, Any]) -> dict[str, Any] | None:
    if not (folder / RESTORED).exists():
        return None
    return check_restored(_text(folder / RESTORED), trusted, bundle["what"]["sha256"])


def _check_base(base: Path, digests: Mapping[str, Any]) -> None:
    """The model in a folder is the one that the adapter was trained on."""
    if not base.is_dir():
        raise ReleaseError(f"{base} is no folder; name the one of the base with --base")
    try:
        found = model_sha256(base)
    except OSError as error:
        raise BrokenError(f"the base {base} cannot be read: {error.strerror}") from error
    if found != digests["base"]:
        raise BrokenError(f"the base in {base} is not the one it was trained on")


def _check_same(folder: Path, manifest: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    """The papers are about this folder."""
    if manifest.get("checkpoint_sha256") != what["checkpoint_sha256"]:
        raise BrokenError(
            f"bundle.json is about {what['candidate']}, and this folder holds {manifest.get('candidate')}"
        )
    if digest(folder) != what["sha256"]:
        raise BrokenError(f"{MANIFEST} is not the one that was released: its SHA-256 is another")
    if manifest["files"] != what["files"]:
        raise BrokenError("bundle.json lists other files than the manifest")


def _papers(folder: Path, *, only_papers: bool) -> Papers:
    bundle, envelope = _text(folder / BUNDLE), _text(folder / ENVELOPE)
    if only_papers and not (folder / CARD).exists():
        # The card stands in the bundle as well.
        return read_papers(bundle, envelope)
    return Papers(_text(folder / CARD), bundle, envelope)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BrokenError(f"{path.name} is missing, or cannot be read") from error
    except UnicodeDecodeError as error:
        raise BrokenError(f"{path.name} is damaged: it is no text") from error


def _is_linked_folder(path: Path) -> bool:
    return path.is_symlink() and path.is_dir()


def _short(sentence: str, folder: Path) -> str:
    """What is wrong with a file, without where the folder happens to be."""
    return (
        sentence.replace(f"{folder}/", "").replace(f"{folder} ", "the folder ").removesuffix("; the folder is not used")
    )
