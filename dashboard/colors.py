"""The colours and fonts of the whole dashboard, light and dark: the one place where they are written.

The page's theme (`settings`), the style sheet (`assets`) and the charts (`charts.theme`) read them here.
"""

from typing import NamedTuple

__all__ = ["DARK", "FONT", "LIGHT", "Look", "theme_css"]

FONT = '"Source Sans", "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
"""Latin first, then fonts with simplified Chinese glyphs, before any font of the system's choosing."""


class Look(NamedTuple):
    """Colours as `#rrggbb`."""

    background: str
    """The page."""

    second: str
    """What stands back: fields, table heads, code."""

    text: str
    """Words and figures."""

    quiet: str
    """Words that explain."""

    border: str
    """Thin lines."""

    accent: str
    """What can be pressed, and what is chosen."""

    good: str
    """Status words that need nothing."""

    warn: str
    """Status words to look at."""

    bad: str
    """Status words of failure."""

    abandoned: str
    """Steps that are no longer part of a run's history."""

    series: tuple[str, ...]
    """Lines of a chart, told apart by colour-blind eyes too (Okabe and Ito's palette)."""

    further: tuple[str, ...]
    """Two more for runs laid over each other, told apart by how light they are."""


LIGHT = Look(
    background="#FCFCFB",
    second="#F4F4F1",
    text="#1C2024",
    quiet="#5B6167",
    border="#E3E3DE",
    accent="#0F766E",
    good="#17693F",
    warn="#8A5300",
    bad="#B3261E",
    abandoned="#9AA0A6",
    series=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    further=("#882255", "#1C2024"),
)

# The first two and the last colour change places or brightness, so that lines stand out on the dark ground.
DARK = Look(
    background="#14171A",
    second="#1C2024",
    text="#E6E8EA",
    quiet="#A3A9AF",
    border="#2E3338",
    accent="#3DB4A8",
    good="#6CC694",
    warn="#E3B04F",
    bad="#F0857C",
    abandoned="#80868C",
    series=("#56B4E9", "#F0803C", "#1FBF92", "#DB93BC", "#E69F00", "#3A8FCB"),
    further=("#E8DE8A", "#E6E8EA"),
)


def theme_css() -> str:
    """The colours of both themes as variables of a style sheet; the browser says which one it prefers."""
    return f"{_variables(LIGHT)}\n@media (prefers-color-scheme: dark) {{ {_variables(DARK)} }}"


def _variables(look: Look) -> str:
    colors = "; ".join(f"--{name}: {value}" for name, value in look._asdict().items() if isinstance(value, str))
    return f":root {{ {colors} }}"
