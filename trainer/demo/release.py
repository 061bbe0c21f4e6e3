"""From a judged checkpoint to what is live, by the people of the demo, with a line for what came of each step.

    first_release(stage, checkpoint)      v1: judged, proposed, approved by two leads, released
    play_on(stage, campaign, checkpoint)  v2 likewise; then v1 is put back, and v2 again

Nothing is forced: the gate decides, and where it does not pass, that is what is told.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from evals.gate.approvals import approve
from evals.gate.live import ENVIRONMENT, live_in
from evals.gate.looking import Look, look
from evals.gate.numbers import short
from evals.gate.policy import read_policy_file
from evals.release.making import make
from evals.release.restoring import restore
from evals.review.demo_panel import judge_rest
from evals.review.errors import CampaignError
from evals.review.results import results
from store.access import Actor
from store.database import Store
from store.personas import Persona
from store.users import account
from trainer.demo.blind import POLICY, Asked, first_review, named, open_review, second_review
from trainer.demo.material import SAMPLE, Material
from trainer.propose import propose

__all__ = ["Stage", "fails", "first_release", "play_on", "second_candidate"]

LEADS = ("li", "zhao")

TAKEN_BACK = "to show that an earlier release can be put back at any time"

PUT_FORWARD = "it was taken back only to show that it can be"


class Stage(NamedTuple):
    """Where the story plays."""

    store: Store
    """The demo's store."""

    place: Path
    """Folder of the material."""

    material: Material
    """The material."""

    people: Mapping[str, Persona]
    """Who plays."""

    seed: int
    """Decides the order of pairs."""

    tell: Callable[[str], None]
    """Is told what came of each step, in a line."""

    @property
    def house(self) -> Actor:
        """Whoever started the demo."""
        return Actor("command", None, account())


def first_release(stage: Stage, checkpoint: Path | None) -> None:
    """Release an earlier checkpoint, where nothing is live yet: what comes later is judged against it."""
    if stage.store.snapshot(lambda snapshot: live_in(snapshot, ENVIRONMENT)) is not None:
        return
    if checkpoint is None:
        stage.tell("nothing is released yet: there is no earlier checkpoint that is safe to return to")
        return
    campaign = _opened(stage, checkpoint, first_review(stage.material))
    if campaign is not None:
        judge_rest(stage.store, stage.house, campaign)
        _tell_review(stage, campaign)
        propose(stage.store, stage.people["engineer"].actor, named(checkpoint))
        _release(stage, named(checkpoint))


def second_candidate(stage: Stage, checkpoint: Path) -> int | None:
    """Open the review of the newest checkpoint and build the folder that would be released; the review's number.

    None where there is nothing to judge.
    """
    campaign = _opened(stage, checkpoint, second_review(stage.material))
    if campaign is not None:
        made = propose(stage.store, stage.people["engineer"].actor, named(checkpoint))
        stage.tell(f"{_name(stage, 'engineer')} proposed {named(checkpoint)}: the folder {short(made.sha256)}")
    return campaign


def play_on(stage: Stage, campaign: int, checkpoint: Path) -> None:
    """Judge what is left by a made-up panel, release what the gate lets pass, put v1 back, and then v2 again."""
    judge_rest(stage.store, stage.house, campaign)
    _tell_review(stage, campaign)
    before = stage.store.snapshot(lambda snapshot: live_in(snapshot, ENVIRONMENT))
    if _release(stage, named(checkpoint)) and before is not None:
        now = stage.store.snapshot(lambda snapshot: live_in(snapshot, ENVIRONMENT))
        assert now is not None, "it was released just now"
        _restore(stage, f"v{before.version}", TAKEN_BACK)
        _restore(stage, f"v{now.version}", PUT_FORWARD)


def fails(stage: Stage, checkpoint: Path) -> None:
    """Tell what the demo's policy has against a checkpoint that nobody proposed."""
    policy = read_policy_file(SAMPLE / POLICY)
    seen = look(stage.store, stage.people["engineer"].actor, named(checkpoint), policy=policy)
    said = [check.says for check in seen.checks if check.result == "fail"]
    stage.tell(f"the gate would not let {seen.place.candidate} pass: {'; '.join(said) or 'nobody has judged it'}")


def _opened(stage: Stage, checkpoint: Path, asked: Asked) -> int | None:
    try:
        return open_review(
            stage.store, stage.people["engineer"].actor, stage.place, checkpoint, asked, stage.seed
        )  # fmt: skip
    except CampaignError as error:
        # After a handful of steps both may say the same everywhere.
        stage.tell(f"no blind review of {named(checkpoint)}: {error}")
        return None


def _tell_review(stage: Stage, campaign: int) -> None:
    found = results(stage.store, stage.people["engineer"].actor, campaign)
    share = found.overall
    counts = f" ({share.wins} won, {share.ties} alike, {share.losses} lost)" if share else ""
    stage.tell(f"blind review of {found.candidate} against {found.baseline}: {found.decision}{counts}, a made-up panel")


def _release(stage: Stage, candidate: str) -> bool:
    """Two leads look, approve what passes, and release it; whether it was."""
    seen = _looked(stage, LEADS[0], candidate)
    stage.tell(_decision(seen))
    if seen.decision != "pass":
        stage.tell(f"{candidate} is not released")
        return False
    for lead in LEADS[: seen.policy.approval.approvals_required]:
        approve(stage.store, stage.people[lead].actor, _looked(stage, lead, candidate))
    signed = " and ".join(_name(stage, lead) for lead in LEADS[: seen.policy.approval.approvals_required])
    stage.tell(f"{signed} approved {candidate} on evidence {short(seen.digest)}")
    made = make(stage.store, stage.people[LEADS[0]].actor, candidate).release
    stage.tell(f"{_name(stage, LEADS[0])} released {candidate} as v{made.version}: the folder {short(made.sha256)}")
    return True


def _looked(stage: Stage, who: str, candidate: str) -> Look:
    return look(stage.store, stage.people[who].actor, candidate)


def _decision(seen: Look) -> str:
    passed = sum(check.result == "pass" for check in seen.checks)
    said = "; ".join(check.says for check in seen.checks if check.result != "pass")
    return f"release check of {seen.place.candidate}: {seen.decision}, {passed} of {len(seen.checks)} checks pass" + (
        f"; {said}" if said else ""
    )


def _restore(stage: Stage, version: str, reason: str) -> None:
    restore(stage.store, stage.people[LEADS[1]].actor, version, reason=reason)
    stage.tell(f"{_name(stage, LEADS[1])} put {version} back: {reason}")


def _name(stage: Stage, key: str) -> str:
    return stage.people[key].name
