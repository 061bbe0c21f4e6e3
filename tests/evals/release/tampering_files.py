"""Breaches of what lies in a released folder: files, manifest, papers, envelope. An offline verifier finds each."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rfc8785

from evals.release.bundle import statement_of
from evals.release.papers import text_sha256
from store.envelope import sign
from tests.evals.release.cases import Case
from tests.evals.release.world import World

__all__ = ["FILES"]

Envelope = dict[str, Any]


def file_case(name: str, reason: str, change: Callable[[Path], object]) -> Case:
    """Something done to the folder."""
    return Case(name, reason, lambda world: (change(world.folder), world.why())[1])


def envelope_case(name: str, reason: str, change: Callable[[Envelope], Envelope]) -> Case:
    """Something done to the envelope, which is written as envelopes are."""

    def act(world: World) -> str:
        place = world.folder / "bundle.intoto.json"
        place.write_bytes(rfc8785.dumps(change(json.loads(place.read_text()))))
        return world.why()

    return Case(name, reason, act)


def flip(name: str) -> Callable[[Path], object]:
    """Change a byte in the middle."""

    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return change


def append(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + b"\n")


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def swap(one: str, other: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        texts = (folder / one).read_bytes(), (folder / other).read_bytes()
        (folder / other).write_bytes(texts[0])
        (folder / one).write_bytes(texts[1])

    return change


def link_in(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "evil.py").write_text("1")
    (folder / "extra").symlink_to(elsewhere)


def hide(folder: Path) -> None:
    (folder / ".cache").mkdir()
    (folder / ".cache" / "more.py").write_text("1")


def change_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return write


def redo(folder: Path) -> None:
    """Change a file, and the manifest so that it fits."""
    (folder / "chat_template.jinja").write_text("{{ other }}")
    sealed = {"bytes": 11, "sha256": text_sha256("{{ other }}")}
    change_manifest(lambda manifest: manifest["files"].update({"chat_template.jinja": sealed}))(folder)


def other_adapter(world: World) -> str:
    """The adapter of the release before it, which has the same size."""
    first = next(path for path in (world.store.root / ".exports").iterdir() if path.name.startswith("triage@400"))
    shutil.copy(first / "adapter_model.safetensors", world.folder / "adapter_model.safetensors")
    return world.why()


def another_payload(envelope: Envelope) -> Envelope:
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["version"] = 9
    return {**envelope, "payload": base64.b64encode(rfc8785.dumps(statement)).decode()}


def pretty(folder: Path) -> None:
    place = folder / "bundle.intoto.json"
    place.write_text(json.dumps(json.loads(place.read_text()), indent=1))


def approval_as_envelope(world: World) -> str:
    bundle = json.loads((world.folder / "bundle.json").read_text())
    in_browser = next(one for one in bundle["approvals"] if one["way"] == "oidc")
    (world.folder / "bundle.intoto.json").write_text(in_browser["envelope"])
    return world.why()


def by_li(world: World) -> str:
    """A lead signs a bundle of their own with a key that the verifier trusts, but for a lead."""
    text = (world.folder / "bundle.json").read_text()
    statement = statement_of(json.loads(text), text_sha256(text))
    (world.folder / "bundle.intoto.json").write_text(sign(statement, world.li_key))
    return world.why()


def papers_of_another(world: World) -> str:
    """Bundle and signature of the release before it, which hold by themselves; the card is made to fit."""
    first = next(path for path in (world.store.root / ".exports").iterdir() if path.name.startswith("triage@400"))
    for name in ("README.md", "bundle.json", "bundle.intoto.json"):
        shutil.copy(first / name, world.folder / name)
    return world.why()


def no_keys(world: World) -> str:
    for path in world.keys.iterdir():
        path.unlink()
    return world.why()


FILES = [
    file_case("a byte of the adapter's settings", "adapter_config.json is damaged", flip("adapter_config.json")),
    file_case("a byte of the tokenizer", "tokenizer.json is damaged", flip("tokenizer.json")),
    file_case("a byte of the chat template", "chat_template.jinja is damaged", flip("chat_template.jinja")),
    file_case("a byte of the decoding", "generation_config.json is damaged", flip("generation_config.json")),
    file_case("a byte more", "tokenizer_config.json has 3 bytes", append("tokenizer_config.json")),
    file_case("weights of another size", "adapter_model.safetensors has", append("adapter_model.safetensors")),
    Case("weights of another release", "adapter_model.safetensors is damaged", other_adapter),
    file_case("a file added", "evil.py was added after", lambda folder: (folder / "evil.py").write_text("1")),
    file_case("a hidden file added", ".env was added after", lambda folder: (folder / ".env").write_text("1")),
    file_case("a file in a hidden folder", ".cache/more.py was added after", hide),
    file_case("what looks like an unfinished card", ".README.md.0123456789abcdef was added after", lambda folder: (
        (folder / ".README.md.0123456789abcdef").write_text("1")
    )),
    file_case("a folder linked in", "extra is a link to a folder", link_in),
    file_case("a file removed", "tokenizer.json is missing", remove("tokenizer.json")),
    file_case("a file renamed", "chat_template.jinja is missing", lambda folder: (
        (folder / "chat_template.jinja").rename(folder / "template.jinja")
    )),
    file_case("two files swapped", "tokenizer.json has 2 bytes", swap("tokenizer.json", "tokenizer_config.json")),
    file_case("a file changed, the manifest with it", "manifest.json is not the one that was released", redo),
    file_case("a manifest that is no JSON", "manifest.json is damaged: it is no JSON", lambda folder: (
        (folder / "manifest.json").write_text("{")
    )),
    file_case("a manifest without files", "manifest.json is damaged: it lists no files", change_manifest(
        lambda manifest: manifest.update(files={})
    )),
    file_case("a manifest of another format", "manifest.json has format 2", change_manifest(
        lambda manifest: manifest.update(format=2)
    )),
    file_case("the manifest removed", "is no sealed folder", remove("manifest.json")),
    file_case("the card changed", "README.md is not the one that was signed", append("README.md")),
    file_case("the card removed", "README.md is missing", remove("README.md")),
    file_case("a byte of the bundle", "bundle.json is not the one that was signed", append("bundle.json")),
    file_case("a bundle that is no text", "bundle.json is damaged: it is no text", lambda folder: (
        (folder / "bundle.json").write_bytes(b"\xff\xfe")
    )),
    file_case("the bundle removed", "is no release: name the folder", remove("bundle.json")),
    file_case("the signature removed", "bundle.intoto.json is missing", remove("bundle.intoto.json")),
    envelope_case("another payload", "what was signed was changed", another_payload),
    envelope_case("a signature that is none", "its signature is no base64", lambda envelope: {
        **envelope, "signatures": [{**envelope["signatures"][0], "sig": "#"}]
    }),
    envelope_case("one signature twice", "a signature names no key, names one twice", lambda envelope: {
        **envelope, "signatures": 2 * envelope["signatures"]
    }),
    envelope_case("no signature left", "the envelope is not signed", lambda envelope: {**envelope, "signatures": []}),
    envelope_case("something nobody signed", "it has fields that nobody signed", lambda envelope: {
        **envelope, "note": "fine"
    }),
    envelope_case("another kind of payload", "its type is not", lambda envelope: {
        **envelope, "payloadType": "text/plain"
    }),
    file_case("an envelope with blanks", "it is not written as it was signed", pretty),
    Case("an approval for the envelope", "bundle.intoto.json is no release", approval_as_envelope),
    Case("signed by a lead", "bundle.intoto.json does not hold: signed by the key", by_li),
    Case("papers of another release", "and this folder holds triage@600", papers_of_another),
    Case("no key that the verifier trusts", "holds no public key", no_keys),
]  # fmt: skip
"""Each done to `triage@600`, v2 of prod."""
