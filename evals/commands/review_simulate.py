"""`assay review simulate`: how many pairs a campaign will need, and what it is like."""

from pathlib import Path
from typing import Any

import click

from evals.commands.review_common import command_actor
from evals.commands.review_stats import SAYS
from evals.review.errors import CampaignError
from evals.review.policy import DEFAULT_FILE, ReviewPolicy, read_policy
from evals.review.rehearsal import rehearse
from evals.review.results import results, status
from evals.review.simulation import Plan, Simulated, check_plan, simulate_campaigns
from evals.stats.decision import Rules
from store.commands.common import console, json_option, print_json
from store.database import Store

__all__ = ["simulate"]

DATABASE = "assay.duckdb"


@click.command()
@click.option("--theta", type=float, default=0.6, show_default=True, help="P(win) + P(tie) / 2 of the candidate.")
@click.option("--ties", type=float, default=0.2, show_default=True, help="P(tie).")
@click.option(
    "--pairs", type=click.IntRange(1, 100_000), metavar="N", help="Pairs there are. Default: the most of the policy."
)
@click.option("--graders", type=click.IntRange(1, 100), default=2, show_default=True, help="Graders.")
@click.option(
    "--pace",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    metavar="N",
    help="Pairs that a grader judges in a week.",
)
@click.option(
    "--policy",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Rules (TOML). Default: those Assay brings.",
)
@click.option(
    "--campaigns",
    type=click.IntRange(1, 10_000),
    default=500,
    show_default=True,
    metavar="K",
    help="Campaigns to make up.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed draws the same.")
@click.option(
    "--store",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Judge one campaign by the real service in this folder's own store instead.",
)
@json_option
def simulate(  # noqa: PLR0913 - options of the command
    *, theta: float, ties: float, pairs: int | None, graders: int, pace: float, policy: Path | None, campaigns: int,
    seed: int, store: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Plan a campaign: how it would end, after how many pairs.

    Makes up many campaigns of a candidate as good as --theta says, and follows each by the policy's rules with a look
    after every pair. With --store one campaign is opened and judged through the service that experts use, in a demo
    store in a folder of its own; `assay dash --store DIR` shows it, marked as simulated for ever.
    """
    rules, text, _ = read_policy(policy or DEFAULT_FILE)
    plan = Plan(theta, ties, rules.n_max if pairs is None else pairs, graders, seed)
    check_plan(plan)
    if store is not None:
        _play(store, plan, text, as_json=as_json)
        return
    found = simulate_campaigns(plan, rules, campaigns)
    if as_json:
        print_json({"simulated": True, **_planned(plan), **found.as_dict(), "weeks": _weeks(found, graders, pace)})
    else:
        _print(found, plan, rules, pace)


def _print(found: Simulated, plan: Plan, rules: ReviewPolicy, pace: float) -> None:
    console.print(f"{found.campaigns:,} made-up campaigns with θ = {plan.theta:g} and {100 * plan.ties:g} % ties:")
    console.print()
    words = {"margin": rules.margin, "futile_theta": Rules().futile_theta, "n": min(plan.pairs, rules.n_max)}
    for decision, share in found.decisions.items():
        console.print(f"{100 * share:5.1f} %  {decision}: {SAYS[decision].format(**words)}", markup=False)
    console.print()
    if found.least:
        console.print(
            f"good news ends none before {found.least:,} pairs, so that critical errors are known well enough"
        )
    _, half, high = found.pairs
    console.print(f"pairs: {found.mean_pairs:,.0f} on average; half of the campaigns end by {half:,}, 90 % by {high:,}")
    weeks = _weeks(found, plan.graders, pace)
    people = f"{plan.graders} grader{'s' * (plan.graders != 1)}"
    console.print(
        f"verdicts: {found.mean_verdicts:,.0f} on average; {people} at {pace:g} pairs a week take "
        f"{weeks['mean']:.1f} weeks, and {weeks['p90']:.1f} in one campaign of ten"
    )


def _weeks(found: Simulated, graders: int, pace: float) -> dict[str, float]:
    _, half, high = found.verdicts
    week = graders * pace
    return {"mean": found.mean_verdicts / week, "p50": half / week, "p90": high / week}


def _planned(plan: Plan) -> dict[str, Any]:
    return {
        "theta": plan.theta,
        "ties": plan.ties,
        "planned_pairs": plan.pairs,
        "graders": plan.graders,
        "seed": plan.seed,
    }


def _play(folder: Path, plan: Plan, policy: str, *, as_json: bool) -> None:
    place, actor = Store.at(folder / DATABASE), command_actor()
    if not place.exists and folder.exists() and any(folder.iterdir()):
        raise CampaignError(f"{folder} has other files in it; name a new folder with --store")
    place.create(demo=True)
    number = rehearse(place, actor, plan, policy)
    found, [state] = results(place, actor, number), status(place, actor, number)
    judged = found.overall.n if found.overall else 0
    if as_json:
        print_json({
            "simulated": True, "store": str(place.path), "campaign": number, **_planned(plan),
            "decision": found.decision, "pairs": judged, "verdicts": state.verdicts, "closed": state.closed is not None,
        })  # fmt: skip
        return
    console.print(f"simulated campaign {number} in {place.path}", markup=False)
    said = SAYS[found.decision].format(margin=found.margin, futile_theta=Rules().futile_theta, n=judged)
    console.print(f"{found.decision}: {said}; {judged:,} pairs, {state.verdicts:,} verdicts", markup=False)
    console.print(f"next: assay dash --store {place.path}", markup=False)
