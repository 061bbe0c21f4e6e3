"""What a page filled in, as the service takes it; the service looks at every value."""

from collections.abc import Mapping
from typing import Any, cast

from evals.review.types import Answer, CriticalError

__all__ = ["answer_from", "draft_from"]

_KEPT = ("choice", "criteria", "reasons", "comment", "errors", "pending", "seen", "saved")


def answer_from(fields: Mapping[str, Any]) -> Answer:
    """The answer of a page's fields, whatever a browser put there."""
    errors = [cast("Mapping[str, Any]", error) for error in _list(fields.get("errors")) if isinstance(error, Mapping)]
    return Answer(
        choice=fields.get("choice"),  # pyright: ignore[reportArgumentType] - the service refuses any other
        criteria={str(name): said for name, said in _part(fields, "criteria").items()},
        reasons=tuple(map(str, _list(fields.get("reasons")))),
        comment=str(fields.get("comment") or ""),
        errors=tuple(
            CriticalError(cast("Any", str(error.get("side"))), str(error.get("type")), str(error.get("quote") or ""))
            for error in errors
        ),
    )


def draft_from(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Of a page's fields those that a draft keeps."""
    return {name: fields[name] for name in _KEPT if name in fields}


def _part(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
