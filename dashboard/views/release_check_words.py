"""States, checks and decisions of candidates in words."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from dashboard import times
from dashboard.cached_release import Candidate
from dashboard.language import current, t
from dashboard.views import campaign_words
from evals.gate.looking import Look
from evals.gate.types import Check
from evals.gate.words_zh import says_in

__all__ = [
    "GROUPS", "TONES", "WEAKEST", "Chip", "against", "chip", "group_of", "grouped", "html", "moment", "name", "says",
    "sentences", "state_html", "was_live",
]  # fmt: skip

GROUPS = {
    "training": ("stable", "alarms", "exact"), "learned": ("scores", "not_worse"), "kept": ("forgetting",),
    "experts": (
        "campaign", "policy", "experts", "critical", "blinding", "agreement", "position", "graders", "specialties",
        "skips", "genuine",
    ),
    "leaks": ("leaks",), "files": ("files", "proposal", "answers", "digests", "clock"),
}  # fmt: skip
"""Checks by what they are about, in reading order; of a check of one suite the part before the slash."""

WEAKEST = ("fail", "missing", "inconclusive", "pass")
"""Results, the weakest first."""

TONES = {"pass": "good", "fail": "bad", "missing": "bad", "inconclusive": "warn"}
"""Which colour goes with each result."""

STATES = {
    "live": ("release.state.live", "good"), "replaced": ("release.state.replaced", "quiet"),
    "refused": ("release.state.refused", "bad"), "signed": ("release.state.signed", "good"),
    "signing": ("release.state.signing", "warn"), "built": ("release.state.built", "warn"),
    "judged": ("release.state.judged", "quiet"), "judging": ("release.state.judging", "quiet"),
}  # fmt: skip
"""Text and colour of each state in the list."""

NAMED = 3
"""Checks that a sentence names."""

AND = {"zh": "、", "en": ", "}
"""Between the parts of a list in a sentence."""

Row = dict[str, Any]


class Chip(NamedTuple):
    """A few words with the colour that goes with them."""

    words: str
    """The words."""

    tone: str
    """Name of the colour in `colors.Look`."""


def html(chip: Chip) -> str:
    """A chip in HTML."""
    return f'<span class="a-status a-{chip.tone}">{escape(chip.words)}</span>'


def state_html(one: Candidate) -> Iterator[str]:
    """Where a candidate stands, in a word, and in red what stays with it for ever."""
    key, tone = STATES[one.state.word]
    words = t(key, version=one.row["version"])
    yield html(Chip(words, "bad" if one.state.override and tone == "good" else tone))
    if one.state.override:
        yield f" {html(Chip(t('release.override.mark'), 'bad'))}"


def moment(when: Any) -> str:
    """A time where the viewer is, and in UTC."""
    return times.both(when, times.zone())


def name(check: Check) -> str:
    """A check's name."""
    kind, _, suite = check.name.partition("/")
    said = t(f"gate.check.{kind}")
    return f"{said} · {suite}" if suite else said


def says(check: Check) -> str:
    """What a check says."""
    return says_in(current(), check)


def group_of(check: Check) -> str:
    """The group that a check belongs to."""
    kind = check.name.partition("/")[0]
    return next(group for group, kinds in GROUPS.items() if kind in kinds)


def grouped(checks: Sequence[Check]) -> dict[str, list[Check]]:
    """Checks by group, in reading order; groups without one are left out."""
    found = {group: [check for check in checks if group_of(check) == group] for group in GROUPS}
    return {
        group: sorted(own, key=lambda check: GROUPS[group].index(check.name.partition("/")[0]))
        for group, own in found.items()
        if own
    }


def against(seen: Look) -> str:
    """What experts compared it with."""
    review, wanted = seen.evidence["review"], seen.evidence["baseline"]
    if wanted["kind"] == "released" and review["baseline_sha256"] == wanted["checkpoint_sha256"]:
        return t("release.against.live", version=wanted["version"])
    if wanted["kind"] == "base" and review["baseline_sha256"] in wanted["sha256"]:
        return t("release.against.base")
    return str(review["baseline"])


def chip(seen: Look, released: Sequence[Row]) -> Chip:
    """The answer to the page's question, in a few words; `released` as `queries.release_check.released` has it."""
    if released:
        return _released(released[0])
    refusal, missing = seen.standing.refused, seen.standing.missing(seen.decision)
    if refusal is not None:
        return Chip(t("release.chip.refused", name=refusal.name), "bad")
    if seen.decision == "pass":
        return (
            Chip(t("release.chip.signatures", count=missing), "warn")
            if missing
            else Chip(t("release.chip.ready"), "good")
        )
    if not missing:
        return Chip(t("release.chip.override"), "bad")
    return next(
        Chip(t(key, count=number), tone)
        for result, key, tone in _OPEN
        if (number := sum(check.result == result for check in seen.checks))
    )


_OPEN = (
    ("fail", "release.chip.fails", "bad"), ("missing", "release.chip.missing", "warn"),
    ("inconclusive", "release.chip.undecided", "warn"),
)  # fmt: skip


def _released(row: Row) -> Chip:
    if row["is_live"]:
        since = times.local(row["created"], times.zone())[:10]
        words = t("release.chip.live", version=row["version"], since=since)
        return Chip(words, "bad" if row["override"] else "good")
    return Chip(t("release.chip.replaced", version=row["version"], next=row["next_version"]), "quiet")


def was_live(seen: Look, released: Sequence[Row]) -> bool:
    """Whether the folder that would be released was live before, so that it is put back and not released anew."""
    return bool(released) and seen.proposal is not None and released[0]["sha256"] == seen.proposal.sha256


def sentences(seen: Look, released: Sequence[Row]) -> tuple[str, str, str]:
    """The decision: what experts found, what was kept, what comes of it."""
    return _experts(seen), _kept(seen), _ending(seen, released)


def _experts(seen: Look) -> str:
    review = seen.evidence["review"]
    if review is None:
        return t("release.says.experts.none")
    share = review["overall"]
    if share is None:
        return t("release.says.experts.nothing")
    figures = {
        "n": share["n"], "against": against(seen), "margin": f"{100 * review['margin']:g}",
        "difference": campaign_words.points(share["win_difference"]), "lower": campaign_words.points(share["lower"]),
    }  # fmt: skip
    return t(_EXPERTS[review["decision"]], **figures)


_EXPERTS = {
    "superior": "release.says.experts.superior", "not_worse": "release.says.experts.not_worse",
    "harm": "release.says.experts.harm", "futile": "release.says.experts.futile",
    "inconclusive": "release.says.experts.inconclusive", "continue": "release.says.experts.continue",
}  # fmt: skip

_KEPT = {
    "forgetting.kept": "release.says.kept", "forgetting.unsure": "release.says.kept.unsure",
    "forgetting.lost": "release.says.kept.lost",
}  # fmt: skip


def _kept(seen: Look) -> str:
    own = [check for check in seen.checks if group_of(check) == "kept"]
    # What failed is said before what is not known.
    worst = min(own, key=lambda check: (WEAKEST.index(check.result), -(check.value or 0.0)))
    key = _KEPT.get(worst.sentence)
    return t("release.says.kept.unknown") if key is None else t(key, **worst.words)


def _ending(seen: Look, released: Sequence[Row]) -> str:
    standing, missing = seen.standing, seen.standing.missing(seen.decision)
    if released and released[0]["is_live"]:
        return t("release.says.live", when=moment(released[0]["created"]))
    if was_live(seen, released):
        return t("release.says.replaced", version=released[0]["version"])
    if standing.refused is not None:
        return t("release.says.refused", name=standing.refused.name, reason=standing.refused.reason)
    if seen.decision == "pass":
        return t("release.says.sign", count=missing) if missing else t("release.says.ready")
    failing = sorted(
        (check for check in seen.checks if check.result != "pass"), key=lambda check: WEAKEST.index(check.result)
    )
    names = AND[current()].join(map(name, failing[:NAMED]))
    more = t("release.says.more", count=len(failing) - NAMED) if len(failing) > NAMED else ""
    key = "release.says.not" if missing else "release.says.overridden"
    return t(key, count=len(failing), names=f"{names}{more}")
