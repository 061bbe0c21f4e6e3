"""Every word on screen is in the table, in both languages, and every text is used."""

import ast
import re
import string
from pathlib import Path

import pytest

import dashboard
from dashboard.pages import PAGES
from dashboard.queries.run import CARDS
from dashboard.texts import LANGUAGES, TABLES, TEXTS, text
from dashboard.views.curves import SINGLE, SMOOTH
from dashboard.words import STATUS_TONES

HERE = Path(dashboard.__file__).parent
SOURCES = [path for path in HERE.rglob("*.py") if path.name != "texts.py" and path.parent.name != "text_tables"]
SCREEN = [*(HERE / "app_pages").glob("*.py"), *(HERE / "views").glob("*.py"), HERE / "widgets.py", HERE / "app.py"]

LOSS_CHART = (
    "training", "training_last", "validation", "validation_last", "smoothed_to", "abandoned", "at_steps", "lowest",
    "highest", "median", "checkpoint", "state", "value", "value_last", "from_step",
)  # fmt: skip

PREFIXES = (
    "audit.action.",
    "audit.role.",
    "fork.",
    "group.",
    "checkpoint.",
    "mark.",
    "compare.axis.",
    "compare.title.",
    "check.severity.",
    "finding.",
    "made_up.",
    "gate.",
    "release.evidence.",
    "release.sign.",
    "release.signed.",
    "scores.chart.",
    "scores.metric.",
    "review.criterion.",
    "review.desk.",
    "review.error.",
    "review.flag.",
    "review.reason.",
    "review.refused.",
    "review.skip.",
    "review.wait.",
    "story.",
    "persona.",
)

BUILT = {
    *(f"card.{name}" for name in CARDS),
    *(f"metric.{name}" for name in SINGLE),
    *(f"status.{name}" for name in STATUS_TONES),
    *(f"curves.smooth.{name}" for name in SMOOTH),
    *(f"curves.{name}" for name in ("linear", "log", *LOSS_CHART)),
    *(key for key in TEXTS if key.startswith(PREFIXES) or key.endswith(".one")),
    *(entry.name for entry in PAGES),
    *(entry.section for entry in PAGES if entry.section),
}
"""Keys that are put together where they are used."""


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_has_words_in_every_language_and_the_same_blanks(key):
    assert set(TEXTS[key]) == set(LANGUAGES)
    assert all(TEXTS[key][language].strip() for language in LANGUAGES)
    blanks = fields(TEXTS[key]["en"])
    # The form for 1 writes the number out.
    assert blanks - fields(TEXTS[key]["zh"]) <= {"count"}
    assert fields(TEXTS[key]["zh"]) - blanks <= {"count"}


def test_the_chinese_texts_are_chinese():
    without = [key for key, words in TEXTS.items() if not re.search("[一-鿿]", re.sub(r"\{\w+\}", "", words["zh"]))]
    assert without == []


def test_no_key_stands_in_two_tables():
    assert sum(map(len, TABLES)) == len(TEXTS)


def test_every_key_is_used_somewhere():
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    unused = [key for key in TEXTS if f'"{key}"' not in code and key not in BUILT]
    assert unused == []


def test_every_key_that_is_asked_for_exists():
    asked = set(BUILT)
    for path in SOURCES:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        for call in calls:
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            if name in ("t", "text") and call.args and isinstance(call.args[0], ast.Constant):
                asked.add(call.args[0].value)
    assert asked - set(TEXTS) == set()


@pytest.mark.parametrize("path", SCREEN, ids=lambda path: path.name)
def test_pages_put_no_words_of_their_own_on_screen(path):
    """Streamlit's own arguments (`key=`, `type=`) are no words; what is shown comes first or as a label."""
    stray = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "st":
            shown = [
                *node.args[:1],
                *(word.value for word in node.keywords if word.arg in ("label", "placeholder", "help")),
            ]
            stray += [arg.value for arg in shown if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    assert stray == []


def test_one_has_a_form_of_its_own():
    assert text("home.running", "en", count=1) == "1 run under way"
    assert text("home.running", "en", count=3) == "3 runs under way"
    assert text("home.running", "zh", count=3) == "有 3 个运行正在进行"
