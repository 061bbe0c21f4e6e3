"""Rows of the audit log in words: who, what, to what, and what about the chain does not hold."""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import urlencode

from dashboard.language import current, t
from dashboard.texts import TEXTS

__all__ = ["SUBJECTS", "Known", "address", "did", "role", "subject", "who", "why"]

Known: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What is known of objects; see `queries.audit.subjects`."""

SUBJECTS = {
    "campaign": "audit.object.campaign", "pair": "audit.object.pair", "user": "audit.object.user",
    "run": "audit.object.run", "key": "audit.object.key", "proposal": "audit.object.proposal",
    "environment": "audit.object.environment",
}  # fmt: skip
"""Texts of what something is done to, by the kind that stands before the colon."""

DIGEST = 12
"""Characters of a digest on screen."""

WHERE = r"(?P<where>.+)"
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d"

FAULTS = {
    r"row (?P<row>\d+) is missing before it": "audit.why.missing",
    r"rows (?P<row>\d+) to (?P<last>\d+) are missing before it": "audit.why.missing.more",
    r"its number stands twice": "audit.why.twice",
    r"its payload is not the one that was appended": "audit.why.payload",
    r"its time is none": "audit.why.time",
    r"its link \(previous\) is not the hash of the row before": "audit.why.link",
    r"its hash is not that of what it says": "audit.why.hash",
    rf"the log was cut off: it ends at row (?P<end>\d+), but {WHERE} knows row (?P<row>\d+)": "audit.why.cut",
    rf"the log was cut off: it is empty, but {WHERE} knows row (?P<row>\d+)": "audit.why.empty",
    rf"row (?P<row>\d+) is missing, which {WHERE} knows": "audit.why.gone",
    rf"the log was written anew: row (?P<row>\d+) is another than {WHERE} knows": "audit.why.anew",
    rf"{WHERE} in this store is damaged: .+": "audit.why.damaged",
    r"(?P<what>.+) was changed: row (?P<row>\d+) of the audit log tells another (?P<fields>.+)":
        "audit.why.row.changed",
    r"row (?P<row>\d+) of the audit log tells of what is gone from the store: (?P<what>.+)": "audit.why.row.gone",
    r"(?P<what>.+) stands in no row of the audit log": "audit.why.row.untold",
    r"the rows of (?P<what>\w+) stand in another order than the audit log tells of them": "audit.why.row.order",
    rf"the signature of (?P<at>{MOMENT}) UTC on row (?P<row>\d+) is by the key (?P<name>\w+), which is unknown":
        "audit.why.stranger",
    rf"the signature of (?P<at>{MOMENT}) UTC on row (?P<row>\d+) is by the key (?P<name>\w+), which had been retired":
        "audit.why.retired",
    rf"the signature of (?P<at>{MOMENT}) UTC on row (?P<row>\d+) does not hold: .+": "audit.why.forged",
    r"the clock went backwards at row (?P<row>\d+), by (?P<by>[^.]+).*": "audit.why.clock",
    r"no end of the log has been signed since row (?P<row>\d+): what came after it(?P<at> \(.+ UTC\))? can be .+":
        "audit.why.unsigned",
}  # fmt: skip
"""Sentences of `store.chain` and `store.heads`, and their texts."""


def who(row: Mapping[str, Any]) -> str:
    """Who did it: a name, the account of a command, the program's rules; of an erased person the number alone."""
    kind, _, rest = row["actor"].partition(":")
    if kind == "user":
        return row["name"] or t("audit.erased", number=rest)
    if kind == "command":
        return t("audit.by_command", account=rest)
    return t("audit.by_rules") if row["actor"] == "rules" else row["actor"]


def role(name: str) -> str:
    """A role."""
    key = f"audit.role.{name}"
    return t(key) if key in TEXTS else name


def did(action: str) -> str:
    """What was done; as the log has it where there are no words for it."""
    key = f"audit.action.{action}"
    return t(key) if key in TEXTS else action


def subject(target: str, known: Known) -> str:
    """What it was done to, by the names of campaigns, people and proposals."""
    kind, _, rest = target.partition(":")
    if kind not in SUBJECTS or not rest:
        return target
    if kind == "pair":
        campaign, _, item = rest.partition("/")
        return t("audit.object.pair", name=_name(f"campaign:{campaign}", campaign, known), item=item)
    return t(SUBJECTS[kind], name=rest[:DIGEST] if kind == "key" else _name(target, rest, known))


def _name(target: str, otherwise: str, known: Known) -> str:
    return known[target]["name"] if target in known else otherwise


def address(target: str, known: Known) -> str | None:
    """Where what it was done to is shown; None where nowhere is."""
    kind, _, rest = target.partition(":")
    found = known.get(target, {})
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "campaign": ("campaigns", {"campaign": rest}), "pair": ("campaigns", {"campaign": rest.partition("/")[0]}),
        "run": ("run", {"run": rest}), "environment": ("releases", {"env": rest}),
        "proposal": ("release-check", {"run": found.get("run", ""), "at": found.get("at", "")}),
    }  # fmt: skip
    if kind not in asked or not rest or (kind == "proposal" and not found):
        return None
    page, values = asked[kind]
    return f"{page}?{urlencode({**values, 'lang': current()})}"


def why(said: str) -> str:
    """What does not hold, in this viewer's language; as it was said where there are no words for it."""
    for pattern, key in FAULTS.items():
        found = re.fullmatch(pattern, said)
        if found:
            parts = found.groupdict(default="")
            return t(key, **{**parts, "where": _where(parts.get("where", ""))} if "where" in parts else parts)
    return said


def _where(said: str) -> str:
    """Who knows an end of the log."""
    signature = re.fullmatch(rf"the signature of ({MOMENT}) UTC", said)
    if signature:
        return t("audit.where.signature", at=signature[1])
    bundle = re.fullmatch(r"the bundle of (.+)", said)
    restored = re.fullmatch(r"the restore of (.+)", said)
    if restored:
        return t("audit.where.restore", name=restored[1])
    return t("audit.where.bundle", name=bundle[1]) if bundle else said
