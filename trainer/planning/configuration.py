"""A plan as configuration files that `assay train` takes, one a stage."""

import json
from collections.abc import Sequence
from pathlib import Path

from assay.errors import AssayError
from trainer.planning.plan import Plan, Stage

__all__ = ["configuration_of", "write_configurations"]


def write_configurations(plan: Plan, path: Path) -> list[Path]:
    """Write a configuration for each stage: the first at `path`, the next beside it; returns where they are.

    Raises AssayError where a file is there already, or the plan is none that `assay train` takes.
    """
    if not plan.stages:
        raise AssayError("--write needs to know the data; name it with --data")
    places = [path, *(path.with_name(f"{path.stem}-{stage.stage}{path.suffix}") for stage in plan.stages[1:])]
    for place in places:
        if place.exists():
            raise AssayError(f"{place} exists, and is left as it is; name another file to write to")
    for place, stage in zip(places, plan.stages, strict=True):
        _write(place, configuration_of(plan, stage))
    return places


def _write(place: Path, text: str) -> None:
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise AssayError(f"{place} exists, and is left as it is; name another file to write to") from error
    except OSError as error:
        raise AssayError(f"cannot write {place}: {error.strerror}; name another place") from error


def configuration_of(plan: Plan, stage: Stage) -> str:
    """The configuration of a stage, as TOML."""
    first = stage is plan.stages[0]
    model = ["[model]", f"path = {_text(str(Path(plan.model).absolute()))}"]
    follows = ["# It goes on from the stage before: assay train THIS.toml --from RUN"]
    files = list(stage.files)
    share = f"{plan.share.value:g}" if plan.share else ""
    return "\n".join([
        "# Written by `assay plan`, which says why.", *(model if first else follows), "",
        "[data]", f"train = {_texts(files)}", f"max_length = {stage.length}",
        f'# general = "FILE"  # general data to mix in, {share} of the tokens: it keeps what the model knew', "",
        "[train]", f"stage = {_text(stage.stage)}", f"method = {_text(plan.method)}", f"epochs = {stage.epochs}",
        f"batch_size = {stage.batch}", f"micro_batch = {stage.micro_batch}",
        f"gradient_checkpointing = {str(stage.checkpointing).lower()}", "",
        "[optim]", f"lr = {stage.lr}", "",
    ])  # fmt: skip


def _texts(values: Sequence[str]) -> str:
    return _text(values[0]) if len(values) == 1 else f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
