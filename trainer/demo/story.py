"""What the demo trains and releases: a base from nothing, the handbook on top, then an adapter that answers patients.

    demo-base         pretrain, full    facts in two languages, symptoms; 1.1 M parameters
    demo-handbook     cpt, full         the triage handbook, with general data mixed in
    demo-triage       sft, LoRA         conversations at the triage desk, with general data mixed in
    demo-triage-only                    the same without general data: what it forgets is seen beside the first
    demo-watched      sft, LoRA         the same desk at a learning rate that is too high and with four broken rows
    demo-guarded                        among the data: once watched only, once with the guard at work

The first two are made once for each seed and kept: a second demo begins with the third. The last four are trained in
pairs, two at a time where the machine has two cores. Then an early checkpoint of demo-triage is judged, approved and
released as v1, and a blind review of the last one against it is opened: what comes of that is a newcomer's, or, where
nobody watches, a made-up panel's.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from store.access import Actor
from store.database import Store
from store.loading import load_spools
from store.personas import add_people
from store.users import account
from trainer.demo import recipes
from trainer.demo.beside import Told, waiting
from trainer.demo.exam import Marks, sit
from trainer.demo.maker import CORES, THREADS, Maker, Stopped
from trainer.demo.material import Material, make_material, write_rows
from trainer.demo.recipes import DESK, PAIR
from trainer.demo.release import Stage, fails, first_release, play_on, second_candidate
from trainer.demo.suites import write_suites
from trainer.demo.tiny import make_model

__all__ = ["STEPS", "Story", "new_model", "tell"]

STEPS = 1300
"""Steps of the base; the handbook takes a sixteenth of them, the adapter three tenths."""


class Story(NamedTuple):
    """What was told."""

    runs: list[Told]
    """Runs that were trained now."""

    marks: dict[str, Marks]
    """How each model did in the exam, by run; empty where someone stopped the story."""

    ends: dict[str, float | None]
    """Validation loss at the end of the two runs into trouble, by what the guard might do."""

    review: int | None
    """The blind review of the newest checkpoint; None where there is nothing to judge."""

    lines: list[str]
    """What came of reviews, approvals and releases, a line a step."""


def tell(store: Store, *, steps: int, seed: int, say: Callable[[str], None], to_its_end: bool = False) -> Story:
    """Train what is not there yet, examine it, and release the first version; `to_its_end` goes on without a newcomer.

    Raises AssayError.
    """
    place = store.root / "material" / f"seed-{seed}"
    material, lines = make_material(seed), list[str]()
    write_rows(place, material)
    suites = write_suites(place, material)
    people = add_people(store, Actor("command", None, account()))
    with ExitStack() as stack:
        pairs = 2 if CORES > 1 else 0
        seconds = [stack.enter_context(waiting(store, threads=THREADS)) for _ in range(pairs)]
        make = Maker(store, place, say, seconds)
        try:
            base = make.full("base", recipes.base(new_model(place, material, seed), place, steps, seed))
            handbook = make.full("handbook", recipes.handbook(base, place, max(1, steps // 16), seed))
            say("Asking each model what it knows: facts, and the department for new complaints.")
            # What both adapters are compared with is asked before them: each of the two would ask it.
            marks = {"base": sit(store, suites, base), "handbook": sit(store, suites, handbook)}
            desk = [recipes.triage(handbook, place, max(1, 3 * steps // 10), seed, suites, name) for name in DESK]
            triage, alone = make.two(*desk)
            make.two(*(recipes.too_hot(handbook, triage, place, max(1, steps // 13), seed, mode) for mode in PAIR))
        except Stopped:
            return Story(make.runs, {}, {}, None, [])
    marks |= {"triage": sit(store, suites, triage), "triage only": sit(store, suites, alone)}
    ends = {mode: run.val_loss for mode, run in zip(PAIR, make.runs[-len(PAIR) :], strict=True)}
    say("An early checkpoint is judged and goes to the release check; the last one is judged against what is live.")
    load_spools(store)
    review = _release(Stage(store, place, material, people, seed, lines.append), triage, alone, to_its_end=to_its_end)
    return Story(make.runs, marks, ends, review, lines)


def _release(stage: Stage, triage: Path, alone: Path, *, to_its_end: bool) -> int | None:
    """Release v1 and open the review of what may be v2; its number."""
    first_release(stage, _early(stage.store, triage))
    review = second_candidate(stage, triage)
    if review is not None and to_its_end:
        play_on(stage, review, triage)
    fails(stage, alone)
    return review


def _early(store: Store, last: Path) -> Path | None:
    """The first checkpoint of a run that is safe to return to, but for the last one."""
    values = {"run": last.parents[1].name, "last": last.relative_to(store.root).as_posix()}
    found = store.rows(_EARLY, values)
    return store.root / found[0]["path"] if found else None


def new_model(place: Path, material: Material, seed: int) -> Path:
    """Random weights, and a tokenizer learned from everything that is read in the demo."""
    texts = [row["text"] for row in (*material.base, *material.handbook)]
    texts += [turn["content"] for row in (*material.triage, *material.mix) for turn in row["messages"]]
    make_model(place / "model", texts, seed=seed)
    return place / "model"


_EARLY = """
SELECT c.path FROM checkpoint c JOIN run r ON r.id = c.run_id
WHERE r.name = $run AND c.state = 'stable' AND c.path <> $last ORDER BY c.step LIMIT 1
"""
