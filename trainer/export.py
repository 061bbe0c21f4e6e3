"""Write a checkpoint as a folder that others load: flat, sealed, and without anything that only training needs.

    source = source_of("triage@400", store)
    done = export(source, Path("triage-400"), readme=trial_readme, facts={"released": False})

An adapter names its base, which has to be there where it is loaded; with `merge` it is taken into the base's weights,
which keep their type. Nothing is fetched, and no code that comes with a model runs. What the parts are, and how their
digests are made, is in `export_files`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError
from transformers import GenerationConfig

from assay.errors import AssayError
from assay.version import VERSION
from evals.gate.evidence import BESIDE
from store.artifacts import Manifest, digest, discard_temporary, read_manifest, seal, temporary_for
from store.database import Store
from trainer.asked import EXPORT, find_asked, require_base
from trainer.config import ModelConfig
from trainer.errors import ModelError
from trainer.export_files import (
    CONFIG,
    base_folder,
    copy_adapter,
    copy_tokenizer,
    copy_weights,
    part_digests,
    write_generation_config,
)
from trainer.lineage import check_base
from trainer.model import load_adapter, load_model, load_tokenizer, longest_input

__all__ = ["Exported", "Progress", "Source", "check_merge", "export", "source_of"]

README = BESIDE[0]

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and of how much."""

PACKAGES = ("torch", "transformers", "peft", "safetensors")


class Source(NamedTuple):
    """A checkpoint that is whole, and whose base is the one it was trained on."""

    config: ModelConfig
    """Its model, and its adapter where it is one, as the run named them."""

    local: ModelConfig
    """The same from folders of this machine, without code of its own."""

    folder: Path
    """The checkpoint."""

    sha256: str
    """Its digest."""

    manifest: Manifest
    """Its manifest."""

    @property
    def run(self) -> str:
        """Its run."""
        return self.folder.parents[1].name

    @property
    def candidate(self) -> str:
        """It, as RUN@STEP."""
        return f"{self.run}@{self.manifest['step']}"

    @property
    def is_adapter(self) -> bool:
        """Whether it is an adapter; otherwise it is a whole model."""
        return bool(self.config.adapter)

    @property
    def base(self) -> dict[str, Any]:
        """As in the checkpoint's manifest: path, model_sha256, and sha256 with the adapter that the run began with."""
        return dict(self.manifest["base"])

    @property
    def base_sha256(self) -> str | None:
        """Digest of the model an adapter stands on, or of what a whole model began with; None for one of the hub."""
        return self.base.get("model_sha256" if self.is_adapter else "sha256")


class Exported(NamedTuple):
    """A folder that was written."""

    folder: Path
    """Where it is."""

    sha256: str
    """Digest of its manifest."""

    manifest: Manifest
    """Its manifest."""


def source_of(text: str, store: Store) -> Source:
    """Find the checkpoint that RUN, RUN@STEP or RUN/BRANCH@STEP names; every byte of it and of its base is checked.

    Raises AssayError.
    """
    asked = find_asked(text, store)
    if asked.folder is None:
        raise AssayError(f"{text} is no checkpoint; an export is made of RUN@STEP")
    require_base(asked)
    config = asked.config
    if config.adapter:
        check_base(config)
    local = replace(config, path=str(base_folder(config)), allow_download=False, trust_remote_code=False)
    if config.trust_remote_code:
        _check_needs_no_code(text, local)
    return Source(config, local, asked.folder, digest(asked.folder), read_manifest(asked.folder))


def _check_needs_no_code(text: str, config: ModelConfig) -> None:
    try:
        longest_input(config)
    except ModelError as error:
        raise ModelError(
            f"{text} stands on a model that needs Python code of its own ([model] trust_remote_code); such code is "
            f"neither run nor passed on here, so it cannot be exported"
        ) from error


def check_merge(source: Source) -> None:
    """Raise ModelError where there is nothing to merge, or where merged weights would answer otherwise."""
    if not source.is_adapter:
        raise ModelError(f"{source.candidate} has all weights of a model already; leave out --merge")
    config: Any = json.loads((Path(source.local.path) / CONFIG).read_bytes())
    if config.get("quantization_config"):
        raise ModelError(
            f"the model in {source.config.path} is quantised, and an adapter in its rounded weights would not be "
            f"the one that was trained; leave out --merge"
        )


def export(
    source: Source, final: Path, *, readme: Callable[[Manifest], str], merge: bool = False,
    facts: Mapping[str, Any] | None = None, progress: Progress = lambda *_: None,
) -> Exported:  # fmt: skip
    """Write and seal the folder `final`, whole or not at all.

    `readme` makes README.md of what the manifest says, `facts` stand there besides. Raises AssayError where it cannot
    be made or written.
    """
    if merge:
        check_merge(source)
    with _writing(final) as temporary:
        progress(f"writing {source.candidate}", 0, 3)
        _write_model(source, temporary, merge=merge)
        progress(f"writing {source.candidate}", 1, 3)
        _write_tokenizer(source.local, temporary)
        progress(f"writing {source.candidate}", 2, 3)
        known = {**_facts(source, temporary, merge=merge), **(facts or {})}
        (temporary / README).write_text(readme(known), encoding="utf-8")
        if final.is_dir() and not any(final.iterdir()):
            final.rmdir()
        manifest = seal(temporary, final, known, beside=BESIDE)
        progress(f"writing {source.candidate}", 3, 3)
    return Exported(final, digest(final), manifest)


@contextmanager
def _writing(final: Path) -> Iterator[Path]:
    """A folder to write in, gone afterwards; what the disk refuses is said in a sentence."""
    try:
        yield temporary_for(final)
    except (OSError, SafetensorError) as error:
        said = getattr(error, "strerror", None) or error
        raise AssayError(f"cannot write {final}: {said}; make room there, or name another place") from error
    finally:
        discard_temporary(final)


def _write_model(source: Source, folder: Path, *, merge: bool) -> None:
    if merge:
        model = _merged(source.local)
        # What the model's own file says of sampling could keep it from being saved; ours is written next.
        model.generation_config = GenerationConfig()
        model.save_pretrained(folder)
    elif source.is_adapter:
        copy_adapter(source.folder, folder, source.config.path)
    else:
        copy_weights(source.folder, folder)


def _merged(config: ModelConfig) -> Any:
    """The base with the adapter taken into its weights, which keep their type."""
    model: Any = load_adapter(load_model(config.path, config, "auto"), Path(config.adapter))
    inner = model.get_base_model()
    ends = (inner.get_input_embeddings(), inner.get_output_embeddings())
    if inner.config.get_text_config().tie_word_embeddings and any(isinstance(one, BaseTunerLayer) for one in ends):
        raise ModelError(
            f"the adapter in {config.adapter} changes the first or the last layer of its model, and those share their "
            f"weights, so merging would change both; leave out --merge"
        )
    try:
        return model.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise ModelError(f"the adapter in {config.adapter} cannot be merged: {error}; leave out --merge") from error


def _write_tokenizer(config: ModelConfig, folder: Path) -> None:
    tokenizer, model = load_tokenizer(config), Path(config.path)
    copy_tokenizer(model, folder, tokenizer)
    write_generation_config(model, folder, tokenizer)


def _facts(source: Source, folder: Path, *, merge: bool) -> dict[str, Any]:
    manifest, data = source.manifest, source.manifest.get("data", {})
    return {
        "kind": EXPORT, "candidate": source.candidate, "run": source.run, "branch": manifest["branch"],
        "step": manifest["step"], "checkpoint_sha256": source.sha256, "merged": merge, "base": source.base,
        "digests": {"base": source.base_sha256, **part_digests(folder), "data": data.get("sha256")},
        "versions": {"assay": VERSION, **{name: version(name) for name in PACKAGES}},
    }  # fmt: skip
