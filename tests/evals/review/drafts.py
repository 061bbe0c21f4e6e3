"""Campaigns opened as people open them, and graders who judge by a table."""

from evals.review.answers import ERROR_TYPES
from evals.review.draft import CampaignDraft, Contender
from evals.review.findings import StoredPair
from evals.review.opening import make_campaign
from evals.review.service import begin_sitting, close_sitting, next_pair, submit
from evals.review.types import Answer, CriticalError, PairView
from store.access import Actor

LEAD = Actor("command", None, "lin")

WORDS = ("apples", "boats", "clouds", "doors", "eggs", "forks", "goats", "hats", "islands", "jars", "kites", "lamps")


def stored(number, prefix="q", *, same=False, **changes):
    """A pair whose two answers say whose they are, so that a test can judge by them."""
    word = WORDS[number % len(WORDS)]
    fields = {
        "item": f"{prefix}{number}", "question": f"{prefix}: what would you say of {word} number {number * 7919}?",
        "candidate": f"Fresh {word} {number}.", "baseline": f"{'Fresh' if same else 'Stale'} {word} {number}.",
    }  # fmt: skip
    return StoredPair(**{**fields, **changes})


def draft(pairs=6, practice=0, identical=0, **changes):
    """A draft of so many pairs q0, q1, …, or of these, identical ones s0, s1, … and practice ones p0, p1, …."""
    judged = [stored(n) for n in range(pairs)] if isinstance(pairs, int) else pairs
    fields = {
        "candidate": Contender("r@6", "c" * 64), "baseline": Contender("the start of r@6", "b" * 64),
        "pairs": [*judged, *(stored(n, "s", same=True) for n in range(identical))],
        "practice": [stored(n, "p") for n in range(practice)], "policy": "[review]\ncriteria = []\n",
    }  # fmt: skip
    return CampaignDraft(**{**fields, **changes})


def opened(store, **changes):
    """Open a campaign by command."""
    return make_campaign(store, LEAD, draft(**changes))


def judge(store, campaign, grader, say, planned=50, errors=None):
    """Let someone judge all there is: `say(number)` is fresh, stale, tie or both_bad, `errors(number)` a side."""
    begin_sitting(store, grader, campaign, planned)
    judged = 0
    while isinstance(pair := next_pair(store, grader, campaign), PairView):
        number = int(pair.left.rpartition(" ")[2].rstrip("."))
        sides = {"fresh": "left" if pair.left.startswith("Fresh") else "right"}
        sides["stale"] = "right" if sides["fresh"] == "left" else "left"
        wrong = errors(number) if errors else None
        found = (CriticalError(sides[wrong], ERROR_TYPES[0], getattr(pair, sides[wrong])),) if wrong else ()
        said = say(number)
        submit(store, grader, pair.token, Answer(choice=sides.get(said, said), errors=found, comment=f"no {number}"))
        judged += 1
    close_sitting(store, grader, campaign)
    return judged
