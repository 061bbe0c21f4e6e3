"""A demo store whose story has come to the blind review, without a model: for the browser.

made = storied(folder)      triage@400 is live as v1; triage@600 is proposed, and waits to be judged against it
"""

import json
from pathlib import Path

import assay
from evals.gate.live import ENVIRONMENT
from evals.release.making import make
from evals.review.demo_panel import REFERENCES
from store.loading import load_spools
from store.personas import Persona, add_people
from store.story import ALONE, GUARDED, PART, SECOND, TRIAGE, WATCHED
from tests.evals.gate.passing import (
    COMMAND,
    Passing,
    evaluate,
    export_folder,
    new_campaign,
    passing_store,
    record_proposal,
    sign,
)

__all__ = ["storied"]

PAIRS = 16

POLICY = """[review]
n_max = 40
overlap = 0.0
min_graders = 1
waive_agreement = true
criteria = []
critical_limit = 0.3
"""


def storied(folder: Path) -> tuple[Passing, dict[str, Persona]]:
    """Make it; the store with its candidate, and who can be played."""
    made = passing_store(folder, demo=True)
    for lead in (made.li, made.zhao):
        sign(made, lead)
    make(made.store, made.li, made.candidate, environment=ENVIRONMENT)
    people = add_people(made.store, COMMAND)
    _train(made)
    after = made._replace(candidate="triage@600")
    evaluate(made.store, 600)
    load_spools(made.store)
    campaign = new_campaign(after, made.candidate, policy=POLICY, pairs=PAIRS)
    facts = _facts(after, campaign)
    made.store.transaction(lambda tx: tx.execute(_SECOND, {"campaign": campaign, "data": facts}))
    record_proposal(after, export_folder(made.store, after.candidate), [campaign])
    return after._replace(campaign=campaign), people


def _train(made: Passing) -> None:
    """The runs of the story, as far as its bar looks at them."""
    for name in (TRIAGE, ALONE, WATCHED, GUARDED):
        run = assay.run(name, store=made.store.root, total_steps=10)
        run.log(1, loss=2.0)
        if name in (WATCHED, GUARDED):
            run.event("spike", "jump of the loss", level="alarm", step=1)
        if name == GUARDED:
            run.fork(after=0, reason="rollback")
        run.finish()
    load_spools(made.store)
    made.store.transaction(lambda tx: tx.execute(_ASKED, {"runs": [TRIAGE, ALONE]}))


def _facts(made: Passing, campaign: int) -> str:
    """The candidate's answers are the wanted ones."""
    sql = "SELECT question FROM pair WHERE campaign_id = $campaign"
    asked = [row["question"] for row in made.store.rows(sql, {"campaign": campaign})]
    return json.dumps({PART: SECOND, REFERENCES: dict.fromkeys(asked, "Fresh advice")})


_SECOND = "UPDATE campaign SET data = json_merge_patch(data, $data) WHERE id = $campaign"

_ASKED = """
INSERT INTO eval_run BY NAME
SELECT 100 + 10 * r.id + row_number() OVER () AS id, concat(r.name, m.measures) AS key, r.id AS run_id, m.measures,
       '' AS suite, '' AS suite_sha256, '' AS kind, r.name AS artifact, '' AS scorer, '' AS model, now() AS created,
       1 AS n, 1 AS "of", 1.0 AS seconds, '{}' AS data
FROM run r CROSS JOIN (VALUES ('learned'), ('kept')) m(measures) WHERE list_contains($runs, r.name)
"""
