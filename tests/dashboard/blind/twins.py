"""Two stores whose experts see the same texts on the same sides, while behind them everything is the other way round.

Both campaigns of the first store are about canaries. In the second, the candidate is the model that was the baseline:
its name, its digest, its answers. So that each text stays on its side, sides are drawn from another secret.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import assay
from evals.review.sides import asks_guess, candidate_side, practice_side, shown_first
from store.database import Store
from store.invites import Invitation, Wanted, invite
from store.loading import load_spools
from tests.dashboard.blind.canaries import Canaries, canary
from tests.evals.review.campaigns import add_role, add_user, make_campaign
from tests.evals.review.drafts import LEAD

__all__ = ["PAIRS", "Twin", "secrets_of_twins", "twin"]

PAIRS = 6

GRADER = 1
"""Number of the invited expert, in both stores."""


class Twin(NamedTuple):
    """One of the two stores."""

    store: Store
    """The store."""

    invited: Invitation
    """The expert of campaign 1, by invite; user 1."""

    canaries: Canaries
    """What its experts may not be sent."""


def twin(folder: Path, canaries: Canaries, secret: str, issuer: str, *, swapped: bool) -> Twin:
    """Make one: campaign 1 for the invited expert, campaign 2 for the login `expert`; a lead, a rival, an engineer."""
    root = folder / canaries["folder of the store"] / "runs"
    store = Store.at(root / "assay.duckdb")
    store.create()
    _secret(root, canaries, secret)
    _run(root, canaries)
    load_spools(store)
    for _ in range(2):
        make_campaign(store, pairs=PAIRS, graders=0, practice=1, policy=_policy(canaries))
    for table in ('"user"', "role"):
        store.transaction(lambda tx, name=table: tx.execute(f"DELETE FROM {name}"))
    store.transaction(lambda tx: _name(tx, canaries, swapped=swapped))
    made = invite(store, LEAD, Wanted("Wang", canaries["name of campaign 1"]))
    store.transaction(lambda tx: _people(tx, canaries, issuer))
    if swapped:
        store.transaction(_swap)
    for campaign in (1, 2):
        store.transaction(lambda tx, number=campaign: _judged_by_others(tx, number, canaries))
    assert made.user == GRADER
    return Twin(store, made, canaries)


def secrets_of_twins() -> tuple[str, str]:
    """Two secrets from which every side is drawn the other way round, and all else alike, for the invited expert.

    By neither is a guess asked for in the middle of a sitting.
    """
    secret = next(tried for _ in range(1000) if not any(_guesses(tried := canary()[:16] * 2)))
    sides, *others = _drawing(secret)
    wanted = [tuple({"left": "right", "right": "left"}[side] for side in sides), *others]
    for number in range(10**6):
        if _drawing(tried := f"{number:032}") == wanted:
            return secret, tried
    raise AssertionError("no secret is found")


def _guesses(secret: str) -> list[bool]:
    """Whether a guess is asked for, of both experts, who are users 1 and 2 in campaigns 1 and 2."""
    return [asks_guess(secret.encode(), who, who, number) for who in (1, 2) for number in range(PAIRS)]


def _drawing(secret: str) -> list[Any]:
    key, numbers = secret.encode(), range(PAIRS)
    return [
        tuple(candidate_side(key, 1, GRADER, number) for number in numbers),
        tuple(shown_first(key, 1, GRADER, number) for number in numbers),
        _guesses(secret)[:PAIRS],
        tuple(practice_side(key, 1, GRADER, "practice-0", what) for what in ("side", "shown")),
    ]


def _secret(root: Path, canaries: Canaries, secret: str) -> None:
    folder = root / ".secrets"
    folder.mkdir(mode=0o700)
    (folder / "sides").write_bytes(secret.encode())
    canaries[f"secret {secret}"] = secret


def _policy(canaries: Canaries) -> str:
    return f'# {canaries["text of the policy"]}\n[review]\ncriteria = ["accurate", "useful"]\n'


def _run(root: Path, canaries: Canaries) -> None:
    run = assay.run(canaries["name of the run"], store=root, total_steps=40)
    run.facts(config={"model": {"path": canaries["path of the base model"]}}, provenance={"host": canaries["machine"]})
    run.log(40, loss=1.0)
    path = f"{canaries['name of the run']}/checkpoints/40"
    run.record("checkpoint", s=40, b=1, state="stable", path=path, sha256=_digest(canaries, "candidate"), bytes=1)
    run.finish()


def _digest(canaries: Canaries, whose: str) -> str:
    what = f"digest of the {whose}"
    if what not in canaries:
        canaries[what] = hashlib.sha256(canary().encode()).hexdigest()
    return canaries[what]


def _people(transaction: Any, canaries: Canaries, issuer: str) -> None:
    named: Sequence[tuple[str, str, int | None]] = (
        ("Expert", "expert", 2), (canaries["name of a lead"], "lead", None),
        (canaries["name of another expert"], "expert", None), (canaries["name of an engineer"], "engineer", None),
    )  # fmt: skip
    for name, role, campaign in named:
        person = add_user(transaction, name)
        subject = "expert" if campaign else role if role != "expert" else canaries["login of another expert"]
        values = {"issuer": issuer, "subject": subject, "id": person.user}
        transaction.execute('UPDATE "user" SET issuer = $issuer, subject = $subject WHERE id = $id', values)
        add_role(transaction, person, role, campaign)


def _name(transaction: Any, canaries: Canaries, *, swapped: bool) -> None:
    whose = ("baseline", "candidate") if swapped else ("candidate", "baseline")
    names = [f"{canaries['name of the run']}@40", canaries["name of the baseline"]]
    first, second = names[::-1] if swapped else names
    for campaign in (1, 2):
        values = {
            "id": campaign, "name": canaries[f"name of campaign {campaign}"], "first": first, "second": second,
            "first_sha": _digest(canaries, whose[0]), "second_sha": _digest(canaries, whose[1]),
            "by": f"command:{canaries['account of who opened it']}", "data": f'{{"a": "{canaries["facts"]}"}}',
        }  # fmt: skip
        transaction.execute(
            "UPDATE campaign SET name = $name, candidate = $first, baseline = $second, candidate_sha256 = $first_sha, "
            "baseline_sha256 = $second_sha, opened_by = $by, data = $data, run_id = 1 WHERE id = $id",
            values,
        )
    for place in range(PAIRS):
        values = {"before": f"item-{place:02}", "after": f"{canaries['item']}-{place:02}"}
        for table in ("pair", "mapping"):
            transaction.execute(f"UPDATE {table} SET item = $after WHERE item = $before", values)


def _swap(transaction: Any) -> None:
    """The candidate is the other text, everywhere; in every second pair, it is also kept in the other place."""
    transaction.execute("UPDATE mapping SET candidate = CASE candidate WHEN 'first' THEN 'second' ELSE 'first' END")
    other = "(SELECT item FROM pair WHERE place % 2 = 1)"
    transaction.execute(
        "UPDATE mapping SET candidate = CASE candidate WHEN 'first' THEN 'second' ELSE 'first' END "
        f"WHERE item IN {other}"
    )
    transaction.execute("UPDATE pair SET first = second, second = first WHERE place % 2 = 1")


def _judged_by_others(transaction: Any, campaign: int, canaries: Canaries) -> None:
    """Another expert has judged a pair that two were to judge, with a comment."""
    values = {
        "id": campaign, "campaign": campaign, "item": f"{canaries['item']}-00", "said": canaries["another's comment"],
        "token": hashlib.md5(f"{canaries['token of another']}{campaign}".encode()).hexdigest(),
    }  # fmt: skip
    transaction.execute("UPDATE pair SET overlap = true, planned = 2 WHERE place = 0")
    transaction.execute(
        'INSERT INTO lease (token, campaign_id, item, grader, sitting, number, "left", shown_first, issued, expires, '
        "ended, outcome) VALUES ($token, $campaign, $item, 4, 90 + $campaign, 0, 'first', 'left', now()::TIMESTAMP, "
        "now()::TIMESTAMP, now()::TIMESTAMP, 'verdict')",
        {name: values[name] for name in ("token", "campaign", "item")},
    )
    transaction.execute(
        "INSERT INTO verdict (id, campaign_id, item, grader, token, choice, criteria, reasons, comment, errors, "
        "seconds, unblinded, created, final) VALUES ($id, $campaign, $item, 4, $token, 'first', '{}', [], $said, "
        "'[]', 9, false, now()::TIMESTAMP, now()::TIMESTAMP)",
        values,
    )
