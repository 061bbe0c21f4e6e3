"""How far a candidate has come on its way to a release, from the store's rows alone: nothing is looked at for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evals.gate.policy import Policy, default_policy, whole_policy
from evals.gate.required import strictest
from evals.review.policy import PolicyError

__all__ = ["State", "Word", "signatures", "state_of"]

Row: TypeAlias = dict[str, Any]

Word: TypeAlias = Literal["live", "replaced", "refused", "signed", "signing", "built", "judged", "judging"]


@dataclass(frozen=True, slots=True)
class State:
    """Where a candidate stands."""

    word: Word
    """In one word: what is live, what something else has taken the place of, what waits for whom."""

    given: int = 0
    """Leads who signed that it may be released."""

    required: int = 0
    """Leads who must; 0 before anyone has signed."""

    refused_by: str = ""
    """Who refused it."""

    signers: frozenset[int] = frozenset()
    """Numbers of those whose newest word counts."""

    override: bool = False
    """Whether it was signed for, or released, though the gate did not pass."""


def signatures(rows: Sequence[Row], sha256: str, proposal: int | None) -> list[Row]:
    """Each person's newest word on what was signed last of a checkpoint's newest folder; `rows` are those of
    `queries.release_check.signed`, the newest first.
    """
    own = [row for row in rows if row["sha256"] == sha256 and row["proposal"] == proposal]
    newest: dict[int, Row] = {}
    for row in own:
        if row["evidence"] == own[0]["evidence"]:
            newest.setdefault(row["user"], row)
    return list(newest.values())


def state_of(candidate: Row, signed: Sequence[Row]) -> State:
    """The state of a row of `queries.release_check.candidates`; `signed` are its `signatures`."""
    if candidate["version"] is not None:
        return State("live" if candidate["is_live"] else "replaced", override=candidate["override"])
    if signed:
        return _signed(signed)
    if candidate["judging"]:
        return State("judging")
    return State("built" if candidate["proposal"] is not None else "judged")


def _signed(signed: Sequence[Row]) -> State:
    signers = frozenset(row["user"] for row in signed)
    refusal = next((row for row in signed if row["kind"] == "refuse"), None)
    if refusal is not None:
        return State("refused", refused_by=refusal["name"], signers=signers)
    passes, required = signed[0]["decision"] == "pass", _required(signed[0])
    given = sum(row["kind"] == ("approve" if passes else "override") for row in signed)
    return State("signing" if given < required else "signed", given, required, signers=signers, override=not passes)


def _required(row: Row) -> int:
    """As the gate counts them."""
    return strictest(_policy(row["policy"]), [_policy(text) for text in row["registered"] or ()])


def _policy(text: str | None) -> Policy:
    try:
        return whole_policy(text) if text else default_policy()
    except PolicyError:
        return default_policy()
