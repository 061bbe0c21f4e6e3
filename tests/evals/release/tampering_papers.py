"""Breaches by somebody who has the server's key: bundles changed and signed anew. The rest of the papers gives them
away: the evidence, the gate, and what leads signed with keys that the server has not.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evals.gate.evidence import canonical, evidence_digest
from evals.release.bundle import statement_of
from evals.release.papers import Papers, text_sha256, write_papers
from store.envelope import APPROVAL, sign, statement
from store.keys import key_id, server_key
from tests.evals.release.cases import Case
from tests.evals.release.world import World

__all__ = ["PAPERS", "approval", "signed_anew"]

Bundle = dict[str, Any]


def signed_anew(world: World, bundle: Bundle, **facts: Any) -> None:
    """Write a bundle, signed by the server; `facts` stand in the signed statement instead of the bundle's."""
    text = canonical(bundle).decode()
    told = statement_of(bundle, text_sha256(text))
    told["predicate"].update(facts)
    write_papers(world.folder, Papers(bundle["card"], text, sign(told, server_key(world.store))))


def insider(name: str, reason: str, change: Callable[[Bundle], object]) -> Case:
    """A bundle changed by somebody who has the server's key."""

    def act(world: World) -> str:
        bundle = json.loads((world.folder / "bundle.json").read_text())
        change(bundle)
        signed_anew(world, bundle)
        return world.why()

    return Case(name, reason, act)


def statement_case(name: str, reason: str, **facts: Any) -> Case:
    """A signed statement that says something else than its bundle."""

    def act(world: World) -> str:
        signed_anew(world, json.loads((world.folder / "bundle.json").read_text()), **facts)
        return world.why()

    return Case(name, reason, act)


def forged(
    case: str,
    reason: str,
    whose: str,
    subjects: dict[str, str] | None = None,
    /,
    *,
    key: str = "server",
    **said: Any,
) -> Case:
    """An approval signed anew with something changed, by the server's key, or by Li's or Zhao's own."""

    def act(world: World) -> str:
        bundle = json.loads((world.folder / "bundle.json").read_text())
        keys = {"server": server_key(world.store), "Li": world.li_key, "Zhao": world.zhao_key}
        signing = keys.get(key) or Ed25519PrivateKey.generate()
        bundle["approvals"] = [
            approval(one, signing, subjects or {}, **said) if one["name"] == whose else one
            for one in bundle["approvals"]
        ]
        signed_anew(world, bundle)
        return world.why()

    return Case(case, reason, act)


def approval(row: Bundle, key: Ed25519PrivateKey, subjects: dict[str, str], **said: Any) -> Bundle:
    """A row of a bundle and its envelope, which say the same, and something else than was signed."""
    old = json.loads(base64.b64decode(json.loads(row["envelope"])["payload"]))
    about = {one["name"]: one["digest"]["sha256"] for one in old["subject"]}
    predicate = {**old["predicate"], **said}
    told = {name: predicate[name] for name in ("kind", "user", "name", "role", "way", "reason", "time")}
    envelope = sign(statement({**about, **subjects}, APPROVAL, predicate), key)
    return {**told, "key_id": key_id(key.public_key()), "envelope": envelope}


def with_evidence(change: Callable[[Bundle], object]) -> Callable[[Bundle], object]:
    """Change the evidence, and its digest with it."""

    def changed(bundle: Bundle) -> None:
        change(bundle["evidence"])
        bundle["evidence_sha256"] = evidence_digest(bundle["evidence"])

    return changed


def check(bundle: Bundle, name: str) -> Bundle:
    return next(one for one in bundle["checks"] if one["name"] == name)


def weaker(bundle: Bundle) -> None:
    bundle["policy"]["text"] = bundle["policy"]["text"].replace("approvals_required = 2", "approvals_required = 1")


def weaker_whole(bundle: Bundle) -> None:
    weaker(bundle)
    bundle["policy"]["sha256"] = text_sha256(bundle["policy"]["text"])


def twice(world: World) -> str:
    """The same lead once more, in the browser and by key."""
    bundle = json.loads((world.folder / "bundle.json").read_text())
    li = next(one for one in bundle["approvals"] if one["name"] == "Li")
    bundle["approvals"] = [li, approval(li, server_key(world.store), {}, way="oidc")]
    signed_anew(world, bundle)
    return world.why()


def one_key(world: World) -> str:
    """Li signs for Zhao as well, with Li's own key."""
    bundle = json.loads((world.folder / "bundle.json").read_text())
    li, zhao = bundle["approvals"]
    bundle["approvals"] = [li, approval(zhao, world.li_key, {}, way="key")]
    signed_anew(world, bundle)
    return world.why()


def without(world: World) -> str:
    """One approval left out."""
    bundle = json.loads((world.folder / "bundle.json").read_text())
    bundle["approvals"] = bundle["approvals"][:1]
    signed_anew(world, bundle)
    return world.why()


def as_grader(world: World) -> str:
    """Dr Wang, who graded, signs by the server's key as if a lead."""
    bundle = json.loads((world.folder / "bundle.json").read_text())
    li, zhao = bundle["approvals"]
    user = world.made.wang.user
    bundle["approvals"] = [li, approval(zhao, server_key(world.store), {}, user=user, name="Dr Wang")]
    signed_anew(world, bundle)
    return world.why()


def row(bundle: Bundle, name: str) -> Bundle:
    return next(one for one in bundle["approvals"] if one["name"] == name)


PAPERS = [
    insider("evidence changed", "the evidence in the bundle is", lambda bundle: (
        bundle["evidence"]["health"].update(rollbacks=7)
    )),
    insider("evidence changed, its digest with it", "the approve of Li was signed for another evidence", with_evidence(
        lambda evidence: evidence["health"].update(rollbacks=7)
    )),
    insider("evidence that fails", "the gate says fail of stable", with_evidence(
        lambda evidence: evidence["candidate"].update(state="suspect")
    )),
    insider("a check made to fail", "the gate says pass of alarms", lambda bundle: (
        check(bundle, "alarms").update(result="fail")
    )),
    insider("a check left out", "the gate makes other checks", lambda bundle: bundle["checks"].pop()),
    insider("another decision", "the gate decides pass, and the bundle says fail", lambda bundle: (
        bundle.update(decision="fail")
    )),
    insider("an override that was none", "the bundle says override, but", lambda bundle: bundle.update(override=True)),
    insider("a weaker policy", "the policy in the bundle is not the one whose digest", weaker),
    insider("a weaker policy with its digest", "about another policy than the bundle", weaker_whole),
    insider("another folder", "about another folder than the bundle", lambda bundle: (
        bundle["what"].update(sha256="0" * 64)
    )),
    insider("another base", "about another digests of its parts", lambda bundle: (
        bundle["what"]["digests"].update(base="0" * 64)
    )),
    insider("another checkpoint", "about another checkpoint than the bundle", lambda bundle: (
        bundle["what"].update(checkpoint_sha256="0" * 64)
    )),
    insider("another environment", "about another environment than the bundle", lambda bundle: (
        bundle.update(environment="staging")
    )),
    insider("a demo store's mark set", "about another store (demo or not)", lambda bundle: (
        bundle["store"].update(demo=True)
    )),
    insider("files left out", "bundle.json lists other files", lambda bundle: (
        bundle["what"]["files"].pop("chat_template.jinja")
    )),
    insider("released before it was approved", "which is after the release at", lambda bundle: (
        bundle["released"].update(time="2020-01-01T00:00:00Z")
    )),
    insider("a format to come", "bundle.json has format 2", lambda bundle: bundle.update(format=2)),
    insider("no lineage", "bundle.json has no lineage", lambda bundle: bundle.pop("lineage")),
    insider("something odd", "bundle.json has an odd note", lambda bundle: bundle.update(note="fine")),
    insider("a field of another shape", "has another shape than a release has", lambda bundle: (
        bundle.update(approvals=[7])
    )),
    insider("an approver renamed", "as name of the approve of Nobody, but Zhao", lambda bundle: (
        row(bundle, "Zhao").update(name="Nobody")
    )),
    insider("another person's number", "as user of the approve of Zhao", lambda bundle: (
        row(bundle, "Zhao").update(user=99)
    )),
    insider("the time of an approval", "as time of the approve of Zhao", lambda bundle: (
        row(bundle, "Zhao").update(time="2020-01-01T00:00:00Z")
    )),
    insider("the reason of an approval", "as reason of the approve of Li", lambda bundle: (
        row(bundle, "Li").update(reason="None at all.")
    )),
    insider("the key of an approval", "is by another key than the bundle says", lambda bundle: (
        row(bundle, "Zhao").update(key_id="0" * 64)
    )),
    insider("an approval that nobody signed", "the approve of Zhao does not hold: the envelope is damaged: it is no", (
        lambda bundle: row(bundle, "Zhao").update(envelope="")
    )),
    Case("an approval left out", "the policy asks for 2 leads, and the bundle has 1", without),
    Case("a lead counted twice", "Li signed twice, and counts once", twice),
    Case("one key for two leads", "one key signed for two people", one_key),
    Case("a grader made a lead", "Dr Wang graded in the campaign, and signed all the same", as_grader),
    insider("a lead whose number owns the run", "Zhao owns the run, and signed all the same", lambda bundle: (
        bundle["lineage"][-1].update(users=[row(bundle, "Zhao")["user"]])
    )),
    insider("a lead whose account trained the run", "Li owns the run, and signed all the same", lambda bundle: (
        bundle["lineage"][-1].update(accounts=["li"])
    )),
    forged("a reason that hides", "the approve of Zhao has no reason that counts: the reason holds a sign that does", (
        "Zhao"
    ), reason="fine\u202e"),
    forged("an owner made a lead", "Chen owns the run, and signed all the same", "Zhao", name="Chen"),
    forged("approved as an engineer", "Zhao signed as engineer, and only a lead may", "Zhao", role="engineer"),
    forged("an approval of other evidence", "the approve of Zhao was signed for another evidence", "Zhao", {
        "evidence": "0" * 64
    }),
    forged("an approval of another folder", "was signed for another folder", "Zhao", {"release": "0" * 64}),
    forged("an approval for elsewhere", "was signed for another environment", "Zhao", environment="staging"),
    forged("an approval of what failed", "was signed for another decision", "Zhao", decision="fail"),
    forged("an approval by another policy", "was signed for another policy", "Zhao", policy_sha256="0" * 64),
    forged("an override of what passes", "does not release what the gate calls pass", "Zhao", kind="override"),
    forged("the server for someone's own key", "with a key of their own, but the server's signed", "Zhao", way="key"),
    forged("someone's own key for the server", "in the browser, but not the server's key signed", "Zhao", key="Zhao"),
    forged("a key that nobody trusts", "the approve of Zhao does not hold: signed by the key", "Zhao", key="nobody"),
    statement_case("a statement of another version", "say different things of version", version=9),
    statement_case("a statement that hides an override", "say different things of override", override=True),
]  # fmt: skip
"""Each done to `triage@600`, v2 of prod."""
