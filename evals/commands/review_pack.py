"""`assay review pack` and `assay review import`: blind review where the server cannot be reached."""

import importlib
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from evals.commands.review_common import command_actor, number_of
from evals.review.packing import MOST_PAIRS, Pack, give_back, make_pack
from evals.review.unpacking import Brought, import_verdicts
from store.commands.common import (
    console,
    json_option,
    loaded_store,
    notes,
    print_json,
    require_new,
    store_option,
    write_new,
)
from store.readers.sound import printable

__all__ = ["import_command", "pack_command"]


@click.command("pack")
@click.argument("campaign")
@click.option("--grader", required=True, metavar="NAME", help="Who judges: name or number, as `assay user ls` has it.")
@click.option(
    "--out", required=True, metavar="FILE.html", type=click.Path(path_type=Path), help="The file; it must be new."
)
@click.option("--pairs", type=click.IntRange(1, MOST_PAIRS), default=10, show_default=True, help="Pairs at most.")
@click.option(
    "--days", type=click.FloatRange(0, 90, min_open=True), default=7.0, show_default=True,
    help="How long the pairs are kept for the grader.",
)  # fmt: skip
@store_option
@json_option
def pack_command(
    *, campaign: str, grader: str, out: Path, pairs: int, days: float, store: str | None, as_json: bool
) -> None:
    """Put pairs of a campaign into one HTML file, to be judged offline.

    CAMPAIGN is its name or number. The file is the page Review with the grader's pairs, and uses no network. Nobody
    else gets these pairs until the days are over. The page saves a file of verdicts, which `assay review import` takes.
    """
    place = loaded_store(store)
    require_new(out, place)
    number, actor = number_of(place, campaign), command_actor()
    pack = make_pack(place, actor, number, grader, pairs, days)
    try:
        write_new(out, importlib.import_module("dashboard.offline_pack").html_of(pack))
    except BaseException:
        give_back(place, actor, number, [pair.token for pair in pack.pairs])
        raise
    if as_json:
        print_json({"campaign": number, "grader": grader, "file": str(out), **_counts(pack), "expires": pack.expires})
    else:
        console.print(Text(printable(_packed(pack, grader, out))))


def _counts(pack: Pack) -> dict[str, int]:
    practice = sum(pair.practice for pair in pack.pairs)
    return {"pairs": len(pack.pairs) - practice, "practice": practice}


def _packed(pack: Pack, grader: str, out: Path) -> str:
    counts = _counts(pack)
    practice = f" and {_counted(counts['practice'], 'practice pair')}" if counts["practice"] else ""
    return (
        f"{out}: {_counted(counts['pairs'], 'pair')}{practice} for {grader}, kept until "
        f"{pack.expires:%Y-%m-%d %H:%M} UTC; hand the file to nobody else, as whoever has it can judge"
    )


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@store_option
@json_option
def import_command(*, file: Path, store: str | None, as_json: bool) -> None:
    """Enter the verdicts of a pack, once.

    FILE is what the page of a pack saved. Its signature is checked, and each verdict is entered as the page Review
    enters it. The same file again adds nothing.
    """
    place = loaded_store(store)
    brought = import_verdicts(place, command_actor(), file, importlib.import_module("dashboard.hostile").text_on_screen)
    if as_json:
        print_json(_as_dict(brought))
        return
    for refusal in brought.refused:
        notes.print(Text(printable(f"not entered: {refusal.question[:80]}: {refusal.sentence}")))
    console.print(Text(printable(_said(brought, file))))


def _as_dict(brought: Brought) -> dict[str, Any]:
    counts = {name: value for name, value in brought._asdict().items() if name not in ("before", "refused")}
    refused = [refusal._asdict() for refusal in brought.refused]
    return {**counts, "imported_before": bool(brought.before), "refused": refused}


def _said(brought: Brought, file: Path) -> str:
    if brought.before:
        return f"{file} was imported on {brought.before} UTC: nothing is added"
    parts = [
        _counted(brought.verdicts, "verdict"),
        *[_counted(brought.practice, "practice pair")] * bool(brought.practice),
        *[f"{brought.skipped:,} skipped"] * bool(brought.skipped),
        *[_counted(brought.flags, "flag")] * bool(brought.flags),
        *[_counted(brought.drafts, "draft") + " kept"] * bool(brought.drafts),
        *[f"{brought.given_back:,} given back"] * bool(brought.given_back),
        *[f"{len(brought.refused):,} not entered"] * bool(brought.refused),
    ]
    return f"campaign {brought.campaign}: {', '.join(parts)}"


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"
