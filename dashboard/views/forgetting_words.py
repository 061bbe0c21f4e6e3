"""Retention in the reader's words: points, intervals, p values, lights and why they are on."""

from collections.abc import Sequence

from dashboard.language import t
from dashboard.retention import Kept
from dashboard.suites import Place
from dashboard.words import count, figure
from evals.forgetting.paired import Category, Comparison

__all__ = [
    "MINUS", "before", "changes", "clean_light", "drop", "light", "p_value", "percent", "place", "points", "short",
    "signed", "span", "tone", "why",
]  # fmt: skip

LIGHTS = {"green": "forget.light.green", "yellow": "forget.light.yellow", "red": "forget.light.red"}
SHORT = {"green": "forget.short.green", "yellow": "forget.short.yellow", "red": "forget.short.red"}
TONES = {"green": "good", "yellow": "warn", "red": "bad"}
"""Which colour of `colors.Look` goes with each light."""

WHY = {
    "nothing": "forget.why.nothing", "drift": "forget.why.drift", "once": "forget.why.once",
    "twice": "forget.why.twice", "severe": "forget.why.severe",
}  # fmt: skip

MINUS = "−"
"""Before figures that are read in columns."""


def light(found: Kept) -> str:
    """Its light in words."""
    return t(LIGHTS[found.light.colour]) if found.light else t("forget.light.off")


def clean_light(found: Kept) -> tuple[str, str]:
    """What its light would be without leaked questions, in a word, and the colour that goes with it."""
    assert found.clean_light is not None, "asked only where some questions are leaked"
    return t(SHORT[found.clean_light.colour]), TONES[found.clean_light.colour]


def short(found: Kept) -> str:
    """Its light in a word."""
    return t(SHORT[found.light.colour]) if found.light else t("forget.short.off")


def tone(found: Kept) -> str:
    """The colour that goes with its light."""
    return TONES[found.light.colour] if found.light else "abandoned"


def changes(found: Sequence[Kept]) -> dict[Place, str]:
    """The light in a word, by checkpoint: where it is another than before, at the newest, and off the present path."""
    said: dict[Place, str] = {}
    before = ""
    path = [one for one in found if one.light]
    for one in path:
        word = short(one)
        if word != before or one is path[-1]:
            said[one.place] = before = word
    return said | {one.place: short(one) for one in found if one.light is None}


def before(found: Kept, known: Sequence[Kept]) -> Kept | None:
    """The checkpoint before it on the present path; None where there is none, or it is not on that path."""
    path = [one for one in known if one.light]
    places = [one.place for one in path]
    number = places.index(found.place) if found.place in places else 0
    return path[number - 1] if number else None


def why(found: Kept, margin: float, earlier: Kept | None) -> str:
    """The light's reason in a sentence that says with what it was compared; `earlier` is the checkpoint before it."""
    told, drift = found.comparison, found.drift
    key = WHY[found.light.reason] if found.light else "forget.why.off"
    return t(
        key, step=count(found.place[1]), acc=percent(told.acc), base=percent(told.base_acc),
        p=f"p {p_value(told.mid_p)}", nats=figure(-drift.mean if drift else None), margin=points(margin),
        before=count(earlier.place[1]) if earlier else "–",
    )  # fmt: skip


def place(found: Kept, known: list[Kept]) -> str:
    """Its step, with its branch where another branch has the step too."""
    branch, step = found.place
    twice = sum(other.place[1] == step for other in known) > 1
    return t("forget.at.branch" if twice else "forget.at", step=count(step), branch=branch)


def points(share: float) -> str:
    """A difference of shares with its unit."""
    said = signed(share)
    return t("forget.points", value=said, count=1 if said == "1" else 2)


def signed(share: float) -> str:
    """A difference of shares, in percentage points."""
    said = f"{100 * share:.1f}".removesuffix(".0")
    return "0" if said == "-0" else said.replace("-", MINUS)


def drop(told: Category) -> str:
    """A subject's drop with its interval, in points."""
    return f"{signed(told.drop)} ({signed(told.drop_low)} – {signed(told.drop_high)})"


def span(told: Comparison) -> str:
    """The ends of a drop's interval."""
    return t("forget.span", low=signed(told.drop_low), high=signed(told.drop_high))


def percent(share: float | None) -> str:
    """A share.

    >>> percent(0.7576), percent(None)
    ('75.8 %', '–')
    """
    return "–" if share is None else f"{100 * share:.1f} %".replace("-", MINUS)


def p_value(p: float) -> str:
    """A p value with its sign.

    >>> p_value(0.03125), p_value(0.0001)
    ('= 0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.0005 else f"= {p:.3f}"
