"""A store with a run and campaigns in each state, for the page Campaigns."""

import shutil
from pathlib import Path
from typing import NamedTuple

import assay
from evals.review.service import close_campaign
from store.database import Store
from store.loading import load_spools
from tests.evals.review.campaigns import Made, make_campaign
from tests.evals.review.judged import judge

POLICY = '[review]\ncriteria = ["accurate", "useful"]\n'

QUOTE = "<b>Take</b> ten."


class Reviewed(NamedTuple):
    """The store and its campaigns."""

    store: Store
    """The store."""

    won: Made
    """Decided: the candidate is better."""

    going: Made
    """Under way, with critical errors, two graders, guesses, skips."""

    stopped: Made
    """Closed by a lead; simulated."""


def reviewed_store(folder: Path, *, demo: bool = False) -> Reviewed:
    """Three campaigns about checkpoints of the run `triage`."""
    store = Store.at(folder / "assay.duckdb")
    store.create(demo=demo)
    run = assay.run("triage", store=folder, total_steps=100)
    run.log(40, loss=1.0)
    run.finish()
    load_spools(store)
    won = make_campaign(store, 20, policy=POLICY, specialties=["law", "medicine"])
    judge(store, won.campaign, won.graders[0], "w" * 12, criteria={"accurate": "w" * 12, "useful": "w" * 12})
    going = make_campaign(store, 60, policy=POLICY, specialties=["law", ""], overlap=range(0, 12, 3), identical=2)
    errors = {
        3: [("candidate", "dangerous-advice", QUOTE)], 4: [("baseline", "wrong-fact", "It is this.")],
    }  # fmt: skip
    judge(
        store, going.campaign, going.graders[0], "wwtlwwbwwlww", errors=errors,
        criteria={"accurate": "wwtlwwtwwtww", "useful": "wwtltwtwwlww"}, guesses={0: "right", 5: "wrong", 9: "unknown"},
    )  # fmt: skip
    judge(store, going.campaign, going.graders[1], "w--w--t--l--", criteria={"accurate": "wwtl"})
    stopped = make_campaign(store, 10, policy=POLICY, simulated=True)
    judge(store, stopped.campaign, stopped.graders[0], "wl", unblinded=True)
    close_campaign(store, stopped.lead, stopped.campaign, "the <wrong> questions")
    return Reviewed(store, won, going, stopped)


def copied(made: Reviewed, folder: Path) -> Reviewed:
    """The same in a folder that is not there yet: to be changed, for one test."""
    shutil.copytree(made.store.root, folder)
    return made._replace(store=Store.at(folder / made.store.path.name))
