"""A plan for people: what to do, why, and the table of memory."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from store.commands.common import console
from trainer.planning.fitting import Fit
from trainer.planning.memory import METHODS, Memory
from trainer.planning.plan import Plan, Stage
from trainer.planning.share import measured

__all__ = ["print_plan"]

TITLES = {"full": "all weights", "lora": "LoRA", "qlora": "LoRA, 4 bits"}


def print_plan(plan: Plan) -> None:
    """Print a plan."""
    for number, stage in enumerate(plan.stages, start=1):
        console.print(f"{number}. {_stage(stage)}", markup=False)
    if plan.stages:
        console.print(f"   {TITLES[plan.method]}, {_batch(plan)}", markup=False)
    console.print()
    for reason in plan.reasons:
        console.print(Text.assemble((f"{reason.about}: ", "bold"), reason.reason, (f"  [{reason.source}]", "dim")))
    if plan.share:
        _print_shares()
    if plan.memory:
        _print_parts(plan.memory[: len(METHODS)])
        _print_activations(plan)
    if plan.fits:
        _print_fits(plan.fits)


def _stage(stage: Stage) -> str:
    start = "the stage before" if stage.start == "cpt" else f"a {stage.start} model"
    epochs = "1 epoch" if stage.epochs == 1 else f"{stage.epochs:g} epochs"
    return (
        f"{stage.stage} from {start}: {stage.rows:,} rows, {stage.tokens:,} tokens, {epochs} in "
        f"{stage.steps:,} steps of {stage.batch}, samples of {stage.length:,} tokens at the most, "
        f"learning rate {stage.lr:g}"
    )


def _batch(plan: Plan) -> str:
    last = plan.stages[-1]
    ways = f"{last.micro_batch} samples at once"
    if last.accumulation > 1:
        ways += f", {last.accumulation} times a step"
    if last.checkpointing:
        ways += ", with gradient checkpointing"
    rates = ", ".join(f"{size}: {rate:g}" for size, rate in plan.rates.items())
    return f"{ways}; learning rate at other batch sizes: {rates}" if rates else ways


def _print_shares() -> None:
    """What each share of general data came to where it was measured; see docs/general-share.md."""
    rows = measured()
    console.print(
        f"\ngeneral data, as measured on small models over {rows[0].seeds} seeds: points against none mixed in, 95 %",
        markup=False,
    )
    table = _table(["share", "facts kept", "more kept", "chrF on the domain", "at least, one-sided"])
    for row in rows:
        if row.share:
            kept = "{:+.1f} ({:+.1f} to {:+.1f})".format(*row.kept_change)
            chrf = "{:+.1f} ({:+.1f} to {:+.1f})".format(*row.chrf_change)
            table.add_row(f"{100 * row.share:.0f} %", f"{row.kept:.1f} %", kept, chrf, f"{row.chrf_at_least:+.2f}")
        else:
            table.add_row("none", f"{row.kept:.1f} %", "", "", "")
    console.print(table)


def _print_parts(rows: Sequence[Memory]) -> None:
    setting = rows[0].setting
    way = "with" if setting.checkpointing else "without"
    console.print(
        f"\nGB (10^9 bytes) with {setting.micro_batch} samples of {setting.length:,} tokens at once, "
        f"{way} gradient checkpointing",
        markup=False,
    )
    table = _table(["method", "weights", "gradients", "optimizer", "activations", "total"])
    for row in rows:
        parts = row.weights, row.gradients, row.optimizer, row.activations, row.total
        table.add_row(TITLES[row.setting.method], *map(_gb, parts))
    console.print(table)


def _print_activations(plan: Plan) -> None:
    rows = [row for row in plan.memory if row.setting.method == plan.method]
    shapes = sorted({(row.setting.micro_batch, row.setting.checkpointing) for row in rows})
    console.print(f"\nGB of activations, {TITLES[plan.method]}", markup=False)
    table = _table(["tokens", *(f"{size} at once{', checkpointed' if way else ''}" for size, way in shapes)])
    for length in sorted({row.setting.length for row in rows}):
        found = {
            (row.setting.micro_batch, row.setting.checkpointing): row for row in rows if row.setting.length == length
        }
        table.add_row(f"{length:,}", *(_gb(found[shape].activations) for shape in shapes))
    console.print(table)


def _print_fits(fits: Sequence[Fit]) -> None:
    console.print("\nwhat fits", markup=False)
    table = _table(["card", *(TITLES[method] for method in METHODS)])
    for fit in fits:
        table.add_row(Text(fit.card.name), *(_fitting(fit, method) for method in METHODS))
    console.print(table)


def _fitting(fit: Fit, method: str) -> str:
    found = fit.of[method]
    if found:
        way = ", checkpointed" if found.setting.checkpointing else ""
        return f"{found.setting.micro_batch} at once{way} ({_gb(found.total)} GB)"
    if method == "full" and fit.sharded_over:
        if fit.sharded_over <= fit.card.count:
            return f"sharded over {fit.sharded_over} of the {fit.card.count}"
        return f"no; {fit.sharded_over} cards with sharding"
    return "no"


def _table(headings: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    return table


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f}" if size >= 1e8 else f"{size / 1e9:.2g}"
