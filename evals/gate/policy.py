"""A policy whole: what evidence must show, and how many leads must sign. Its bytes are hashed, its words are shown.

policy = read_policy_file(path)         or DEFAULT
policy.forgetting.margin
weaker_than(policy, DEFAULT)            settings that ask for less
"""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

from evals.review.policy import DEFAULT_FILE, PolicyError, ReviewPolicy, policy_from

__all__ = [
    "ApprovalPolicy", "AutoPolicy", "ForgettingPolicy", "HealthPolicy", "Policy", "Weaker", "default_policy",
    "read_policy_file", "weaker_than", "whole_policy",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AutoPolicy:
    """[auto]: what the scores of suites that measure what was to be learned must show."""

    suites: tuple[str, ...] = ()
    """Suites that count, each of which must have been scored; none named means all that were, and at least one."""

    min_gain: float = 0.0
    """Points (of 100) that the checkpoint must be better than what its run began with, surely."""

    max_loss: float = 1.0
    """Points that it may be worse than what is live, at the most."""


@dataclass(frozen=True, slots=True)
class ForgettingPolicy:
    """[forgetting]: what the questions that are not to be lost must show."""

    suites: tuple[str, ...] = ()
    """Suites that count, each of which must have been asked; none named means all that were, and at least one."""

    margin: float = 0.03
    """Share of right answers that may be lost: the upper 95 % bound of the drop lies below it."""

    max_leaked: float = 0.1
    """Largest share of a suite's items that may stand in the training data; those are left out of its result."""


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """[health]: what the training must have been like."""

    require_exact: bool = False
    """Whether steps that were done again must have come to the same numbers, and some must have been."""

    require_stable: bool = True
    """Whether the checkpoint must be safe to return to, not only complete."""


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """[approval]: who must sign."""

    approvals_required: int = 2
    """Leads who must approve, 1 or 2."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy."""

    review: ReviewPolicy = field(default_factory=ReviewPolicy)
    """How a campaign is judged."""

    auto: AutoPolicy = field(default_factory=AutoPolicy)
    """Scores."""

    forgetting: ForgettingPolicy = field(default_factory=ForgettingPolicy)
    """What must not be lost."""

    health: HealthPolicy = field(default_factory=HealthPolicy)
    """Training."""

    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    """Signatures."""

    sha256: str = ""
    """Digest of the file."""

    text: str = ""
    """The file."""


class Weaker(NamedTuple):
    """A setting that asks for less than another policy."""

    section: str
    """Its section."""

    key: str
    """Its name."""

    value: Any
    """What is asked for."""

    other: Any
    """What the other policy asks for."""


def read_policy_file(path: Path) -> Policy:
    """Read a policy. Raises PolicyError."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except OSError as error:
        raise PolicyError(f"cannot read the policy {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {path} is no UTF-8 text") from error
    return whole_policy(text, str(path))


def whole_policy(text: str, name: str = "the policy") -> Policy:
    """The policy of a text; what it leaves out is as in the classes here. Raises PolicyError."""
    review = policy_from(text, name)
    whole = tomllib.loads(text)
    return Policy(
        review,
        AutoPolicy(**_section(whole, "auto", AutoPolicy, name)),
        ForgettingPolicy(**_section(whole, "forgetting", ForgettingPolicy, name)),
        HealthPolicy(**_section(whole, "health", HealthPolicy, name)),
        ApprovalPolicy(**_section(whole, "approval", ApprovalPolicy, name)),
        hashlib.sha256(text.encode("utf-8")).hexdigest(),
        text,
    )


def default_policy() -> Policy:
    """The policy that Assay brings."""
    return read_policy_file(DEFAULT_FILE)


def weaker_than(policy: Policy, other: Policy) -> list[Weaker]:
    """Settings of `policy` that ask for less than those of `other`, in the order of the file."""
    mine, theirs = asdict(policy), asdict(other)
    return [
        Weaker(section, key, mine[section][key], theirs[section][key])
        for section, keys in _WEAKER.items()
        for key, is_weaker in keys.items()
        if is_weaker(mine[section][key], theirs[section][key])
    ]


def _section(whole: Mapping[str, Any], section: str, made: Any, name: str) -> dict[str, Any]:
    found = whole.get(section, {})
    if not isinstance(found, dict):
        raise PolicyError(f"{name}: {section} must be a section, [{section}]")
    given, known = cast("dict[str, Any]", found), [each.name for each in fields(made)]
    if odd := sorted(given.keys() - set(known)):
        raise PolicyError(f"{name}: [{section}] has no {odd[0]}; it has {', '.join(known)}")
    return {key: _value(section, key, value, name) for key, value in given.items()}


class _Kind(NamedTuple):
    """What a setting may be."""

    holds: Callable[[Any], bool]
    """Whether a value is allowed."""

    wanted: str
    """What to give instead."""

    made: Callable[[Any], Any]
    """As it is kept."""


def _is_number(low: float, high: float) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return holds


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_one_or_two(value: Any) -> bool:
    return type(value) is int and value in (1, 2)


def _is_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(each, str) and each.strip() for each in cast("list[Any]", value))
        and len(set(cast("list[str]", value))) == len(cast("list[str]", value))
    )


_NAMES = _Kind(_is_names, 'a list of names of suites, each once, such as ["triage"], or []', tuple)
_POINTS = _Kind(_is_number(0, 100), "points from 0 to 100", float)
_SHARE = _Kind(_is_number(0, 1), "a share from 0 to 1", float)
_FLAG = _Kind(_is_flag, "true or false", bool)

_KINDS = {
    ("auto", "suites"): _NAMES,
    ("auto", "min_gain"): _POINTS,
    ("auto", "max_loss"): _POINTS,
    ("forgetting", "suites"): _NAMES,
    ("forgetting", "margin"): _SHARE,
    ("forgetting", "max_leaked"): _SHARE,
    ("health", "require_exact"): _FLAG,
    ("health", "require_stable"): _FLAG,
    ("approval", "approvals_required"): _Kind(_is_one_or_two, "1 or 2", int),
}


def _value(section: str, key: str, value: Any, name: str) -> Any:
    kind = _KINDS[section, key]
    if not kind.holds(value):
        raise PolicyError(f"{name}: [{section}] {key} is {value!r}; give {kind.wanted}")
    return kind.made(value)


def _larger(mine: Any, theirs: Any) -> bool:
    return mine > theirs


def _smaller(mine: Any, theirs: Any) -> bool:
    return mine < theirs


def _lacks(mine: Any, theirs: Any) -> bool:
    return bool(set(theirs) - set(mine))


def _narrower(mine: Any, theirs: Any) -> bool:
    """Whether fewer suites count: none named means that all do."""
    return bool(mine) and (not theirs or _lacks(mine, theirs))


def _more_true(mine: Any, theirs: Any) -> bool:
    return mine and not theirs


def _less_true(mine: Any, theirs: Any) -> bool:
    return theirs and not mine


_WEAKER: dict[str, dict[str, Callable[[Any, Any], bool]]] = {
    "review": {
        "alpha": _larger, "margin": _larger, "overlap": _smaller, "min_graders": _smaller, "min_specialties": _smaller,
        "max_position_z": _larger, "max_blinding_index": _larger, "max_skip": _larger, "critical_limit": _larger,
        "criteria": _lacks, "min_alpha": _smaller, "waive_agreement": _more_true, "max_differing": _larger,
    },
    "auto": {"suites": _narrower, "min_gain": _smaller, "max_loss": _larger},
    "forgetting": {"suites": _narrower, "margin": _larger, "max_leaked": _larger},
    "health": {"require_exact": _less_true, "require_stable": _less_true},
    "approval": {"approvals_required": _smaller},
}  # fmt: skip
