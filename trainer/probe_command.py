"""`assay probe`: what a model knows, and what it forgot."""

import importlib
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from rich.table import Table
from rich.text import Text

from evals.choice_items import ChoiceItem
from evals.suite import choice_suite
from evals.text.errors import DataError
from store.commands.common import console, json_option, notes, open_store, print_json, store_option
from trainer.bar import Bar
from trainer.eval_words import listed

if TYPE_CHECKING:
    from evals.forgetting.paired import Comparison
    from evals.leak import LeakReport
    from evals.suite import Style, Suite
    from store.database import Store
    from trainer.probed import Probed, Without

__all__ = ["probe", "torch_module"]

COLOURS = {"green": "green", "yellow": "yellow", "red": "bold red"}

LISTED = 10
"""Lost questions that are printed; --json has them all."""


@click.command()
@click.argument("asked")
@click.option("--items", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Choice questions.")
@click.option(
    "--baseline", metavar="PATH", help="What to compare with: a folder or RUN@STEP. Default: what the run began with."
)
@click.option(
    "--style", type=click.Choice(["plain", "chat", "letter"]), default="plain", show_default=True,
    help="How questions are put.",
)  # fmt: skip
@click.option(
    "--size", type=click.IntRange(1), metavar="N", help="Begin with N questions; ask more where it is yellow."
)
@click.option(
    "--margin", type=click.FloatRange(0, 1), default=0.03, show_default=True, help="Drop that is put up with, 0 to 1."
)
@store_option
@json_option
def probe(
    *, asked: str, items: Path, baseline: str | None, style: str, size: int | None, margin: float, store: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Ask a model choice questions, and show what it forgot against its base.

    ASKED is RUN, RUN@STEP or a folder. The choice that the model finds likeliest is its answer; `acc_norm` goes by
    likelihood a character.
    """
    suite = choice_suite(items, cast("Style", style))
    questions = [item for item in suite.items if isinstance(item, ChoiceItem)]
    place = open_store(store)
    finding, probing = torch_module("trainer.asked"), torch_module("trainer.probing")
    model = finding.find_asked(asked, place)
    base = finding.find_asked(baseline, place) if baseline else model.base
    kept = probing.Kept(place, suite) if place.exists else None
    wanted = probing.Probe(questions, style, size, margin, kept=kept, leaks=_leaks(model, suite, place))
    with Bar() as bar:
        found = probing.probe(model, base, wanted, bar.show)
    if as_json:
        print_json(
            {"model": model.name, "compared_with": base.name if base else None, "style": style, **found.as_dict(),
             "versions": {name: version(name) for name in ("torch", "transformers")}}
        )  # fmt: skip
        return
    _print(found, model.name, base.name if base else None, len(questions))


def _leaks(model: Any, suite: "Suite", place: "Store") -> "LeakReport | None":
    """What the leak check found; a training file that is gone hinders no probe."""
    try:
        return torch_module("trainer.probing").leaks_in(model, suite, place)
    except (DataError, OSError) as error:
        notes.print(f"not checked for leaks: {error}", markup=False)
        return None


def torch_module(name: str) -> Any:
    """A module that needs torch, which takes seconds to load; a wrong file should not."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return importlib.import_module(name)


def _print(found: "Probed", name: str, base: str | None, of: int) -> None:
    shown = found.as_dict()
    asked = f"{shown['n']:,} of {of:,}" if shown["n"] < of else f"{of:,}"
    console.print(
        f"{name}: {_percent(shown['acc'])} of {asked} questions right, {_percent(shown['acc_norm'])} by length"
    )
    if found.cut:
        console.print(f"longer than the model reads, and cut at their start: {listed(found.cut)}", markup=False)
    compared = found.comparison
    if compared is None or found.light is None:
        _leaked(found)
        return
    console.print(
        f"against {base}: {_percent(compared.base_acc)}, lost {len(compared.lost)}, gained {len(compared.gained)}; "
        f"{_dropped(compared)}, "
        f"mid-p {_p(compared.mid_p)}"
    )
    if compared.mde is not None:
        console.print(f"smallest drop this test could see: {_points(compared.mde)}")
    if compared.retention is not None:
        console.print(f"kept of what the base knows beyond guessing: {_percent(compared.retention)}")
    console.print(f"[{COLOURS[found.light.colour]}]{found.light.colour}[/]: {found.light.why}")
    _leaked(found)
    _categories(found)
    _lost(compared.lost, found.items)


def _leaked(found: "Probed") -> None:
    """How many questions stand in the training data, and what remains without them."""
    leaked, of = len(found.leaked), len(found.items)
    if found.leaks is None:
        console.print("not checked for leaks: no training data is known")
        return
    rows = f"the training data ({found.leaks.rows:,} rows)"
    console.print(f"{leaked or 'none'} of {of:,} questions found in {rows}")
    without = found.without
    if without is None:
        if leaked:
            console.print("all of them are, so this says nothing of forgetting")
        return
    shown = without.as_dict()
    console.print(f"without them: {_percent(shown['acc'])} of the other {shown['n']:,} right{_kept(without)}")
    light = without.light
    if light is not None:
        console.print(f"without them it would be [{COLOURS[light.colour]}]{light.colour}[/]: {light.why}")


def _kept(without: "Without") -> str:
    told = without.comparison
    if told is None:
        return ""
    said = f", {_dropped(told)}"
    return said if told.retention is None else f"{said}, kept {_percent(told.retention)}"


def _categories(found: "Probed") -> None:
    assert found.comparison is not None
    if len(found.comparison.categories) < 2:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("subject", "questions", "base", "now", "lost", "gained", "p (Holm)"):
        table.add_column(heading, justify="left" if heading == "subject" else "right")
    for part in found.comparison.categories:
        table.add_row(
            Text(part.category), str(part.n), _percent(part.base_acc), _percent(part.acc), str(part.lost),
            str(part.gained), _p(part.holm_p),
        )  # fmt: skip
    console.print()
    console.print(table)


def _lost(ids: tuple[str, ...], items: list[ChoiceItem]) -> None:
    if not ids:
        return
    texts = {item.id: item.question for item in items}
    console.print()
    console.print(f"lost questions ({len(ids)}):", markup=False)
    for id_ in ids[:LISTED]:
        console.print(f"  {id_}  {texts[id_]}", markup=False)
    if len(ids) > LISTED:
        console.print(f"  … and {len(ids) - LISTED} more; --json has them all", markup=False)


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.00005 else "below 0.0001"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _dropped(told: "Comparison") -> str:
    return f"drop {_points(told.drop)} ({100 * told.drop_low:.1f} to {100 * told.drop_high:.1f})"


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"
