"""The report's parts about evidence: checks, experts, critical errors, what was learned and what was forgotten."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.gate.numbers import percent, points, signed
from evals.gate.words_zh import says_in
from evals.release.report_html import Html, badge, code, joined, paragraph, section, table, text
from evals.release.report_words import Say
from evals.release.reporting import Reported

__all__ = ["checks_part", "critical_part", "experts_part", "forgetting_part", "scores_part"]

Row = Mapping[str, Any]


def checks_part(found: Reported, say: Say) -> Html:
    """Every check with its result and its sentence; in English where a later gate has other sentences."""
    told: Sequence[Row] = found.bundle["checks"]
    sentences = [says_in(say.language, check) for check in found.checks] or [one["says"] for one in told]
    rows = [
        [text(say.name_of(one["name"])), badge(one["result"], say(f"result.{one['result']}")), text(said)]
        for one, said in zip(told, sentences, strict=True)
    ]
    return section(say("checks"), table([say(f"checks.{name}") for name in ("name", "result", "says")], rows))


def experts_part(found: Reported, say: Say) -> Html:
    """Won, tied, lost, with bounds: overall, by criterion, by field."""
    review: Row | None = found.bundle["evidence"]["review"]
    if review is None or review["overall"] is None:
        return section(say("experts"), paragraph(text(say("experts.none"))))
    overall = review["overall"]
    what = say(
        "experts.what", name=review["name"], baseline=review["baseline"], n=overall["n"], graders=len(review["graders"])
    )
    shares = [(say("experts.overall"), overall), *_criteria(review, say)]
    if len(review["specialties"]) > 1:
        fields = [(part["name"] or say("experts.everyone"), part["share"]) for part in review["specialties"]]
        shares += [(name, share) for name, share in fields if share["n"]]
    names = ("part", "pairs", "won", "tied", "lost", "difference", "bounds")
    sure = percent(1 - review["alpha"])
    parts = [
        paragraph(text(what)), _bar(overall), table(
            [say(f"experts.{name}") for name in names], [_share(*one) for one in shares], numbers=range(1, 7)
        ), paragraph(text(say("experts.bounds.what", sure=sure)), "note"),
    ]  # fmt: skip
    if review["identical"]:
        parts.append(paragraph(text(say("experts.identical", n=review["identical"])), "note"))
    return section(say("experts"), *parts)


def _criteria(review: Row, say: Say) -> list[tuple[str, Row]]:
    return [(say.kind("criterion", part["name"]), part["share"]) for part in review["criteria"]]


def _share(name: str, share: Row) -> Sequence[Html]:
    bounds = f"{signed(100 * share['lower'])} … {signed(100 * share['upper'])}"
    counts = [text(f"{share[key]:,}") for key in ("n", "wins", "ties", "losses")]
    return [text(name), *counts, text(signed(100 * share["win_difference"])), text(bounds)]


def _bar(share: Row) -> Html:
    """Won, tied and lost beside each other; the table says it in figures."""
    spans = (
        Html(f'<span class="{name}" style="width: {100 * share[key] / share["n"]:.2f}%"></span>')
        for name, key in (("won", "wins"), ("tied", "ties"), ("lost", "losses"))
        if share[key]
    )
    return Html(f'<div class="bar">{joined(spans)}</div>')


def critical_part(found: Reported, say: Say) -> Html:
    """Critical errors with the texts they were found in."""
    review: Row | None = found.bundle["evidence"]["review"]
    if review is None:
        return section(say("critical"), paragraph(text(say("experts.none"))))
    critical = review["critical"]
    counts = {name: critical[name] for name in ("candidate", "baseline", "n")}
    limit = percent(critical["limit"])
    said = paragraph(text(say("critical.sum", **counts, limit=limit)))
    if not critical["found"]:
        return section(say("critical"), said, paragraph(text(say("critical.none"))))
    return section(say("critical"), said, *(_error(one, say) for one in critical["found"]))


def _error(one: Row, say: Say) -> Html:
    side, kind = say(f"critical.side.{one['side']}"), say.kind("error", one["type"])
    head = f"{side} · {kind} · {one['item']}"
    lines = [Html(f"<strong>{text(head)}</strong>")]
    lines += [text(f"{say(f'critical.{name}')}: {one[name]}") for name in ("question", "quote", "answer")]
    return Html(f'<div class="found">{joined(lines, chr(10))}</div>')


def scores_part(found: Reported, say: Say) -> Html:
    """Suites that measure what was to be learned."""
    rows: Sequence[Row] = found.bundle["evidence"]["scores"]
    if not rows:
        return section(say("scores"), paragraph(text(say("scores.none"))))
    against_live = any(row["over_live"] for row in rows)
    names = ["suite", "metric", "items", "leaked", "value", "over_base", *["over_live"] * against_live]
    cells = [
        [
            text(row["suite"]), code(row["metric"]), text(f"{row['n']:,}"), text(f"{row['leaked']:,}"),
            text("" if row["value"] is None else f"{row['value']:.1f}"),
            *(text(_gap(row[name])) for name in names[5:]),
        ]
        for row in rows
    ]  # fmt: skip
    return section(say("scores"), table([say(f"scores.{name}") for name in names], cells, numbers=range(2, 7)))


def _gap(gap: Row | None) -> str:
    if not gap or not gap["n"]:
        return ""
    return f"{signed(gap['value'])} ({signed(gap['low'])} … {signed(gap['high'])})"


def forgetting_part(found: Reported, say: Say) -> Html:
    """Suites of what must be kept."""
    rows: Sequence[Row] = found.bundle["evidence"]["forgetting"]
    if not rows:
        return section(say("forgetting"), paragraph(text(say("forgetting.none"))))
    heads = [say(f"scores.{name}") for name in ("suite", "items", "leaked")]
    heads += [say(f"forgetting.{name}") for name in ("lost", "gained", "drop", "bound")]
    return section(say("forgetting"), table(heads, [_kept(row, say) for row in rows], numbers=range(1, 7)))


def _kept(row: Row, say: Say) -> Sequence[Html]:
    drop: Row | None = row["drop"]
    begin = [text(row["suite"]), text(f"{row['n']:,}"), text(f"{row['leaked']:,}")]
    if not drop or not drop["n"]:
        return [*begin, *[text("")] * 4]
    shown = f"{points(drop['value'])} ({points(drop['low'])} … {points(drop['high'])})"
    bound = say("points", value=points(drop["bound"]))
    return [*begin, text(drop["lost"]), text(drop["gained"]), text(say("points", value=shown)), text(bound)]
