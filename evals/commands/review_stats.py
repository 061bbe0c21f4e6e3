"""`assay review stats`: what counts of blind verdicts prove."""

import math

import click
from rich.table import Table

from assay.errors import AssayError
from evals.stats.decision import Decision, Evidence, Rules, Summary, summarise, weigh
from evals.stats.items import Tally, counted, theta
from store.commands.common import console, json_option, print_json

__all__ = ["SAYS", "stats"]

RULES = Rules()

MOST = 10**9
"""Verdicts that a count may have; beyond, a float no longer tells evidence from rounding."""

SAYS: dict[Decision, str] = {
    "superior": "the candidate is better than the baseline",
    "not_worse": "the candidate is not worse than the baseline by more than {margin:g}; that it is better is not shown",
    "harm": "the candidate is worse than the baseline by more than {margin:g}",
    "futile": "whatever the candidate gains, it is too little to look for (θ is below {futile_theta:g})",
    "inconclusive": "{n:,} pairs, the most that were planned, do not tell; that is not the same as no difference",
    "continue": "nothing is decided yet, more pairs are needed",
}
"""Each decision in words, with `margin`, `futile_theta` and `n`."""


@click.command()
@click.option("--wins", type=int, required=True, metavar="W", help="Pairs in which the candidate was better.")
@click.option(
    "--ties", type=int, required=True, metavar="T", help="Pairs without a winner, both unacceptable included."
)
@click.option("--losses", type=int, required=True, metavar="L", help="Pairs in which the baseline was better.")
@click.option(
    "--margin", type=float, default=RULES.margin, show_default=True,
    help="Loss in P(win) - P(loss) that is put up with, between 0 and 1.",
)  # fmt: skip
@click.option(
    "--alpha", type=float, default=RULES.alpha, show_default=True,
    help="How often a claim may be wrong, between 0 and 1.",
)  # fmt: skip
@click.option(
    "--cap", type=int, default=RULES.cap, show_default=True, metavar="N",
    help="Pairs planned at most; then it ends undecided.",
)  # fmt: skip
@json_option
def stats(*, wins: int, ties: int, losses: int, margin: float, alpha: float, cap: int, as_json: bool) -> None:
    """What so many wins, ties and losses decide.

    Each pair is an item with one verdict. The evidence may be looked at after every verdict without being wrong more
    often than alpha. θ is P(win) + P(tie) / 2; lower and upper are its bounds, each alone at 1 - alpha, from
    these counts alone. The decision is superior, not_worse, harm, futile, inconclusive or continue.
    """
    tally = _checked(wins, ties, losses)
    rules = _rules(margin, alpha, cap)
    found = summarise(tally, rules)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found, tally, rules)


def _checked(wins: int, ties: int, losses: int) -> Tally:
    for name, count in (("--wins", wins), ("--ties", ties), ("--losses", losses)):
        if not 0 <= count <= MOST:
            raise AssayError(f"{name} is {_shown(count)}; a count of pairs is 0 to {MOST:,}")
    if not wins + ties + losses:
        raise AssayError("--wins, --ties and --losses are all 0; give at least one pair")
    return counted(wins, ties, losses)


def _rules(margin: float, alpha: float, cap: int) -> Rules:
    if not (0 < margin < 1 and 0 < 0.5 - margin / 2 < 0.5):
        raise AssayError(f"--margin is {margin:g}; give a difference of shares above 0 and below 1, such as 0.15")
    if not 0 < alpha < 1:
        raise AssayError(f"--alpha is {alpha:g}; give a chance of being wrong above 0 and below 1, such as 0.05")
    if cap < 1:
        raise AssayError(f"--cap is {_shown(cap)}; plan at least one pair")
    return Rules(margin=margin, alpha=alpha, cap=cap)


def _shown(count: int) -> str:
    return f"{count:,}" if abs(count) < 10**18 else "a number of more than 18 digits"


def _print(found: Summary, tally: Tally, rules: Rules) -> None:
    n = sum(tally.values())
    says = SAYS[found.decision].format(margin=rules.margin, futile_theta=rules.futile_theta, n=n)
    console.print(f"{found.decision}: {says}.")
    console.print()
    console.print(_evidence_table(weigh(tally, rules), rules))
    console.print()
    lower, upper = found.bounds
    sure = f"{100 * (1 - rules.alpha):g} %"
    console.print(
        f"{n:,} pair{'s' * (n != 1)}: {tally[1.0]:,} won, {tally[0.5]:,} tied, {tally[0.0]:,} lost; "
        f"win difference {found.win_difference:+.3f}"
    )
    console.print(f"θ is {theta(tally):.3f}: at least {lower:.3f} ({sure}), at most {upper:.3f} ({sure})")


def _evidence_table(evidence: Evidence, rules: Rules) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("claim", "strength of evidence", "decides at"):
        table.add_column(heading, justify="left" if heading == "claim" else "right", overflow="fold")
    for claim, log, needed in (
        ("better than the baseline", evidence.superior, rules.needed),
        (f"not worse by more than {rules.margin:g}", evidence.not_worse, rules.needed),
        (f"worse by more than {rules.margin:g} (harm)", evidence.harm, rules.needed),
        (f"θ is below {rules.futile_theta:g} (futile)", evidence.futile, rules.futile_needed),
    ):
        table.add_row(claim, _strength(log), _strength(needed))
    return table


def _strength(log: float) -> str:
    """An e-value, given as its logarithm, which no float may hold."""
    if log > math.log(1e6):
        tens = log / math.log(10)
        return f"10^{tens:,.1f}"
    return f"{math.exp(log):,.3g}" if log < math.log(1000) else f"{math.exp(log):,.0f}"
