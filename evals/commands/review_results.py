"""`assay review results`: what a campaign's final verdicts prove."""

from typing import Any

import click
from rich.table import Table

from evals.commands.review_common import command_actor, number_of
from evals.commands.review_stats import SAYS
from evals.review.results import Results, Share, results, results_dict
from evals.stats.decision import Rules
from store.commands.common import console, json_option, loaded_store, print_json, store_option

__all__ = ["results_command"]

WORDS = {"harm.critical": "the candidate makes too many critical errors", "stopped": "it was stopped undecided",
         "nothing": "nothing is judged yet",
         "criterion": "the verdicts would do, but too few pairs are judged"}  # fmt: skip
"""Sentences that no decision by counts has."""


@click.command("results")
@click.argument("campaign")
@store_option
@json_option
def results_command(*, campaign: str, store: str | None, as_json: bool) -> None:
    """What is decided, on what evidence, and how far to trust it.

    CAMPAIGN is a name or number. Looking is written to the audit log: whoever looks at this machine cannot judge
    in the campaign at this machine any more. Only final verdicts count.
    """
    place = loaded_store(store)
    found = results(place, command_actor(), number_of(place, campaign))
    if as_json:
        print_json(results_dict(found))
    else:
        _print(found)


def _print(found: Results) -> None:
    if found.simulated:
        console.print("simulated: these verdicts are made up by a program")
    console.print(f"{found.decision}: {_sentence(found)}.", markup=False)
    console.print(f"{found.name}: {found.candidate} against {found.baseline}", markup=False)
    console.print()
    if found.overall is not None:
        console.print(_evidence(found))
        console.print()
        console.print(_shares(found, found.overall))
        console.print()
    for line in _trust(found):
        console.print(line, markup=False)


def _sentence(found: Results) -> str:
    rules = Rules(margin=found.margin, alpha=found.alpha)
    counted = found.overall.n if found.overall else 0
    said = SAYS[found.decision].format(margin=found.margin, futile_theta=rules.futile_theta, n=counted)
    words = WORDS.get(found.sentence, said)
    if found.sentence.endswith(".early"):
        return f"good so far: {words}; {_least(found)}"
    return f"{words}, by {found.criterion}" if found.criterion else words


def _least(found: Results) -> str:
    """Why it goes on though there is good news."""
    if found.there < found.least:
        return (
            f"to know critical errors well enough takes {found.least:,} pairs, but only {found.there:,} can be judged"
        )
    return f"at least {found.least:,} pairs are judged, so that critical errors are known well enough"


def _evidence(found: Results) -> Table:
    table = _table("claim", "strength of evidence", "largest so far", "decides at")
    for claim, name, needed in (
        ("better than the baseline", "superior", found.decides_at),
        (f"not worse by more than {found.margin:g}", "not_worse", found.decides_at),
        (f"worse by more than {found.margin:g} (harm)", "harm", found.decides_at),
        ("too little to look for (futile)", "futile", found.futile_at),
    ):
        path = [getattr(point, name) for point in found.course]
        table.add_row(claim, f"{path[-1]:,.3g}", f"{max(path):,.3g}", f"{needed:,.3g}")
    return table


def _shares(found: Results, overall: Share) -> Table:
    table = _table("", "pairs", "won", "tied", "lost", "win difference", "at least", "at most")
    parts = [("overall", overall), *((part.name, part.share) for part in found.criteria)]
    parts += [(part.name or "every field", part.share) for part in found.specialties if len(found.specialties) > 1]
    for name, share in parts:
        table.add_row(
            name, f"{share.n:,}", f"{share.wins:,}", f"{share.ties:,}", f"{share.losses:,}",
            f"{share.win_difference:+.3f}", f"{share.lower:+.3f}", f"{share.upper:+.3f}",
        )  # fmt: skip
    return table


def _trust(found: Results) -> list[str]:
    lines = [
        f"graders: {len(found.graders)}; agreement (Krippendorff's alpha): {_agreed(found)}",
        f"blinding: {_blinding(found)}",
        f"position: {_position(found)}",
        f"skipped for good: {_skipped(found)}",
        f"pairs with the same answer twice, outside the test: {found.identical:,}; flagged: {len(found.flags):,}",
    ]
    if found.behind:
        lines.append(f"pairs with final verdicts behind one without, in the drawn order: {found.behind:,}, not weighed")
    if found.unblinded:
        lines.append(f"verdicts by people who had seen results: {found.unblinded:,}")
    if found.offline:
        by = ", ".join(found.offline.imported_by)
        lines.append(
            f"{found.offline.verdicts:,} of {found.offline.of:,} verdicts came from offline packs, imported by {by}"
        )
    return lines


def _agreed(found: Results) -> str:
    known = found.agreement
    if known is None or not known.items:
        return "missing: no pair had two graders"
    if known.alpha is None:
        return f"undefined, as all verdicts are the same ({known.items:,} pairs with two graders)"
    return f"{known.alpha:.2f} ({known.items:,} pairs with two graders)"


def _blinding(found: Results) -> str:
    known = found.blinding
    if known is None:
        return "missing: nobody was asked to guess"
    said = {None: "too few guesses", True: "held", False: "broken"}[known.held]
    return f"{said}; index {known.index:+.2f} ({known.low:+.2f} to {known.high:+.2f}), guesses: {known.guesses:,}"


def _position(found: Results) -> str:
    known = found.position
    if known is None:
        return "missing: no pair was decided"
    within = "within what the policy allows" if known.within else "more than the policy allows"
    left = f"{100 * known.left_share:.0f} % of {known.decided:,} decided went to the left answer"
    return f"{left}, z {known.z:+.1f}: {within}"


def _skipped(found: Results) -> str:
    known = found.skips
    if known is None:
        return "missing: nothing is judged"
    put_back = f"{known.as_ties:.2f} with them as ties, {known.as_losses:.2f} with them as losses"
    return f"{100 * known.share:.1f} % of the pairs; θ is {known.theta:.2f}, {put_back}"


def _table(*headings: str) -> Table:
    table: Any = Table(box=None, header_style="bold", pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", overflow="fold")
    return table
