"""What a viewer of the Review page has open, and what the messages of the browser change in it and in the store.

A browser sends each message again until its id is among those taken; one that comes twice is taken once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from dashboard.hostile import text_on_screen
from evals.review import service
from evals.review.fields import answer_from, draft_from
from evals.review.pace import own_pace
from evals.review.settling import settle
from evals.review.types import Assignment, ReviewError, SittingView
from store.access import AccessError, Actor
from store.database import Store
from store.errors import StoreError

__all__ = ["Desk", "Done", "Refused", "end_sitting", "take"]

_REMEMBERED = 300
"""Ids of messages that are known to have been taken."""

Message = Mapping[str, Any]


class Refused(NamedTuple):
    """A message that the service did not take."""

    id: str
    """Its id."""

    sentence: str
    """Why."""

    verdict: str = ""
    """Token of its pair where it is a verdict."""


class Done(NamedTuple):
    """A sitting that was closed just now."""

    sitting: SittingView
    """As it stood."""

    seconds: float
    """How long it lasted."""


@dataclass
class Desk:
    """One viewer's page; kept as long as the page is open."""

    assignment: Assignment | None = None
    """The campaign chosen."""

    open: str | None = None
    """Token of one's own verdict that is open to be changed."""

    summary: bool = False
    """Whether one's own verdicts are listed, though there may be more pairs."""

    done: Done | None = None
    """The sitting that was closed."""

    acked: list[str] = field(default_factory=list[str])
    """Ids of the newest messages taken."""

    refused: Refused | None = None
    """The message that was not taken, of several that came together the first; gone with the next that is."""

    denied: list[str] = field(default_factory=list[str])
    """Ids of the newest messages that were not taken: what was filled in for them is still wanted."""

    kept: dict[str, Any] | None = None
    """What the page shows."""

    same: bool = False
    """Whether what came last changes nothing of that."""


def take(desk: Desk, store: Store, actor: Actor, messages: list[Any]) -> None:
    """Do what the browser asks, in its order; what the store cannot take now comes again."""
    desk.same, before = True, desk.refused
    for message in messages:
        if not isinstance(message, Mapping) or not isinstance(message.get("id"), str):  # pyright: ignore[reportUnknownMemberType] - JSON of a browser
            continue
        said = cast("Message", message)
        if said["id"] not in desk.acked and not _take_one(desk, store, actor, said, before):
            return


def end_sitting(desk: Desk, store: Store, actor: Actor) -> None:
    """Close the open sitting, and the campaign where its rules say so. Raises AccessError, ReviewError, StoreError."""
    if desk.assignment is None:
        return
    campaign = desk.assignment.campaign
    view, seconds = service.sitting(store, actor, campaign), own_pace(store, actor, campaign).sitting
    service.close_sitting(store, actor, campaign)
    settle(store, campaign)
    desk.open, desk.summary = None, False
    desk.done = None if view is None or seconds is None else Done(view, seconds)


def _take_one(desk: Desk, store: Store, actor: Actor, message: Message, before: Refused | None) -> bool:
    kind = message.get("kind")
    act = _ACTS.get(kind) if isinstance(kind, str) else None
    try:
        if act is not None:
            act(desk, store, actor, message)
            if kind not in _ASIDE and desk.refused is before:
                desk.refused = None
    except (ReviewError, AccessError) as error:
        desk.same = False
        # A draft of what is over is not worth a word: the browser has it, and says so when it is sent.
        if kind != "draft":
            _refuse(desk, message, str(error), before)
    except StoreError:
        return False
    desk.same = desk.same and kind in _ASIDE
    desk.acked = [*desk.acked, message["id"]][-_REMEMBERED:]
    return True


def _refuse(desk: Desk, message: Message, sentence: str, before: Refused | None) -> None:
    """Note what was not taken: it is said instead of what was refused `before`, but no guess instead of its verdict."""
    kind, token = message.get("kind"), _token(message)
    desk.denied = [*desk.denied, message["id"]][-_REMEMBERED:]
    known = desk.refused
    if known is None or (known is before and not (kind == "guess" and known.verdict == token)):
        desk.refused = Refused(message["id"], sentence, token if kind == "submit" else "")


def _submit(desk: Desk, store: Store, actor: Actor, message: Message) -> None:
    answer = answer_from(_part(message, "fields"))
    known = _whole(message["known"]) if "known" in message else None
    service.submit(store, actor, _token(message), answer, known=known, shown=text_on_screen)
    desk.open = None


def _skip(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    service.skip(store, actor, _token(message), str(message.get("reason", "")))


def _flag(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    service.flag(store, actor, _token(message), str(message.get("reason", "")))


def _guess(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    service.guess(store, actor, _token(message), cast("Any", str(message.get("choice"))))


def _draft(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    fields = _part(message, "fields")
    service.save_draft(store, actor, _token(message), draft_from(fields))


def _undo(desk: Desk, store: Store, actor: Actor, message: Message) -> None:
    if desk.assignment is None:
        return
    tokens = [found.token for found in service.given(store, actor, desk.assignment.campaign)]
    before = tokens.index(_token(message)) + 1 if _token(message) in tokens else 0
    desk.open = tokens[before] if before < len(tokens) else desk.open


def _open(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    desk.open = _token(message)


def _next(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    desk.open = None


def _finish(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    desk.open, desk.summary = None, True


def _more(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    desk.open, desk.summary = None, False


def _close(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    end_sitting(desk, store, actor)


def _begin(desk: Desk, store: Store, actor: Actor, message: Message) -> None:
    if desk.assignment is None:
        return
    service.begin_sitting(store, actor, desk.assignment.campaign, _whole(message.get("planned")))
    desk.open, desk.summary, desk.done = None, False, None


def _campaign(desk: Desk, store: Store, actor: Actor, message: Message) -> None:
    found = {each.campaign: each for each in service.assignments(store, actor)}
    desk.assignment = found.get(_whole(message.get("campaign")))


def _again(desk: Desk, store: Store, actor: Actor, message: Message) -> None:  # noqa: ARG001 - one shape for all
    desk.assignment, desk.done = None, None


_ACTS: Mapping[str, Callable[[Desk, Store, Actor, Message], None]] = {
    "submit": _submit, "skip": _skip, "flag": _flag, "guess": _guess, "draft": _draft, "undo": _undo, "open": _open,
    "next": _next, "finish": _finish, "more": _more, "close": _close, "begin": _begin, "campaign": _campaign,
    "again": _again,
}  # fmt: skip

_ASIDE = ("draft", "flag", "guess")
"""What leaves the page as it is."""


def _token(message: Message) -> str:
    return str(message.get("token", ""))


def _part(message: Message, name: str) -> Mapping[str, Any]:
    found = message.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
