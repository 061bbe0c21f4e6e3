"""Breaches inside a store: of approvals, of releases and restores, of files between approval and release."""

import shutil
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evals.gate import approvals
from evals.gate.approvals import approve, override
from evals.release.confirming import confirm
from evals.release.current import current
from evals.release.restoring import restore
from store.clock import utc_now
from store.keys import retire_key
from store.loading import load_spools
from store.users import grant, take_back
from tests.evals.gate.passing import BASE_FOLDER, COMMAND, evaluate, export_folder, record_proposal, sign
from tests.evals.release.cases import Case
from tests.evals.release.world import World, refused, sql

__all__ = ["APPROVED", "PASSING", "SUPERSEDED"]

SHORT = "Because I say so."
LONG = "The clinic opens tomorrow, and nothing else answers."


def made_after(change: Callable[[World], object]) -> Callable[[World], str]:
    """Released after something was done to it."""
    return lambda world: (change(world), refused(world.make))[1]


def restored_after(change: Callable[[World], object]) -> Callable[[World], str]:
    """The first release put back after something was done to it."""
    return lambda world: (change(world), refused(lambda: back(world)))[1]


def back(world: World) -> None:
    restore(world.store, world.made.sun, "v1", reason="v2 is worse")


def first(world: World) -> World:
    """As seen from the first candidate."""
    return world._replace(made=world.made._replace(candidate="triage@400"))


def rewrite(world: World, name: str, text: str) -> None:
    """Write a file of the folder anew."""
    (world.folder / name).write_text(text)


def approving(who: str, role: str = "") -> Callable[[World], str]:
    """Somebody approves in the browser, as a lead where a role is given."""

    def act(world: World) -> str:
        actor = getattr(world.made, who)
        if role:
            name = world.store.rows('SELECT name FROM "user" WHERE id = $id', {"id": actor.user})[0]["name"]
            grant(world.store, COMMAND, name, role, None)
        seen = world.look()
        return refused(lambda: approve(world.store, actor, seen))

    return act


def by_key(world: World, key: Ed25519PrivateKey) -> str:
    seen = world.look()
    return refused(lambda: approve(world.store, COMMAND, seen, key=key))


def retired(world: World) -> str:
    row = world.store.rows("SELECT key_id FROM signing_key WHERE user_id = $user", {"user": world.made.li.user})[0]
    retire_key(world.store, COMMAND, row["key_id"])
    return by_key(world, world.li_key)


def overridden(reason: str) -> Callable[[World], str]:
    """Li overrides what fails."""

    def act(world: World) -> str:
        fail(world)
        seen = world.look()
        return refused(lambda: override(world.store, world.made.li, seen, reason))

    return act


def fail(world: World) -> None:
    """Make the gate fail: a suite that many questions were lost of."""
    evaluate(world.store, 400, lost=30, suites=("facts",))
    sql(world.store, "DELETE FROM eval_run WHERE suite = 'facts' AND step = 400")
    load_spools(world.store)


def among_easier(world: World) -> None:
    """Fail, and ask easier questions under the same name."""
    fail(world)
    for model in ("base", "triage@400"):
        for statement in _EASIER:
            sql(world.store, statement, model=model)


_EASIER = (
    """
    INSERT INTO eval_run
    SELECT 1000 + id, concat('easier', key), run_id, branch, step, artifact, base, model, suite, repeat('e', 64),
           measures, kind, scorer, n, "of", created + INTERVAL 1 DAY, seconds, data
    FROM eval_run WHERE suite = 'facts' AND model = $model
    """,
    """
    INSERT INTO item_result BY NAME
    SELECT i.* REPLACE (1000 + i.eval_id AS eval_id, true AS correct)
    FROM item_result i JOIN eval_run e ON e.id = i.eval_id
    WHERE e.suite = 'facts' AND e.id < 1000 AND e.model = $model
    """,
)
"""The same questions as another suite, a day later, all answered right."""


def alarm_before(world: World) -> None:
    """An alarm of the run that the candidate's run began at, which nobody has answered."""
    sql(world.store, "INSERT INTO event SELECT id, 1, 70, $now, 'spike', 'alarm', 'jump', NULL FROM run "
        "WHERE name = 'handbook'", now=utc_now())  # fmt: skip


def old_in_a_new_folder(world: World) -> str:
    """The first release's checkpoint in another folder, with the campaign that it had passed by."""
    old = first(world).made
    folder = export_folder(world.store, old.candidate, suffix="-new", generation_config_json='{"do_sample": true}')
    record_proposal(old, folder, [1])
    return refused(first(world).make)


def behind(world: World) -> None:
    """The last entry of the audit log is of tomorrow."""
    sql(world.store, "UPDATE audit SET created = created + INTERVAL 1 DAY WHERE seq = (SELECT max(seq) FROM audit)")


def approving_what_changed(world: World) -> str:
    seen = world.look()
    sql(world.store, "INSERT INTO flag VALUES (1, 'q001', 5, 'odd', TIMESTAMP '2026-11-29')")
    return refused(lambda: approve(world.store, world.made.li, seen))


def new_verdict(world: World) -> None:
    """The last pair that one grader judged was a tie after all."""
    last = "SELECT item FROM pair WHERE NOT overlap ORDER BY place DESC LIMIT 1"
    sql(world.store, f"UPDATE verdict SET choice = 'tie' WHERE item = ({last})")


def reused(world: World) -> None:
    """The evidence is another, and the rows of approvals are made to name it."""
    new_verdict(world)
    sql(world.store, "UPDATE approval SET evidence_sha256 = $digest", digest=world.look().digest)


def of(name: str) -> str:
    return f"(SELECT id FROM \"user\" WHERE name = '{name}')"


PASSING = [
    Case("approved by an auditor", "this needs the role lead", approving("qian")),
    Case("approved by the owner of the run", "Chen owns the run of triage@400", approving("chen", "lead")),
    Case("approved by a grader", "Dr Wang graded in campaign", approving("wang", "lead")),
    Case("approved at the command line without a key", "signed with a key of one's own", lambda world: refused(
        lambda: approve(world.store, COMMAND, world.look())
    )),
    Case("a key that is registered for nobody", "registered for nobody here", lambda world: by_key(
        world, Ed25519PrivateKey.generate()
    )),
    Case("a retired key", "this key was retired at", retired),
    Case("approved though it fails", "so it cannot be approved", lambda world: (
        fail(world), refused(lambda: sign(world.made, world.made.li))
    )[1]),
    Case("overridden though it passes", "the gate passes triage@400; approve it instead", lambda world: refused(
        lambda: override(world.store, world.made.li, world.look(), LONG)
    )),
    Case("overridden without saying why", "needs a reason of 30 characters at least", overridden(SHORT)),
    Case("refused without saying why", "a refusal needs a reason", lambda world: refused(
        lambda: approvals.refuse(world.store, world.made.li, world.look(), " ")
    )),
    Case("approved after the evidence changed", "the evidence has changed since you looked", approving_what_changed),
    Case("released without any approval", "2 of 2 approvals are missing", made_after(lambda _: None)),
    Case("released with one of two", "1 of 2 approvals are missing for triage@400; leads", made_after(
        lambda world: sign(world.made, world.made.li)
    )),
    Case("released though it fails", "the gate says fail for triage@400: forgetting/facts", made_after(fail)),
    Case("easier questions under the name of those that were failed", "forgetting/facts@facts0000000: facts (facts", (
        made_after(among_easier)
    )),
    Case("an open alarm before the run began", "alarms: an alarm of handbook at step 70 is open", made_after(
        alarm_before
    )),
]  # fmt: skip
"""Each done to a candidate that passes and that nobody has signed."""

APPROVED = [
    Case("approved twice", "Li has signed this already", approving("li")),
    Case("a refusal stands", "Sun refused triage@400 on", made_after(lambda world: approvals.refuse(
        world.store, world.made.sun, world.look(), "rude"
    ))),
    Case("a verdict after the approvals", "does not count: the evidence has changed", made_after(new_verdict)),
    Case("a role taken back", "does not count: the person is no lead any more", made_after(lambda world: take_back(
        world.store, COMMAND, "Zhao", "lead", None
    ))),
    Case("a lead who graded afterwards", "Zhao graded in campaign", made_after(lambda world: sql(
        world.store, f"UPDATE audit SET actor = concat('user:', {of('Zhao')}) WHERE action = 'verdict'"
    ))),
    Case("a key that had been retired", "it was signed with a key that was retired before", made_after(
        lambda world: sql(world.store, f"UPDATE signing_key SET retired = created WHERE user_id = {of('Li')}")
    )),
    Case("a key that is gone", "it was signed with a key that is not registered here", made_after(lambda world: sql(
        world.store, f"DELETE FROM signing_key WHERE user_id = {of('Li')}"
    ))),
    Case("another person's key", "it was signed with another person's key", made_after(lambda world: sql(
        world.store, f"UPDATE signing_key SET user_id = {of('Sun')} WHERE user_id = {of('Li')}"
    ))),
    Case("a reason written later", "its row was changed after it was signed", made_after(lambda world: sql(
        world.store, "UPDATE approval SET reason = 'None at all.' WHERE way = 'key'"
    ))),
    Case("approvals of other evidence", "it was signed for another release", made_after(reused)),
    Case("an approval that is no envelope", "it is not what was signed: the envelope is damaged", made_after(
        lambda world: sql(world.store, "UPDATE approval SET envelope = '' WHERE way = 'key'")
    )),
    Case("a tokenizer changed before the release", "; propose it again", made_after(
        lambda world: rewrite(world, "tokenizer.json", '{"version": "1.1"}')
    )),
    Case("a template changed before the release", "not what was built: chat_template.jinja has another size", (
        made_after(lambda world: rewrite(world, "chat_template.jinja", "{{ all }}"))
    )),
    Case("a hidden file added before the release", "not what was built: .netrc was added", made_after(
        lambda world: rewrite(world, ".netrc", "machine elsewhere")
    )),
    Case("a folder gone before the release", "the folder that was built to be released is gone", made_after(
        lambda world: shutil.rmtree(world.folder)
    )),
    Case("a checkpoint changed before the release", "the checkpoint is not what was sealed", made_after(
        lambda world: (world.made.checkpoint / "optimizer.safetensors").write_text("moments after 401")
    )),
    Case("a base changed before the release", "is not the one it was trained on", made_after(
        lambda world: (world.store.root / BASE_FOLDER / "model.safetensors").write_text("weights of the handbooks")
    )),
    Case("a base gone before the release", "its base is gone from", made_after(
        lambda world: shutil.rmtree(world.store.root / BASE_FOLDER)
    )),
    Case("a clock behind the audit log", "this machine's clock says", made_after(behind)),
]  # fmt: skip
"""Each done to a candidate that two leads have approved."""

SUPERSEDED = [
    Case("a restored file changed", "v1 of prod cannot be put back: generation_config.json", restored_after(
        lambda world: rewrite(first(world), "generation_config.json", '{"do_sample": true }')
    )),
    Case("a hidden file added to what is restored", "v1 of prod cannot be put back: .netrc was added", restored_after(
        lambda world: rewrite(first(world), ".netrc", "machine elsewhere")
    )),
    Case("a restored folder gone", "v1 of prod cannot be put back: the folder", restored_after(
        lambda world: shutil.rmtree(first(world).folder)
    )),
    Case("a restored card changed", "README.md is not the one that was released", restored_after(
        lambda world: rewrite(first(world), "README.md", "# fine")
    )),
    Case("a restored bundle changed", "v1 of prod does not hold: bundle.json is not the one", restored_after(
        lambda world: sql(world.store, "UPDATE release SET bundle = concat(bundle, ' ') WHERE version = 1")
    )),
    Case("a restored signature gone", "v1 of prod does not hold: bundle.intoto.json does not hold", restored_after(
        lambda world: sql(world.store, "UPDATE release SET envelope = '{}' WHERE version = 1")
    )),
    Case("the base of what is restored changed", "cannot be put back: its base in", restored_after(
        lambda world: (world.store.root / BASE_FOLDER / "model.safetensors").write_text("weights of the handbooks")
    )),
    Case("the base of what is restored gone", "cannot be put back: its base is gone", restored_after(
        lambda world: shutil.rmtree(world.store.root / BASE_FOLDER)
    )),
    Case("the checkpoint of what is restored gone", "cannot be put back: its checkpoint is not", restored_after(
        lambda world: shutil.rmtree(first(world).made.checkpoint)
    )),
    Case("restored without a reason", "a release is put back for a reason", lambda world: refused(
        lambda: restore(world.store, world.made.sun, "v1", reason=" ")
    )),
    Case("restored what never was", "there is no release v7 of prod; there are: v1, v2", lambda world: refused(
        lambda: restore(world.store, world.made.sun, "v7", reason="why not")
    )),
    Case("a row that names another folder", "the row of v2 of prod was changed: it names the folder", lambda world: (
        sql(world.store, "UPDATE release SET sha256 = repeat('0', 64) WHERE version = 2"),
        refused(lambda: current(world.store, world.made.li)),
    )[1]),
    Case("a live base changed", "v2 of prod is live, but cannot be used: its base in", lambda world: (
        (world.store.root / BASE_FOLDER / "model.safetensors").write_text("weights of the handbooks"),
        refused(lambda: current(world.store, world.made.li)),
    )[1]),
    Case("what a lead refuses put back", "cannot be put back: Zhao refused triage@400 on", restored_after(
        lambda world: approvals.refuse(world.store, world.made.zhao, first(world).look(), "dangerous on dosage")
    )),
    Case("a row of another time", "v2 of prod was changed: it says 20", lambda world: (
        sql(world.store, "UPDATE release SET created = created + INTERVAL 30 DAY WHERE version = 2"),
        refused(lambda: current(world.store, world.made.li)),
    )[1]),
    Case("a row of another version", "was changed: what was signed is another release", lambda world: (
        sql(world.store, "UPDATE release SET version = 3 WHERE version = 2"),
        refused(lambda: current(world.store, world.made.li)),
    )[1]),
    Case("a live file changed", "v2 of prod is live, but its folder", lambda world: (
        rewrite(world, "tokenizer.json", '{"version": "1.1"}'), refused(lambda: current(world.store, world.made.li)),
    )[1]),
    Case("a hidden file added to what is live", "cannot be used: .netrc was added", lambda world: (
        rewrite(world, ".netrc", "machine elsewhere"), refused(lambda: current(world.store, world.made.li)),
    )[1]),
    Case("a server that runs what is not live", "but live is v2", lambda world: confirm(
        world.store, world.made.chen, first(world).made.proposal.sha256, host="gpu-1"
    ).sentence),
    Case("an old checkpoint in a new folder", "not_worse/letters: bleu of letters", old_in_a_new_folder),
]  # fmt: skip
"""Each done to two releases, the second of which is live."""
