"""The [review] section of a policy: how a campaign is judged, fixed before its first verdict."""

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

from assay.errors import AssayError
from evals.stats.critical import clean_needed
from evals.stats.decision import Rules

__all__ = ["DEFAULT", "DEFAULT_FILE", "PolicyError", "ReviewPolicy", "policy_from", "read_policy"]

CRITERIA = ("accurate", "professional", "useful")

SECTIONS = ("review", "auto", "forgetting", "health", "approval")
"""All sections of a policy; the gate reads the others."""


class PolicyError(AssayError):
    """A policy cannot be read."""


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """The rules of a campaign."""

    alpha: float = 0.05
    """How often each claim may be wrong."""

    margin: float = 0.15
    """Loss in P(win) - P(loss) that is put up with."""

    futility: float = 0.1
    """How often a candidate worth looking for may be given up."""

    n_max: int = 300
    """Pairs after which a campaign ends, whatever was found."""

    overlap: float = 0.25
    """Share of pairs that a second grader judges as well."""

    min_graders: int = 2
    """Graders a release needs."""

    min_specialties: int = 1
    """Fields a release needs."""

    max_position_z: float = 3.0
    """Largest effect of the side, in standard errors."""

    max_blinding_index: float = 0.2
    """Largest Bang's index whose interval lies above 0."""

    max_skip: float = 0.1
    """Largest share of pairs skipped for good."""

    critical_limit: float = 0.05
    """Share of the candidate's answers with a critical error that is put up with."""

    lease_minutes: int = 25
    """How long a pair is kept for a grader."""

    sitting_hours: int = 12
    """Hours after which a verdict is final, though its sitting was not closed."""

    criteria: tuple[str, ...] = CRITERIA
    """What graders say of a pair besides the verdict; may be none."""

    min_alpha: float = 0.0
    """Krippendorff's alpha that graders of the same pairs must come above."""

    waive_agreement: bool = False
    """Whether agreement need not be known, as where one grader must do."""

    max_differing: float = 0.0
    """Largest share of its answers that the candidate may give otherwise once it is the folder to be released."""

    @property
    def rules(self) -> Rules:
        """As the statistics take them."""
        return self.rules_of(self.n_max)

    def rules_of(self, pairs: int) -> Rules:
        """The same for a campaign of so many pairs.

        Good news ends none before as many as show, without an error, that critical errors are within their limit. Where
        the pairs are too few to show that, waiting for them would show nothing either.
        """
        cap = min(self.n_max, pairs)
        least = clean_needed(self.critical_limit, self.alpha, most=cap) or 0
        return Rules(margin=self.margin, alpha=self.alpha, futile_alpha=self.futility, cap=cap, least=least)


DEFAULT = ReviewPolicy()

DEFAULT_FILE = Path(__file__).with_name("policy.toml")
"""The same as a file with comments, for who names no policy."""


def read_policy(path: Path) -> tuple[ReviewPolicy, str, str]:
    """The [review] section of a policy file, its whole text, and the SHA-256 of that. Raises PolicyError."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except OSError as error:
        raise PolicyError(f"cannot read the policy {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {path} is no UTF-8 text") from error
    return policy_from(text, str(path)), text, hashlib.sha256(data).hexdigest()


def policy_from(text: str, name: str = "the policy") -> ReviewPolicy:
    """The [review] section of a policy's text; what it leaves out is as in `ReviewPolicy`. Raises PolicyError."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name} is no TOML: {error}") from error
    if odd := sorted(whole.keys() - set(SECTIONS)):
        raise PolicyError(f"{name} has a section [{odd[0]}]; a policy has [{'], ['.join(SECTIONS)}]")
    section = whole.get("review", {})
    if not isinstance(section, dict):
        raise PolicyError(f"{name}: review must be a section, [review]")
    return _checked(cast("dict[str, Any]", section), name)


def _checked(section: dict[str, Any], name: str) -> ReviewPolicy:
    known = {field.name: field for field in fields(ReviewPolicy)}
    if odd := sorted(section.keys() - known.keys()):
        raise PolicyError(f"{name}: [review] has no {odd[0]}; it has {', '.join(known)}")
    values = {key: _value(key, value, name) for key, value in section.items()}
    return ReviewPolicy(**values)


class _Kind(NamedTuple):
    """What a setting may be."""

    holds: Callable[[float], bool]
    """Whether a number is allowed."""

    wanted: str
    """What to give instead."""

    whole: bool = False
    """Whether it counts something."""


def _between(low: float, high: float) -> Callable[[float], bool]:
    return lambda number: low < number < high


def _from_0_to_1(number: float) -> bool:
    return 0 <= number <= 1


def _from_minus_1_to_1(number: float) -> bool:
    return -1 <= number <= 1


def _whole(most: int) -> _Kind:
    def holds(number: float) -> bool:
        return isinstance(number, int) and 1 <= number <= most

    return _Kind(holds, f"a whole number from 1 to {most}", whole=True)


_SHARE = _Kind(_between(0, 1), "a number above 0 and below 1")
_WITH_ENDS = _Kind(_from_0_to_1, "a number from 0 to 1")
_COUNT = _whole(100_000)
_MINUTES = _whole(24 * 60)
# Verdicts can be changed for so long at the most.
_HOURS = _whole(12)
_ERRORS = _Kind(_between(0, 100), "a number above 0, such as 3")

_KINDS = {
    **dict.fromkeys(("alpha", "futility", "margin"), _SHARE),
    **dict.fromkeys(("overlap", "max_blinding_index", "max_skip", "critical_limit", "max_differing"), _WITH_ENDS),
    **dict.fromkeys(("n_max", "min_graders", "min_specialties"), _COUNT),
    "lease_minutes": _MINUTES,
    "sitting_hours": _HOURS,
    "max_position_z": _ERRORS,
    "min_alpha": _Kind(_from_minus_1_to_1, "a number from -1 to 1"),
}


def _value(key: str, value: Any, name: str) -> Any:
    if key == "criteria":
        return _criteria(value, name)
    if key == "waive_agreement":
        return _flag(key, value, name)
    kind = _KINDS[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not kind.holds(value):
        raise PolicyError(f"{name}: [review] {key} is {value!r}; give {kind.wanted}")
    return value if kind.whole else float(value)


def _flag(key: str, value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise PolicyError(f"{name}: [review] {key} is {value!r}; give true or false")
    return value


def _criteria(value: Any, name: str) -> tuple[str, ...]:
    found = cast("list[Any]", value) if isinstance(value, list) else [None]
    if any(not isinstance(item, str) or not item or item != item.strip() or len(item) > 40 for item in found):
        raise PolicyError(f'{name}: [review] criteria is {value!r}; give a list of words, such as ["accurate"], or []')
    if len(set(found)) != len(found) or len(found) > 5:
        raise PolicyError(f"{name}: [review] criteria has a word twice or more than five; give each once")
    return tuple(map(str, found))
