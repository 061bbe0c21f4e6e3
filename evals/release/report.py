"""The printed report of a release: one HTML file that an auditor can read, print and keep, in one language.

    html = report_html(reported(store, actor, "v3"), "zh")

Everything that was decided on stands in it, and how to check that it was so. The parts about evidence are in
`report_evidence`.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from assay.version import VERSION
from evals.gate.numbers import short
from evals.gate.words_zh import Language
from evals.release.lineage import Link
from evals.release.moments import signatures_of
from evals.release.papers import text_sha256
from evals.release.report_evidence import checks_part, critical_part, experts_part, forgetting_part, scores_part
from evals.release.report_html import Html, code, document, joined, paragraph, section, table, text
from evals.release.report_words import Say, words_of
from evals.release.reporting import Reported, local_and_utc

__all__ = ["report_html"]

PARTS = ("base", "adapter", "weights", "tokenizer", "chat_template", "generation_config", "data")


def report_html(found: Reported, language: Language) -> str:
    """The file, whole."""
    say = words_of(language)
    parts = [
        _head(found, say), _decision(found, say), _what(found, say), checks_part(found, say), experts_part(found, say),
        critical_part(found, say), scores_part(found, say), forgetting_part(found, say), _signed(found, say),
        _lineage(found, say), _data(found, say), _digests(found, say), _running(found, say), _verify(found, say),
        _foot(found, say),
    ]  # fmt: skip
    title = say("title", version=found.release.version, environment=found.release.environment)
    return document(language, title, joined(parts, "\n"))


def _head(found: Reported, say: Say) -> Html:
    bundle, release = found.bundle, found.release
    title = say("title", version=release.version, environment=release.environment)
    parts = [
        paragraph(text(say("brand")), "brand"), Html(f"<h1>{text(title)}</h1>"),
        paragraph(text(bundle["what"]["candidate"]), "lead"), paragraph(text(_status(found, say)), "note"),
    ]  # fmt: skip
    if bundle["store"]["demo"]:
        parts.append(paragraph(text(say("demo")), "red"))
    if found.refused:
        parts.append(paragraph(text(say("refused", refused=found.refused)), "red"))
    if bundle["override"]:
        decision = say(f"decision.{bundle['decision']}")
        parts.append(paragraph(text(say("override", decision=decision)), "red"))
    return Html(f"<header>{joined(parts)}</header>")


def _status(found: Reported, say: Say) -> str:
    if found.is_live:
        return say("status.live", since=local_and_utc(found.spans[-1].created))
    spans = [
        say("span", since=local_and_utc(one.created), until=local_and_utc(one.until))
        for one in found.spans
        if one.until is not None
    ]
    return say("status.was", spans="; ".join(spans))


def _decision(found: Reported, say: Say) -> Html:
    bundle = found.bundle
    released, required = bundle["released"], found.required
    sentence = say(
        f"decision.sentence.{'over' if bundle['override'] else 'pass'}", candidate=bundle["what"]["candidate"],
        time=local_and_utc(released["time"]), name=released["name"], environment=bundle["environment"],
        version=bundle["version"], checks=len(bundle["checks"]), signed=len(bundle["approvals"]), required=required,
        **({"open": sum(one["result"] != "pass" for one in bundle["checks"])} if bundle["override"] else {}),
    )  # fmt: skip
    parts = [paragraph(text(sentence), "lead")]
    if released["reason"]:
        parts.append(paragraph(text(say("reason", reason=released["reason"]))))
    if required == 1:
        parts.append(paragraph(text(say("one_approval")), "red"))
    return section(say("decision"), *parts)


def _what(found: Reported, say: Say) -> Html:
    bundle, what = found.bundle, found.bundle["what"]
    before = bundle["replaces"]
    mine = {"folder": what["sha256"], "checkpoint": what["checkpoint_sha256"], **what["digests"]}
    theirs = (
        {"folder": before["sha256"], "checkpoint": before["checkpoint_sha256"], **before["digests"]} if before else {}
    )
    heads = [say("what.part"), say("what.this")]
    if before:
        heads += [say("what.before", version=before["version"], candidate=before["candidate"]), say("what.change")]
    rows = [
        _part_row(part, mine.get(part), theirs.get(part), say, compared=bool(before))
        for part in ("folder", "checkpoint", *PARTS)
        if mine.get(part) or theirs.get(part)
    ]
    notes = [] if before else [paragraph(text(say("what.first", environment=bundle["environment"])))]
    if what["merged"] or what["digests"].get("adapter"):
        notes.append(paragraph(text(say("what.merged" if what["merged"] else "what.adapter")), "note"))
    return section(say("what"), *notes, table(heads, rows))


def _part_row(part: str, mine: str | None, theirs: str | None, say: Say, *, compared: bool) -> Sequence[Html]:
    def shown(digest: str | None) -> Html:
        return code(short(digest)) if digest else text(say("what.none"))

    row = [text(say(f"part.{part}")), shown(mine)]
    return [*row, shown(theirs), text(say("what.same" if mine == theirs else "what.new"))] if compared else row


def _signed(found: Reported, say: Say) -> Html:
    heads = [say(f"signed.{name}") for name in ("who", "did", "when", "way", "why")]
    none, released = say("signed.no_reason"), found.bundle["released"]
    rows = [
        [
            text(one.name), text(say(f"signed.{one.kind}")), text(local_and_utc(one.time)),
            text(say(f"signed.way.{one.way}", key=short(one.key_id))), text(one.reason or none),
        ]
        for one in signatures_of(found.bundle)
    ]  # fmt: skip
    last = [
        text(released["name"]), text(say("signed.release")), text(local_and_utc(released["time"])), text(""),
        text(released["reason"] or none),
    ]  # fmt: skip
    return section(say("signed"), table(heads, [*rows, last]))


def _lineage(found: Reported, say: Say) -> Html:
    items = (Html(f"<li>{text(_link(one, say))}</li>") for one in found.line)
    return section(say("lineage"), Html(f'<ol class="strip">{joined(items)}</ol>'))


def _link(one: Link, say: Say) -> str:
    if one.kind in ("branch", "alarm"):
        return say(f"lineage.{one.kind}", name=one.name, step=one.row["step"])
    if one.kind == "signed":
        return say("lineage.signed", name=one.name, count=one.row["approved"] + one.row["overridden"])
    kind = "live" if one.kind == "release" and one.row["live"] else one.kind
    # Where the base lay on the machine that trained is nobody's business who reads the report.
    return say(f"lineage.{kind}", name="/".join(PurePath(one.name).parts[-2:]) if kind == "base" else one.name)


def _data(found: Reported, say: Say) -> Html:
    heads = [say(f"data.{name}") for name in ("run", "file", "role", "rows")]
    rows = [
        [
            text(run["name"]),
            text(file["name"]),
            text(say.kind("role", file["role"])),
            text(f"{file['rows']:,}"),
            code(file["sha256"]),
        ]
        for run in found.bundle["lineage"]
        for file in run.get("data", ())
    ]
    if not rows:
        return section(say("data"), paragraph(text(say("data.none"))))
    return section(say("data"), table([*heads, "SHA-256"], rows, numbers=[3]))


def _digests(found: Reported, say: Say) -> Html:
    rows = [[text(name), code(digest)] for name, digest in _all_digests(found, say)]
    files = found.bundle["what"]["files"]
    listed = [[code(name), text(f"{file['bytes']:,}"), code(file["sha256"])] for name, file in sorted(files.items())]
    return section(
        say("digests"),
        table(["", "SHA-256"], rows),
        table([say("files"), say("files.bytes"), "SHA-256"], listed, numbers=[1]),
    )


def _all_digests(found: Reported, say: Say) -> Iterator[tuple[str, str]]:
    bundle, what = found.bundle, found.bundle["what"]
    yield say("part.folder"), what["sha256"]
    yield f"{say('part.checkpoint')} {what['run']}/{what['branch']}@{what['step']}", what["checkpoint_sha256"]
    for part in PARTS:
        if what["digests"].get(part):
            yield say(f"part.{part}"), what["digests"][part]
    for run in bundle["lineage"]:
        if run["kind"] == "run" and run["sha256"] and run["sha256"] != what["checkpoint_sha256"]:
            yield f"{say('part.checkpoint')} {run['checkpoint']}", run["sha256"]
    yield say("digests.evidence"), bundle["evidence_sha256"]
    yield say("digests.policy"), bundle["policy"]["sha256"]
    yield say("digests.bundle"), text_sha256(found.release.bundle)
    yield say("digests.audit", seq=bundle["audit"]["seq"]), bundle["audit"]["hash"]
    for signature in json.loads(found.release.envelope)["signatures"]:
        yield say("digests.key"), signature["keyid"]


def _running(found: Reported, say: Say) -> Html:
    if not found.running:
        return section(say("running"), paragraph(text(say("running.none"))))
    heads = [say(f"running.{name}") for name in ("host", "runs", "when", "live")]
    rows = [
        [
            text(one.host), text(f"v{one.version}" if one.version else say("running.unknown")),
            text(local_and_utc(one.created)), text(say("running.yes" if one.is_live else "running.no")),
        ]
        for one in found.running
    ]  # fmt: skip
    return section(say("running"), table(heads, rows))


def _verify(found: Reported, say: Say) -> Html:
    folder = found.release.path.rpartition("/")[2]
    return section(
        say("verify"), paragraph(text(say("verify.what"))),
        Html(f"<pre>{text(f'assay release verify {folder} --keys DIR')}</pre>"),
        paragraph(text(say("verify.audit"))),
        Html(f"<pre>{text(f'assay db audit verify --keys DIR --bundle {folder}')}</pre>"),
        paragraph(text(say("policy"))), Html(f"<pre>{text(found.policy.text.strip())}</pre>"),
    )  # fmt: skip


def _foot(found: Reported, say: Say) -> Html:
    said = say("foot", time=local_and_utc(found.made), program=f"assay {VERSION}")
    return Html(f"<footer>{text(said)}</footer>")
