"""What a mix says of itself: what it read, what it took of it, how many tokens that is, what it wrote."""

from dataclasses import dataclass, field
from typing import Any

from assay.version import VERSION
from evals.data.manifest import PlaceOf, reasons

__all__ = ["LEFT_OUT", "MixManifest"]

LEFT_OUT = {
    "exact-in-domain": "the same words stand in the domain data",
    "near-in-domain": "nearly the same words stand in the domain data",
}
"""Why a row of the general data is not drawn."""

ESTIMATED = "estimated: one a Chinese character, one for four other characters"

GROWS = (
    "every row of the domain data is here once, so the general tokens grow with the share: "
    "they are share / (1 - share) times those of the domain"
)


@dataclass
class MixManifest:
    """A mix's account; it has no time and no place in it, so that the same mix has the same."""

    options: dict[str, Any]
    """What was asked for."""

    tokenizer_sha256: str | None
    """Digest of the tokenizer by which tokens were counted; None where they were estimated."""

    inputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The files that were read: name, role, digest, rows, encoding, format, tokens, rows and tokens written."""

    outputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The file that was written: name, digest, rows."""

    wanted: int = 0
    """Tokens of general data that the share takes."""

    supported: float = 0.0
    """The largest share that the general data has without rows taken again, rounded down."""

    drawn: int = 0
    """Rows of the general data that were written, each as often as it was."""

    distinct: int = 0
    """The same, each once."""

    most_times: int = 0
    """How often the row was written that was written most often."""

    left_out: dict[str, list[PlaceOf]] = field(default_factory=dict[str, list[PlaceOf]])
    """Rows of the general data that were not to be drawn, by why."""

    def written(self, role: str) -> int:
        """Tokens that were written of the domain or the general data."""
        return sum(file["tokens_written"] for file in self.inputs if file["role"] == role)

    def rows(self, role: str) -> int:
        """Rows of the domain or the general data that were read."""
        return sum(file["rows"] for file in self.inputs if file["role"] == role)

    @property
    def reached(self) -> float:
        """Share of the written tokens that are general data, to six digits."""
        general = self.written("general")
        return round(general / (general + self.written("domain")), 6)

    def as_dict(self) -> dict[str, Any]:
        """The account as it is written."""
        return {
            "format": 1,
            "assay": VERSION,
            "options": self.options,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "tokens": {
                "of": "the words of all turns, without a template",
                "counted": "by the tokenizer" if self.tokenizer_sha256 else ESTIMATED,
                "tokenizer_sha256": self.tokenizer_sha256,
                "domain": self.written("domain"),
                "general": self.written("general"),
                "general_wanted": self.wanted,
            },
            "share": {"asked": self.options["share"], "reached": self.reached, "without_repeat": self.supported},
            "general": {
                "rows": self.rows("general"), "drawn": self.drawn, "distinct": self.distinct,
                "most_times": self.most_times,
            },
            "left_out": reasons(self.left_out, LEFT_OUT),
            "notes": [GROWS],
        }  # fmt: skip
